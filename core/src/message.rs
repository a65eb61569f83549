//! What people are told: events and alerts, typed; their text is made at the edge.

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    decision::{Cause, Finding, Obstacle, Workload},
    observation::FailureClass,
    request::{Refusal, RequestKind},
    revision::{Revision, Text},
    spec::{HookKind, Severity, Shape},
    strategy::Weight,
    time::{Human, Timestamp},
};

/// Names one notice for ever, so that a receiver can tell a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NoticeId {
    /// The save it was born in.
    pub seq: u64,
    /// Its place among those of that save.
    pub index: u16,
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.index)
    }
}

/// An event, and an alert where its message has a [severity](Message::alert).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Its name.
    pub id: NoticeId,
    /// When it was born.
    pub at: Timestamp,
    /// What it says.
    pub message: Message,
}

/// Kubernetes' two types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// As it should be.
    Normal,
    /// Somebody may want to look.
    Warning,
}

/// Everything that is ever told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Message {
    /// The Canary is taken over from Flagger.
    TakenOver,
    /// How the rollback hooks are read.
    RollbackHooks {
        /// Those that are polled.
        polled: u16,
        /// Those that are called on rollback.
        called: u16,
    },
    /// The primary serves.
    Initialized,
    /// A new revision was accepted.
    NewRevision(Revision),
    /// A newer revision takes the place of the one under way.
    Restarted(Revision),
    /// A newer revision is already under all users, because the primary is broken.
    AnalysedInPlace(Revision),
    /// A waiting revision was withdrawn.
    Withdrawn(Revision),
    /// The first check is about to be made.
    Started,
    /// The mirror, weight or iteration that was reached.
    Advanced(Step),
    /// A gate or a pre-rollout hook passed.
    HookPassed {
        /// Type of the hook.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// What it answered.
        said: Text,
    },
    /// A gate is closed.
    GateClosed {
        /// Type of the hook.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// What it answered.
        said: Text,
        /// No alert is wanted.
        muted: bool,
    },
    /// A check failed, and by what.
    CheckFailed {
        /// The first cause in list order.
        finding: Finding,
        /// Failed checks now.
        failed: u32,
        /// Failed checks that roll back.
        threshold: u32,
    },
    /// A check could not be judged.
    CheckHeld(Finding),
    /// A rollback is decided.
    RollingBack(Cause),
    /// A rollback waits for the primary.
    RollbackWaits,
    /// The rollback is done.
    CanaryFailed,
    /// A promotion is decided.
    PromotionStarted(Revision),
    /// The primary takes traffic back, step by step.
    PrimaryAdvanced(Weight),
    /// All traffic goes to the primary.
    PrimaryTakesAll,
    /// A promotion is done.
    Promoted {
        /// Without analysis.
        skipped: bool,
    },
    /// The primary did not get ready after promotion.
    PromotionFailed {
        /// As the platform says it.
        why: Text,
    },
    /// The primary recovered from a failed promotion.
    PrimaryRecovered,
    /// A hook that was owed after the run failed.
    OwedHookFailed {
        /// Type of the hook.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// Its last answer.
        said: Text,
        /// It is not tried again.
        given_up: bool,
    },
    /// A person's request was granted.
    RequestGranted {
        /// Which.
        kind: RequestKind,
        /// Its value.
        value: Text,
    },
    /// A person's request was refused.
    RequestRefused {
        /// Which.
        kind: RequestKind,
        /// Its value.
        value: Text,
        /// Why.
        why: Refusal,
    },
    /// `spec.suspend` was set.
    Suspended,
    /// `spec.suspend` was cleared.
    Resumed,
    /// The Canary makes no sense; nothing advances.
    Invalid {
        /// The first wrong field and what is wrong with it.
        problem: Text,
    },
    /// The run ends because target, service, provider or strategy were replaced.
    ShapeChanged,
    /// Someone else changed the routes; they were put right.
    RoutesRepaired,
    /// A command failed.
    CommandFailed {
        /// What was tried.
        command: Text,
        /// What the cluster said.
        error: Text,
        /// What kind of failure it is.
        class: FailureClass,
    },
    /// A command is refused for longer than the progress deadline.
    CommandStillRefused {
        /// What is tried.
        command: Text,
        /// What the cluster says.
        error: Text,
    },
    /// Something outside holds the Canary up for longer than the progress deadline.
    Stalled(Obstacle),
    /// The Canary is being deleted.
    Terminating,
}

/// A step of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Copies of requests go to the canary.
    Mirror(Weight),
    /// The canary's share.
    Weight(Weight),
    /// The n-th of so many iterations.
    Iteration(u32, u32),
    /// All requests go to the canary (blue/green).
    All,
}

/// A [`HookKind`] by its name, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HookKindName(pub Text);

impl From<HookKind> for HookKindName {
    fn from(kind: HookKind) -> Self {
        Self(kind.name().into())
    }
}

