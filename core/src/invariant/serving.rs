//! I14: users are on a copy that serves.

use alloc::format;

use super::{Broken, Call};
use crate::{
    decision::Rule,
    spec::Rollout,
    state::{Intent, Origin},
};

/// When a tick ends, no user is on a canary that does not serve while the primary serves.
pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    let Ok(r) = call.canary else { return };
    let at_risk = call.seen.primary_serves() == Some(true) && call.seen.canary_serves() == Some(false);
    if !at_risk || has_more_to_do(call) || cannot_write(call) || is_elsewhere(call, r) || goes(call) {
        return;
    }
    let routes = call.after().routes(r.strategy());
    broken.unless(!r.switches_traffic || routes.exposed() == 0, "I14", || {
        format!("users stay at {routes} in {}, and the canary does not serve", call.after().phase)
    });
}

/// The tick is not over.
fn has_more_to_do(call: &Call<'_>) -> bool {
    call.plan.wake.is_some_and(|wake| wake.at <= call.now)
}

/// A write that failed is tried again later; a status that is not ours is not changed.
fn cannot_write(call: &Call<'_>) -> bool {
    call.after().trouble.is_some()
        || call.after().origin != Origin::Ours
        || call.plan.decision.rule == Rule::HeldForNewerVersion
}

/// The run uses other objects than those observed.
fn is_elsewhere(call: &Call<'_>, r: &Rollout) -> bool {
    !r.topology().same_objects(&call.after().topology)
}

/// A Canary that is being deleted: its finalizer is removed, or its target is gone and no route can be written any
/// more.
fn goes(call: &Call<'_>) -> bool {
    let has_no_target = matches!(call.seen.target.known(), Some(None));
    let is_deleted = matches!(call.after().run.intent, Some(Intent::Delete { .. }));
    is_deleted && has_no_target || call.plan.decision.rule == Rule::Released
}
