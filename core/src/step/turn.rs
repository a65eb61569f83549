//! One call of [`step`](super::step): what it looks at, and what it changes.

use alloc::{string::ToString, sync::Arc, vec, vec::Vec};
use core::ops::ControlFlow;

use super::{Plan, Step, wake};
use crate::{
    command::{Command, Cookies, Split},
    decision::{Decision, Measured, Obstacle, Rule, Standing},
    message::{Message, Notice, NoticeId},
    observation::{Fact, NO_ENDPOINT, Observation, Primary, Readiness, Target, Unseen},
    planted::{Defect, is_planted},
    question::Question,
    request::Request,
    revision::{Revision, Text},
    spec::{Invalid, Rollout, Topology},
    state::{Details, Origin, Outbox, Stage, Stall, State},
    time::Timestamp,
};

/// A rule either ends the call or lets the next one look.
pub(super) type Flow<T = ()> = ControlFlow<Ending, T>;

/// How a call ends.
pub(super) enum Ending {
    Ask(Vec<Question>),
    Act { rule: Rule, commands: Vec<Command> },
}

/// Looks at the input, and collects what is to change. The state is copied only when it changes.
pub(super) struct Turn<'a> {
    pub(super) canary: &'a Result<Rollout, Invalid>,
    pub(super) seen: &'a Observation,
    pub(super) now: Timestamp,
    pub(super) measured: Vec<Measured>,
    old: &'a State,
    /// Nobody else's until the call ends, and shared from then on.
    draft: Option<Arc<State>>,
    notices: Vec<Message>,
    pub(super) hook: Option<(Text, bool)>,
    /// When the call of the hook that was asked last was given up, which is when the next check was due.
    pub(super) late: Option<Timestamp>,
    stall: StallUpdate,
}

