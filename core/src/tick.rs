//! The loop that every driver runs, without its hands: observe, ask, apply in order, save, send, report back.
//!
//! ```text
//! loop {
//!     match tick.next() {
//!         Do::Observe          => read everything anew, then tick.observed(…)
//!         Do::Ask(questions)   => answer one or more: tick.answered(…)
//!         Do::Apply(command)   => tick.applied(…)
//!         Do::Save(state)      => compare-and-swap on `seq`: tick.saved(…)
//!         Do::Send(notices)    => tick.sent(…)
//!         Do::Sleep(wake)      => wait for it or for a change, then tick.wake()
//!     }
//! }
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use crate::{
    command::Command,
    message::{Notice, NoticeId},
    observation::{Failure, FailureClass, Observation},
    question::{Answer, Answers, Question, QuestionId},
    revision::Text,
    spec::{Invalid, Rollout},
    state::State,
    step::{Plan, Step, Wake, Why, step},
    time::Timestamp,
};

/// The tick of one Canary. Keep it from one tick to the next: it knows what was sent and what failed.
#[derive(Clone, Debug, Default)]
pub struct Tick {
    doing: Doing,
    answers: Answers,
    failed: Option<Failure>,
    sent: Vec<NoticeId>,
    plan: Option<Plan>,
    outbox: Vec<Notice>,
    /// Commands of this tick that changed no state: asked for again at once, they have not taken.
    tried: Vec<Command>,
    now: Timestamp,
}

/// How long after a command that has not taken the next try is made.
const NOT_TAKEN_WAIT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Default)]
enum Doing {
    #[default]
    Observing,
    Asking(Vec<Question>),
    /// The command with this index comes next.
    Applying(usize),
    Saving,
    Sending,
    Sleeping(Option<Wake>),
}

