//! I1 to I4: where requests go.

use alloc::format;

use super::{Broken, Call};
use crate::{
    command::{Command, Routes},
    decision::Rule,
    phase::Phase,
    spec::{HookKind, Rollout},
    state::{Intent, Stage, State},
    strategy::{Strategy, Weighted},
};

pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    for command in &call.plan.commands {
        if let Command::SetRoutes(split) = command {
            shares(call, split.routes, broken);
            follows_state(call, split.routes, broken);
            serving_copy(call, split.routes, broken);
        }
    }
    if let Ok(r) = call.canary {
        largest_weight(call, r, broken);
        switch(call, r, broken);
    }
    direction(call, broken);
}

/// I1.
fn shares(call: &Call<'_>, routes: Routes, broken: &mut Broken) {
    broken.unless(u16::from(routes.primary) + u16::from(routes.canary) == 100, "I1", || {
        format!("route {routes}")
    });
    let Ok(r) = call.canary else { return };
    let mirrors = r.strategy().mirrors();
    let matches = match r.strategy() {
        Strategy::Weighted(weighted) => weighted.matched,
        Strategy::AbTesting { .. } => true,
        Strategy::BlueGreen(_) => false,
    };
    broken.unless(routes.mirror.is_none() || mirrors, "I1", || format!("route {routes} mirrors"));
    broken.unless(!routes.matched || matches, "I1", || format!("route {routes} is matched"));
    let only_matched =
        matches!(r.strategy(), Strategy::AbTesting { .. }) && !serves_from_ready_copy(call.after());
    broken.unless(!only_matched || routes.canary == 0 || routes.matched, "I2", || {
        format!("A/B route {routes}")
    });
}

/// After a failed promotion the copy that is ready serves everyone.
fn serves_from_ready_copy(state: &State) -> bool {
    matches!(state.run.stage, Stage::Holding | Stage::InPlace)
}

/// I3: the route follows from the state.
fn follows_state(call: &Call<'_>, routes: Routes, broken: &mut Broken) {
    let wanted = match call.canary {
        Ok(r) => call.after().routes(r.strategy()),
        Err(_) => Routes::PRIMARY,
    };
    broken.unless(routes == wanted, "I3", || format!("route {routes}, the state says {wanted}"));
}

/// I4.
fn serving_copy(call: &Call<'_>, routes: Routes, broken: &mut Broken) {
    let (primary, canary) = (call.seen.primary_serves(), call.seen.canary_serves());
    let Ok(r) = call.canary else { return };
    let before = call.state.routes(r.strategy()).exposed();
    let seen = call.seen.routes.known().and_then(Option::as_ref).map_or(before, |seen| seen.exposed());
    let to_primary = routes.exposed() < before.min(seen);
    let to_canary = routes.exposed() > before.max(seen);
    let holds = match (primary, canary) {
        (Some(false), Some(true)) => !to_primary || a_person_ordered(call),
        (_, Some(false)) => !to_canary,
        _ => true,
    };
    broken.unless(holds, "I4", || {
        format!("route {routes} from {before}, primary serves {primary:?}, canary serves {canary:?}")
    });
}

/// An order of a person takes precedence over what serves.
fn a_person_ordered(call: &Call<'_>) -> bool {
    let ordered = match &call.state.run.intent {
        Some(Intent::Rollback { cause, released }) => cause.is_ordered() || *released,
        Some(Intent::Promote { .. } | Intent::Delete { .. }) | None => false,
    };
    ordered || call.plan.decision.rule == Rule::Requested
}

/// I2, weighted.
fn largest_weight(call: &Call<'_>, r: &Rollout, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let Strategy::Weighted(Weighted { steps, .. }) = r.strategy() else { return };
    let grew = after.canary_weight > before.canary_weight;
    if after.phase.is_analysing() && grew && !serves_from_ready_copy(after) {
        let (weight, max) = (after.canary_weight, steps.max());
        broken.unless(weight <= max, "I2", || format!("weight {weight} above {max}"));
    }
}

/// I2, blue/green: all users only after the iterations and the gate.
fn switch(call: &Call<'_>, r: &Rollout, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let Strategy::BlueGreen(blue_green) = r.strategy() else { return };
    let switched = after.run.stage == Stage::Switched && before.run.stage != Stage::Switched;
    if switched && call.plan.decision.rule != Rule::TakenOver {
        let gates = r.hooks_of(HookKind::ConfirmPromotion).all(|hook| after.run.passed.contains(&hook.key));
        let enough = before.iterations >= blue_green.iterations;
        broken.unless(gates && enough, "I2", || format!("switched after {} iterations", before.iterations));
    }
}

/// I3: the weight grows until Promoting, and falls from then on; users who left return to the weight they had.
fn direction(call: &Call<'_>, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    if before.runs != after.runs || matches!(call.plan.decision.rule, Rule::Requested | Rule::TakenOver) {
        return;
    }
    let (from, to) = (before.canary_weight, after.canary_weight);
    let promoting = matches!(before.phase, Phase::Promoting | Phase::Finalising);
    let holds =
        if promoting { to <= from || after.run.stage == Stage::Holding } else { to >= from || to == 0 };
    broken.unless(holds, "I3", || format!("weight {from} to {to} in {}", before.phase));
    if let (Some(away), None) = (before.run.away, after.run.away) {
        broken.unless(to <= away.weight || serves_from_ready_copy(after), "I3", || {
            format!("weight {to} after users had left at {}", away.weight)
        });
    }
    let stays_away = after.run.away.is_none() || to == 0;
    broken.unless(stays_away, "I3", || format!("weight {to} while users are away"));
}
