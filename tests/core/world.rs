//! A cluster that obeys, the Canary that lives in it, and the loop that every driver runs.

use std::{fmt, time::Duration};

use serin_core::{
    Command, Observation, Phase, Plan, Rollout, State, Tick, Timestamp,
    decision::Rule,
    effect,
    invariant::{self, Call, History, Violation},
    message::Notice,
    observation::{Apex, Fact, FailureClass, Readiness},
    question::{Answer, Question},
    revision::{Revision, Text},
    spec::Invalid,
    state::Status,
    step::Wake,
    tick::{Do, SaveError},
};

use crate::support::{START, unready, untouched, well};

/// What the world outside does with what it is told. A closure that answers is one whose every effect succeeds.
pub(crate) trait Hands {
    fn answer(&mut self, question: &Question) -> Answer;
    fn apply(&mut self, _command: &Command) -> Result<(), (FailureClass, Text)> {
        Ok(())
    }
    /// Whether notices reach anybody.
    fn delivers(&mut self) -> bool {
        true
    }
    /// Whether a command that succeeded changes anything.
    fn obeys(&mut self, _command: &Command) -> bool {
        true
    }
    fn save(&mut self) -> Result<(), SaveError> {
        Ok(())
    }
}

impl<F: FnMut(&Question) -> Answer> Hands for F {
    fn answer(&mut self, question: &Question) -> Answer {
        self(question)
    }
}

/// The numbers of one save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) phase: Phase,
    pub(crate) weight: u8,
    pub(crate) failed: u32,
    pub(crate) iterations: u32,
}

impl Row {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            phase: state.phase,
            weight: state.canary_weight,
            failed: state.failed_checks,
            iterations: state.iterations,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}% failed {} iteration {}", self.phase, self.weight, self.failed, self.iterations)
    }
}

/// How the pods of a copy are, once they have started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pods {
    /// They are ready and serve.
    Well,
    /// None of them gets ready.
    Broken,
    /// Too few are ready, and those serve.
    Few,
    /// They are ready, and none of them is an endpoint.
    Hidden,
}

impl Pods {
    fn readiness(self) -> Readiness {
        match self {
            Self::Well | Self::Hidden => Readiness::Ready,
            Self::Broken => unready("0 of 1 pods are available"),
            Self::Few => unready("9 of 10 pods are available"),
        }
    }

    fn serve(self) -> bool {
        match self {
            Self::Well | Self::Few => true,
            Self::Broken | Self::Hidden => false,
        }
    }
}

/// What a [`World`] did last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Did {
    /// `None`: something has to be asked first.
    Decided(Option<Box<Plan>>),
    Asked(Vec<Question>),
    Applied(Command),
    Saved,
    Sent,
    Slept(Option<Wake>),
}

/// A Canary, the cluster it lives in, and the driver between them. Every plan is checked against the invariants.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) canary: Result<Rollout, Invalid>,
    /// As saved.
    pub(crate) state: State,
    /// As it is, whatever is seen of it.
    pub(crate) cluster: Observation,
    pub(crate) now: Timestamp,
    pub(crate) tick: Tick,
    /// How the canary's pods are once they have started.
    pub(crate) canary_pods: Pods,
    /// How the primary's pods are once they have started.
    pub(crate) primary_pods: Pods,
    /// When these numbers were saved for the first time.
    pub(crate) rows: Vec<(Timestamp, Row)>,
    /// What was sent, in order.
    pub(crate) told: Vec<Notice>,
    /// The invariants that were broken.
    pub(crate) broken: Vec<Violation>,
    history: History,
    decided: Option<(Observation, Timestamp, Plan)>,
}

impl World {
    /// Nothing was done yet.
    pub(crate) fn new(rollout: Rollout) -> Self {
        Self {
            canary: Ok(rollout),
            state: State::default(),
            cluster: untouched(),
            now: START,
            tick: Tick::new(),
            canary_pods: Pods::Well,
            primary_pods: Pods::Well,
            rows: Vec::new(),
            told: Vec::new(),
            broken: Vec::new(),
            history: History::default(),
            decided: None,
        }
    }

    /// Initialized with revision `a`; revision `b` was just deployed.
    pub(crate) fn deployed(rollout: Rollout) -> Self {
        let mut world = Self::initialized(rollout);
        world.deploys("b");
        world
    }

    /// Initialized with revision `a`.
    pub(crate) fn initialized(rollout: Rollout) -> Self {
        let mut world = Self::new(rollout);
        world.runs_until(&mut well, |state| state.phase == Phase::Initialized);
        world.rows.clear();
        world.told.clear();
        world
    }

    /// The target shows another revision.
    pub(crate) fn deploys(&mut self, revision: &str) {
        let target = self.cluster.target.known_mut().and_then(Option::as_mut).expect("the target is known");
        target.revision = Fact::Known(Revision::of(revision));
        self.wakes();
    }

