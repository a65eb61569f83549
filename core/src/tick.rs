//! The loop that every driver runs, without I/O: observe, ask, apply in order, save, send, report back.
//!
//! ```text
//! loop {
//!     match tick.next() {
//!         Do::Observe          => read everything again, then tick.observed(…)
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
    retry,
    revision::{Text, bounded},
    spec::{Invalid, Rollout},
    state::State,
    step::{Plan, Step, Wake, Why, step},
    time::Timestamp,
};

/// The tick of one Canary. Texts from outside are cut on entry, so that they cannot make a status grow. Keep it from
/// one tick to the next: it remembers what was sent and what failed.
#[derive(Clone, Debug, Default)]
pub struct Tick {
    doing: Doing,
    answers: Answers,
    failed: Option<Failure>,
    sent: Vec<NoticeId>,
    /// The calls that are abandoned if they are still open at that time.
    open: Vec<(QuestionId, Timestamp)>,
    plan: Option<Plan>,
    outbox: Vec<Notice>,
    /// Commands of this tick that changed no state: if they are requested again at once, they had no effect.
    tried: Vec<Command>,
    now: Timestamp,
}

/// After this time a command that had no effect is tried again.
const NOT_TAKEN_WAIT: Duration = Duration::from_secs(5);

/// How many notices that no state holds are remembered as sent.
const MOST_UNSAVED: usize = 16;

#[derive(Clone, Debug, Default)]
enum Doing {
    #[default]
    Observing,
    Asking(Vec<Question>),
    /// The command with this index comes next.
    Applying(usize),
    Saving,
    /// The notices to send, and what to wait for afterwards.
    Sending(Option<Wake>),
    Sleeping(Option<Wake>),
}

