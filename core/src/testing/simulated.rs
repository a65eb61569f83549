//! A cluster that obeys, and the loop that every driver runs.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use super::{Environment, Pods, Row, well};
use crate::{
    Command, Observation, Phase, Plan, Rollout, State, Tick, Timestamp,
    decision::Rule,
    effect,
    invariant::{self, Call, History, Violation},
    message::Notice,
    observation::{Apex, Fact},
    question::Question,
    revision::Revision,
    spec::Invalid,
    state::Status,
    step::Wake,
    tick::{Do, SaveError},
};

/// 2026-01-01T00:00:00Z, when every simulation starts.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The last action of a [`Simulated`].
#[derive(Clone, Debug, PartialEq)]
pub enum Did {
    /// It decided; `None` if it has to ask something first.
    Decided(Option<Box<Plan>>),
    /// It asked these questions, and the environment answered them.
    Asked(Vec<Question>),
    /// It carried a command out, or tried to.
    Applied(Command),
    /// It saved the state, or tried to.
    Saved,
    /// It sent notices, or tried to.
    Sent,
    /// The tick is over until this wake; `None` if only a change wakes it.
    Slept(Option<Wake>),
}

/// A Canary, its cluster, and the driver between them. Commands take effect at once, pods are ready when they are
/// wanted, time passes by itself, and every plan is checked against the invariants.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The Canary as it is parsed.
    pub canary: Result<Rollout, Invalid>,
    /// The state as it was saved last.
    pub state: State,
    /// The cluster as it is, which can be more than the driver observes.
    pub cluster: Observation,
    /// The time.
    pub now: Timestamp,
    /// The driver's loop.
    pub tick: Tick,
    /// The condition of the canary's pods once they have started. Set it to [`Pods::Broken`] for a revision that never
    /// gets ready.
    pub canary_pods: Pods,
    /// The condition of the primary's pods once they have started.
    pub primary_pods: Pods,
    /// The commands that were carried out, in order.
    pub applied: Vec<Command>,
    /// The phase, weight and counters of each saved state that differ from the one before, and when it was saved.
    pub rows: Vec<(Timestamp, Row)>,
    /// The notices that were delivered, in order.
    pub sent: Vec<Notice>,
    /// The invariants that were broken.
    pub violations: Vec<Violation>,
    history: History,
    decided: Option<(Observation, Timestamp, Plan)>,
}

impl Simulated {
    /// A cluster with a target that serves revision `a`, and nothing of Serin's yet.
    #[must_use]
    pub fn new(rollout: Rollout) -> Self {
        Self {
            canary: Ok(rollout),
            state: State::default(),
            cluster: Observation::untouched("a"),
            now: START,
            tick: Tick::new(),
            canary_pods: Pods::Well,
            primary_pods: Pods::Well,
            applied: Vec::new(),
            rows: Vec::new(),
            sent: Vec::new(),
            violations: Vec::new(),
            history: History::default(),
            decided: None,
        }
    }

    /// As [`initialized`](Self::initialized), and revision `b` was just deployed.
    #[must_use]
    pub fn deployed(rollout: Rollout) -> Self {
        let mut cluster = Self::initialized(rollout);
        cluster.deploys("b");
        cluster
    }

    /// A Canary that is initialized with revision `a`. The commands and notices of the initialisation are not kept.
    ///
    /// # Panics
    /// The Canary is not initialized within a thousand ticks, for example because it is suspended.
    #[must_use]
    pub fn initialized(rollout: Rollout) -> Self {
        let mut cluster = Self::new(rollout);
        cluster.runs_until(&mut well, |state| state.phase == Phase::Initialized);
        cluster.applied.clear();
        cluster.rows.clear();
        cluster.sent.clear();
        cluster
    }

    /// Deploys another revision to the target.
    ///
    /// # Panics
    /// The target is unknown or missing.
    pub fn deploys(&mut self, revision: &str) {
        let target = self.cluster.target.known_mut().and_then(Option::as_mut).expect("the target is known");
        target.revision = Fact::Known(Revision::of(revision));
        self.wakes();
    }

