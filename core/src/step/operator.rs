//! Operator requests: looked up in the [table](crate::request::ruling), and consumed in the same save as their effect.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use super::{
    promotion, readiness, rollback, run,
    turn::{Flow, Turn},
};
use crate::{
    command::Command,
    decision::{Cause, Rule, Workload},
    message::Message,
    observation::Readiness,
    phase::Phase,
    request::{Order, Refusal, Request, Ruling, Situation, ruling},
    revision::{Revision, bounded},
    spec::Rollout,
    state::{Intent, Pending, Stage},
};

/// Answers the first request that was not answered yet.
pub(super) fn rule(t: &mut Turn<'_>) -> Flow {
    let seen = t.seen;
    for request in &seen.requests {
        if t.state().consumed.get(&request.kind) == Some(&request.value) {
            continue;
        }
        let order = request.order();
        // While the Canary is suspended or invalid, a run can be ended and nothing else.
        let frozen = t.canary.as_ref().map_or(true, Rollout::is_suspended);
        if frozen && order != Some(Order::Abort) {
            continue;
        }
        return answer(t, request, order);
    }
    Flow::Continue(())
}

fn answer(t: &mut Turn<'_>, request: &Request, order: Option<Order>) -> Flow {
    let ruled = ruled(t, request, order);
    // The facts that it depends on have to be known before it is consumed.
    if matches!(ruled, Ruling::Rerun | Ruling::StartWithoutAnalysis) {
        t.revision()?;
    }
    let (kind, value) = (request.kind, request.value.clone());
    t.edit().consumed.insert(kind, value.clone());
    if let Ruling::Refused(why) = &ruled {
        t.tell(Message::RequestRefused { kind, value: bounded(value), why: why.clone() });
    } else if ruled != Ruling::Ignored {
        t.tell(Message::RequestGranted { kind, value: bounded(value) });
    }
    if order == Some(Order::Abort) {
        refuse_others(t, request);
    }
    obey(t, ruled, order)
}

/// The ruling of the table, unless users would be sent to a copy that does not serve, or the order was meant for
/// another run.
fn ruled(t: &Turn<'_>, request: &Request, order: Option<Order>) -> Ruling {
    let Some(order) = order else { return Ruling::Refused(Refusal::Meaningless) };
    let max = t.canary.as_ref().ok().and_then(|r| r.strategy().max_weight());
    let ruled = ruling(order, standing(t), max);
    let refusal = if order == Order::Promote {
        misdirected(t, &request.value)
    } else if ruled == Ruling::SetWeight && readiness::is_fit(t, Workload::Canary) != Some(true) {
        Some(Refusal::CanaryNotReady)
    } else if ruled == Ruling::Rerun
        && leaves_the_canary(t)
        && (!t.primary_readiness().is_some_and(Readiness::is_ready) || t.primary_is_the_worse_copy())
    {
        Some(Refusal::PrimaryNotReady)
    } else {
        None
    };
    refusal.map_or(ruled, Ruling::Refused)
}

/// A promotion is for the revision that its value names, if it names one. An order that names no revision, right after
/// a release failed, was probably meant for the failed run.
fn misdirected(t: &Turn<'_>, value: &str) -> Option<Refusal> {
    let (state, shown) = (t.state(), &t.shown()?.spec);
    let value = value.trim();
    if *value == **shown {
        return None;
    }
    let known = [&state.applied.spec, &state.promoted.spec].into_iter().any(|known| **known == *value);
    if known || is_hash(value) {
        return Some(Refusal::OtherRevision { shown: shown.clone() });
    }
    let failed = state.run.failure.as_ref().filter(|_| state.phase == Phase::Failed)?;
    let since = t.now.since(failed.at);
    let interval = t.canary.as_ref().map_or(Duration::ZERO, |r| r.policy().interval);
    (since < interval.max(MOMENT)).then(|| Refusal::FailedJustNow { revision: shown.clone() })
}

/// For this long after a failure, at least, a promotion has to name its revision.
const MOMENT: Duration = Duration::from_secs(60);