/// What the driver is to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Do<'a> {
    /// Read the Canary, its status, the cluster and the clock, and call [`Tick::observed`].
    Observe,
    /// Find out one or more of these and call [`Tick::answered`] for each. The others are asked for again; do not
    /// repeat a question that has no answer yet. A question that is not asked again was overtaken: its answer is
    /// ignored. Call [`Tick::changed`] at the earliest [`until`](Question::until) among them: questions that are open
    /// then are abandoned.
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
    /// Another client saved meanwhile: the decision is void.
    Conflict,
    /// The save failed this time. Only the save is tried again, and nothing else meanwhile.
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
            Doing::Sending(_) => Do::Send(&self.outbox),
            Doing::Sleeping(wake) => Do::Sleep(*wake),
        }
    }

    /// The plan that is being carried out, or was carried out last.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The input of the last call of [`step`] that does not come from the driver's observation.
    pub fn complete(&self, seen: &mut Observation) {
        // A driver may pass an earlier observation: equal parts are not copied.
        if seen.answers != self.answers {
            seen.answers = self.answers.clone();
        }
        if seen.sent != self.sent {
            seen.sent.clone_from(&self.sent);
        }
        seen.failed.clone_from(&self.failed);
    }

    /// Decides on a new observation. Answers, failure and deliveries in it are replaced by what this tick knows.
    ///
    /// Returns the plan, unless something has to be asked first.
    pub fn observed(
        &mut self,
        canary: &Result<Rollout, Invalid>,
        state: &State,
        seen: &mut Observation,
        now: Timestamp,
    ) -> Option<&Plan> {
        let held = |id: &NoticeId| state.outbox.notices().iter().any(|notice| notice.id == *id);
        self.sent.retain(|id| id.is_unsaved() || held(id));
        self.now = now;
        match self.decides(canary, state, seen, now) {
            Step::Ask(questions) => {
                self.doing = Doing::Asking(questions);
                None
            }
            Step::Act(plan) => {
                self.failed = None;
                // A plan that saves is not the last one of its tick, and only after the last one notices are sent.
                let outbox = if plan.state.is_none() { state.outbox.notices() } else { &[] };
                let unsent = outbox.iter().filter(|notice| !self.sent.contains(&notice.id));
                self.outbox = unsent.chain(&plan.notices).cloned().collect();
                self.plan = Some(plan);
                self.applies(0);
                self.plan.as_ref()
            }
        }
    }

    /// Calls [`step`], with the questions that took too long as answered.
    fn decides(
        &mut self,
        canary: &Result<Rollout, Invalid>,
        state: &State,
        seen: &mut Observation,
        now: Timestamp,
    ) -> Step {
        // The loop ends: an abandoned call has an answer, and a new call does not end in the past.
        loop {
            self.complete(seen);
            seen.bound();
            match step(canary, state, seen, now) {
                Step::Ask(mut questions) => {
                    if !self.gives_up(&mut questions, now) {
                        return Step::Ask(questions);
                    }
                }
                act @ Step::Act(_) => return act,
            }
        }
    }

    /// Abandons the calls whose time is over; returns whether there are any. A call keeps the time that it got first: a
    /// later observation does not extend it.
    fn gives_up(&mut self, questions: &mut [Question], now: Timestamp) -> bool {
        for Question { id, until, .. } in questions.iter_mut() {
            let first = self.open.iter().find(|(open, _)| open == id).map(|(_, until)| *until);
            *until = until.map(|until| first.map_or(until, |first| first.min(until)));
        }
        let open = questions.iter().filter_map(|question| Some((question.id.clone(), question.until?)));
        self.open = open.collect();
        let late = self.open.iter().filter(|(_, until)| now >= *until);
        let late: Vec<_> = late.cloned().collect();
        let any = !late.is_empty();
        late.into_iter().for_each(|(id, until)| self.answers.give_up(id, until));
        any
    }

    /// Keeps an answer and observes again, because facts may have changed during the call.
    pub fn answered(&mut self, id: QuestionId, answer: Answer) {
        self.answers.add(id, answer.bounded());
        self.doing = Doing::Observing;
    }

    /// Observes again while questions are open, because something has changed. Answers are kept, and open calls
    /// continue; at any other time this is a no-op.
    pub fn changed(&mut self) {
        if let Doing::Asking(_) = self.doing {
            self.doing = Doing::Observing;
        }
    }

    /// Continues with the next command, or observes again after a failure.
    pub fn applied(&mut self, outcome: Result<(), (FailureClass, Text)>) {
        let Doing::Applying(index) = self.doing else { return };
        match outcome {
            Ok(()) => self.applies(index + 1),
            Err((class, error)) => {
                let command = self.plan.as_ref().and_then(|plan| plan.commands.get(index)).cloned();
                self.failed = command.map(|command| Failure { command, error: bounded(error), class });
                self.doing = Doing::Observing;
            }
        }
    }

    /// Continues with sending the notices of the saved state.
    pub fn saved(&mut self, outcome: Result<(), SaveError>) {
        match outcome {
            Ok(()) => self.sends(),
            Err(SaveError::Conflict) => self.doing = Doing::Observing,
            Err(SaveError::Failed) => {}
        }
    }

    /// Notes which notices were delivered; the others are sent again in a later tick.
    pub fn sent(&mut self, delivered: &[NoticeId]) {
        let Doing::Sending(wake) = self.doing else { return };
        self.sent.extend_from_slice(delivered);
        while self.sent.iter().filter(|id| id.is_unsaved()).count() > MOST_UNSAVED
            && let Some(oldest) = self.sent.iter().position(NoticeId::is_unsaved)
        {
            self.sent.remove(oldest);
        }
        let notes = wake.is_some_and(|wake| match wake.why {
            Why::AtOnce | Why::Notices | Why::Retry | Why::Stalled => !delivered.is_empty(),
            // The next save of the run notes it.
            Why::NextCheck | Why::WarmedUp | Why::Deadline => false,
        });
        self.doing = if notes { Doing::Observing } else { Doing::Sleeping(wake) };
    }

    /// Begins the next tick.
    pub fn wake(&mut self) {
        self.answers = Answers::default();
        self.open.clear();
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

    /// Sending waits until there is nothing more to do, so that no slow receiver delays traffic.
    fn sends(&mut self) {
        let Some(plan) = &self.plan else { return };
        let commands_alone = plan.state.is_none() && !plan.commands.is_empty();
        let taken = !commands_alone || plan.commands != self.tried;
        if commands_alone && taken {
            self.tried.clone_from(&plan.commands);
        }
        let more = plan.wake.is_some_and(|wake| wake.why == Why::AtOnce);
        // The cluster reported success but shows no effect: another client undoes it. It is tried again, but not in a
        // loop.
        let wake =
            if taken { plan.wake } else { Some(Wake { at: self.now + NOT_TAKEN_WAIT, why: Why::Retry }) };
        self.doing = if more && taken {
            Doing::Observing
        } else if self.outbox.is_empty() {
            Doing::Sleeping(wake)
        } else {
            Doing::Sending(wake)
        };
    }
}

