//! Runs a scenario: a [`Tick`] against a scripted world, in virtual time.
//!
//! One loop, [`Drive::goes_on`]: apply the events that are due, do what the tick wants next, and if there is nothing to
//! do, advance to the next time at which anything changes.

mod automaton;
mod calls;
mod checks;
mod deliver;
mod effects;
mod limits;
mod log;
mod runs;
mod stale_replica;
mod stop;
mod store;
#[cfg(test)]
mod tests;
mod timeline;

use std::{rc::Rc, sync::Arc, time::Duration};

use serin_core::{
    Observation, Phase, State, Tick, Timestamp,
    invariant::{self, Call, History},
    step::Wake,
    tick::Do,
    time::Human,
};

pub use self::checks::{Reached, reach};
use self::{
    calls::Calls,
    deliver::Deliveries,
    limits::{Pause, Restless},
    log::Log,
    stale_replica::StaleReplica,
    stop::Stops,
    timeline::Timeline,
};
pub use self::{
    runs::Runs,
    stop::{StopAt, StopPoint},
};
use crate::{
    reason::Reason,
    record::{Asked, Outcome, Story},
    scenario::{Action, Scenario, StopAfter, What},
    world::{self, Detail, SharedSetup, World},
};

/// Runs a scenario to its end.
#[must_use]
pub fn run(scenario: &Scenario) -> Story {
    story(to_the_end(Drive::new(scenario, scenario.setting.seed, None, Story::begin(scenario))))
}

/// As [`run`], in the world of another seed.
#[must_use]
pub fn run_seed(scenario: &Scenario, seed: u64) -> Story {
    story(to_the_end(Drive::new(scenario, seed, None, Story::begin(scenario))))
}

/// As [`run_seed`]; `None` if `is_over` became true before the end. It is called between two steps.
#[must_use]
pub fn run_until(scenario: &Scenario, seed: u64, is_over: &dyn Fn() -> bool) -> Option<Story> {
    let drive = Drive::new(scenario, seed, None, Story::begin(scenario));
    drive.with_course().until(is_over).map(story)
}

/// As [`run`], and the controller is stopped at `stop` and started at once.
#[must_use]
pub fn run_with(scenario: &Scenario, stop: StopPoint) -> Story {
    story(to_the_end(Drive::new(scenario, scenario.setting.seed, Some(stop), Story::begin(scenario))))
}

fn to_the_end(drive: Drive<'_, Story>) -> Drive<'_, Story> {
    let mut drive = drive.with_course();
    while drive.goes_on() {}
    drive
}

fn story(mut drive: Drive<'_, Story>) -> Story {
    let outcome = drive.outcome();
    let course = drive.world.course(drive.first_released.unwrap_or_default());
    Story {
        assumed: drive.world.assumed(),
        missed: drive.timeline.missed(),
        events: drive.timeline.times(),
        rests: drive.rests,
        shown: drive.world.target_shows().map(|revision| revision.to_string()),
        routes: drive.world.routes(),
        promoted: outcome.promoted.map(|revision| revision.to_string()),
        users: outcome.users,
        course,
        end: Arc::unwrap_or_clone(drive.saved),
        ..drive.log
    }
}

#[derive(Clone)]
struct Drive<'a, L> {
    scenario: &'a Scenario,
    /// When it ends at the latest.
    until: Duration,
    world: World<'a>,
    timeline: Timeline<'a>,
    stops: Stops,
    tick: Tick,
    calls: Calls,
    deliveries: Deliveries,
    second: StaleReplica,
    /// `.status` as stored.
    saved: Arc<State>,
    /// The last observation.
    seen: Observation,
    /// The basis of the current plan.
    decided: Option<Decided>,
    history: History,
    /// An observed fact has changed since the last observation.
    changed: bool,
    /// When the tick is due, in the world's time.
    wake_at: Option<Duration>,
    /// The controller is not called before then.
    away: Option<Duration>,
    /// When a save that failed, or a decision before a conflict, is retried.
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
    /// Why it is rolled back, or why its promotion failed.
    reason: Option<Reason>,
    /// Nothing can happen any more.
    rests: bool,
    log: L,
}

