//! Runs a scenario: a [`Tick`] against a scripted world, in virtual time.
//!
//! One loop, [`Drive::goes_on`]: let happen what is due, do what the tick wants next, and where there is nothing to do go to
//! the next moment at which anything changes.

mod calls;
mod checks;
mod limits;
mod log;
mod stop;
mod store;
#[cfg(test)]
mod tests;
mod timeline;

use std::{rc::Rc, time::Duration};

use serin_core::{
    Observation, Phase, State, Tick, Timestamp,
    invariant::{self, Call, History},
    message::NoticeId,
    question::Question,
    step::Wake,
    tick::{Do, SaveError},
};

pub(crate) use self::checks::{Reached, reach};
pub use self::stop::{StopAt, StopPoint};
use self::{
    calls::Calls,
    limits::{Pause, Restless},
    log::{Log, Nothing},
    stop::Stops,
    timeline::Timeline,
};
use crate::{
    record::{Asked, Outcome, Story},
    scenario::{Action, SaveFault, Scenario, StopAfter, What},
    world::{self, World},
};

/// Runs a scenario to its end.
#[must_use]
pub fn run(scenario: &Scenario) -> Story {
    story(scenario, scenario.setting.seed, None)
}

/// As [`run`], in the world of another seed.
#[must_use]
pub fn run_seed(scenario: &Scenario, seed: u64) -> Story {
    story(scenario, seed, None)
}

/// As [`run`], and the controller is stopped at `stop` and started at once.
#[must_use]
pub fn run_with(scenario: &Scenario, stop: StopPoint) -> Story {
    story(scenario, scenario.setting.seed, Some(stop))
}

/// As [`run_seed`], and nothing is kept but how it ended; invariants are not checked.
#[must_use]
pub fn outcome(scenario: &Scenario, seed: u64) -> Outcome {
    let mut drive = Drive::new(scenario, seed, None, Nothing);
    while drive.goes_on() {}
    drive.outcome()
}

fn story(scenario: &Scenario, seed: u64, stop: Option<StopPoint>) -> Story {
    let mut drive = Drive::new(scenario, seed, stop, Story::begin(scenario));
    drive.world.keep_course();
    while drive.goes_on() {}
    let outcome = drive.outcome();
    let course = drive.world.course(drive.first_released.unwrap_or_default());
    Story {
        missed: drive.timeline.missed(),
        events: drive.timeline.times(),
        rests: drive.rests,
        shown: drive.world.target_shows(),
        promoted: outcome.promoted,
        users: outcome.users,
        course,
        end: drive.saved,
        ..drive.log
    }
}

struct Drive<'a, L> {
    scenario: &'a Scenario,
    world: World<'a>,
    timeline: Timeline<'a>,
    stops: Stops,
    tick: Tick,
    calls: Calls,
    /// `.status` as it is kept.
    saved: State,
    /// What the plan under way was decided on.
    decided: Option<Decided>,
    history: History,
    /// Something that is seen has changed since it was looked at.
    changed: bool,
    /// When the tick is due, in the world's time.
    wake_at: Option<Duration>,
    /// When a save that failed, or what was decided before a conflict, is tried again.
    pause: Pause,
    restless: Restless,
    happened: Vec<String>,
    asked: Vec<Asked>,
    /// Plans so far.
    decisions: usize,
    /// When the last revision was deployed.
    released: Duration,
    /// When the first one was.
    first_released: Option<Duration>,
    /// When the rollout of it ended.
    ended: Option<Duration>,
    /// Nothing is left to happen.
    rests: bool,
    log: L,
}

struct Decided {
    canary: Rc<world::Canary>,
    seen: Observation,
    now: Timestamp,
}

impl<'a, L: Log> Drive<'a, L> {
    fn new(scenario: &'a Scenario, seed: u64, stop: Option<StopPoint>, log: L) -> Self {
        let saved = scenario.status.clone().map(State::from).unwrap_or_default();
        Self {
            scenario,
            world: World::begin(scenario, &saved, seed),
            timeline: Timeline::new(&scenario.events, &saved),
            stops: Stops::new(stop),
            tick: Tick::new(),
            calls: Calls::default(),
            decided: None,
            history: History::default(),
            changed: false,
            wake_at: None,
            pause: Pause::default(),
            restless: Restless::default(),
            happened: Vec::new(),
            asked: Vec::new(),
            decisions: 0,
            released: Duration::ZERO,
            first_released: None,
            ended: None,
            rests: false,
            log,
            saved,
        }
    }

