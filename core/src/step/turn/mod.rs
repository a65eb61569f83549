//! One call of [`step`](super::step()): what it reads, and what it changes.

mod facts;
mod finish;
mod stall;
mod waits;

use alloc::{sync::Arc, vec::Vec};
use core::ops::ControlFlow;

pub use self::waits::{Wake, Why};
use self::{stall::StallUpdate, waits::Waits};
use crate::{
    command::{Command, Cookies, Split},
    decision::{Measured, Rule},
    message::Message,
    observation::Observation,
    question::Question,
    revision::Text,
    spec::{Invalid, Rollout},
    state::{State, Times},
    time::Timestamp,
};

/// A rule either ends the call or lets the next one look.
pub(super) type Flow<T = ()> = ControlFlow<Ending, T>;

/// How a call ends.
pub(super) enum Ending {
    Ask(Vec<Question>),
    Act { rule: Rule, commands: Vec<Command> },
}

/// Reads the input, and collects the changes. The state is copied only when it changes.
pub(super) struct Turn<'a> {
    pub(super) canary: &'a Result<Rollout, Invalid>,
    pub(super) seen: &'a Observation,
    pub(super) now: Timestamp,
    pub(super) measured: Vec<Measured>,
    old: &'a State,
    /// Owned by this call until it ends, and shared from then on.
    draft: Option<Arc<State>>,
    notices: Vec<Message>,
    pub(super) hook: Option<(Text, bool)>,
    /// When the call of the last hook was abandoned, which is when the next check was due.
    pub(super) late: Option<Timestamp>,
    stall: StallUpdate,
    waits: Waits,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        canary: &'a Result<Rollout, Invalid>,
        old: &'a State,
        seen: &'a Observation,
        now: Timestamp,
    ) -> Self {
        Self {
            canary,
            seen,
            now,
            measured: Vec::new(),
            old,
            draft: None,
            notices: Vec::new(),
            hook: None,
            late: None,
            stall: StallUpdate::ByRule,
            waits: Waits::from(now),
        }
    }

    /// The state as it was when the call began.
    pub(super) fn before(&self) -> &'a State {
        self.old
    }

    /// The state that will be saved.
    pub(super) fn state(&self) -> &State {
        self.draft.as_deref().unwrap_or(self.old)
    }

    /// The state, to be changed.
    pub(super) fn edit(&mut self) -> &mut State {
        Arc::make_mut(self.draft.get_or_insert_with(|| Arc::new(self.old.clone())))
    }

    /// Corrects times after the clock was set back: no stored time stays further ahead than it can have been set.
    pub(super) fn mend_clock(&mut self) {
        let Ok(r) = self.canary else { return };
        let times = Times::of(self.state());
        let mended = times.mended(self.now, r.policy().interval);
        if mended != times {
            mended.put(self.edit());
        }
    }

    /// Adds a message; it is sent only if the state changes.
    pub(super) fn tell(&mut self, message: Message) {
        self.notices.push(message);
    }

    /// Adds what was measured in this call to the record of the run.
    pub(super) fn record_measured(&mut self) {
        let measured = core::mem::take(&mut self.measured);
        self.edit().analysis.add(&measured);
        self.measured = measured;
    }

    /// Notes that a rule waits for this moment: its answer can change then without another event. The moment is
    /// computed from the saved state: a change in this call is saved, and the next call follows at once.
    pub(super) fn until(&mut self, at: Timestamp, why: Why) {
        self.waits.add(at, why);
    }

    // --- Ends of a call.

    pub(super) fn wait<T>(&mut self, rule: Rule) -> Flow<T> {
        self.act(rule, Vec::new())
    }

    pub(super) fn act<T>(&mut self, rule: Rule, commands: Vec<Command>) -> Flow<T> {
        Flow::Break(Ending::Act { rule, commands })
    }

    // --- Routes.

    /// The command that brings the routes from the old state to the changed one, if they differ.
    pub(super) fn reroute(&mut self, r: &Rollout) -> Option<Command> {
        let wanted = self.state().routes(r.strategy());
        let changes = r.switches_traffic && wanted != self.old.routes(r.strategy());
        changes.then(|| self.route(r))
    }

    /// The command for the routes of the changed state.
    pub(super) fn route(&mut self, r: &Rollout) -> Command {
        let routes = self.state().routes(r.strategy());
        let state = self.state();
        let cookies = r.affinity().map_or_else(Cookies::default, |affinity| {
            state.cookies.rotated(affinity, routes.canary > 0, &r.identity().uid, state.runs)
        });
        // The cookies that are remembered are those that are set.
        if cookies != state.cookies {
            self.edit().cookies = cookies.clone();
        }
        Command::SetRoutes(Split { routes, cookies })
    }
}
