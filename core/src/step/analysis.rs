//! A run: Progressing and WaitingPromotion.

use alloc::vec;

use super::{
    advance, check, gate, promotion, reach, readiness, repair, rollback, run, schedule, serving,
    turn::{Flow, Turn, Why},
};
use crate::{
    command::Command,
    decision::{Cause, Rule},
    message::Message,
    observation::Readiness,
    spec::Rollout,
    state::{Stage, Unready},
};

/// The rules of a run. The urgent ones come first; those after [`due`] are made once an interval.
pub(super) fn rules(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    revision(t, r)?;
    readiness::watch(t);
    primary_recovered(t, r)?;
    scaled_up(t)?;
    readiness::deadlines(t, r)?;
    gate::deadline(t, r)?;
    reach::deadline(t, r)?;
    repair::rule(t, r)?;
    readiness::both_ready(t, r)?;
    due(t, r)?;

    if t.state().failed_checks >= r.policy().threshold {
        return check::threshold_reached(t, r, None);
    }
    let skips = r.skips_analysis() || t.state().run.skip;
    if !skips {
        triggers(t, r)?;
    }
    routes_known(t, r)?;
    if skips {
        return promotion::decide(t, true);
    }
    serving::come_back(t, r)?;
    if t.state().run.stage == Stage::Start {
        start(t, r)?;
    } else {
        judge(t, r)?;
    }
    advance::rule(t, r)
}

/// What the target shows: a newer revision restarts the run, the promoted one ends it.
fn revision(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let Some(revision) = t.shown() else { return Flow::Continue(()) };
    if *revision == t.state().applied {
        return Flow::Continue(());
    }
    if *revision == t.state().promoted {
        return rollback::decide(t, Cause::Reverted);
    }
    run::restart(t, r, revision.clone())
}

/// In place: the primary is ready again, so users return to it and the run continues as an ordinary one.
fn primary_recovered(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let ready = t.primary_readiness().is_some_and(Readiness::is_ready);
    if t.state().run.stage != Stage::InPlace || !ready || t.would_leave_the_better_copy()? {
        return Flow::Continue(());
    }
    t.tell(Message::PrimaryRecovered);
    let revision = t.state().applied.clone();
    run::restart_from_primary(t, r, revision)
}

/// Another client scaled the canary to zero.
fn scaled_up(t: &mut Turn<'_>) -> Flow {
    match t.seen.target.known() {
        Some(Some(target)) if target.replicas == 0 => {
            let now = t.now;
            t.edit().run.canary_unready.get_or_insert(Unready::since(now));
            t.act(Rule::ScaledUp, vec![Command::ResumeScaler, Command::ScaleUp])
        }
        Some(_) | None => Flow::Continue(()),
    }
}

/// Checks count once an interval; the first after the warm-up.
fn due(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let now = t.now;
    let warms_up = t.state().run.stage == Stage::Start || t.state().run.away.is_some();
    if warms_up && !r.policy().delay.is_zero() && t.state().run.ready_since.is_none() {
        t.edit().run.ready_since = Some(now);
    }
    if schedule::is_due(t, r) {
        return Flow::Continue(());
    }
    let (due, ready_since) = (t.state().due, t.state().run.ready_since);
    t.until(due, Why::NextCheck);
    if let Some(since) = ready_since {
        t.until(since + r.policy().delay, Why::WarmedUp);
    }
    t.wait(Rule::NotDue)
}

/// Ends the run if a polled `rollback` hook passes.
fn triggers(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    match gate::trigger(t, r)? {
        Some(cause) => rollback::decide(t, cause),
        None => Flow::Continue(()),
    }
}

/// As long as the routes are unknown, a check says nothing about the canary, and no step follows one.
fn routes_known(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if r.switches_traffic {
        let seen = t.seen;
        t.known(&seen.routes, "routes")?;
    }
    Flow::Continue(())
}

/// Before the first move: the gate of a restarted run, then the `pre-rollout` hooks; no metric.
fn start(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let revision = t.state().applied.clone();
    run::confirm(t, r, &revision)?;
    if t.state().check == 0 {
        t.tell(Message::Started);
    }
    check::pre_rollout(t, r)?;
    check::clears_failures(t, r);
    Flow::Continue(())
}

/// The `rollout` hooks, then all metrics; in place, the `pre-rollout` hooks come before them.
fn judge(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().run.stage == Stage::InPlace {
        check::pre_rollout(t, r)?;
    }
    check::rule(t, r)
}
