//! Drift: what someone else changed is put right, never in a race.

use alloc::{string::ToString, vec, vec::Vec};
use core::time::Duration;

use super::{
    advance, analysis, readiness, serving,
    turn::{Flow, Turn},
};
use crate::{
    command::{ApexTo, Command, Cookies, Routes, Split},
    decision::{Rule, Workload},
    message::Message,
    observation::{Drift, Fact, Readiness},
    phase::Phase,
    spec::Rollout,
    state::Repair,
};

/// The longest wait between two repairs.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The finalizer stands while deletion is to give everything back.
pub(super) fn finalizer(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let wanted = r.reverts_on_deletion();
    if t.seen.finalizer == wanted || t.state().phase == Phase::New {
        return Flow::Continue(());
    }
    t.keep_stall();
    t.act(Rule::Repaired, vec![Command::EnsureFinalizer(wanted)])
}

/// What is missing or stands there in another way than it has to. Objects and routes are put right by one plan, so that a
/// port that moves is soon the same in both.
pub(super) fn rule(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let weights = weights(t, r);
    let objects = objects(t, r, weights);
    if !(weights || objects.is_any()) || !may_repair(t, r) {
        return Flow::Continue(());
    }
    let mut commands = Vec::new();
    if objects.workloads {
        commands.push(Command::EnsureWorkloads);
    }
    if objects.services {
        commands.push(Command::EnsureServices(ApexTo::Primary));
    }
    if weights || objects.routes {
        commands.push(t.route(r));
    }
    // Nobody needs to be told of what the Canary's owner changed.
    let changed = objects.tampered && (objects.workloads || objects.services);
    let routed = weights || objects.tampered && objects.routes;
    note(t, r, [changed.then_some(Message::ObjectsRepaired), routed.then_some(Message::RoutesRepaired)]);
    t.keep_stall();
    t.act(Rule::Repaired, commands)
}

/// What may be put right of workloads and services, and of routes in anything but their weights.
///
/// During a run the primary is left alone: what is missing of it could only be made from what is being tried. And a write
/// that fails keeps no run from being judged.
fn objects(t: &Turn<'_>, r: &Rollout, weights: bool) -> Drift {
    let state = t.state();
    let runs = state.is_running();
    match t.seen.drift.known() {
        Some(drift) if !(runs && stands_back(t, r, weights)) => {
            let workloads = drift.workloads && !runs;
            let services = drift.services && !serving::apex_is_better_off(t);
            Drift { workloads, services, routes: drift.routes && is_routed(t, r), ..*drift }
        }
        Some(_) | None => Drift::default(),
    }
}

/// Whether a write fails that is no repair of objects, or is not to be tried yet. There is one note of what fails: a
/// repair that took it over in turn with the run's own command would keep both from ever being tried less often.
fn stands_back(t: &Turn<'_>, r: &Rollout, weights: bool) -> bool {
    let state = t.state();
    let Some(trouble) = &state.trouble else { return false };
    let fails = |command: Command| *command.to_string() == *trouble.command;
    let split = Split { routes: state.routes(r.strategy()), cookies: Cookies::default() };
    let is_repair =
        fails(Command::EnsureServices(ApexTo::Primary)) || !weights && fails(Command::SetRoutes(split));
    !is_repair || t.now < trouble.retry_at
}

/// Whether requests are divided as the state says.
fn is_routed(t: &Turn<'_>, r: &Rollout) -> bool {
    let wanted = t.state().routes(r.strategy());
    r.switches_traffic && t.seen.routes.known() == Some(&Some(wanted))
}

/// Whether the routes differ from what the state says and are to be put right now: at once if they expose more users than
/// allowed, else with the next check.
fn weights(t: &Turn<'_>, r: &Rollout) -> bool {
    let Fact::Known(seen) = &t.seen.routes else { return false };
    let wanted = t.state().routes(r.strategy());
    if !r.switches_traffic || *seen == Some(wanted) {
        return false;
    }
    let exposes_more = seen.is_none_or(|seen| seen.exposed() > wanted.exposed());
    let now_is_due = !t.state().phase.is_analysing() || t.now >= t.state().due;
    if !(exposes_more || now_is_due) || is_our_own(t, r, *seen) {
        return false;
    }
    // Nobody is moved from a copy that serves to one that does not.
    if seen.is_some() && exposes_more && t.primary_is_the_worse_copy() {
        return false;
    }
    let to_canary = seen.is_some_and(|seen| seen.exposed() < wanted.exposed());
    !(to_canary && t.seen.canary_serves() == Some(false))
}

/// We were stopped between a command and its save: the routes are those of the step that is about to be made again.
/// While analysing only until the check before it is decided; while promoting only where the primary can take it.
fn is_our_own(t: &Turn<'_>, r: &Rollout, seen: Option<Routes>) -> bool {
    let state = t.state();
    match state.phase {
        // A check that is not made leaves nobody on what was to come after it.
        Phase::Progressing | Phase::WaitingPromotion
            if analysis::is_due(t, r) && readiness::is_fit(t, Workload::Canary).unwrap_or(true) =>
        {
            let mut after = state.clone();
            if serving::may_come_back(t, r) {
                serving::restore(&mut after, r);
            } else if state.away.is_none() {
                advance::apply(&mut after, r.strategy(), advance::next_move(r.strategy(), state));
            }
            seen == Some(after.routes(r.strategy()))
        }
        Phase::Promoting | Phase::Finalising => {
            let wanted = state.routes(r.strategy());
            // One that is not known yet has been known when the routes were written.
            let ready = t.primary_readiness().is_none_or(Readiness::is_ready);
            ready && seen.is_some_and(|seen| seen.exposed() < wanted.exposed())
        }
        Phase::New
        | Phase::Initializing
        | Phase::Initialized
        | Phase::Waiting
        | Phase::Progressing
        | Phase::WaitingPromotion
        | Phase::Succeeded
        | Phase::Failed
        | Phase::Terminating => false,
    }
}

fn may_repair(t: &Turn<'_>, r: &Rollout) -> bool {
    t.state().phase != Phase::New && t.state().repair.is_none_or(|last| t.now >= last.at + pause(last, r))
}

/// How long after a repair the next may follow.
pub(super) fn pause(last: Repair, r: &Rollout) -> Duration {
    (r.policy().interval * 2_u32.pow(last.times.saturating_sub(1).min(10))).min(LONGEST_WAIT)
}

fn note(t: &mut Turn<'_>, r: &Rollout, repaired: [Option<Message>; 2]) {
    let now = t.now;
    // After a long peace it is a first time again.
    let last = t.state().repair.filter(|last| now.since(last.at) < pause(*last, r) * 2);
    let times = last.map_or(1, |last| last.times.saturating_add(1));
    if times == 1 {
        repaired.into_iter().flatten().for_each(|message| t.tell(message));
    }
    t.edit().repair = Some(Repair { at: now, times });
}
