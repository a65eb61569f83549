//! When nothing may advance: a newer version's state, an invalid Canary, suspension; and when a run cannot continue
//! because its Canary has become another one.

use alloc::{string::ToString, vec, vec::Vec};

use super::{
    run,
    turn::{Flow, Turn},
};
use crate::{
    command::{Command, Cookies},
    decision::{Obstacle, Rule},
    message::Message,
    phase::Phase,
    revision::{Revision, bounded},
    spec::{Rollout, Topology},
    state::{Origin, Stage, Times},
};

/// A state of a newer version is not changed: writing it would lose the fields that this version does not know.
pub(super) fn newer_version(t: &mut Turn<'_>) -> Flow {
    match t.state().origin {
        Origin::Newer(_) => t.wait(Rule::HeldForNewerVersion),
        Origin::Ours | Origin::Flagger => Flow::Continue(()),
    }
}

/// An invalid Canary: reported once and shown in the condition; its run stays where it is.
pub(super) fn invalid<'a>(t: &mut Turn<'a>) -> Flow<&'a Rollout> {
    let invalid = match t.canary {
        Ok(rollout) => return Flow::Continue(rollout),
        Err(invalid) => invalid,
    };
    let problem = invalid.problems.first().map(ToString::to_string).unwrap_or_default();
    let problem = bounded(problem.into());
    let obstacle = Obstacle::Invalid { problem: problem.clone() };
    if t.state().stall.as_ref().is_none_or(|stall| stall.on != obstacle) {
        t.tell(Message::Invalid { problem });
    }
    t.held_up_by(obstacle);
    t.wait(Rule::Invalid)
}

/// `spec.suspend`: reported once; the time it takes does not count.
pub(super) fn suspended(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let now = t.now;
    match (r.is_suspended(), t.state().suspended) {
        (false, None) => Flow::Continue(()),
        (true, Some(_)) => t.wait(Rule::Suspended),
        (true, None) => {
            t.edit().suspended = Some(now);
            t.tell(Message::Suspended);
            t.wait(Rule::Suspended)
        }
        (false, Some(since)) => {
            let state = t.edit();
            state.suspended = None;
            Times::of(state).shifted(now.since(since)).put(state);
            t.tell(Message::Resumed);
            t.act(Rule::Resumed, Vec::new())
        }
    }
}

/// Another target, service, provider or strategy: the run ends with the old one and a new one begins.
pub(super) fn topology_changed(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let (now, topology) = (t.now, &r.topology);
    let state = t.state();
    let serves = state.is_running() || state.run.stage == Stage::Holding;
    if matches!(state.phase, Phase::New) || state.topology == *topology {
        return Flow::Continue(());
    }
    // Users do not leave a copy that serves for one that does not. Another target says nothing about the old one.
    let same_target = state.topology.kind == topology.kind && state.topology.target == topology.target;
    let on_canary = state.canary_weight > 0 || state.run.stage == Stage::Switched && state.run.away.is_none();
    if same_target && serves && on_canary && t.would_leave_the_better_copy()? {
        return run::waits_for_primary(t);
    }
    let state = t.state();
    if state.topology.same_objects(topology) {
        // Only the strategy differs, which matters only to a run.
        if !state.phase.is_analysing() || state.run.stage == Stage::InPlace {
            return Flow::Continue(());
        }
        let (revision, before) = (state.applied.clone(), state.before);
        t.tell(Message::ShapeChanged);
        let state = t.edit();
        run::begin(state, r, revision, now);
        state.before = before;
        let mut commands = if r.switches_traffic { vec![t.route(r)] } else { Vec::new() };
        commands.extend([Command::ResumeScaler, Command::ScaleUp]);
        return t.act(Rule::ShapeChanged, commands);
    }
    let commands = if serves { vec![Command::Abandon(Topology::clone(&state.topology))] } else { Vec::new() };
    t.tell(Message::ShapeChanged);
    let state = t.edit();
    state.clear_run();
    state.failed_checks = 0;
    // The abandoned objects set no cookies any more, and the new ones do not yet.
    state.cookies = Cookies::default();
    if !same_target {
        state.promoted = Revision::unknown();
        state.applied = Revision::unknown();
    }
    state.phase = Phase::Initializing;
    state.topology = topology.clone();
    t.act(Rule::ShapeChanged, commands)
}