impl Message {
    /// The severity of the alert, for messages that are one.
    #[must_use]
    pub fn alert(&self) -> Option<Severity> {
        match self {
            Self::Initialized | Self::NewRevision(_) | Self::Promoted { .. } => Some(Severity::Info),
            Self::GateClosed { muted: false, .. } | Self::AnalysedInPlace(_) => Some(Severity::Warn),
            Self::RollingBack(_)
            | Self::PromotionFailed { .. }
            | Self::CommandStillRefused { .. }
            | Self::Stalled(_)
            | Self::OwedHookFailed { given_up: true, .. } => Some(Severity::Error),
            Self::TakenOver
            | Self::RollbackHooks { .. }
            | Self::Restarted(_)
            | Self::Withdrawn(_)
            | Self::Started
            | Self::Advanced(_)
            | Self::HookPassed { .. }
            | Self::GateClosed { muted: true, .. }
            | Self::CheckFailed { .. }
            | Self::CheckHeld(_)
            | Self::RollbackWaits
            | Self::CanaryFailed
            | Self::PromotionStarted(_)
            | Self::PrimaryAdvanced(_)
            | Self::PrimaryTakesAll
            | Self::PrimaryRecovered
            | Self::OwedHookFailed { given_up: false, .. }
            | Self::RequestGranted { .. }
            | Self::RequestRefused { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::Invalid { .. }
            | Self::ShapeChanged
            | Self::RoutesRepaired
            | Self::CommandFailed { .. }
            | Self::Terminating => None,
        }
    }

    /// The type of the event.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self {
            Self::GateClosed { .. }
            | Self::CheckFailed { .. }
            | Self::CheckHeld(_)
            | Self::RollingBack(_)
            | Self::RollbackWaits
            | Self::CanaryFailed
            | Self::PromotionFailed { .. }
            | Self::OwedHookFailed { .. }
            | Self::RequestRefused { .. }
            | Self::Invalid { .. }
            | Self::ShapeChanged
            | Self::RoutesRepaired
            | Self::CommandFailed { .. }
            | Self::CommandStillRefused { .. }
            | Self::AnalysedInPlace(_)
            | Self::Stalled(_) => EventType::Warning,
            Self::TakenOver
            | Self::RollbackHooks { .. }
            | Self::Initialized
            | Self::NewRevision(_)
            | Self::Restarted(_)
            | Self::Withdrawn(_)
            | Self::Started
            | Self::Advanced(_)
            | Self::HookPassed { .. }
            | Self::PromotionStarted(_)
            | Self::PrimaryAdvanced(_)
            | Self::PrimaryTakesAll
            | Self::Promoted { .. }
            | Self::PrimaryRecovered
            | Self::RequestGranted { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::Terminating => EventType::Normal,
        }
    }

    /// The sentence people read. `canary` is `name.namespace`.
    #[must_use]
    pub fn text(&self, canary: &str, shape: &Shape) -> String {
        Sentence { message: self, canary, shape }.to_string()
    }
}