/// The form of the controller's own revisions.
fn is_hash(value: &str) -> bool {
    value.len() == 16 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// An abort cancels all earlier requests.
fn refuse_others(t: &mut Turn<'_>, abort: &Request) {
    let seen = t.seen;
    for other in seen.requests.iter().filter(|other| *other != abort) {
        let (kind, value) = (other.kind, other.value.clone());
        if t.edit().consumed.insert(kind, value.clone()).as_ref() != Some(&value) {
            t.tell(Message::RequestRefused { kind, value: bounded(value), why: Refusal::RollingBack });
        }
    }
}

/// A new run would take users off the canary.
fn leaves_the_canary(t: &Turn<'_>) -> bool {
    let state = t.state();
    let exposed = t.canary.as_ref().is_ok_and(|r| state.routes(r.strategy()).exposed() > 0);
    state.is_running() && exposed && state.run.stage != Stage::InPlace
}

fn standing(t: &Turn<'_>) -> Situation {
    match &t.state().run.intent {
        Some(Intent::Promote { applied: false, revision, .. }) if promotion::is_applied(t, revision) => {
            Situation::PromotionApplied
        }
        Some(Intent::Promote { applied: false, .. }) => Situation::PromotionDecided,
        Some(Intent::Promote { applied: true, .. }) => Situation::PromotionApplied,
        Some(Intent::Rollback { .. }) => Situation::RollingBack,
        Some(Intent::Delete { .. }) => Situation::NotInService,
        None => Situation::of(t.state().phase),
    }
}

/// Carries out the ruling.
fn obey(t: &mut Turn<'_>, ruled: Ruling, order: Option<Order>) -> Flow {
    match ruled {
        Ruling::Refused(_) | Ruling::Ignored => {}
        Ruling::PromoteNow => return promotion::decide(t, false),
        Ruling::RollBack => return rollback::decide(t, Cause::Request),
        Ruling::ReleaseRollback => {
            if let Some(Intent::Rollback { released, .. }) = &mut t.edit().run.intent {
                *released = true;
            }
        }
        Ruling::StartWithoutAnalysis => return start_now(t),
        Ruling::RerunWithoutAnalysis => {
            rerun(t);
            t.edit().skip_next = true;
        }
        Ruling::Rerun => match t.state().phase {
            Phase::Progressing | Phase::WaitingPromotion | Phase::Promoting => return start_over(t),
            Phase::Waiting
            | Phase::Initialized
            | Phase::Succeeded
            | Phase::Failed
            | Phase::New
            | Phase::Initializing
            | Phase::Finalising
            | Phase::Terminating => rerun(t),
        },
        Ruling::Withdraw => withdraw(t),
        Ruling::SkipThisRun if t.state().phase == Phase::Waiting => t.edit().skip_next = true,
        Ruling::SkipThisRun => t.edit().run.skip = true,
        Ruling::SkipNextRun => t.edit().skip_next = true,
        Ruling::SetWeight => {
            if let Some(Order::Weight(weight)) = order {
                return set_weight(t, weight);
            }
        }
    }
    t.act(Rule::Requested, Vec::new())
}

/// The revision that the target shows is run again.
fn rerun(t: &mut Turn<'_>) {
    t.edit().run.pending = Some(Pending { revision: Revision::unknown(), asked_for: true });
}

/// A run under way starts again.
fn start_over(t: &mut Turn<'_>) -> Flow {
    let Ok(r) = t.canary else { return t.act(Rule::Requested, Vec::new()) };
    let revision = t.revision()?.cloned().unwrap_or_else(|| t.state().applied.clone());
    t.edit().run.intent = None;
    run::restart(t, r, revision)
}

/// The waiting revision starts: its gates count as passed, its analysis is skipped.
fn start_now(t: &mut Turn<'_>) -> Flow {
    let Ok(r) = t.canary else { return t.act(Rule::Requested, Vec::new()) };
    let revision = t.revision()?.cloned().unwrap_or_default();
    let (now, before) = (t.now, t.state().before);
    t.tell(Message::NewRevision(revision.clone()));
    let state = t.edit();
    let (stage, weight) = (state.run.stage, state.canary_weight);
    run::begin(state, r, revision, now);
    state.before = before;
    state.run.skip = true;
    state.skip_next = false;
    if stage == Stage::Holding && weight > 0 {
        state.run.stage = Stage::InPlace;
        state.canary_weight = weight;
        return t.act(Rule::RunStarted, Vec::new());
    }
    t.act(Rule::RunStarted, vec![Command::ResumeScaler, Command::ScaleUp])
}

/// Back to the phase before the wait; the revision counts as tried.
pub(super) fn withdraw(t: &mut Turn<'_>) {
    let state = t.edit();
    state.phase = state.before;
    // The gates are asked again for the next revision.
    state.run.passed.clear();
    state.run.forget_closed_gate();
    if let Some(pending) = state.run.pending.take() {
        state.applied = pending.revision.clone();
        t.tell(Message::Withdrawn(pending.revision));
    }
}

/// The weight that an operator requested stays until the next request.
fn set_weight(t: &mut Turn<'_>, weight: u8) -> Flow {
    let Ok(r) = t.canary else { return t.act(Rule::Requested, Vec::new()) };
    let state = t.edit();
    state.run.held_by_operator = true;
    // No gate is asked while the weight is held, so none can pass its deadline.
    state.run.forget_closed_gate();
    state.run.away = None;
    state.canary_weight = weight;
    state.run.mirror_weight = 0;
    if state.run.stage == Stage::Mirroring {
        state.run.stage = Stage::Analysing;
    }
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::Requested, commands)
}
