//! The record of a story: one entry for each decision, in order.

use std::{fmt, time::Duration};

use serin_core::{
    Command, Phase, Timestamp,
    command::Routes,
    decision::Decision,
    message::{Notice, NoticeId},
    observation::FailureClass,
    question::{Answer, Question},
    revision::Text,
    spec::Topology,
    state::State,
    step::Wake,
    time::Human,
};

use crate::{
    reason::Reason,
    scenario::{HookOutcome, Load, Measure, PerSecond, Range, Scenario, Seconds, Share},
};

/// A whole story.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// `name.namespace` of the Canary.
    pub canary: String,
    /// Names in the Canary that notices refer to.
    pub topology: Topology,
    /// When it began.
    pub start: Timestamp,
    /// The status it began with.
    pub begin: State,
    /// Every plan, in order.
    pub moments: Vec<Moment>,
    /// Every question, in order, including those whose answer was no longer needed.
    pub calls: Vec<Call>,
    /// The deliveries to event hooks and receivers of alerts, in order.
    pub deliveries: Vec<Delivery>,
    /// What the world assumed because the scenario does not define it.
    pub assumed: Vec<Assumption>,
    /// A short phrase that names what this version of the controller does not support; `None` if it supports
    /// everything.
    pub not_driven: Option<String>,
    /// Scripted events that never happened, by their index in the file.
    pub missed: Vec<usize>,
    /// When each scripted event happened, by its index in the file; `None`: never.
    pub events: Vec<Option<Duration>>,
    /// The first moment after each stop of the controller.
    pub restarts: Vec<usize>,
    /// Nothing could happen any more at the end; otherwise the story was cut off at `until`.
    pub rests: bool,
    /// The state at the end.
    pub end: State,
    /// The routes at the end, if there is a route and the router has applied the last ones.
    pub routes: Option<Routes>,
    /// The revision that the primary runs at the end, if there is a primary and it is known.
    pub promoted: Option<String>,
    /// The revision the target shows at the end, if there is a target.
    pub shown: Option<String>,
    /// The requests of users, if they are simulated.
    pub users: Option<Users>,
    /// The same over time, in order, since the first release; empty if they are not simulated.
    pub course: Vec<Slice>,
    /// Broken invariants, with the index of the moment at which each broke.
    pub violations: Vec<(usize, String)>,
}

/// Requests of users since the first deployment, and how they ended. Mirrored copies do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// All of them.
    pub requests: u64,
    /// Those that ended in a server error.
    pub failed: u64,
    /// Those that the canary answered.
    pub canary: u64,
    /// Those that the canary answered with a server error.
    pub canary_failed: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The phase.
    pub phase: Phase,
    /// When the last revision was deployed, on the world's clock; the beginning of the story if none was.
    pub released: Duration,
    /// When the rollout ended, in Succeeded or Failed; `None` if it has not ended.
    pub ended: Option<Duration>,
    /// Why it was rolled back or not promoted, if it ended in Failed.
    pub reason: Option<Reason>,
    /// Whether the last revision stays within the bounds of every simulated metric; `None` in a scripted world.
    pub good: Option<bool>,
    /// The revision that the primary runs, if there is a primary and it is known.
    pub promoted: Option<Text>,
    /// The requests of users, if they are simulated.
    pub users: Option<Users>,
}

impl Story {
    /// A story in which nothing has happened yet.
    pub(crate) fn begin(scenario: &Scenario) -> Self {
        let identity = scenario.canary.identity();
        Self {
            canary: format!("{}.{}", identity.name, identity.namespace),
            topology: scenario.canary.topology().clone(),
            start: scenario.setting.start,
            begin: scenario.status.clone().map(State::from).unwrap_or_default(),
            moments: Vec::new(),
            calls: Vec::new(),
            deliveries: Vec::new(),
            assumed: Vec::new(),
            not_driven: scenario.not_driven.clone(),
            missed: Vec::new(),
            events: Vec::new(),
            restarts: Vec::new(),
            rests: false,
            end: State::default(),
            routes: None,
            promoted: None,
            shown: None,
            users: None,
            course: Vec::new(),
            violations: Vec::new(),
        }
    }
}

