//! I15: a check passes only if the canary was reached, as its step says, during the whole interval that it closes.

use alloc::format;

use super::{Broken, Call};
use crate::{
    decision::Rule,
    state::{Intent, Stage},
};

pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    passes(call, broken);
    noted(call, broken);
}

/// No check passes where it was noted that the canary was not reached.
fn passes(call: &Call<'_>, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let Some(why) = &before.run.unreached else { return };
    // A person may promote whatever was measured.
    let ordered = before.consumed != after.consumed;
    let skips = ordered || matches!(after.run.intent, Some(Intent::Promote { skipped: true, .. }));
    let rule = call.plan.decision.rule;
    let advanced = matches!(rule, Rule::Advanced | Rule::Soaked | Rule::HeldByOperator | Rule::GateClosed);
    let passed = advanced || rule == Rule::PromotionDecided && !skips;
    let counted = after.analysis.passed_checks > before.analysis.passed_checks;
    broken.unless(!passed && !counted, "I15", || {
        format!("a check passed by {rule:?} in {:?}, although {why}", before.run.stage)
    });
}

/// If a canary does not serve between two checks, this is noted.
fn noted(call: &Call<'_>, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let waits = matches!(call.plan.decision.rule, Rule::NotDue | Rule::NotReady);
    let judges = before.phase.is_analysing()
        && before.run.stage != Stage::Start
        && before.run.away.is_none()
        && after.run.away.is_none();
    if waits && judges && call.seen.canary_serves() == Some(false) {
        broken.unless(after.run.unreached.is_some(), "I15", || {
            "the canary does not serve, and the next check can pass".into()
        });
    }
}
