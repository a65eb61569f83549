//! What a chapter waited for, and how long.

use std::time::Duration;

use serin_core::{
    Rollout, State,
    decision::{Obstacle, Rule},
    state::Intent,
};
use serin_simulator::record::Moment;

use super::{
    chapter::Chapter,
    words::{finding, time},
};

/// A wait that has ended, or that still lasts.
struct Wait {
    on: String,
    from: Duration,
    to: Option<Duration>,
    /// It is for pods: it ends when only the time is waited for.
    for_pods: bool,
}

/// The sentences about the waits of a chapter.
pub(super) fn told(chapter: &Chapter<'_>, canary: &Rollout) -> Vec<String> {
    let mut waits: Vec<Wait> = Vec::new();
    for (moment, state) in chapter.standing() {
        let is_due_next = moment.decision.rule == Rule::NotDue;
        if let Some(wait) = waits.last_mut().filter(|wait| wait.for_pods && is_due_next) {
            wait.to.get_or_insert(moment.at);
        }
        if is_silent(moment) {
            continue;
        }
        let on = on(moment, state, canary);
        if let Some(last) = waits.last_mut().filter(|wait| wait.to.is_none()) {
            if on.as_ref() == Some(&last.on) {
                continue;
            }
            last.to = Some(moment.at);
        }
        if let Some(on) = on {
            waits.push(Wait {
                on,
                from: moment.at,
                to: None,
                for_pods: moment.decision.rule == Rule::NotReady,
            });
        }
    }
    let until = chapter.until;
    if let Some(wait) = waits.last_mut().filter(|_| !chapter.is_last) {
        wait.to.get_or_insert(until);
    }
    let last = |wait: &Wait| wait.to.unwrap_or(until).saturating_sub(wait.from);
    let waits = waits.iter().filter(|wait| !last(wait).is_zero() || wait.to.is_none());
    let told = waits.map(|wait| match wait.to {
        Some(to) => {
            format!("{} for {} (from {} to {}).", time(last(wait)), wait.on, time(wait.from), time(to))
        }
        None => format!("Since {} for {}.", time(wait.from), wait.on),
    });
    told.collect()
}

/// What the chapter waits for at its end.
pub(super) fn at_the_end(chapter: &Chapter<'_>, canary: &Rollout) -> Option<String> {
    let standing: Vec<_> = chapter.standing().collect();
    let (moment, state) = standing.iter().rev().find(|(moment, _)| !is_silent(moment))?;
    on(moment, state, canary)
}

/// Whether it does not change a wait. A failed command is retried before anything else is waited for.
fn is_silent(moment: &Moment) -> bool {
    let rule = moment.decision.rule;
    moment.commands.iter().any(|effect| effect.failed.is_some())
        || matches!(
            rule,
            Rule::NotDue
                | Rule::NoticesDropped
                | Rule::RequestCleared
                | Rule::Idle
                | Rule::Repaired
                | Rule::CheckFailed
        )
}

/// What a moment waits for.
fn on(moment: &Moment, state: &State, canary: &Rollout) -> Option<String> {
    let rule = moment.decision.rule;
    let hook =
        || moment.decision.hook.as_ref().map_or("a gate".to_string(), |(hook, _)| format!("gate {hook}"));
    if let Some(trouble) =
        state.trouble.as_ref().filter(|_| matches!(rule, Rule::CommandFailed | Rule::BackingOff))
    {
        return Some(format!("the command `{}`, which fails: {}", trouble.command, trouble.error));
    }
    let obstacle = || state.stall.as_ref().map(|stall| obstacle(&stall.on));
    match rule {
        Rule::WaitsForApproval => Some(format!("approval to start: {}", hook())),
        Rule::GateClosed => Some(format!("approval to continue: {}", closed_gate(state, canary))),
        Rule::NotReady => pods(state).or_else(obstacle),
        Rule::PromotionWaits => Some("the primary to get ready with the new revision".into()),
        Rule::RollbackWaits => Some("the primary to be ready, so that users can go back to it".into()),
        Rule::CheckVoid => Some("a check during which the canary is reached".into()),
        Rule::CheckHeld => Some("a check that can be judged".into()),
        Rule::Suspended => Some("the end of `spec.suspend`".into()),
        Rule::HeldByOperator => {
            Some(format!("the operator, who holds the weight at {}", state.canary_weight))
        }
        Rule::DeletionWaits => obstacle().or_else(|| Some("the target to serve".into())),
        Rule::HeldForNewerVersion => Some("the newer version that wrote the status".into()),
        Rule::Invalid | Rule::Unknown | Rule::Initializing => obstacle(),
        Rule::CommandFailed
        | Rule::BackingOff
        | Rule::DeletionDecided
        | Rule::GivenBack
        | Rule::Released
        | Rule::TakenOver
        | Rule::CanaryLeft
        | Rule::ServingCopy
        | Rule::PrimaryDown
        | Rule::CanaryBack
        | Rule::Requested
        | Rule::PromotionApplied
        | Rule::PrimaryAdvanced
        | Rule::PrimaryTakesAll
        | Rule::Promoted
        | Rule::PromotionFailed
        | Rule::RolledBack
        | Rule::Resumed
        | Rule::ShapeChanged
        | Rule::Repaired
        | Rule::Initialized
        | Rule::OwedHook
        | Rule::PrimaryRecovered
        | Rule::RevisionNoted
        | Rule::RunStarted
        | Rule::Withdrawn
        | Rule::Rejected
        | Rule::Restarted
        | Rule::RollbackDecided
        | Rule::ScaledUp
        | Rule::NotDue
        | Rule::CheckFailed
        | Rule::Soaked
        | Rule::Advanced
        | Rule::PromotionDecided
        | Rule::RequestCleared
        | Rule::NoticesDropped
        | Rule::Idle => None,
    }
}

/// The gate that is closed, with its kind.
fn closed_gate(state: &State, canary: &Rollout) -> String {
    let Some(gate) = &state.run.closed_gate else { return "a gate".into() };
    let hook = canary.hooks().iter().find(|hook| hook.key == *gate);
    hook.map_or_else(|| format!("gate {gate}"), |hook| format!("{} gate {}", hook.kind.name(), hook.name))
}

fn pods(state: &State) -> Option<String> {
    let who = match (state.run.canary_unready.is_some(), state.run.primary_unready.is_some()) {
        (false, false) => return None,
        (true, false) => "the canary",
        (false, true) => "the primary",
        (true, true) => "canary and primary",
    };
    Some(format!("{who} to get ready"))
}

fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::TargetMissing => "the target, which does not exist".into(),
        Obstacle::NotReady { who, why } => format!("the {who}, which is not ready: {why}"),
        Obstacle::NotServing => "ready endpoints of the apex service on the primary".into(),
        Obstacle::Unreadable { what, why } => format!("the {what}, which cannot be read: {why}"),
        Obstacle::Held(held) => format!("a check that can be judged: {}", finding(held)),
        Obstacle::Invalid { problem } => format!("a valid Canary: {problem}"),
    }
}

/// Whether a rollback is decided and not carried out yet.
pub(super) fn is_rolling_back(state: &State) -> bool {
    matches!(state.run.intent, Some(Intent::Rollback { .. }))
}