    /// The commands that were carried out, in order, as the texts that [`Command`] lists.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.applied.iter().map(ToString::to_string).collect()
    }

    /// Whether the target shows this revision.
    #[must_use]
    pub fn shows(&self, revision: &str) -> bool {
        let target = self.cluster.target.known().and_then(Option::as_ref);
        target.is_some_and(|target| target.revision == Fact::Known(Revision::of(revision)))
    }

    /// Wakes the driver, because something changed.
    pub fn wakes(&mut self) {
        self.tick.wake();
    }

    /// Ticks until the saved state is as wanted.
    ///
    /// # Panics
    /// It is not within a thousand ticks.
    pub fn runs_until(&mut self, environment: &mut impl Environment, wanted: impl Fn(&State) -> bool) {
        for _ in 0..1_000 {
            if wanted(&self.state) {
                return;
            }
            self.ticks(environment);
            self.sleeps();
        }
        let last = self.rows.iter().rev().take(10).rev();
        let last: String = last.map(|(at, row)| format!("\n  {at} {row}")).collect();
        panic!("the saved state is not as wanted within a thousand ticks; its last changes:{last}");
    }

    /// Ticks until a run has ended and its hooks were called: the run that is under way, or else the next one.
    ///
    /// # Panics
    /// As [`runs_until`](Self::runs_until).
    pub fn runs_to_its_end(&mut self, environment: &mut impl Environment) {
        let run = self.state.runs + u32::from(self.state.phase.is_idle());
        self.runs_until(environment, |state| {
            state.runs >= run && state.phase.is_idle() && state.owed.is_empty()
        });
    }

    /// One tick at this moment; returns the rules that decided.
    pub fn looks_at(&mut self, moment: Timestamp, environment: &mut impl Environment) -> Vec<Rule> {
        self.now = moment;
        self.wakes();
        let mut rules = Vec::new();
        loop {
            match self.does(environment) {
                Did::Decided(Some(plan)) => rules.push(plan.decision.rule),
                Did::Slept(_) => return rules,
                Did::Decided(None) | Did::Asked(_) | Did::Applied(_) | Did::Saved | Did::Sent => {}
            }
        }
    }

    /// One tick: everything until the driver sleeps. Returns when it is woken; `None` if only a change wakes it.
    ///
    /// # Panics
    /// It has more than a thousand effects.
    pub fn ticks(&mut self, environment: &mut impl Environment) -> Option<Wake> {
        for _ in 0..1_000 {
            if let Did::Slept(wake) = self.does(environment) {
                return wake;
            }
        }
        panic!("the tick has no end");
    }

    /// Lets time pass: until the wake, a second if pods become ready meanwhile, a minute if only a change wakes.
    pub fn sleeps(&mut self) {
        let wake = match self.tick.next() {
            Do::Sleep(wake) => wake.map_or(self.now + Duration::from_secs(60), |wake| wake.at),
            Do::Observe | Do::Ask(_) | Do::Apply(_) | Do::Save(_) | Do::Send(_) => self.now,
        };
        let changed = self.settles();
        let second = self.now + Duration::from_secs(1);
        self.now = if changed { second } else { wake.max(self.now) };
        self.wakes();
    }

    /// Does the next effect of the tick.
    pub fn does(&mut self, environment: &mut impl Environment) -> Did {
        match self.tick.next() {
            Do::Observe => {
                let seen = self.cluster.clone();
                self.decides(seen)
            }
            Do::Ask(questions) => {
                let questions = questions.to_vec();
                for question in &questions {
                    let answer = environment.answer(question);
                    self.tick.answered(question.id.clone(), answer);
                }
                Did::Asked(questions)
            }
            Do::Apply(command) => {
                let command = command.clone();
                let outcome = environment.apply(&command);
                if outcome.is_ok() && environment.obeys(&command) {
                    effect::apply(&command, &mut self.cluster);
                    self.applied.push(command.clone());
                }
                self.tick.applied(outcome);
                Did::Applied(command)
            }
            Do::Save(_) => self.saves(environment.save()),
            Do::Send(_) if !environment.delivers() => {
                self.tick.sent(&[]);
                Did::Sent
            }
            Do::Send(notices) => {
                let sent: Vec<_> = notices.iter().map(|notice| notice.id).collect();
                self.sent.extend_from_slice(notices);
                self.tick.sent(&sent);
                Did::Sent
            }
            Do::Sleep(wake) => Did::Slept(wake),
        }
    }

    /// Decides on the driver's observation, which can be less than the whole cluster.
    pub fn decides(&mut self, mut seen: Observation) -> Did {
        let plan = self.tick.observed(&self.canary, &self.state, &mut seen, self.now).cloned();
        let Some(plan) = plan else { return Did::Decided(None) };
        let call = Call { canary: &self.canary, state: &self.state, seen: &seen, now: self.now, plan: &plan };
        self.violations.extend(invariant::check(&call));
        self.decided = Some((seen, self.now, plan.clone()));
        Did::Decided(Some(Box::new(plan)))
    }

    fn saves(&mut self, outcome: Result<(), SaveError>) -> Did {
        if outcome.is_ok()
            && let Some((seen, now, plan)) = self.decided.take()
            && let Some(state) = &plan.state
        {
            let call = Call { canary: &self.canary, state: &self.state, seen: &seen, now, plan: &plan };
            self.violations.extend(self.history.note(&call));
            // Read back as from `.status`.
            let written = serde_json::to_string(&Status::from(&**state)).expect("a status can be written");
            self.state = State::from(serde_json::from_str::<Status>(&written).expect("a status can be read"));
            let row = Row::of(&self.state);
            if self.rows.last().is_none_or(|(_, last)| *last != row) {
                self.rows.push((now, row));
            }
        }
        self.tick.saved(outcome);
        Did::Saved
    }

    /// Makes pods ready that were starting, unless they are broken. Returns whether anything changed.
    pub fn settles(&mut self) -> bool {
        let before = self.cluster.clone();
        if let Some(Some(target)) = self.cluster.target.known_mut() {
            let pods = if target.replicas > 0 { self.canary_pods } else { Pods::Broken };
            target.readiness = pods.readiness();
            target.serves = Fact::Known(pods.serve());
        }
        let mut primary_serves = false;
        if let Some(Some(primary)) = self.cluster.primary.known_mut() {
            primary_serves = self.primary_pods.serve();
            primary.readiness = self.primary_pods.readiness();
            primary.serves = Fact::Known(primary_serves);
        }
        if let Some(services) = self.cluster.services.known_mut() {
            services.serving |= services.apex == Apex::Primary && primary_serves;
        }
        self.cluster != before
    }

    /// Kills the driver and starts it again: it knows only what was saved.
    pub fn restarts(&mut self) {
        self.tick = Tick::new();
        self.decided = None;
    }
}