#[derive(Clone)]
struct Decided {
    canary: Rc<world::Canary>,
    seen: Observation,
    now: Timestamp,
}

impl<'a, L: Log> Drive<'a, L> {
    fn new(scenario: &'a Scenario, seed: u64, stop: Option<StopPoint>, log: L) -> Self {
        let common = SharedSetup::of(scenario, scenario.canary.clone(), Detail::Values);
        Self::begin(scenario, &common, Arc::new(Self::status(scenario)), Some(seed), stop, log)
    }

    /// `.status` at the beginning of a story.
    fn status(scenario: &Scenario) -> State {
        scenario.status.clone().map(State::from).unwrap_or_default()
    }

    /// With the scenario's `.status`. Without a seed nothing is drawn, see [`World::begin`].
    fn begin(
        scenario: &'a Scenario,
        common: &SharedSetup,
        saved: Arc<State>,
        seed: Option<u64>,
        stop: Option<StopPoint>,
        log: L,
    ) -> Self {
        let world = World::begin(scenario, common, &saved, seed);
        Self {
            scenario,
            until: scenario.until,
            seen: world.observe(),
            world,
            timeline: Timeline::new(&scenario.events, &saved),
            stops: Stops::new(stop),
            tick: Tick::new(),
            calls: Calls::default(),
            deliveries: Deliveries::default(),
            second: StaleReplica::of(scenario),
            away: None,
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
            reason: None,
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
            reason: self.final_reason(),
            good: self.world.is_good(),
            promoted: self.world.primary_runs(),
            users: self.world.users(self.first_released.unwrap_or_default()),
        }
    }

    /// Why it was rolled back or not promoted, if it has failed.
    fn final_reason(&self) -> Option<Reason> {
        self.reason.clone().filter(|_| self.saved.phase == Phase::Failed)
    }

    fn with_course(mut self) -> Self {
        self.world.keep_course();
        self
    }

    /// The end of the run; `None` if `is_over` became true before.
    fn until(mut self, is_over: &dyn Fn() -> bool) -> Option<Self> {
        while self.goes_on() {
            if is_over() {
                return None;
            }
        }
        Some(self)
    }

    /// Does one step; whether there is another.
    fn goes_on(&mut self) -> bool {
        if let Some(what) = self.restless.step(self.world.at()) {
            self.violate(what.into());
            return false;
        }
        self.let_happen();
        match self.tick.next() {
            Do::Observe if self.pause.until() > self.world.at() => self.pass(Some(self.pause.until())),
            Do::Observe => self.observe(),
            Do::Ask(_) => self.ask(),
            Do::Apply(_) => {
                self.apply();
                true
            }
            Do::Save(_) if self.pause.until() > self.world.at() => self.pass(Some(self.pause.until())),
            Do::Save(_) => {
                self.save();
                true
            }
            Do::Send(_) => self.send(),
            Do::Sleep(_) => self.sleep(),
        }
    }

