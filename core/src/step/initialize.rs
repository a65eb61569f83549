//! The first phases: the primary is created and takes over from the target, and only then is the target scaled down.

use alloc::{vec, vec::Vec};

use super::{
    readiness,
    turn::{Flow, Turn},
};
use crate::{
    command::{ApexTo, Command, Routes},
    decision::{Obstacle, Rule, Workload},
    message::Message,
    observation::{Apex, Readiness},
    phase::Phase,
    spec::{HookKind, Rollout},
};

pub(super) fn rules(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().phase == Phase::New {
        return appear(t, r);
    }
    workloads(t)?;
    primary_ready(t)?;
    serve(t, r)?;
    complete(t)
}

fn appear(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let state = t.edit();
    // Whatever the status of another controller says, nothing was moved yet.
    state.clear_run();
    state.failed_checks = 0;
    state.phase = Phase::Initializing;
    state.topology = r.topology.clone();
    tell_rollback_hooks(t, r);
    let commands = if r.reverts_on_deletion() { vec![Command::EnsureFinalizer(true)] } else { Vec::new() };
    t.act(Rule::Initializing, commands)
}

/// A `rollback` hook can be read in two ways; an event says which one was chosen.
pub(super) fn tell_rollback_hooks(t: &mut Turn<'_>, r: &Rollout) {
    let count = |kind| u16::try_from(r.hooks_of(kind).count()).unwrap_or(u16::MAX);
    let (polled, called) = (count(HookKind::RollbackTrigger), count(HookKind::RollbackAction));
    if polled + called > 0 {
        t.tell(Message::RollbackHooks { polled, called });
    }
}

fn workloads(t: &mut Turn<'_>) -> Flow {
    let seen = t.seen;
    if t.target()?.is_none() {
        t.held_up_by(Obstacle::TargetMissing);
        return t.wait(Rule::Initializing);
    }
    let missing = t.primary()?.is_none();
    let drift = t.known(&seen.drift, "owned objects")?;
    if missing || drift.workloads || drift.services {
        // If it does not appear although it was requested, that is reported after the deadline.
        t.held_up_by(Obstacle::NotReady { who: Workload::Primary, why: "it does not exist".into() });
        let commands = vec![Command::EnsureWorkloads, Command::EnsureServices(ApexTo::Untouched)];
        return t.act(Rule::Initializing, commands);
    }
    Flow::Continue(())
}

/// Nothing moves before the primary serves. After the deadline this is reported; users stay where they are.
fn primary_ready(t: &mut Turn<'_>) -> Flow {
    readiness::watch_primary(t);
    match t.primary_readiness().and_then(Readiness::why_not) {
        None => Flow::Continue(()),
        Some(why) => {
            t.held_up_by(Obstacle::NotReady { who: Workload::Primary, why });
            t.wait(Rule::Initializing)
        }
    }
}

/// Services and routes are sent to the primary, and have to be observed there.
fn serve(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let seen = t.seen;
    let services = t.known(&seen.services, "services")?;
    let routes = t.known(&seen.routes, "routes")?;
    let routed = !r.switches_traffic || *routes == Some(Routes::PRIMARY);
    if services.apex != Apex::Primary || !routed {
        // Saved first: if the Canary is deleted from here on, services and routes are given back.
        if !t.state().took_over {
            t.edit().took_over = true;
            return t.act(Rule::Initializing, Vec::new());
        }
        let mut commands = vec![Command::EnsureServices(ApexTo::Primary)];
        if r.switches_traffic {
            commands.push(t.route(r));
        }
        return t.act(Rule::Initializing, commands);
    }
    if !services.serving {
        t.held_up_by(Obstacle::NotServing);
        return t.wait(Rule::Initializing);
    }
    Flow::Continue(())
}

fn complete(t: &mut Turn<'_>) -> Flow {
    let runs = t.primary()?.and_then(|primary| primary.runs.clone());
    let state = t.edit();
    if let Some(runs) = runs {
        state.promoted = runs;
    }
    state.applied = state.promoted.clone();
    state.clear_run();
    state.phase = Phase::Initialized;
    t.tell(Message::Initialized);
    t.act(Rule::Initialized, vec![Command::PauseScaler, Command::ScaleDown])
}
