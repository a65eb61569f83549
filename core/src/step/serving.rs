//! Users are where somebody serves: while the primary serves, nobody stays on a canary that serves nobody.
//!
//! [`rules`] looks in every phase, before anything else is decided, and acts at once. [`come_back`] is a rule of a run, at a
//! due check. An unknown moves nobody.

use alloc::{vec, vec::Vec};

use super::{
    schedule,
    turn::{Flow, Turn},
};
use crate::{
    command::{Command, Routes, Split},
    decision::Rule,
    message::Message,
    observation::{Apex, NO_ENDPOINT, Observation, Readiness, Services},
    revision::Text,
    spec::Rollout,
    state::{Away, Intent, Stage, State},
};

/// Users leave a copy that serves nobody for one that serves.
pub(super) fn rules(t: &mut Turn<'_>) -> Flow {
    // What is seen says nothing of the objects that an earlier manifest named.
    if t.left_behind().is_some() {
        return Flow::Continue(());
    }
    match (t.seen.primary_serves(), t.seen.canary_serves()) {
        (Some(true), Some(false)) => leave(t)?,
        (Some(false), Some(true)) => to_the_canary(t)?,
        (Some(true | false) | None, Some(true | false) | None) => {}
    }
    primary_down(t)
}

/// Users leave a canary that serves nobody, whoever sent them there.
fn leave(t: &mut Turn<'_>) -> Flow {
    if !t.is_on_canary() {
        return Flow::Continue(());
    }
    match t.state().run.intent {
        // Both take the users off the canary themselves.
        Some(Intent::Rollback { .. } | Intent::Delete { .. }) => return Flow::Continue(()),
        // The primary gets them anyway.
        Some(Intent::Promote { .. }) => stay_away(t.edit()),
        None if t.state().phase.is_analysing() => {
            // Time that passes while suspended does not count.
            let now = t.now;
            let since = t.state().suspended.unwrap_or(now);
            let state = t.edit();
            state.run.away = Some(Away { since, weight: state.canary_weight });
            state.canary_weight = 0;
            state.run.ready_since = None;
            // No gate is asked while users are away, so none is late.
            state.run.forget_closed_gate(now);
        }
        // After a failed promotion: they return when the primary serves nobody.
        None => t.edit().canary_weight = 0,
    }
    let again = core::mem::replace(&mut t.edit().run.away_told, true);
    let why = why_not_canary(t);
    t.tell(Message::CanaryLeft { why, again });
    let commands = match t.canary {
        Ok(r) => t.reroute(r).into_iter().collect(),
        Err(_) => {
            vec![Command::SetRoutes(Split { routes: Routes::PRIMARY, cookies: t.state().cookies.clone() })]
        }
    };
    t.act(Rule::CanaryLeft, commands)
}

/// The run goes on without users on its canary.
pub(super) fn stay_away(state: &mut State) {
    state.run.away = None;
    state.canary_weight = 0;
    state.run.mirror_weight = 0;
    state.run.stage = Stage::Start;
}

/// The other direction, where the canary has proved itself, or there is nothing better: after the primary was told to run
/// its revision, and after a failed promotion. While analysing nobody is sent to the canary because the primary is down.
fn to_the_canary(t: &mut Turn<'_>) -> Flow {
    let Ok(r) = t.canary else { return Flow::Continue(()) };
    if !r.switches_traffic || t.state().routes(r.strategy()) == Routes::split(100) {
        return Flow::Continue(());
    }
    let stage = t.state().run.stage;
    match t.state().run.intent {
        Some(Intent::Promote { applied: true, .. }) => {}
        None if stage == Stage::Holding || stage == Stage::InPlace => {}
        Some(Intent::Promote { applied: false, .. } | Intent::Rollback { .. } | Intent::Delete { .. })
        | None => return Flow::Continue(()),
    }
    let state = t.edit();
    state.run.away = None;
    state.canary_weight = 100;
    state.run.mirror_weight = 0;
    if state.run.intent.is_some() {
        state.run.stage = Stage::Holding;
    }
    let why = t.why_not_primary();
    t.tell(Message::ServingCopy { why });
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::ServingCopy, commands)
}

/// While analysing, a primary that serves nobody next to a canary that serves is alerted and shown: a person may send its
/// users to the canary.
fn primary_down(t: &mut Turn<'_>) -> Flow {
    let state = t.state();
    let counts =
        state.phase.is_analysing() && state.run.intent.is_none() && state.run.stage != Stage::InPlace;
    // One that is ready and serves nobody wants no pods.
    let is_down =
        t.primary_is_the_worse_copy() && t.primary_readiness().is_some_and(|primary| !primary.is_ready());
    if t.seen.primary_serves() == Some(true) && state.run.primary_down {
        t.edit().run.primary_down = false;
    }
    if !counts || !is_down || t.state().run.primary_down {
        return Flow::Continue(());
    }
    t.edit().run.primary_down = true;
    let why = t.why_not_primary();
    t.tell(Message::PrimaryDown { why });
    t.act(Rule::PrimaryDown, Vec::new())
}

/// At a due check with both copies ready: users come back to the canary in one move, an interval or more after they left.
/// Nothing is asked for it, and nothing is counted. Ends the call while they are away.
pub(super) fn come_back(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let Some(away) = t.state().run.away else { return Flow::Continue(()) };
    if !may_come_back(t, r) {
        let due = schedule::next_due(t, r);
        t.edit().due = due;
        t.is_not_held_up();
        return t.wait(Rule::NotDue);
    }
    let (now, interval) = (t.now, r.policy().interval);
    let state = t.edit();
    restore(state, r);
    state.due = now + interval;
    state.run.ready_since = None;
    state.run.unreached = None;
    t.tell(Message::CanaryBack(away.weight));
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::CanaryBack, commands)
}

/// Whether users who are away may come back at the due check.
pub(super) fn may_come_back(t: &Turn<'_>, r: &Rollout) -> bool {
    t.state().run.away.is_some_and(|away| t.now.since(away.since) >= r.policy().interval)
}

/// The weight they had, or the largest one where that was lowered since.
pub(super) fn restore(state: &mut State, r: &Rollout) {
    let Some(away) = state.run.away.take() else { return };
    let max = r.strategy().max_weight().filter(|_| state.run.stage != Stage::InPlace);
    state.canary_weight = max.map_or(away.weight, |max| away.weight.min(max));
}

/// Whether the apex has users that it would lose by being pointed at the primary: it selects other pods, which serve, and
/// the primary serves nobody yet. So it is where a primary was made again, and the pods before it still run.
pub(super) fn apex_is_better_off(seen: &Observation) -> bool {
    let elsewhere = |services: &Services| match services.apex {
        Apex::Target | Apex::Other => services.serving,
        Apex::Absent | Apex::Primary => false,
    };
    seen.services.known().is_some_and(elsewhere) && seen.primary_serves() == Some(false)
}

fn why_not_canary(t: &Turn<'_>) -> Text {
    let why = t.canary_readiness().and_then(Readiness::why_not);
    why.unwrap_or_else(|| NO_ENDPOINT.into())
}