    /// Applies everything that is due by now, in order.
    fn let_happen(&mut self) {
        loop {
            if let Some(happened) = self.world.change() {
                self.changed = true;
                self.happened.extend(happened);
            }
            self.calls.go_on(&mut self.world, &mut self.log);
            self.second_is_due();
            let Some((index, action)) = self.timeline.due(self.world.at()) else { return };
            let (told, is_seen) = self.world.happen(action);
            self.happened.push(told);
            self.changed |= is_seen;
            if let Action::Deploy(_) = action {
                (self.released, self.ended, self.reason) = (self.world.at(), None, None);
                self.first_released.get_or_insert(self.released);
            }
            if let Action::Away(lasts) = action {
                self.away = Some(self.world.at().saturating_add(*lasts));
            }
            if let Action::SecondController(behind) = action {
                self.second_is_told(*behind);
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

    /// Time advances to the next change, at most to `until`; false at the end of the story.
    fn pass(&mut self, until: Option<Duration>) -> bool {
        let changes = [self.timeline.next(), self.world.next(), self.calls.next(), self.second.next()];
        let next = changes.into_iter().chain([until]).flatten().min();
        match next {
            Some(next) if next <= self.until => {
                self.world.pass_to(self.world.sooner(next));
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
        self.world.look(&mut self.seen);
        let now = self.world.now();
        let Some(plan) = self.tick.observed(&canary, &self.saved, &mut self.seen, now) else { return true };
        let violations = if L::WATCHES {
            invariant::check(&Call { canary: &canary, state: &self.saved, seen: &self.seen, now, plan })
        } else {
            Vec::new()
        };
        let has_effects = !plan.commands.is_empty() || plan.state.is_some();
        self.log.decided(self.world.at(), &mut self.happened, &mut self.asked, plan);
        self.decisions += 1;
        // A timer is set for a duration: a clock that jumps does not change it.
        let until = |wake: Wake| self.world.at().saturating_add(wake.at.since(now));
        self.wake_at = plan.wake.map(until);
        self.restless.note_plan();
        if L::WATCHES {
            self.decided = Some(Decided { canary, seen: self.seen.clone(), now });
        }
        for violation in violations {
            self.violate(violation.to_string());
        }
        if has_effects && self.stops.takes(StopAfter::Decision) {
            self.stopped("before the first effect of this plan");
        }
        true
    }

    /// Puts new questions, and uses answers. The observation may change in between.
    fn ask(&mut self) -> bool {
        let Do::Ask(questions) = self.tick.next() else { return true };
        for question in questions {
            self.calls.put(question, self.decisions, &mut self.world, &mut self.log);
        }
        if self.changed {
            return self.observe();
        }
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let Some((answer, took)) = self.calls.take(&question.id, &mut self.log) else { continue };
            if L::WATCHES {
                self.asked.push(Asked { question: question.clone(), answer: answer.clone(), took });
            }
            answers.push((question.id.clone(), answer));
        }
        let until = questions.iter().filter_map(|question| question.until).min();
        let goes_on = !answers.is_empty();
        for (id, answer) in answers {
            self.tick.answered(id, answer);
        }
        goes_on || self.waits_for_answers(until)
    }

    /// Time passes until there is an answer or a change; questions that are pending at `until` are abandoned.
    fn waits_for_answers(&mut self, until: Option<Timestamp>) -> bool {
        let now = self.world.now();
        if until.is_some_and(|until| until <= now) {
            self.calls.give_up(now, &mut self.log);
            self.tick.changed();
            return true;
        }
        self.pass(until.map(|until| self.world.at().saturating_add(until.since(now))))
    }

    fn sleep(&mut self) -> bool {
        if self.world.is_gone() {
            self.rests = true;
            return false;
        }
        if let Some(away) = self.away
            && away > self.world.at()
        {
            return self.pass(Some(away));
        }
        if self.changed || self.wake_at.is_some_and(|wake_at| wake_at <= self.world.at()) {
            if self.misses_ticks() {
                return true;
            }
            self.calls.forget_answers();
            self.tick.wake();
            return true;
        }
        self.pass(self.wake_at)
    }

    /// Whether the controller is not called although it is due, but some time later.
    fn misses_ticks(&mut self) -> bool {
        // After that it is called.
        if self.away.take().is_some() {
            return false;
        }
        self.happened.extend(self.world.clock_strikes());
        let Some(strike) = self.world.strike(What::MissedTicks) else { return false };
        self.away = Some(self.world.at().saturating_add(strike.by));
        self.happened.push(format!("the controller is not called for {}", Human(strike.by)));
        true
    }

    fn violate(&mut self, what: String) {
        self.log.violated(self.decisions.saturating_sub(1), what);
    }
}