    pub(crate) fn shows(&self, revision: &str) -> bool {
        let target = self.cluster.target.known().and_then(Option::as_ref);
        target.is_some_and(|target| target.revision == Fact::Known(Revision::of(revision)))
    }

    /// Something changed: the driver looks.
    pub(crate) fn wakes(&mut self) {
        self.tick.wake();
    }

    /// Ticks until the saved state is as wanted.
    pub(crate) fn runs_until(&mut self, hands: &mut impl Hands, wanted: impl Fn(&State) -> bool) {
        for _ in 0..1_000 {
            if wanted(&self.state) {
                return;
            }
            self.ticks(hands);
            self.sleeps();
        }
        panic!("not reached; last rows: {:#?}", self.rows);
    }

    /// Ticks until the run has ended.
    pub(crate) fn runs_to_its_end(&mut self, hands: &mut impl Hands) {
        let run = self.state.run;
        self.runs_until(hands, |state| state.run > run && state.phase.is_idle() && state.owed.is_empty());
    }

    /// Looks at this moment, for one tick; the rules that fired.
    pub(crate) fn looks_at(&mut self, moment: Timestamp, hands: &mut impl Hands) -> Vec<Rule> {
        self.now = moment;
        self.wakes();
        let mut rules = Vec::new();
        loop {
            match self.does(hands) {
                Did::Decided(Some(plan)) => rules.push(plan.decision.rule),
                Did::Slept(_) => return rules,
                Did::Decided(None) | Did::Asked(_) | Did::Applied(_) | Did::Saved | Did::Sent => {}
            }
        }
    }

    /// One tick: everything until the driver sleeps.
    pub(crate) fn ticks(&mut self, hands: &mut impl Hands) -> Option<Wake> {
        for _ in 0..1_000 {
            if let Did::Slept(wake) = self.does(hands) {
                return wake;
            }
        }
        panic!("the tick has no end");
    }

    /// Time passes until the wake; a second if pods got ready meanwhile; a minute if only a change wakes.
    pub(crate) fn sleeps(&mut self) {
        let wake = match self.tick.next() {
            Do::Sleep(wake) => wake.map_or(self.now + Duration::from_secs(60), |wake| wake.at),
            Do::Observe | Do::Ask(_) | Do::Apply(_) | Do::Save(_) | Do::Send(_) => self.now,
        };
        let changed = self.settles();
        let second = self.now + Duration::from_secs(1);
        self.now = if changed { second } else { wake.max(self.now) };
        self.wakes();
    }

    /// Does what the tick wants next.
    pub(crate) fn does(&mut self, hands: &mut impl Hands) -> Did {
        match self.tick.next() {
            Do::Observe => {
                let seen = self.cluster.clone();
                self.decides(seen)
            }
            Do::Ask(questions) => {
                let questions = questions.to_vec();
                for question in &questions {
                    let answer = hands.answer(question);
                    self.tick.answered(question.id.clone(), answer);
                }
                Did::Asked(questions)
            }
            Do::Apply(command) => {
                let command = command.clone();
                let outcome = hands.apply(&command);
                if outcome.is_ok() && hands.obeys(&command) {
                    effect::apply(&command, &mut self.cluster);
                }
                self.tick.applied(outcome);
                Did::Applied(command)
            }
            Do::Save(_) => self.saves(hands.save()),
            Do::Send(_) if !hands.delivers() => {
                self.tick.sent(&[]);
                Did::Sent
            }
            Do::Send(notices) => {
                let sent: Vec<_> = notices.iter().map(|notice| notice.id).collect();
                self.told.extend_from_slice(notices);
                self.tick.sent(&sent);
                Did::Sent
            }
            Do::Sleep(wake) => Did::Slept(wake),
        }
    }

    /// Decides on what is seen, which may be less than there is.
    pub(crate) fn decides(&mut self, mut seen: Observation) -> Did {
        let plan = self.tick.observed(&self.canary, &self.state, &mut seen, self.now).cloned();
        let Some(plan) = plan else { return Did::Decided(None) };
        let call = Call { canary: &self.canary, state: &self.state, seen: &seen, now: self.now, plan: &plan };
        self.broken.extend(invariant::check(&call));
        self.decided = Some((seen, self.now, plan.clone()));
        Did::Decided(Some(Box::new(plan)))
    }

    fn saves(&mut self, outcome: Result<(), SaveError>) -> Did {
        if outcome.is_ok()
            && let Some((seen, now, plan)) = self.decided.take()
            && let Some(state) = &plan.state
        {
            let call = Call { canary: &self.canary, state: &self.state, seen: &seen, now, plan: &plan };
            self.broken.extend(self.history.note(&call));
            // As it is read again from `.status`.
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

    /// Pods that were starting are ready, unless they are broken. Whether anything changed.
    pub(crate) fn settles(&mut self) -> bool {
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

    /// The driver was killed and starts again: what was saved is all it knows.
    pub(crate) fn restarts(&mut self) {
        self.tick = Tick::new();
        self.decided = None;
    }
}