    fn outcome(&mut self) -> Outcome {
        Outcome {
            phase: self.saved.phase,
            released: self.released,
            ended: self.ended,
            good: self.world.is_good(),
            promoted: self.world.primary_runs(),
            users: self.world.users(self.first_released.unwrap_or_default()),
        }
    }

    /// Does one thing; whether there is another.
    fn goes_on(&mut self) -> bool {
        self.let_happen();
        match self.tick.next() {
            Do::Observe if self.pause.until() > self.world.at() => self.pass(Some(self.pause.until())),
            Do::Observe => self.observe(),
            Do::Ask(questions) => {
                let questions = questions.to_vec();
                self.ask(&questions)
            }
            Do::Apply(command) => {
                let command = command.clone();
                self.apply(command);
                true
            }
            Do::Save(_) if self.pause.until() > self.world.at() => self.pass(Some(self.pause.until())),
            Do::Save(_) => {
                self.save();
                true
            }
            Do::Send(_) => {
                self.send();
                true
            }
            Do::Sleep(_) => self.sleep(),
        }
    }

    /// Everything that is due by now, in its order.
    fn let_happen(&mut self) {
        loop {
            if let Some(happened) = self.world.change() {
                self.changed = true;
                self.happened.extend(happened);
            }
            self.calls.go_on(&mut self.world, &mut self.log);
            let Some((index, action)) = self.timeline.due(self.world.at()) else { return };
            let (told, is_seen) = self.world.happen(action);
            self.happened.push(told);
            self.changed |= is_seen;
            if let Action::Deploy(_) = action {
                (self.released, self.ended) = (self.world.at(), None);
                self.first_released.get_or_insert(self.released);
            }
            if let Action::Restart = action {
                self.restart();
            }
            if let Action::Stop(after) = action {
                self.stops.order(*after);
            }
            self.timeline.happened(index, self.world.at(), &self.saved);
        }
    }

    /// Time goes on to the next change, at most to `until`; false at the end of the story.
    fn pass(&mut self, until: Option<Duration>) -> bool {
        let next =
            [until, self.timeline.next(), self.world.next(), self.calls.next()].into_iter().flatten().min();
        match next {
            Some(next) if next <= self.scenario.until => {
                self.world.pass_to(next);
                true
            }
            Some(_) => false,
            None => {
                self.rests = true;
                false
            }
        }
    }

    fn observe(&mut self) -> bool {
        if let Some(what) = self.restless.look(self.world.at(), self.decisions) {
            self.violate(what.into());
            return false;
        }
        self.changed = false;
        let canary = Rc::clone(self.world.canary());
        let mut seen = self.world.observe();
        let now = self.world.now();
        let Some(plan) = self.tick.observed(&canary, &self.saved, &mut seen, now) else { return true };
        let violations = if L::WATCHES {
            invariant::check(&Call { canary: &canary, state: &self.saved, seen: &seen, now, plan })
        } else {
            Vec::new()
        };
        let has_effects = !plan.commands.is_empty() || plan.state.is_some();
        self.log.decided(self.world.at(), &mut self.happened, &mut self.asked, plan);
        self.decisions += 1;
        // A timer is set for a span: a clock that jumps meanwhile does not move it.
        let until = |wake: Wake| self.world.at().saturating_add(wake.at.since(now));
        self.wake_at = plan.wake.map(until);
        self.restless.note_plan();
        if L::WATCHES {
            self.decided = Some(Decided { canary, seen, now });
        }
        for violation in violations {
            self.violate(violation.to_string());
        }
        if has_effects && self.stops.takes(StopAfter::Decision) {
            self.stopped("before the first effect of this plan");
        }
        true
    }

    /// Puts what was not put yet, and takes what was answered. What is seen may change meanwhile.
    fn ask(&mut self, questions: &[Question]) -> bool {
        for question in questions {
            self.calls.put(question, self.decisions, &mut self.world, &mut self.log);
        }
        if self.changed {
            return self.observe();
        }
        let mut answered = false;
        for question in questions {
            if let Some((answer, took)) = self.calls.take(&question.id, &mut self.log) {
                self.tick.answered(question.id.clone(), answer.clone());
                self.asked.push(Asked { question: question.clone(), answer, took });
                answered = true;
            }
        }
        answered || self.pass(None)
    }