/// What becomes of the note on what holds the Canary up.
enum StallUpdate {
    /// Nothing does.
    Gone,
    /// It is not looked at now.
    Kept,
    /// This does.
    On(Obstacle),
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
            stall: StallUpdate::Gone,
        }
    }

    /// The state as it was when the call began.
    pub(super) fn before(&self) -> &'a State {
        self.old
    }

    /// The state as it will be.
    pub(super) fn state(&self) -> &State {
        self.draft.as_deref().unwrap_or(self.old)
    }

    /// The state, to be changed.
    pub(super) fn edit(&mut self) -> &mut State {
        Arc::make_mut(self.draft.get_or_insert_with(|| Arc::new(self.old.clone())))
    }

    /// Tells something; it is sent only if the state changes.
    pub(super) fn tell(&mut self, message: Message) {
        self.notices.push(message);
    }

    /// The note on what holds the Canary up stays as it is.
    pub(super) fn keep_stall(&mut self) {
        self.stall = StallUpdate::Kept;
    }

    /// Something outside holds the Canary up.
    pub(super) fn held_up_by(&mut self, obstacle: Obstacle) {
        self.stall = StallUpdate::On(obstacle);
    }

    // --- Ends of a call.

    pub(super) fn waits(&mut self, rule: Rule) -> Ending {
        Ending::Act { rule, commands: Vec::new() }
    }

    pub(super) fn wait<T>(&mut self, rule: Rule) -> Flow<T> {
        Flow::Break(self.waits(rule))
    }

    pub(super) fn act<T>(&mut self, rule: Rule, commands: Vec<Command>) -> Flow<T> {
        Flow::Break(Ending::Act { rule, commands })
    }

    // --- Facts. An unknown one ends the call, for the rule that reads it and all after it.

    pub(super) fn known<T>(&mut self, fact: &'a Fact<T>, what: &str) -> Flow<&'a T> {
        match fact {
            Fact::Known(fact) => Flow::Continue(fact),
            Fact::Unknown(Unseen::Stale) => {
                self.keep_stall();
                self.wait(Rule::Unknown)
            }
            Fact::Unknown(Unseen::Unreadable(why)) => {
                self.held_up_by(Obstacle::Unreadable { what: what.into(), why: why.clone() });
                self.wait(Rule::Unknown)
            }
        }
    }

    pub(super) fn target(&mut self) -> Flow<Option<&'a Target>> {
        let seen = self.seen;
        Flow::Continue(self.known(&seen.target, "target")?.as_ref())
    }

    pub(super) fn primary(&mut self) -> Flow<Option<&'a Primary>> {
        let seen = self.seen;
        Flow::Continue(self.known(&seen.primary, "primary")?.as_ref())
    }

    /// The revision the target shows; `None` if there is no target.
    pub(super) fn revision(&mut self) -> Flow<Option<&'a Revision>> {
        match self.target()? {
            None => Flow::Continue(None),
            Some(target) => {
                Flow::Continue(Some(self.known(&target.revision, "configuration of the target")?))
            }
        }
    }

    /// The revision the target is known to show.
    pub(super) fn shown(&self) -> Option<&'a Revision> {
        self.seen.target.known()?.as_ref()?.revision.known()
    }

    /// Whether the canary is known to be ready, or known not to be.
    pub(super) fn canary_readiness(&self) -> Option<&'a Readiness> {
        self.seen.target.known().map(|target| target.as_ref().map_or(&MISSING, |target| &target.readiness))
    }

    /// Whether the primary is known to be ready, or known not to be.
    pub(super) fn primary_readiness(&self) -> Option<&'a Readiness> {
        self.seen
            .primary
            .known()
            .map(|primary| primary.as_ref().map_or(&MISSING, |primary| &primary.readiness))
    }

    /// Users would leave a copy that serves for one that does not, by going to the primary.
    pub(super) fn primary_is_the_worse_copy(&self) -> bool {
        self.seen.primary_serves() == Some(false) && self.seen.canary_serves() == Some(true)
    }

    /// The same, where a command depends on it: an unknown ends the call.
    pub(super) fn would_leave_the_better_copy(&mut self) -> Flow<bool> {
        if let Some(primary) = self.primary()? {
            self.known(&primary.serves, "endpoints of the primary")?;
        }
        Flow::Continue(self.primary_is_the_worse_copy())
    }

    /// Whether the state sends users to the canary.
    pub(super) fn is_on_canary(&self) -> bool {
        let state = self.state();
        match self.canary {
            Ok(r) => r.switches_traffic && state.routes(r.strategy()).exposed() > 0,
            Err(_) => {
                state.canary_weight > 0 || state.run.stage == Stage::Switched && state.run.away.is_none()
            }
        }
    }

    /// Why the primary takes no users: it is not ready, or it has no endpoint.
    pub(super) fn why_not_primary(&self) -> Text {
        let why = self.primary_readiness().and_then(Readiness::why_not);
        why.unwrap_or_else(|| NO_ENDPOINT.into())
    }

    /// The shape of a run whose objects the manifest no longer names.
    pub(super) fn left_behind(&self) -> Option<Topology> {
        let topology = &self.state().topology;
        self.canary
            .as_ref()
            .is_ok_and(|r| !r.topology().same_objects(topology))
            .then(|| Topology::clone(topology))
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
        // What is remembered is what is set.
        if cookies != state.cookies {
            self.edit().cookies = cookies.clone();
        }
        Command::SetRoutes(Split { routes, cookies })
    }

    // --- The end.

    pub(super) fn finish(mut self, outcome: Ending) -> Step {
        let (mut rule, mut commands) = match outcome {
            Ending::Ask(questions) => return Step::Ask(questions),
            Ending::Act { rule, commands } => (rule, commands),
        };
        self.settle_stall();
        if !matches!(rule, Rule::HeldForNewerVersion | Rule::Released) {
            self.settle_concern();
            if commands.is_empty() && self.draft.is_none() {
                (rule, commands) = self.tidy_up(rule);
            }
        }
        if let Some(trouble) = &self.state().trouble {
            let again = commands.iter().any(|command| *command.to_string() == *trouble.command);
            let early = self.now < trouble.retry_at;
            if again && early {
                return self.backs_off();
            }
            // It is tried again, or no longer wanted when its time has come. A failure leads back to where it is noted.
            if rule != Rule::CommandFailed && (!early || !commands.is_empty()) {
                self.edit().trouble = None;
            }
        }
        let state = self.save();
        let notices = self.unsaved();
        // A tick ends with a call that changes nothing.
        let at_once = state.is_some() || !commands.is_empty();
        let after = state.as_deref().unwrap_or(self.old);
        let wake = match wake::next(self.canary, after, self.seen, self.now, at_once) {
            None if !notices.is_empty() => Some(wake::for_notices(self.now)),
            wake => wake,
        };
        let after = standing(self.canary, after);
        let decision = Decision { rule, measured: self.measured, hook: self.hook, after };
        Step::Act(Plan { commands, state, notices, decision, wake })
    }

    /// Nothing but the clock's mends is kept.
    fn backs_off(self) -> Step {
        let mut turn =
            Self { stall: StallUpdate::Kept, ..Self::new(self.canary, self.old, self.seen, self.now) };
        wake::mend_clock(&mut turn);
        let state = turn.save();
        let after = state.as_deref().unwrap_or(self.old);
        let wake = wake::next(self.canary, after, self.seen, self.now, state.is_some());
        let after = standing(self.canary, after);
        let decision = Decision { rule: Rule::BackingOff, measured: self.measured, hook: self.hook, after };
        Step::Act(Plan { commands: Vec::new(), state, notices: Vec::new(), decision, wake })
    }

    /// What is done when nothing else is: requests that were consumed go, and so do delivered notices once no other
    /// save is near.
    fn tidy_up(&mut self, rule: Rule) -> (Rule, Vec<Command>) {
        let consumed = &self.old.consumed;
        let mut done = self.seen.requests.iter();
        let is_done = |request: &&Request| consumed.get(&request.kind) == Some(&request.value);
        if let Some(done) = done.find(is_done).filter(|_| !is_planted(Defect::RequestForgotten)) {
            return (Rule::RequestCleared, vec![Command::ClearRequest(done.clone())]);
        }
        if !consumed.is_empty() {
            self.edit().consumed.clear();
            return (Rule::RequestCleared, Vec::new());
        }
        let quiet = !self.old.is_running();
        let sent = &self.seen.sent;
        if quiet && self.old.outbox.notices().iter().any(|notice| sent.contains(&notice.id)) {
            self.edit().outbox.drop_sent(sent);
            return (Rule::NoticesDropped, Vec::new());
        }
        (rule, Vec::new())
    }

    /// What is wrong and holds nothing up is told when it is seen, and shown until it is over.
    fn settle_concern(&mut self) {
        let Some(concern) = self.seen.concern.known() else { return };
        if *concern == self.state().concern {
            return;
        }
        if let Some(concern) = concern {
            self.tell(Message::Concern(concern.clone()));
        }
        self.edit().concern.clone_from(concern);
    }

    fn settle_stall(&mut self) {
        let deadline = wake::deadline(self.canary);
        let now = self.now;
        let old = self.old.stall.as_ref();
        let obstacle = match core::mem::replace(&mut self.stall, StallUpdate::Kept) {
            // What makes no sense goes on making none, whatever else was done.
            StallUpdate::Gone if self.canary.is_err() => None,
            StallUpdate::Gone => {
                if old.is_some() {
                    self.edit().stall = None;
                }
                return;
            }
            StallUpdate::Kept => None,
            StallUpdate::On(obstacle) if old.is_some_and(|stall| stall.on == obstacle) => None,
            StallUpdate::On(obstacle) => Some(obstacle),
        };
        if let Some(on) = obstacle {
            if on.is_told_at_once() {
                self.tell(Message::HeldUp(on.clone()));
            }
            // Another text for the same obstacle goes on counting.
            let since = match old {
                Some(stall) if core::mem::discriminant(&stall.on) == core::mem::discriminant(&on) => {
                    stall.since
                }
                _ => now,
            };
            let told = old.and_then(|stall| stall.told).filter(|_| since != now);
            self.edit().stall = Some(Stall { on, since, told });
        }
        if let Some(stall) = &self.state().stall
            && wake::stall_is_to_be_told(self.state(), stall, deadline, now)
        {
            let on = stall.on.clone();
            self.tell(Message::Stalled(on));
            if let Some(stall) = &mut self.edit().stall {
                stall.told = Some(now);
            }
        }
    }

    /// What another controller's status cannot hold, unless it was sent already.
    fn unsaved(&mut self) -> Vec<Notice> {
        if self.old.origin != Origin::Flagger {
            return Vec::new();
        }
        let notices = self.notices.drain(..).map(|message| Notice {
            id: NoticeId::unsaved(&message),
            at: self.now,
            phase: self.old.phase,
            message,
        });
        notices.filter(|notice| !self.seen.sent.contains(&notice.id)).collect()
    }

    /// The changed state with everything that every save brings along; `None` if nothing changed: then nothing is told.
    fn save(&mut self) -> Option<Arc<State>> {
        // Another controller's status is not touched before it was taken over: it could not hold what is ours.
        let mut saved =
            self.draft.take().filter(|state| **state != *self.old && state.origin != Origin::Flagger)?;
        let state = Arc::make_mut(&mut saved);
        state.seq = state.seq.saturating_add(1);
        state.outbox.drop_sent(&self.seen.sent);
        if is_planted(Defect::OutboxDropped) {
            state.outbox = Outbox::default();
        }
        if is_planted(Defect::DoubleAlert) {
            let alerts = self.notices.iter().filter(|notice| notice.alert().is_some());
            let alerts: Vec<Message> = alerts.cloned().collect();
            self.notices.extend(alerts);
        }
        let (before, after) = (self.old.phase, state.phase);
        let told = self.notices.drain(..).map(|message| (message.told_in(before, after), message));
        state.outbox.push(state.seq, self.now, told);
        state.last_transition = self.now.whole_second();
        let details = Details { canary: self.canary.as_ref().ok(), seen: self.seen };
        state.settle_condition(details, self.now);
        Some(saved)
    }
}

static MISSING: Readiness = Readiness::Missing;

fn standing(canary: &Result<Rollout, Invalid>, state: &State) -> Standing {
    let budget = match canary {
        Ok(r) if state.phase.is_analysing() => {
            Some(r.policy().threshold.saturating_sub(1).saturating_sub(state.failed_checks))
        }
        Ok(_) | Err(_) => None,
    };
    Standing {
        phase: state.phase,
        weight: state.canary_weight,
        failed_checks: state.failed_checks,
        budget,
        iterations: state.iterations,
    }
}