/// Waits between the tries of an action that fails: 1 s, 2 s, 4 s … 30 s, for as long as it fails in a row.
#[derive(Clone, Debug, Default)]
pub struct Pause {
    failures: u32,
}

impl Pause {
    /// Notes another failure. Returns how long to wait before the next try; the first `free` failures cost nothing.
    pub fn grow(&mut self, free: u32) -> Duration {
        let over = self.failures.checked_sub(free);
        self.failures = self.failures.saturating_add(1);
        over.map_or(Duration::ZERO, retry::backoff)
    }

    /// Whether the last try failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        decision::{Decision, Rule, Standing},
        observation::{Fact, Unseen},
        phase::Phase,
        question::Asked,
        revision::LONGEST_TEXT,
        spec::{Identity, Problem, Topology},
    };

    fn unknown<T>(why: &Text) -> Fact<T> {
        Fact::Unknown(Unseen::Unreadable(why.clone()))
    }

    #[test]
    fn texts_from_outside_are_cut_on_entry() {
        let long: Text = "x".repeat(LONGEST_TEXT + 1).into();
        let mut seen = Observation {
            target: unknown(&long),
            primary: unknown(&long),
            services: unknown(&long),
            routes: unknown(&long),
            drift: unknown(&long),
            rival: Some(long.clone()),
            concern: Fact::Known(Some(long.clone())),
            ..Observation::untouched("a")
        };
        let mut tick = Tick::new();
        let id = QuestionId { run: 1, check: 1, of: Asked::Metric("latency".into()) };
        let answer = Answer::error(&id.of, long.clone());
        tick.answered(id, answer);
        tick.plan = Some(Plan {
            commands: alloc::vec![Command::ScaleUp],
            state: None,
            notices: Vec::new(),
            decision: Decision {
                rule: Rule::Advanced,
                measured: Vec::new(),
                hook: None,
                after: Standing {
                    phase: Phase::New,
                    weight: 0,
                    failed_checks: 0,
                    budget: None,
                    iterations: 0,
                },
            },
            wake: None,
        });
        tick.doing = Doing::Applying(0);
        tick.applied(Err((FailureClass::Retry, long.clone())));
        let problem = Problem { path: "spec".into(), what: long.as_ref().into() };
        let identity = Identity { namespace: "n".into(), name: "web".into(), uid: "1".into() };
        let invalid = Invalid {
            identity,
            topology: Topology::default(),
            setup: Default::default(),
            revert_on_deletion: true,
            problems: alloc::vec![problem],
        };
        let plan = tick.observed(&Err(invalid), &State::default(), &mut seen, Timestamp::default()).cloned();
        let said = alloc::format!("{seen:?} {plan:?}");
        assert!(plan.is_some() && said.contains('…') && !said.contains(&*long), "{said}");
    }
}
