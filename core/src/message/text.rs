//! The texts. They keep the words of Flagger's texts that people search for, and always name metric, value and bound.

use alloc::{format, string::String};
use core::fmt;

use super::{Advance, Message};
use crate::{
    decision::{Cause, Finding, Obstacle, Workload},
    observation::FailureClass,
    request::Refusal,
    revision::Text,
    spec::Topology,
    time::Human,
};

/// A message with the names that it contains.
pub(super) struct Sentence<'a> {
    pub(super) message: &'a Message,
    pub(super) canary: &'a str,
    pub(super) topology: &'a Topology,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (canary, kind) = (self.canary, &self.topology.kind);
        // The Canary's name ends in its namespace, which contains no dot.
        let namespace = canary.rsplit_once('.').map_or("", |(_, namespace)| namespace);
        let named = |name: &str| format!("{name}.{namespace}");
        let (target, primary) =
            (named(&self.topology.target), named(&format!("{}-primary", self.topology.target)));
        match self.message {
            Message::TakenOver => write!(f, "Taking {canary} over from Flagger"),
            Message::RollbackHooks { polled, called } => write!(
                f,
                "Rollback hooks of {canary}: {polled} polled (2xx rolls back), {called} called when a rollback happens"
            ),
            Message::Initialized => {
                write!(f, "Initialization done! {canary}: {kind} {} has its primary", self.topology.target)
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
                    Advance::Mirror(weight) => write!(f, "canary mirror {weight}"),
                    Advance::Weight(weight) => write!(f, "canary weight {weight}"),
                    Advance::Iteration(done, all) => write!(f, "canary iteration {done}/{all}"),
                    Advance::All => f.write_str("routing all traffic to canary"),
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
            Message::CheckVoid(why) => {
                write!(f, "Halt {canary} advancement, the check that passed does not count: {why}")
            }
            Message::CanaryLeft { why, .. } => {
                write!(f, "Routing all traffic to primary {primary}: canary {target} does not serve: {why}")
            }
            Message::CanaryBack(weight) => {
                write!(f, "Routing traffic back to canary {target}, both copies are ready")?;
                if *weight > 0 { write!(f, ": weight {weight}") } else { Ok(()) }
            }
            Message::ServingCopy { why } => {
                write!(f, "Routing all traffic to canary {target}: primary {primary} does not serve: {why}")
            }
            Message::PrimaryDown { why } => write!(
                f,
                "Primary {primary} does not serve: {why}; its users are not sent to a canary that is being analysed"
            ),
            Message::RollingBack(cause) => write!(f, "Rolling back {canary} {cause}"),
            Message::Rejected { revision, cause } => {
                write!(f, "Canary failed! {target} ({revision}) is not rolled out: {cause}")
            }
            Message::RollbackWaits => {
                write!(f, "Rollback of {canary} waits: the primary is not ready and the canary serves")
            }
            Message::CanaryFailed => write!(f, "Canary failed! Scaling down {canary}"),
            Message::PromotionStarted(revision) => {
                write!(f, "Copying {target} template spec to {primary} ({revision})")
            }
            Message::PrimaryAdvanced(weight) => write!(f, "Advance {canary} primary weight {weight}"),
            Message::PrimaryTakesAll => write!(f, "Routing all traffic to primary {primary}"),
            Message::Promoted { skipped: false } => write!(f, "Promotion completed! Scaling down {target}"),
            Message::Promoted { skipped: true } => {
                write!(f, "Promotion completed! Canary analysis was skipped for {target}")
            }
            Message::PromotionFailed { why } => {
                write!(f, "Promotion of {target} failed, primary not ready: {why}")
            }
            Message::PrimaryRecovered => {
                write!(f, "Primary {primary} is ready again, routing all traffic to it")
            }
            Message::OwedHookFailed { kind, hook, said, given_up } => {
                let end = if *given_up { "; it is not tried again" } else { "" };
                write!(f, "{} hook {hook} failed{}{end}", kind.0, Said(said))
            }
            Message::RequestGranted { kind, value } => {
                write!(f, "Request {kind}={value} granted for {canary}")
            }
            Message::RequestRefused { kind, value, why } => {
                write!(f, "Request {kind}={value} refused for {canary}: {why}")?;
                match why {
                    Refusal::FailedJustNow { revision } => {
                        let name = canary.strip_suffix(namespace).unwrap_or(canary).trim_end_matches('.');
                        write!(
                            f,
                            ": kubectl -n {namespace} annotate --overwrite canary {name} \
                             flagger.app/promote={revision}"
                        )
                    }
                    Refusal::Meaningless
                    | Refusal::NotInService
                    | Refusal::NothingToPromote
                    | Refusal::OtherRevision { .. }
                    | Refusal::NoRun
                    | Refusal::PromotionUnderWay
                    | Refusal::RollingBack
                    | Refusal::NoWeights
                    | Refusal::AboveMax(_)
                    | Refusal::CanaryNotReady
                    | Refusal::PrimaryNotReady => Ok(()),
                }
            }
            Message::Suspended => write!(f, "Canary {canary} is suspended"),
            Message::Resumed => write!(f, "Canary {canary} resumed"),
            Message::Invalid { problem } => {
                write!(f, "Canary {canary} is invalid, nothing advances: {problem}")
            }
            Message::ShapeChanged => {
                write!(f, "Strategy, provider, service or target of {canary} changed: starting again")
            }
            Message::RoutesRepaired => {
                write!(f, "Routes of {canary} were changed outside Serin and repaired")
            }
            Message::ObjectsRepaired => {
                write!(f, "Workloads or services of {canary} were changed outside Serin and repaired")
            }
            Message::Contested { by, times, .. } => {
                write!(f, "{}", Contested { what: canary, by, times: *times })
            }
            Message::CommandFailed { command, error, class } => {
                let class = match class {
                    FailureClass::Retry => "failed",
                    FailureClass::Refused => "was refused",
                    FailureClass::Moved => "came too late",
                };
                write!(f, "{canary}: {command} {class}: {error}")
            }
            Message::CommandStillFails { command, error } => {
                write!(f, "{canary} is stuck: {command} still fails: {error}")
            }
            Message::HeldUp(obstacle) => {
                write!(f, "{canary} cannot continue: {}", obstacle.text(self.topology, namespace))
            }
            Message::Stalled(obstacle) => {
                write!(f, "{canary} is held up: {}", obstacle.text(self.topology, namespace))
            }
            Message::Concern(concern) => f.write_str(concern),
            Message::NotReady { who: Workload::Canary, why } => {
                write!(f, "canary {} {target} not ready: {why}", kind.to_ascii_lowercase())
            }
            Message::NotReady { who: Workload::Primary, why } => write!(f, "{primary} not ready: {why}"),
            Message::Terminating => write!(f, "Terminating canary {canary}"),
        }
    }
}

