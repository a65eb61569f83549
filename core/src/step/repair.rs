//! Drift: changes by other clients are repaired. A change that sends users where they should not be is repaired at
//! once, every time; for the others, Serin never competes with another client.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use super::{
    moves, readiness, schedule, serving,
    turn::{Flow, Turn, Why},
};
use crate::{
    command::{ApexTo, Command, Cookies, Routes, Split},
    decision::{Rule, Workload},
    message::Message,
    observation::{Apex, Drift, Fact, Observation, Readiness},
    phase::Phase,
    spec::Rollout,
    state::{Intent, Repair, State},
    time::Timestamp,
};

/// The longest wait between two repairs.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The wait between two repairs of a change that sends users where they should not be.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// From this many repairs in a row on, another client manages the same objects.
const CONTESTED: u32 = 3;

/// The finalizer is kept while deletion has to give everything back.
pub(super) fn finalizer(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let wanted = r.reverts_on_deletion();
    if t.seen.finalizer == wanted || t.state().phase == Phase::New {
        return Flow::Continue(());
    }
    t.act(Rule::Repaired, vec![Command::EnsureFinalizer(wanted)])
}

/// A change that sends users where they should not be is repaired before anything else is asked or decided.
///
/// Not while a command fails: an order or a rollback that was decided must not wait until a repair succeeds.
pub(super) fn urgent(t: &mut Turn<'_>) -> Flow {
    let Ok(r) = t.canary else { return Flow::Continue(()) };
    let state = t.state();
    let is_ours = match state.phase {
        Phase::New | Phase::Initializing | Phase::Terminating => false,
        Phase::Progressing | Phase::WaitingPromotion => *state.topology == *r.topology(),
        Phase::Initialized
        | Phase::Waiting
        | Phase::Promoting
        | Phase::Finalising
        | Phase::Succeeded
        | Phase::Failed => r.topology().same_objects(&state.topology),
    };
    let ends = matches!(state.run.intent, Some(Intent::Rollback { .. } | Intent::Delete { .. }));
    let held = r.is_suspended() || state.suspended.is_some() || state.trouble.is_some();
    if is_ours && !ends && !held && harms_users(state, t.seen, r) { rule(t, r) } else { Flow::Continue(()) }
}

/// Users are on a copy that does not serve, or more of them on the canary than the step allows: the apex service does
/// not select the primary, or the routes differ.
fn harms_users(state: &State, seen: &Observation, r: &Rollout) -> bool {
    let apex = seen.services.known().is_some_and(|services| services.apex != Apex::Primary);
    let changed = seen.drift.known().is_some_and(|drift| drift.services);
    if apex && changed && !serving::apex_is_better_off(seen) {
        return true;
    }
    let wanted = state.routes(r.strategy());
    let Fact::Known(routes) = &seen.routes else { return false };
    state.is_misrouted(r, seen) && routes_harm_users(seen, *routes, wanted)
}

fn routes_harm_users(seen: &Observation, routes: Option<Routes>, wanted: Routes) -> bool {
    let Some(routes) = routes else { return true };
    routes.exposed() > wanted.exposed()
        || routes.exposed() < wanted.exposed() && seen.primary_serves() == Some(false)
}

