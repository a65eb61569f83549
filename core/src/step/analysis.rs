//! A run: Progressing and WaitingPromotion.

use alloc::{vec, vec::Vec};

use super::{
    advance, check, gate, promotion, reach, readiness, repair, rollback, run, serving,
    turn::{Flow, Turn},
};
use crate::{
    command::Command,
    decision::{Cause, Finding, Rule},
    message::Message,
    observation::Readiness,
    planted::{Defect, is_planted},
    revision::Revision,
    spec::Rollout,
    state::{Stage, Unready},
    time::Timestamp,
};

/// The rules of a run. The urgent ones first; those below [`due`] are made once an interval.
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
        return threshold_reached(t, r, None);
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
    let Some(revision) = t.shown() else {
        if is_planted(Defect::UnknownIsChange) {
            return run::restart(t, r, Revision::of("unreadable"));
        }
        return Flow::Continue(());
    };
    if *revision == t.state().applied {
        return Flow::Continue(());
    }
    if *revision == t.state().promoted {
        return rollback::decide(t, Cause::Reverted);
    }
    run::restart(t, r, revision.clone())
}

/// In place: the primary is ready again, so users go back to it and the run becomes an ordinary one.
fn primary_recovered(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let ready = t.primary_readiness().is_some_and(Readiness::is_ready);
    if t.state().run.stage != Stage::InPlace || !ready || t.would_leave_the_better_copy()? {
        return Flow::Continue(());
    }
    t.tell(Message::PrimaryRecovered);
    let revision = t.state().applied.clone();
    run::restart_from_primary(t, r, revision)
}

/// Somebody took the canary's pods away.
fn scaled_up(t: &mut Turn<'_>) -> Flow {
    match t.seen.target.known() {
        Some(Some(target)) if target.replicas == 0 => {
            let now = t.now;
            t.edit().run.canary_unready.get_or_insert(Unready::since(now));
            t.keep_stall();
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
    if is_due(t, r) {
        return Flow::Continue(());
    }
    t.keep_stall();
    t.wait(Rule::NotDue)
}

/// Whether it is time for the next counted check.
pub(super) fn is_due(t: &Turn<'_>, r: &Rollout) -> bool {
    let state = t.state();
    let is_time = t.now >= state.due || is_planted(Defect::EarlyCheck);
    is_time && state.run.ready_since.is_none_or(|since| t.now.since(since) >= r.policy().delay)
}

/// The next counted check: on the grid of intervals, or an interval from now where this one had to wait for the
/// copies to be ready.
pub(super) fn next_due(t: &Turn<'_>, r: &Rollout) -> Timestamp {
    let (before, interval) = (t.before(), r.policy().interval);
    let waited = before.run.stage == Stage::Start
        || before.run.canary_unready.is_some()
        || before.run.primary_unready.is_some();
    if waited {
        return t.now + interval;
    }
    let missed = t.now.since(before.due).as_millis() / interval.as_millis();
    // A hundred years hold fewer than u32::MAX intervals of ten seconds.
    before.due + interval * (u32::try_from(missed).unwrap_or(u32::MAX - 1) + 1)
}

/// The check is over: the next one is an interval away, and nothing was seen of its interval yet.
pub(super) fn close_check(t: &mut Turn<'_>, r: &Rollout) {
    let due = next_due(t, r);
    let state = t.edit();
    state.check = state.check.saturating_add(1);
    state.due = due;
    state.run.unreached = None;
}

/// A `rollback` hook that is polled and passes ends the run.
fn triggers(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    match gate::trigger(t, r)? {
        Some(cause) => rollback::decide(t, cause),
        None => Flow::Continue(()),
    }
}

/// While nobody knows whom the router sends where, a check says nothing of the canary, and no step follows one.
fn routes_known(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if r.switches_traffic {
        let seen = t.seen;
        t.known(&seen.routes, "routes")?;
    }
    Flow::Continue(())
}

/// Nothing has moved yet: the gate of a restarted run, then the `pre-rollout` hooks; no metric.
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

/// The `rollout` hooks, then all metrics; in place, the `pre-rollout` hooks before them.
fn judge(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().run.stage == Stage::InPlace {
        check::pre_rollout(t, r)?;
    }
    check::rule(t, r)
}

/// A failed check counts; the one that reaches the threshold rolls back at once.
pub(super) fn failed(t: &mut Turn<'_>, r: &Rollout, finding: Finding) -> Flow {
    let threshold = r.policy().threshold;
    let measured = core::mem::take(&mut t.measured);
    close_check(t, r);
    let state = t.edit();
    state.run.unjudged = None;
    state.failed_checks = state.failed_checks.saturating_add(1);
    state.analysis.failed_checks = state.analysis.failed_checks.saturating_add(1);
    state.analysis.add(&measured);
    state.run.last_finding = Some(finding.clone());
    let failed = state.failed_checks;
    t.measured = measured;
    t.tell(Message::CheckFailed { finding: finding.clone(), failed, threshold });
    if failed >= threshold && !is_planted(Defect::LateRollback) {
        return threshold_reached(t, r, Some(finding));
    }
    t.act(Rule::CheckFailed, Vec::new())
}

/// A rollback is decided here, in [`triggers`], at a deadline of a [copy](readiness::deadlines) or a [gate](gate::deadline), when the target is
/// [set back](revision), or by an [operator](super::operator).
fn threshold_reached(t: &mut Turn<'_>, r: &Rollout, last: Option<Finding>) -> Flow {
    let failed = t.state().failed_checks;
    rollback::decide(t, Cause::Checks { failed, threshold: r.policy().threshold, last })
}