struct Sentence<'a> {
    message: &'a Message,
    canary: &'a str,
    shape: &'a Shape,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (canary, kind, target) = (self.canary, &self.shape.kind, &self.shape.target);
        match self.message {
            Message::TakenOver => write!(f, "Taking {canary} over from Flagger"),
            Message::RollbackHooks { polled, called } => write!(
                f,
                "Rollback hooks of {canary}: {polled} polled (2xx rolls back), {called} called when a rollback happens"
            ),
            Message::Initialized => {
                write!(f, "Initialization done! {canary}: {kind} {target} has its primary")
            }
            Message::NewRevision(revision) => {
                write!(f, "New revision detected! Scaling up {target} ({revision})")
            }
            Message::Restarted(revision) => {
                write!(f, "New revision detected! Restarting analysis for {target} ({revision})")
            }
            Message::AnalysedInPlace(revision) => write!(
                f,
                "New revision detected! {target} ({revision}) already serves all users, because the primary is not \
                 ready; it is analysed in place"
            ),
            Message::Withdrawn(revision) => {
                write!(f, "Revision {revision} of {target} no longer waits for approval")
            }
            Message::Started => write!(f, "Starting canary analysis for {target}"),
            Message::Advanced(step) => {
                write!(f, "Advance {canary} ")?;
                match step {
                    Step::Mirror(weight) => write!(f, "canary mirror {weight}"),
                    Step::Weight(weight) => write!(f, "canary weight {weight}"),
                    Step::Iteration(done, all) => write!(f, "canary iteration {done}/{all}"),
                    Step::All => f.write_str("routing all traffic to canary"),
                }
            }
            Message::HookPassed { kind, hook, said } => {
                let mut kind = kind.0.chars();
                let first = kind.next().map(|first| first.to_ascii_uppercase());
                first.into_iter().chain(kind).try_for_each(|c| fmt::Write::write_char(f, c))?;
                write!(f, " check {hook} passed{}", Said(said))
            }
            Message::GateClosed { kind, hook, said, .. } => {
                let what = match &*kind.0 {
                    "confirm-promotion" => "promotion approval",
                    "confirm-traffic-increase" => "traffic increase approval",
                    _ => "approval",
                };
                write!(f, "Halt {canary} advancement waiting for {what} {hook}{}", Said(said))
            }
            Message::CheckFailed { finding, failed, threshold } => {
                write!(f, "Halt {canary} advancement {finding} (failed checks: {failed} of {threshold})")
            }
            Message::CheckHeld(finding) => {
                write!(f, "Halt {canary} advancement, check not counted: {finding}")
            }
            Message::RollingBack(cause) => write!(f, "Rolling back {canary} {cause}"),
            Message::RollbackWaits => {
                write!(f, "Rollback of {canary} waits: the primary is not ready and the canary serves")
            }
            Message::CanaryFailed => write!(f, "Canary failed! Scaling down {canary}"),
            Message::PromotionStarted(revision) => {
                write!(f, "Copying {target} template spec to {target}-primary ({revision})")
            }
            Message::PrimaryAdvanced(weight) => write!(f, "Advance {canary} primary weight {weight}"),
            Message::PrimaryTakesAll => write!(f, "Routing all traffic to primary {target}-primary"),
            Message::Promoted { skipped: false } => write!(f, "Promotion completed! Scaling down {target}"),
            Message::Promoted { skipped: true } => {
                write!(f, "Promotion completed! Canary analysis was skipped for {target}")
            }
            Message::PromotionFailed { why } => {
                write!(f, "Promotion of {target} failed, primary not ready: {why}")
            }
            Message::PrimaryRecovered => {
                write!(f, "Primary {target}-primary is ready again, routing all traffic to it")
            }
            Message::OwedHookFailed { kind, hook, said, given_up } => {
                let end = if *given_up { "; it is not tried again" } else { "" };
                write!(f, "{} hook {hook} failed{}{end}", kind.0, Said(said))
            }
            Message::RequestGranted { kind, value } => {
                write!(f, "Request {kind}={value} granted for {canary}")
            }
            Message::RequestRefused { kind, value, why } => {
                write!(f, "Request {kind}={value} refused for {canary}: {why}")
            }
            Message::Suspended => write!(f, "Canary {canary} is suspended"),
            Message::Resumed => write!(f, "Canary {canary} goes on"),
            Message::Invalid { problem } => {
                write!(f, "Canary {canary} is invalid, nothing advances: {problem}")
            }
            Message::ShapeChanged => {
                write!(f, "Strategy, provider, service or target of {canary} changed: starting anew")
            }
            Message::RoutesRepaired => {
                write!(f, "Routes of {canary} were changed by someone else and put right")
            }
            Message::CommandFailed { command, error, class } => {
                let class = match class {
                    FailureClass::Retry => "failed",
                    FailureClass::Refused => "was refused",
                    FailureClass::Moved => "came too late",
                };
                write!(f, "{canary}: {command} {class}: {error}")
            }
            Message::CommandStillRefused { command, error } => {
                write!(f, "{canary} is stuck: {command} is still refused: {error}")
            }
            Message::Stalled(obstacle) => write!(f, "{canary} is held up: {obstacle}"),
            Message::Terminating => write!(f, "Terminating canary {canary}"),
        }
    }
}

/// What a hook said, if anything.
struct Said<'a>(&'a Text);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below { metric, value, min } => write!(f, "{metric} check failed: {value} < {min}"),
            Self::Above { metric, value, max } => write!(f, "{metric} check failed: {value} > {max}"),
            Self::NoData { metric } => write!(f, "no values found for metric {metric}"),
            Self::MetricError { metric, error } => write!(f, "metric {metric} query failed: {error}"),
            Self::Hook { kind, hook, said } => {
                let kind = if &*kind.0 == "rollout" { "external" } else { &kind.0 };
                write!(f, "{kind} check {hook} failed{}", Said(said))
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checks { failed, threshold, last } => {
                write!(f, "failed checks threshold reached {failed} of {threshold}")?;
                last.iter().try_for_each(|last| write!(f, ": {last}"))
            }
            Self::Trigger { hook } => write!(f, "manual webhook invoked: rollback check {hook} passed"),
            Self::Deadline { who, why, deadline } => {
                write!(f, "progress deadline of {} exceeded, {who} not ready: {why}", Human(*deadline))
            }
            Self::Request => f.write_str("on request of an operator"),
            Self::Reverted => f.write_str("the target was set back to the promoted revision"),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Canary => "canary",
            Self::Primary => "primary",
        })
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetMissing => f.write_str("the target does not exist"),
            Self::NotReady { who, why } => write!(f, "the {who} is not ready: {why}"),
            Self::NotServing => f.write_str("the apex service has no ready endpoints on the primary yet"),
            Self::Unreadable { what, why } => write!(f, "the {what} cannot be read: {why}"),
            Self::Held(finding) => write!(f, "checks are not counted: {finding}"),
            Self::Invalid { problem } => write!(f, "the Canary is invalid: {problem}"),
        }
    }
}