    fn apply(&mut self, command: serin_core::Command) {
        let outcome = self.world.carry_out(&command);
        let failed = outcome.as_ref().err().map(|(class, error)| (*class, error.to_string()));
        let carried_out = failed.is_none();
        self.log.tried(command, failed);
        if carried_out && self.stops.commands() {
            self.opposite();
            self.stopped("after this command");
        } else if carried_out && (self.stops.takes(StopAfter::Command) || self.world.strikes(What::Crash)) {
            self.stopped("after this command");
        } else {
            self.tick.applied(outcome);
        }
    }

    fn save(&mut self) {
        if self.stops.before_save() {
            self.opposite();
            self.stopped("before this save");
            return;
        }
        match self.world.save_fault() {
            Some(SaveFault::Conflict) => {
                self.pause.grow(self.world.at(), 1);
                self.happened.push("the save came too late: somebody else saved meanwhile".into());
                self.tick.saved(Err(SaveError::Conflict));
                return;
            }
            Some(SaveFault::Retry) => {
                self.pause.grow(self.world.at(), 0);
                self.happened.push("the save failed".into());
                self.tick.saved(Err(SaveError::Failed));
                return;
            }
            None => self.pause = Pause::default(),
        }
        self.note_save();
        self.timeline.look(&self.saved, self.world.at());
        if self.stops.after_save() {
            self.opposite();
            self.stopped("after this save");
        } else if self.stops.takes(StopAfter::Save) || self.world.strikes(What::Crash) {
            self.stopped("after this save");
        } else if self.world.strikes(What::SaveAnswerLost) {
            // Tried again, it comes too late: somebody has saved meanwhile, and that was this controller.
            self.pause.grow(self.world.at(), 0);
            self.happened.push("the save succeeded, and its answer was lost".into());
            self.tick.saved(Err(SaveError::Conflict));
        } else {
            self.tick.saved(Ok(()));
        }
    }

    /// Keeps the plan's state as an API server does, and checks that nothing is lost by it.
    fn note_save(&mut self) {
        let Some(plan) = self.tick.plan() else { return };
        let Some(state) = &plan.state else { return };
        let mut violations = Vec::new();
        if let Some(Decided { canary, seen, now }) = &self.decided {
            let call = Call { canary, state: &self.saved, seen, now: *now, plan };
            violations.extend(self.history.note(&call).iter().map(ToString::to_string));
        }
        if state.seq != self.saved.seq + 1 {
            violations.push(format!("store: seq {} is saved over seq {}", state.seq, self.saved.seq));
        }
        self.saved = if L::WATCHES {
            store::kept(state).unwrap_or_else(|what| {
                violations.push(what);
                state.clone()
            })
        } else {
            state.clone()
        };
        self.log.saved(&self.saved);
        let is_over = matches!(self.saved.phase, Phase::Succeeded | Phase::Failed);
        self.ended = self.ended.or_else(|| is_over.then(|| self.world.at())).filter(|_| is_over);
        for violation in violations {
            self.violate(violation);
        }
    }

    fn send(&mut self) {
        let Do::Send(notices) = self.tick.next() else { return };
        let lost = self.world.loses_notices();
        if lost {
            self.happened.push("notices were lost".into());
            self.tick.sent(&[]);
            return;
        }
        let delivered: Vec<NoticeId> = notices.iter().map(|notice| notice.id).collect();
        self.log.sent(notices);
        self.tick.sent(&delivered);
    }

    fn sleep(&mut self) -> bool {
        if self.world.is_gone() {
            self.rests = true;
            return false;
        }
        if self.changed || self.wake_at.is_some_and(|wake_at| wake_at <= self.world.at()) {
            self.calls.forget_answers();
            self.tick.wake();
            return true;
        }
        self.pass(self.wake_at)
    }

    /// The controller is stopped and started: all it knows is what was saved.
    fn restart(&mut self) {
        self.log.restarted(self.decisions);
        self.tick = Tick::new();
        self.calls = Calls::default();
        self.asked.clear();
        self.decided = None;
        self.wake_at = None;
        self.pause = Pause::default();
    }

    fn stopped(&mut self, place: &str) {
        self.happened.push(format!("the controller was stopped {place} and started"));
        self.restart();
    }

    /// From now on everything answers the opposite, if the stop point says so.
    fn opposite(&mut self) {
        let opposite = self.stops.turns_round();
        self.world.metrics.opposite = opposite;
        self.world.hooks.opposite = opposite;
    }

    fn violate(&mut self, what: String) {
        self.log.violated(self.decisions.saturating_sub(1), what);
    }
}