/// Objects and routes that are missing or differ. One plan repairs both, so that a changed port is soon the same in
/// both.
pub(super) fn rule(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let weights = weights(t, r);
    let objects = objects(t, r, weights);
    if !(weights || objects.is_any()) || t.state().phase == Phase::New {
        return Flow::Continue(());
    }
    if let Some(next) = next(t.state(), t.seen, r)
        && t.now < next
    {
        t.until(next, Why::Retry);
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
    // Changes by the Canary's owner are not reported.
    let changed = objects.tampered && (objects.workloads || objects.services);
    let routed = weights || objects.tampered && objects.routes;
    note(t, r, [changed.then_some(Message::ObjectsRepaired), routed.then_some(Message::RoutesRepaired)]);
    t.act(Rule::Repaired, commands)
}

/// What may be repaired of workloads and services, and of routes in anything but their weights.
///
/// During a run the primary is left alone: its missing parts could only be made from the revision that is being tested.
/// And a repair that fails does not keep a run from being judged.
fn objects(t: &Turn<'_>, r: &Rollout, weights: bool) -> Drift {
    let state = t.state();
    let runs = state.is_running();
    match t.seen.drift.known() {
        Some(drift) if !(runs && stands_back(t, r, weights)) => {
            let workloads = drift.workloads && !runs;
            let services = drift.services && !serving::apex_is_better_off(t.seen);
            let routed = t.seen.routes.known().is_some() && !state.is_misrouted(r, t.seen);
            let routes = drift.routes && r.switches_traffic && routed;
            Drift { workloads, services, routes, ..*drift }
        }
        Some(_) | None => Drift::default(),
    }
}

/// Whether a write fails that is not a repair of objects, or is not due yet. There is only one note of a failing
/// command: a repair and the run's own command that replaced it in turn would keep both from backing off.
fn stands_back(t: &Turn<'_>, r: &Rollout, weights: bool) -> bool {
    let state = t.state();
    let Some(trouble) = &state.trouble else { return false };
    let fails = |command: Command| command.repeats(&trouble.command);
    let split = Split { routes: state.routes(r.strategy()), cookies: Cookies::default() };
    let is_repair =
        fails(Command::EnsureServices(ApexTo::Primary)) || !weights && fails(Command::SetRoutes(split));
    !is_repair || t.now < trouble.retry_at
}

/// Whether the routes differ from the state and have to be repaired now: at once if they expose more users than
/// allowed, otherwise with the next check.
fn weights(t: &mut Turn<'_>, r: &Rollout) -> bool {
    let seen = t.seen;
    let Fact::Known(seen) = &seen.routes else { return false };
    let wanted = t.state().routes(r.strategy());
    if !t.state().is_misrouted(r, t.seen) {
        return false;
    }
    let harm = routes_harm_users(t.seen, *seen, wanted);
    let due = t.state().due;
    if !harm && t.state().phase.is_analysing() && t.now < due {
        t.until(due, Why::NextCheck);
        return false;
    }
    if is_our_own(t, r, *seen) {
        return false;
    }
    let exposes_more = seen.is_none_or(|seen| seen.exposed() > wanted.exposed());
    // No user is moved from a copy that serves to one that does not.
    if seen.is_some() && exposes_more && t.primary_is_the_worse_copy() {
        return false;
    }
    let to_canary = seen.is_some_and(|seen| seen.exposed() < wanted.exposed());
    !(to_canary && t.seen.canary_serves() == Some(false))
}

/// The controller was stopped between a command and its save: the routes are those of the step that is about to be made
/// again. This is accepted while analysing only until the check before it is decided, and while promoting only if the
/// primary can take the users.
pub(super) fn is_our_own(t: &Turn<'_>, r: &Rollout, seen: Option<Routes>) -> bool {
    let state = t.state();
    match state.phase {
        // If no check is made, no user stays at the step after it.
        Phase::Progressing | Phase::WaitingPromotion
            if schedule::is_due(t, r) && readiness::is_fit(t, Workload::Canary).unwrap_or(true) =>
        {
            let mut after = state.clone();
            if serving::may_come_back(t, r) {
                serving::restore(&mut after, r);
            } else if state.run.away.is_none() {
                moves::apply(&mut after, r.strategy(), moves::next_move(r.strategy(), state));
            }
            seen == Some(after.routes(r.strategy()))
        }
        Phase::Promoting | Phase::Finalising => {
            let wanted = state.routes(r.strategy());
            // An endpoint that is not known yet was known when the routes were written.
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

/// When the next repair is allowed.
fn next(state: &State, seen: &Observation, r: &Rollout) -> Option<Timestamp> {
    let last = state.repair.as_ref()?;
    Some(last.at + if harms_users(state, seen, r) { SHORTEST_WAIT } else { pause(last, r) })
}

fn pause(last: &Repair, r: &Rollout) -> Duration {
    (r.policy().interval * 2_u32.pow(last.times.saturating_sub(1).min(10))).min(LONGEST_WAIT)
}

/// When the next repair counts as the first again.
fn peace(last: &Repair, r: &Rollout) -> Timestamp {
    last.at + pause(last, r) * 2
}

/// Counts the repair. That objects are repaired is reported at most once an interval; that it happens repeatedly is one
/// alert.
fn note(t: &mut Turn<'_>, r: &Rollout, repaired: [Option<Message>; 2]) {
    let now = t.now;
    let last = t.state().repair.clone().filter(|last| now < peace(last, r));
    let mut repair = last.unwrap_or(Repair { at: now, times: 0, told: None, contested: false, by: None });
    repair.at = now;
    repair.times = repair.times.saturating_add(1);
    let is_news = repaired.iter().any(Option::is_some);
    if is_news && t.seen.rival.is_some() {
        repair.by.clone_from(&t.seen.rival);
    }
    if is_news && repair.told.is_none_or(|told| now.since(told) >= r.policy().interval) {
        repair.told = Some(now);
        if repair.times >= CONTESTED {
            let again = core::mem::replace(&mut repair.contested, true);
            t.tell(Message::Contested { by: repair.by.clone(), times: repair.times, again });
        } else {
            repaired.into_iter().flatten().for_each(|message| t.tell(message));
        }
    }
    t.edit().repair = Some(repair);
}

/// A conflict that has ended is no longer shown.
pub(super) fn settles(t: &mut Turn<'_>, r: &Rollout) {
    let Some(last) = t.state().repair.as_ref().filter(|last| last.contested) else { return };
    let peace = peace(last, r);
    t.until(peace, Why::Retry);
    if t.now >= peace {
        t.edit().repair = None;
    }
}
