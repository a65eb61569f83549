//! A rollback: decided and saved first, then carried out. It is decided in [`analysis`](super::analysis), or by an
//! [operator](super::operator).

use alloc::{vec, vec::Vec};

use super::{
    owed,
    turn::{Flow, Turn},
};
use crate::{
    command::{Command, Cookies, Routes, Split},
    decision::{Cause, Obstacle, Rule, Workload},
    message::Message,
    phase::Phase,
    revision::Revision,
    spec::RunOn,
    state::{Intent, RunFailure, Stage},
};

/// Decides it. Phase, weight and the counter that reached the threshold stay as they are until it is done.
pub(super) fn decide(t: &mut Turn<'_>, cause: Cause) -> Flow {
    t.tell(Message::RollingBack(cause.clone()));
    t.edit().run.intent = Some(Intent::Rollback { cause, released: false });
    t.act(Rule::RollbackDecided, Vec::new())
}

/// Carries it out: users to the primary, the canary down, Failed. It reads no unknown fact.
pub(super) fn carry_out(t: &mut Turn<'_>) -> Flow {
    let Some(Intent::Rollback { cause, released }) = t.state().run.intent.clone() else {
        return Flow::Continue(());
    };
    if let Some(left) = t.left_behind() {
        // The manifest names other objects by now, so the run is ended by another rule.
        end(t, &cause);
        t.edit().cookies = Cookies::default();
        t.tell(Message::CanaryFailed);
        return t.act(Rule::RolledBack, vec![Command::Abandon(left)]);
    }
    if t.is_on_canary() && t.primary_is_the_worse_copy() && !cause.is_ordered() && !released {
        if t.state().run.stage == Stage::InPlace {
            return stays(t, &cause);
        }
        return waits(t);
    }
    end(t, &cause);
    let mut commands = match t.canary {
        Ok(r) if !r.switches_traffic => Vec::new(),
        Ok(r) => vec![t.route(r)],
        Err(_) => {
            vec![Command::SetRoutes(Split { routes: Routes::PRIMARY, cookies: t.state().cookies.clone() })]
        }
    };
    commands.extend([Command::PauseScaler, Command::ScaleDown]);
    t.tell(Message::CanaryFailed);
    t.act(Rule::RolledBack, commands)
}

/// A revision that waits for approval is not rolled out: it counts as tried. It never had objects, so no hook is owed,
/// and users stay where they are.
pub(super) fn reject(t: &mut Turn<'_>, revision: &Revision, cause: Cause) -> Flow {
    t.tell(Message::Rejected { revision: revision.clone(), cause: cause.clone() });
    let now = t.now;
    let state = t.edit();
    let (stage, weight) = (state.run.stage, state.canary_weight);
    state.clear_run();
    state.run.stage = stage;
    state.canary_weight = weight;
    state.phase = Phase::Failed;
    state.run.failure = Some(RunFailure { cause, at: now });
    state.failed_checks = 0;
    state.skip_next = false;
    state.applied = revision.clone();
    t.act(Rule::Rejected, Vec::new())
}

/// The run is over.
fn end(t: &mut Turn<'_>, cause: &Cause) {
    let (now, canary) = (t.now, t.canary);
    fails(t, cause);
    if let Ok(r) = canary {
        owed::note(t.edit(), r, RunOn::RolledBack, now);
    }
}

/// Failed, and the run is forgotten. The revision that the target shows by now is noted: the promoted one again, or a
/// newer one. In both cases the revision that it showed before counts as new again.
fn fails(t: &mut Turn<'_>, cause: &Cause) {
    let (now, shown) = (t.now, t.shown());
    let state = t.edit();
    state.clear_run();
    state.phase = Phase::Failed;
    state.run.failure = Some(RunFailure { cause: cause.clone(), at: now });
    state.failed_checks = 0;
    if *cause == Cause::Reverted {
        state.applied = state.promoted.clone();
    }
    if let Some(shown) = shown {
        state.remember(shown);
    }
}

/// The primary does not serve and the canary does: users stay until the primary does, or until an operator orders
/// otherwise.
fn waits(t: &mut Turn<'_>) -> Flow {
    let why = t.why_not_primary();
    let obstacle = Obstacle::NotReady { who: Workload::Primary, why };
    if t.state().stall.is_none() {
        t.tell(Message::RollbackWaits);
    }
    t.held_up_by(obstacle);
    t.wait(Rule::RollbackWaits)
}

/// In place there is no other copy to return to: users stay on the copy that serves.
fn stays(t: &mut Turn<'_>, cause: &Cause) -> Flow {
    let (now, canary, weight) = (t.now, t.canary, t.state().canary_weight);
    fails(t, cause);
    let state = t.edit();
    state.run.stage = Stage::Holding;
    state.canary_weight = weight;
    if let Ok(r) = canary {
        owed::note(state, r, RunOn::FailedPromotion, now);
    }
    t.act(Rule::RolledBack, Vec::new())
}
