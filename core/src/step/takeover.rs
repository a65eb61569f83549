//! A status that Flagger wrote becomes ours: a run under way continues from the observed routes.

use alloc::vec::Vec;

use super::{
    initialize, standstill,
    turn::{Flow, Turn},
};
use crate::{
    command::Routes,
    decision::Rule,
    message::Message,
    phase::Phase,
    revision::Revision,
    spec::{HookKind, Rollout},
    state::{Intent, Origin, Pending, Stage, State},
    strategy::Strategy,
    time::Timestamp,
};

pub(super) fn rule(t: &mut Turn<'_>) -> Flow {
    if t.state().origin != Origin::Flagger {
        return Flow::Continue(());
    }
    // Its status cannot be read without a valid manifest. Until then the status stays as it is, and the driver reports
    // why.
    let r = standstill::invalid(t)?;
    let seen = t.seen;
    let shown = t.revision()?.cloned().unwrap_or_default();
    let runs = t.primary()?.and_then(|primary| primary.runs.clone());
    let routes = t.known(&seen.routes, "routes")?.unwrap_or(Routes::PRIMARY);
    let now = t.now;
    become_ours(t.edit(), r, shown, runs.unwrap_or_default(), routes, now);
    t.tell(Message::TakenOver);
    initialize::tell_rollback_hooks(t, r);
    t.act(Rule::TakenOver, Vec::new())
}

/// The promoted revision is the one that the primary runs; Flagger's own checksums cannot be compared with ours.
fn become_ours(
    state: &mut State,
    r: &Rollout,
    shown: Revision,
    runs: Revision,
    routes: Routes,
    now: Timestamp,
) {
    state.origin = Origin::Ours;
    state.topology = r.topology.clone();
    state.runs = 1;
    state.before = Phase::Succeeded;
    state.due = now + r.policy().interval;
    state.promoted = runs.clone();
    state.applied = match state.phase {
        // Idle: a revision of the target that the primary does not run is new.
        Phase::New | Phase::Initializing | Phase::Initialized | Phase::Succeeded | Phase::Waiting => {
            runs.clone()
        }
        Phase::Failed
        | Phase::Progressing
        | Phase::WaitingPromotion
        | Phase::Promoting
        | Phase::Finalising
        | Phase::Terminating => shown.clone(),
    };
    match state.phase {
        Phase::Progressing | Phase::WaitingPromotion => resume_run(state, r, routes),
        Phase::Promoting | Phase::Finalising => {
            // Flagger copies before it writes the phase: the primary runs the promoted revision, whatever the target
            // shows by now.
            let revision = if runs.is_unknown() { state.applied.clone() } else { runs };
            state.applied = revision.clone();
            state.run.intent = Some(Intent::Promote { revision, applied: true, skipped: false });
            state.canary_weight = routes.canary;
            state.run.stage = Stage::Analysing;
        }
        // Traffic stayed on the canary after a failed promotion.
        Phase::Failed if routes.canary > 0 => {
            state.canary_weight = 100;
            state.run.stage = Stage::Holding;
        }
        Phase::Waiting => {
            state.canary_weight = 0;
            state.run.pending = Some(Pending { revision: shown, asked_for: false });
        }
        Phase::New
        | Phase::Initializing
        | Phase::Initialized
        | Phase::Succeeded
        | Phase::Failed
        | Phase::Terminating => state.canary_weight = 0,
    }
}

fn resume_run(state: &mut State, r: &Rollout, routes: Routes) {
    // Flagger's run has passed them before it began.
    state.run.passed = r.hooks_of(HookKind::ConfirmRollout).map(|hook| hook.key.clone()).collect();
    let waits = state.phase == Phase::WaitingPromotion;
    state.run.mirror_weight = routes.mirror.unwrap_or(0);
    state.canary_weight = 0;
    match r.strategy() {
        Strategy::Weighted(weighted) => {
            state.canary_weight = routes.canary.min(weighted.steps.max());
            state.iterations = if waits { weighted.iterations } else { state.iterations };
            state.run.stage = match (routes.canary, routes.mirror) {
                (0, None) => Stage::Start,
                (0, Some(_)) => Stage::Mirroring,
                _ => Stage::Analysing,
            };
        }
        Strategy::AbTesting { iterations } => {
            state.iterations = if waits { *iterations } else { state.iterations };
            state.run.stage = if state.iterations > 0 { Stage::Analysing } else { Stage::Start };
        }
        Strategy::BlueGreen(blue_green) => {
            state.iterations = if waits { blue_green.iterations } else { state.iterations };
            state.run.stage = match (routes.canary, state.iterations) {
                (100, _) => Stage::Switched,
                (_, 0) => Stage::Start,
                _ => Stage::Analysing,
            };
        }
    }
}
