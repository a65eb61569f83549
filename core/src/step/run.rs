//! The beginning of a run: a new revision is accepted, or replaces the one under way.

use alloc::{vec, vec::Vec};

use super::{
    gate, hooks,
    turn::{Flow, Turn},
};
use crate::{
    command::Command,
    decision::{Obstacle, Rule, Workload},
    message::Message,
    observation::Readiness,
    phase::Phase,
    revision::{Revision, Text},
    spec::{Hook, HookKind, Rollout},
    state::{AnalysisRecord, Pending, Stage, State, Unready},
    time::Timestamp,
};

/// A run of `revision` from its first step; the first move is due one interval later.
pub(super) fn begin(state: &mut State, r: &Rollout, revision: Revision, now: Timestamp) {
    state.clear_run();
    state.phase = Phase::Progressing;
    state.runs = state.runs.saturating_add(1);
    state.check = 0;
    state.failed_checks = 0;
    state.analysis = AnalysisRecord::default();
    state.applied = revision;
    state.topology = r.topology.clone();
    state.due = now + r.policy().interval;
    // Its deadline counts from here.
    state.run.canary_unready = Some(Unready::since(now));
}

/// A new revision, from idle or waiting: first the gates, then a run.
pub(super) fn start(t: &mut Turn<'_>, r: &Rollout, revision: &Revision) -> Flow {
    let in_place = t.state().run.stage == Stage::Holding && t.state().canary_weight > 0;
    if !in_place {
        primary_ready(t)?;
    }
    confirm(t, r, revision)?;

    let (now, phase) = (t.now, t.state().phase);
    let state = t.edit();
    let skip = core::mem::take(&mut state.skip_next);
    let (weight, before) = (state.canary_weight, if phase.is_idle() { phase } else { state.before });
    begin(state, r, revision.clone(), now);
    state.before = before;
    state.run.skip = skip;
    state.run.passed = r.hooks_of(HookKind::ConfirmRollout).map(|hook| hook.key.clone()).collect();
    if in_place {
        state.run.stage = Stage::InPlace;
        state.canary_weight = weight;
        t.tell(Message::AnalysedInPlace(revision.clone()));
        return t.act(Rule::RunStarted, Vec::new());
    }
    t.tell(Message::NewRevision(revision.clone()));
    t.act(Rule::RunStarted, vec![Command::ResumeScaler, Command::ScaleUp])
}

/// The `confirm-rollout` gates: while one is closed the revision waits.
pub(super) fn confirm(t: &mut Turn<'_>, r: &Rollout, revision: &Revision) -> Flow {
    match hooks::first_denied(t, r, HookKind::ConfirmRollout)? {
        None => Flow::Continue(()),
        Some((hook, said)) => waits(t, r, revision, hook, said),
    }
}

fn waits(t: &mut Turn<'_>, r: &Rollout, revision: &Revision, hook: &Hook, said: Text) -> Flow {
    let (now, phase) = (t.now, t.state().phase);
    let opened = r.hooks_of(HookKind::ConfirmRollout).take_while(|other| other.key != hook.key);
    let opened: Vec<_> = opened.map(|hook| hook.key.clone()).collect();
    let mut commands = Vec::new();
    if phase != Phase::Waiting {
        t.tell(Message::GateClosed {
            kind: hook.kind.into(),
            hook: hook.name.clone(),
            said,
            muted: hook.mute_alert,
        });
        if phase.is_idle() {
            t.edit().before = phase;
        } else {
            // A restarted run: its canary is scaled down until it is approved.
            let state = t.edit();
            state.canary_weight = 0;
            state.run.away = None;
            state.run.stage = Stage::Start;
            commands.extend(t.reroute(r));
            commands.extend([Command::PauseScaler, Command::ScaleDown]);
        }
    }
    gate::note_closed(t, hook);
    // A gate whose call was abandoned is asked again at once.
    let due = t.late.unwrap_or(now + r.policy().interval);
    let state = t.edit();
    // A run of the promoted revision was requested, even if it was restarted since.
    let again = phase.is_analysing() && *revision == state.promoted;
    let asked_for = again || state.run.pending.as_ref().is_some_and(|pending| pending.asked_for);
    state.phase = Phase::Waiting;
    state.run.pending = Some(Pending { revision: revision.clone(), asked_for });
    state.run.passed = opened.into_iter().collect();
    state.check = state.check.saturating_add(1);
    state.due = due;
    t.act(Rule::WaitsForApproval, commands)
}

/// Runs start, and are judged, only with a primary to fall back on.
pub(super) fn primary_ready(t: &mut Turn<'_>) -> Flow {
    t.primary()?;
    match t.primary_readiness().and_then(Readiness::why_not) {
        None => Flow::Continue(()),
        Some(why) => {
            t.held_up_by(Obstacle::NotReady { who: Workload::Primary, why });
            t.wait(Rule::NotReady)
        }
    }
}

/// Users would leave a canary that serves: they stay until the primary does.
pub(super) fn waits_for_primary(t: &mut Turn<'_>) -> Flow {
    let why = t.why_not_primary();
    t.held_up_by(Obstacle::NotReady { who: Workload::Primary, why });
    t.wait(Rule::NotReady)
}

/// A newer revision replaces the one that runs.
pub(super) fn restart(t: &mut Turn<'_>, r: &Rollout, revision: Revision) -> Flow {
    if t.state().run.stage == Stage::InPlace {
        return restart_in_place(t, r, revision);
    }
    if t.before().routes(r.strategy()).exposed() > 0 && t.would_leave_the_better_copy()? {
        return waits_for_primary(t);
    }
    t.tell(Message::Restarted(revision.clone()));
    restart_from_primary(t, r, revision)
}

/// All users go to the primary, and the run begins.
pub(super) fn restart_from_primary(t: &mut Turn<'_>, r: &Rollout, revision: Revision) -> Flow {
    let (now, before) = (t.now, t.state().before);
    let state = t.edit();
    begin(state, r, revision, now);
    state.before = before;
    let mut commands: Vec<Command> = t.reroute(r).into_iter().collect();
    commands.extend([Command::ResumeScaler, Command::ScaleUp]);
    t.act(Rule::Restarted, commands)
}

/// The users are on it already, whatever happens next.
fn restart_in_place(t: &mut Turn<'_>, r: &Rollout, revision: Revision) -> Flow {
    let (now, before, weight, away) = (t.now, t.state().before, t.state().canary_weight, t.state().run.away);
    t.tell(Message::AnalysedInPlace(revision.clone()));
    let state = t.edit();
    begin(state, r, revision, now);
    state.before = before;
    state.run.stage = Stage::InPlace;
    state.canary_weight = weight;
    state.run.away = away;
    t.act(Rule::Restarted, Vec::new())
}