/// Something that a world assumed because the scenario does not define it. It is displayed in a few words.
#[derive(Clone, Debug, PartialEq)]
pub enum Assumption {
    /// There is no `world`: pods get ready at once, and everything works.
    AllIsWell,
    /// This rate of requests.
    Traffic(Range<PerSecond>),
    /// This share of requests matches an A/B test's `match`.
    Matched(Range<Share>),
    /// How a revision behaves.
    Version {
        /// Its name.
        revision: String,
        /// The share of requests that fail.
        errors: Range<Share>,
        /// The 99th percentile of its latency.
        p99: Range<Seconds>,
    },
    /// No request reaches the canary before its promotion.
    NoRequests,
    /// The load that a hook starts.
    Load {
        /// The key of the hook.
        key: Text,
        /// The load.
        load: Load,
    },
    /// What a metric measures, derived from its query.
    Measured {
        /// Its key.
        key: Text,
        /// What it measures.
        measure: Measure,
    },
    /// The value of a metric.
    Metric {
        /// Its key.
        key: Text,
        /// Its first value.
        value: f64,
        /// The MetricTemplate that it names is given, or it names none.
        has_template: bool,
    },
    /// A hook passes.
    Hook {
        /// Its key.
        key: Text,
    },
    /// A gate that a person opens is open.
    Approval {
        /// Its key.
        key: Text,
    },
    /// A gate that is polled for a rollback is closed.
    NoRollback {
        /// Its key.
        key: Text,
    },
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllIsWell => f.write_str("pods get ready at once"),
            Self::Traffic(rate) => write!(f, "{rate} requests per second"),
            Self::Matched(share) => write!(f, "{share} of requests match"),
            Self::Version { revision, errors, p99 } => {
                write!(f, "{revision} has {errors} errors and p99 {p99}")
            }
            Self::NoRequests => f.write_str(
                "no request reaches the canary before its promotion (`world.loadTest` sends some)",
            ),
            Self::Load { key, load } => {
                write!(f, "{key} sends {} requests per second for {}", load.rps, Human(load.lasts))
            }
            Self::Measured { key, measure } => write!(f, "{key} measures {}", measure.name()),
            Self::Metric { key, value, has_template: true } => write!(f, "{key} {value}"),
            Self::Metric { key, value, has_template: false } => {
                write!(f, "{key} {value} (its MetricTemplate is not in `templates`)")
            }
            Self::Hook { key } => write!(f, "hook {key} answers 200"),
            Self::Approval { key } => write!(f, "gate {key} is open"),
            Self::NoRollback { key } => write!(f, "rollback gate {key} is shut"),
        }
    }
}

/// The requests of users in a slice of time, and the true values of metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    /// When it begins.
    pub from: Duration,
    /// When it ends.
    pub to: Duration,
    /// On the canary.
    pub canary: Met,
    /// On the primary.
    pub primary: Met,
    /// The true value of each simulated metric, in list order.
    pub truths: Vec<Truth>,
}

/// Requests of users on a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// All of them.
    pub requests: u64,
    /// Those that ended in a server error.
    pub failed: u64,
}

/// The long-run value of a metric for each copy; `None` while a copy gets no requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The name of the metric.
    pub metric: Text,
    /// Of the canary.
    pub canary: Option<f64>,
    /// Of the primary.
    pub primary: Option<f64>,
}

/// One decision and its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The virtual time of the decision, on the world's clock (which never goes back).
    pub at: Duration,
    /// What happened in the world since the previous moment: events as sentences.
    pub happened: Vec<String>,
    /// The questions for this decision, and the answers.
    pub asked: Vec<Asked>,
    /// The decision.
    pub decision: Decision,
    /// The commands, and their results; commands after a failure were not tried.
    pub commands: Vec<Effect>,
    /// The state that was saved; `None` if nothing changed or the save did not succeed.
    pub saved: Option<State>,
    /// Notices delivered, in order.
    pub sent: Vec<Notice>,
    /// When the next call is due.
    pub wake: Option<Wake>,
}

/// A question to a metric's provider or to a hook.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// When.
    pub at: Duration,
    /// The index of the moment it was made for.
    pub moment: usize,
    /// The question.
    pub question: Question,
    /// The answers that were used, one for each attempt, as in the script: `200` or `timeout`.
    pub answers: Vec<String>,
}

/// A delivery of a notice to one receiver, and its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// When it was sent.
    pub at: Duration,
    /// The index of the moment it was sent in.
    pub moment: usize,
    /// The notice.
    pub notice: NoticeId,
    /// Its text.
    pub text: String,
    /// The receiver.
    pub to: Receiver,
    /// The answers, one for each attempt.
    pub answers: Vec<HookOutcome>,
    /// It is not sent again: it arrived, or it never will.
    pub over: bool,
}

/// A receiver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// A hook of type `event`, by its key.
    Hook(Text),
    /// The receiver of an alert, by the key of the alert.
    Alert(Text),
}

impl Delivery {
    /// Whether it arrived.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.answers.last().is_some_and(|answer| answer.passes())
    }
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// How long it took.
    pub took: Duration,
}

/// A command and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The command.
    pub command: Command,
    /// The error, if it failed.
    pub failed: Option<(FailureClass, String)>,
}
