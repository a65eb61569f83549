//! I6 and I7: failed checks and rollbacks.

use alloc::format;

use super::{Broken, Call};
use crate::{
    command::Command,
    decision::Rule,
    message::Message,
    observation::{Apex, Readiness},
    phase::Phase,
    spec::Severity,
    state::{Intent, Stage},
};

pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    threshold(call, broken);
    primary_ready(call, broken);
    decided(call, broken);
    ended(call, broken);
    live_copy(call, broken);
}

/// I6: the threshold rolls back in the same save.
fn threshold(call: &Call<'_>, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let Ok(r) = call.canary else { return };
    let reached = after.failed_checks >= r.policy().threshold && after.failed_checks > before.failed_checks;
    let rolls_back = matches!(after.run.intent, Some(Intent::Rollback { .. }));
    broken.unless(!reached || rolls_back, "I6", || {
        format!("{} failed checks of {} and no rollback", after.failed_checks, r.policy().threshold)
    });
}

/// I6: no check while the primary is known not ready, except in place, where that is known.
fn primary_ready(call: &Call<'_>, broken: &mut Broken) {
    if call.plan.decision.measured.is_empty() || call.state.run.stage == Stage::InPlace {
        return;
    }
    let primary = call.seen.primary.known().and_then(Option::as_ref);
    let ready = primary.is_none_or(|primary| primary.readiness.is_ready());
    broken.unless(ready, "I6", || "a check was made while the primary was not ready".into());
}

/// I7: a rollback is decided only in a run, and its cause is in one error alert.
fn decided(call: &Call<'_>, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let is_rollback = |intent: &Option<Intent>| matches!(intent, Some(Intent::Rollback { .. }));
    if is_rollback(&before.run.intent) || !is_rollback(&after.run.intent) {
        return;
    }
    broken.unless(before.is_running(), "I7", || format!("a rollback in {}", before.phase));
    let born = after.outbox.notices().iter().filter(|notice| notice.id.seq == after.seq);
    // What held the run up before may be reported in the same save.
    let of_before = |message: &Message| {
        matches!(message, Message::Stalled(_) | Message::PrimaryDown { .. } | Message::Contested { .. })
    };
    let causes = born.filter(|notice| !of_before(&notice.message));
    let errors = causes.filter(|notice| notice.message.alert() == Some(Severity::Error));
    let messages: alloc::vec::Vec<_> = errors.map(|notice| &notice.message).collect();
    let one = matches!(messages[..], [Message::RollingBack(_)]);
    broken.unless(one, "I7", || format!("alerts of a rollback: {messages:?}"));
}

/// I7: a rollback ends without a canary; after a failed promotion, users end on the copy that is ready.
fn ended(call: &Call<'_>, broken: &mut Broken) {
    if call.plan.decision.rule != Rule::RolledBack {
        return;
    }
    let after = call.after();
    let down = call.plan.commands.iter().any(|c| matches!(c, Command::ScaleDown | Command::Abandon(_)));
    let holds = if after.run.stage == Stage::Holding {
        call.state.run.stage == Stage::InPlace && !down
    } else {
        after.canary_weight == 0 && down
    };
    broken.unless(after.phase == Phase::Failed && holds, "I7", || {
        format!("a rollback ended in {} at weight {}", after.phase, after.canary_weight)
    });
}

/// I7: while users are served by the target alone it keeps its pods.
fn live_copy(call: &Call<'_>, broken: &mut Broken) {
    if !call.plan.commands.contains(&Command::ScaleDown)
        || !matches!(call.state.phase, Phase::New | Phase::Initializing)
    {
        return;
    }
    let serves = call.seen.services.known().is_some_and(|seen| seen.apex == Apex::Primary && seen.serving);
    let primary = call.seen.primary.known().and_then(Option::as_ref).map(|primary| &primary.readiness);
    broken.unless(serves && primary.is_some_and(Readiness::is_ready), "I7", || {
        "the target was scaled down before the primary served".into()
    });
}