/// Two controllers that manage the same objects.
pub(crate) struct Contested<'a> {
    pub(crate) what: &'a str,
    pub(crate) by: &'a Option<Text>,
    pub(crate) times: u32,
}

impl fmt::Display for Contested<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, by, times } = self;
        write!(f, "Routes or services of {what} are changed repeatedly")?;
        if let Some(by) = by {
            write!(f, " by field manager {by}")?;
        }
        write!(f, " and were repaired {times} times")
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
            Self::Below { metric, value, min, unit } => {
                let (value, min) = unit.show(*value, *min);
                write!(f, "{metric} check failed: {value} < {min}")
            }
            Self::Above { metric, value, max, unit } => {
                let (value, max) = unit.show(*value, *max);
                write!(f, "{metric} check failed: {value} > {max}")
            }
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
            Self::Deadline { who, why, gave_up: true, .. } => {
                write!(f, "the {who} failed to get ready: {why}")
            }
            Self::Deadline { who, why, deadline, gave_up: false } => {
                write!(f, "progress deadline of {} exceeded, {who} not ready: {why}", Human(*deadline))
            }
            Self::Gate { kind, hook, deadline } => {
                write!(f, "{} gate {hook} did not open within {}", kind.0, Human(*deadline))
            }
            Self::NotJudged { deadline, why } => write!(f, "not judged for {}: {why}", Human(*deadline)),
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

impl Obstacle {
    /// The text for people, with the names that it contains.
    pub(crate) fn text(&self, topology: &Topology, namespace: &str) -> String {
        match self {
            Self::TargetMissing => {
                format!("{}; create it or correct spec.targetRef", target_not_found(topology, namespace))
            }
            Self::NotReady { .. }
            | Self::NotServing
            | Self::Unreadable { .. }
            | Self::Held(_)
            | Self::Invalid { .. } => format!("{self}"),
        }
    }
}

/// The text for a missing target, in Flagger's words.
pub(crate) fn target_not_found(topology: &Topology, namespace: &str) -> String {
    let dot = if namespace.is_empty() { "" } else { "." };
    format!("{} {}{dot}{namespace} not found", topology.kind.to_ascii_lowercase(), topology.target)
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetMissing => {
                f.write_str("the target does not exist; create it or correct spec.targetRef")
            }
            Self::NotReady { who, why } => write!(f, "the {who} is not ready: {why}"),
            Self::NotServing => f.write_str("the apex service has no ready endpoints on the primary yet"),
            Self::Unreadable { what, why } => write!(f, "the {what} cannot be read: {why}"),
            Self::Held(finding) => write!(f, "checks are not counted: {finding}"),
            Self::Invalid { problem } => write!(f, "the Canary is invalid: {problem}"),
        }
    }
}