/// What the driver is to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Do<'a> {
    /// Read the Canary, its status, the cluster and the clock, and call [`Tick::observed`].
    Observe,
    /// Find out one or more of these and call [`Tick::answered`] for each. Those left are asked for again; what was
    /// put already and has not answered yet is not to be put a second time. One that is not asked for again was
    /// overtaken: its answer is of no use any more.
    Ask(&'a [Question]),
    /// Carry this out and call [`Tick::applied`].
    Apply(&'a Command),
    /// Save this if the saved state still has the `seq` before it, and call [`Tick::saved`].
    Save(&'a State),
    /// Send these and call [`Tick::sent`].
    Send(&'a [Notice]),
    /// The tick is over. Call [`Tick::wake`] at that time, or when something has changed.
    Sleep(Option<Wake>),
}

/// Why a state was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveError {
    /// Someone else saved meanwhile: what was decided is void.
    Conflict,
    /// It did not work this time. It is tried again, and nothing else meanwhile.
    Failed,
}

impl Tick {
    /// A driver that has just started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do next. Calling it again changes nothing.
    #[must_use]
    pub fn next(&self) -> Do<'_> {
        let plan = self.plan.as_ref();
        match &self.doing {
            Doing::Observing => Do::Observe,
            Doing::Asking(questions) => Do::Ask(questions),
            Doing::Applying(index) => {
                plan.and_then(|plan| plan.commands.get(*index)).map_or(Do::Observe, Do::Apply)
            }
            Doing::Saving => plan.and_then(|plan| plan.state.as_deref()).map_or(Do::Observe, Do::Save),
            Doing::Sending => Do::Send(&self.outbox),
            Doing::Sleeping(wake) => Do::Sleep(*wake),
        }
    }

    /// The plan that is being carried out, or was last.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// What the last call of [`step`] was given beyond what the driver sees itself.
    pub fn complete(&self, seen: &mut Observation) {
        seen.answers = self.answers.clone();
        seen.failed = self.failed.clone();
        seen.sent = self.sent.clone();
    }

    /// Decides on a fresh observation. Answers, failure and deliveries in it are replaced by what this tick knows.
    ///
    /// Returns the plan, unless something has to be asked first.
    pub fn observed(
        &mut self,
        canary: &Result<Rollout, Invalid>,
        state: &State,
        seen: &mut Observation,
        now: Timestamp,
    ) -> Option<&Plan> {
        self.sent.retain(|id| state.outbox.notices().iter().any(|notice| notice.id == *id));
        self.complete(seen);
        self.now = now;
        match step(canary, state, seen, now) {
            Step::Ask(questions) => {
                self.doing = Doing::Asking(questions);
                None
            }
            Step::Act(plan) => {
                self.failed = None;
                let outbox = plan.state.as_deref().unwrap_or(state).outbox.notices();
                let unsent = outbox.iter().filter(|notice| !self.sent.contains(&notice.id));
                self.outbox = unsent.cloned().collect();
                self.plan = Some(plan);
                self.applies(0);
                self.plan.as_ref()
            }
        }
    }

    /// Keeps an answer and observes again: facts may have changed while it was waited for.
    pub fn answered(&mut self, id: QuestionId, answer: Answer) {
        self.answers.add(id, answer);
        self.doing = Doing::Observing;
    }

    /// Observes again while questions are open, because something has changed. Answers are kept, and what is being
    /// asked goes on being asked; at any other time this is a no-op.
    pub fn changed(&mut self) {
        if let Doing::Asking(_) = self.doing {
            self.doing = Doing::Observing;
        }
    }

    /// Goes on with the next command, or observes again after a failure.
    pub fn applied(&mut self, outcome: Result<(), (FailureClass, Text)>) {
        let Doing::Applying(index) = self.doing else { return };
        match outcome {
            Ok(()) => self.applies(index + 1),
            Err((class, error)) => {
                let command = self.plan.as_ref().and_then(|plan| plan.commands.get(index)).cloned();
                self.failed = command.map(|command| Failure { command, error, class });
                self.doing = Doing::Observing;
            }
        }
    }

    /// Goes on to send what the saved state holds.
    pub fn saved(&mut self, outcome: Result<(), SaveError>) {
        match outcome {
            Ok(()) => self.sends(),
            Err(SaveError::Conflict) => self.doing = Doing::Observing,
            Err(SaveError::Failed) => {}
        }
    }

    /// Notes what was delivered; what was not is sent again in a later tick.
    pub fn sent(&mut self, delivered: &[NoticeId]) {
        self.sent.extend_from_slice(delivered);
        self.ends(!delivered.is_empty());
    }

    /// Begins the next tick.
    pub fn wake(&mut self) {
        self.answers = Answers::default();
        self.tried.clear();
        self.doing = Doing::Observing;
    }

    fn applies(&mut self, index: usize) {
        let Some(plan) = &self.plan else { return };
        if index < plan.commands.len() {
            self.doing = Doing::Applying(index);
        } else if plan.state.is_some() {
            self.doing = Doing::Saving;
        } else {
            self.sends();
        }
    }

    fn sends(&mut self) {
        if self.outbox.is_empty() {
            self.ends(false);
        } else {
            self.doing = Doing::Sending;
        }
    }

    /// The tick is over, unless there is more to do at once: the plan says so, or deliveries wait to be noted.
    fn ends(&mut self, delivered: bool) {
        let Some(plan) = &self.plan else { return };
        let goes_on = plan.wake.is_some_and(|wake| match wake.why {
            Why::AtOnce => true,
            Why::Notices => delivered,
            Why::NextCheck | Why::WarmedUp | Why::Deadline | Why::Retry | Why::Stalled => false,
        });
        let commands_alone = plan.state.is_none() && !plan.commands.is_empty();
        if commands_alone && plan.commands == self.tried {
            // The cluster obeyed and shows nothing of it: somebody undoes it. It is tried again, but not in a circle.
            self.doing = Doing::Sleeping(Some(Wake { at: self.now + NOT_TAKEN_WAIT, why: Why::Retry }));
            return;
        }
        if commands_alone {
            self.tried.clone_from(&plan.commands);
        }
        self.doing = if goes_on { Doing::Observing } else { Doing::Sleeping(plan.wake) };
    }
}
