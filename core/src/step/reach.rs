//! Whether the canary was reached, as its step says, during the whole interval that the next check closes.
//!
//! Otherwise the check does not pass: a metric of an interval in which the users were elsewhere proves nothing. A value
//! outside its bounds always counts, because it shows harm.

use alloc::format;
use core::time::Duration;

use super::{
    repair, rollback,
    turn::{Flow, Turn, Why},
};
use crate::{
    decision::Cause,
    observation::{NO_ENDPOINT, Readiness},
    revision::Text,
    spec::Rollout,
    state::{Countdown, Stage, State},
};

/// Notes what keeps the next check from passing, and since when no check could be judged.
pub(super) fn watch(t: &mut Turn<'_>) {
    let Ok(r) = t.canary else { return };
    if r.is_suspended() || !t.state().phase.is_analysing() || t.state().run.intent.is_some() {
        return;
    }
    if t.state().run.unreached.is_none()
        && let Some(why) = why_unreached(t, r)
    {
        t.edit().run.unreached = Some(why);
    }
    let now = t.now;
    if t.state().run.unjudged.is_none() && is_in_the_way(t.state()) {
        t.edit().run.unjudged = Some(Countdown::since(now));
    }
}

/// What is wrong at this moment: the routes differ from the step, or the requests that it sends would not be answered.
/// An unknown fact is not an error.
fn why_unreached(t: &Turn<'_>, r: &Rollout) -> Option<Text> {
    let state = t.state();
    // Nothing is judged at the start, or while users are away.
    if state.run.stage == Stage::Start || state.run.away.is_some() {
        return None;
    }
    if t.seen.canary_serves() == Some(false) {
        let why = t.canary_readiness().and_then(Readiness::why_not).unwrap_or_else(|| NO_ENDPOINT.into());
        return Some(format!("the canary served no requests: {why}").into());
    }
    let wanted = state.routes(r.strategy());
    let sends = r.switches_traffic && (wanted.exposed() > 0 || wanted.mirror.is_some());
    let seen = *t.seen.routes.known()?;
    if !sends || seen == Some(wanted) || repair::is_our_own(t, r, seen) {
        return None;
    }
    Some(match seen {
        Some(seen) => format!("requests were routed {seen} and not {wanted}").into(),
        None => "there was no route".into(),
    })
}

/// Whether anything keeps checks from being judged.
fn is_in_the_way(state: &State) -> bool {
    let primary = state.run.primary_unready.is_some() && state.run.stage != Stage::InPlace;
    state.run.unreached.is_some() || state.run.canary_unready.is_some() || primary || state.run.away.is_some()
}

/// Time without a judged check is limited, even if copies become ready in between: a copy that crashes again and again
/// ends its run.
pub(super) fn deadline(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let Some(count) = t.state().run.unjudged.filter(|_| is_visible(t, r)) else { return Flow::Continue(()) };
    let deadline = longest(r);
    t.until(count.part_ends(deadline), Why::Deadline);
    let credited = count.credited(t.now, deadline);
    if credited != count {
        t.edit().run.unjudged = Some(credited);
    }
    if !credited.is_over(deadline) {
        return Flow::Continue(());
    }
    let why = why_unjudged(t);
    rollback::decide(t, Cause::NotJudged { deadline, why })
}

/// How long a run may be without a judged check: three checks may be missed. A warm-up does not count as missed.
fn longest(r: &Rollout) -> Duration {
    let policy = r.policy();
    policy.progress_deadline.max(policy.interval * 3) + policy.delay
}

/// Time in which nothing can be observed is not counted against a run.
fn is_visible(t: &Turn<'_>, r: &Rollout) -> bool {
    let routes = t.seen.routes.known().is_some() || !r.switches_traffic;
    routes && t.seen.canary_serves().is_some() && t.primary_readiness().is_some()
}

fn why_unjudged(t: &Turn<'_>) -> Text {
    let canary = || t.canary_readiness().and_then(Readiness::why_not);
    let primary = || t.primary_readiness().and_then(Readiness::why_not);
    let why = t.state().run.unreached.clone().or_else(canary).or_else(primary);
    why.unwrap_or_else(|| "the copies did not stay ready until a check was due".into())
}
