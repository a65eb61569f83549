//! Normal form: two situations that will always be decided alike become one.
//!
//! [`shift`] counts all times from one moment and forgets times that are longer ago than any rule looks back. It also
//! drops what is written but never read by a rule (conditions, the analysis record, notices), and numbers that only
//! identify (saves, runs, checks). [`saturate`] stops counters where more makes no difference. A normal form is
//! identified by its [`fingerprint`](crate::fingerprint).

use std::time::Duration;

use serin_core::{
    Phase, State, Timestamp,
    spec::Rollout,
    state::{AnalysisRecord, Countdown, Intent, Outbox, Repair},
};

/// The moment at which every normal state is observed.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

const BETWEEN_SIGHTINGS: Duration = Duration::from_secs(10);
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);
/// Right after a failure a promotion has to name its revision.
const MOMENT: Duration = Duration::from_secs(60);
/// From this many repairs in a row on, another client manages the same objects.
const CONTESTED: u32 = 3;
const DAY: Duration = Duration::from_secs(86_400);

/// How far back the rules look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    interval: Duration,
    deadline: Duration,
    /// For how long no check can be judged, if that matters to this slice; elsewhere such a time never passes.
    unjudged: Option<Duration>,
    /// An invalid Canary has its own.
    longest_deadline: Duration,
    delay: Duration,
    /// The longest deadline of a gate; `None` if no gate has one: then the time since when one is closed is never read.
    gate: Option<Duration>,
    /// Whether it matters to this slice that another client keeps changing the same objects; elsewhere each repair is a
    /// first one.
    contested: bool,
    /// Whether a repair can have no effect: then only the wait before the next one keeps it from looping.
    pub(crate) repairs_wait: bool,
    /// Whether notices matter to this slice.
    pub(crate) notices: bool,
}

impl Periods {
    pub(crate) fn of(
        rollout: &Rollout,
        invalid: bool,
        notices: bool,
        unjudged: bool,
        contested: bool,
    ) -> Self {
        let policy = rollout.policy();
        let deadline = policy.progress_deadline;
        let longest_deadline = if invalid { deadline.max(DEFAULT_DEADLINE) } else { deadline };
        let unjudged = unjudged.then(|| deadline.max(policy.interval * 3) + policy.delay);
        let gate = rollout.hooks().iter().filter_map(|hook| hook.deadline).max();
        let (interval, delay) = (policy.interval, policy.delay);
        let repairs_wait = false;
        Self { interval, deadline, unjudged, longest_deadline, delay, gate, contested, repairs_wait, notices }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }
}

/// Stops the counters: more failures of a command, repairs or unjudged checks make no difference. The first of the four
/// parts of a deadline pass at once, and so does the second between two repairs.
pub(crate) fn saturate(state: &mut State, now: Timestamp, periods: &Periods) {
    // They appear in alerts only.
    state.run.begun = None;
    state.run.exposed_since = None;
    for unready in [&mut state.run.canary_unready, &mut state.run.primary_unready].into_iter().flatten() {
        skip_parts(3, &mut unready.count, periods.deadline);
    }
    if let (Some(count), Some(deadline)) = (&mut state.run.unjudged, periods.unjudged) {
        // The rest is more than an interval, so that a check is due before it is over.
        skip_parts(2, count, deadline);
    }
    if let (Some(count), Some(deadline)) = (&mut state.run.gate_closed, periods.gate) {
        skip_parts(3, count, deadline);
    }
    if let Some(trouble) = &mut state.trouble {
        trouble.attempts = trouble.attempts.min(2);
    }
    saturate_repair(&mut state.repair, now, periods);
    state.run.held_checks = state.run.held_checks.min(2);
    state.run.void_checks = 0;
    // Rules read only whether there is a reason.
    state.run.unreached = state.run.unreached.take().map(|_| "unreached".into());
}

/// If no other client keeps changing the objects, a repair is forgotten at once or, if it has to wait, in the next
/// moment. Elsewhere the second before the next one passes at once, and so does the rest of an interval.
fn saturate_repair(repair: &mut Option<Repair>, now: Timestamp, periods: &Periods) {
    let Periods { interval, contested, repairs_wait, .. } = *periods;
    *repair = repair.take().filter(|last| contested || repairs_wait && last.at >= now);
    let Some(last) = repair else { return };
    last.times = last.times.min(CONTESTED);
    last.by = None;
    if contested {
        let second = now - Duration::from_secs(1);
        let whole = |at: Timestamp| {
            let intervals = now.since(at).as_millis().div_ceil(interval.as_millis());
            now - interval * u32::try_from(intervals).unwrap_or(u32::MAX)
        };
        let least = if repairs_wait { last.at } else { second };
        last.at = if last.at >= second { least } else { whole(last.at) };
        last.told = last.told.map(whole);
    }
}

/// How many of the four parts of a deadline pass at once.
fn skip_parts(parts: u64, count: &mut Countdown, deadline: Duration) {
    let skipped = u64::try_from(deadline.as_millis()).unwrap_or_default().div_ceil(4) * parts;
    count.credited_ms = count.credited_ms.max(skipped);
}

/// The state as if it were [`NOW`], without fields that only identify or record.
pub(crate) fn shift(state: &mut State, now: Timestamp, periods: &Periods) {
    saturate(state, now, periods);
    while_suspended(state, now, periods);
    let aged = |at: Timestamp, most: Duration| aged(at, now, most);
    state.due = due(state, now, periods);
    let movable = suspended(state, now);
    for unready in [&mut state.run.canary_unready, &mut state.run.primary_unready].into_iter().flatten() {
        let since = if unready.told { NOW } else { aged(unready.count.since, periods.interval + movable) };
        let part_since = aged(unready.count.part_since, periods.deadline + movable);
        unready.count = Countdown { since, part_since, ..unready.count };
        unready.gave_up = unready.gave_up.map(|first| aged(first, BETWEEN_SIGHTINGS));
    }
    if let Some(count) = &mut state.run.unjudged {
        *count = match periods.unjudged {
            Some(longest) => {
                let part_since = aged(count.part_since, longest + movable);
                Countdown { since: part_since, part_since, ..*count }
            }
            None => Countdown::since(NOW),
        };
    }
    state.run.ready_since = state.run.ready_since.map(|since| aged(since, periods.delay + movable));
    state.run.gate_closed = state.run.gate_closed.zip(periods.gate).map(|(count, deadline)| {
        let part_since = aged(count.part_since, deadline + movable);
        Countdown { since: part_since, part_since, ..count }
    });
    if let Some(failure) = &mut state.run.failure {
        failure.at = aged(failure.at, periods.interval.max(MOMENT));
    }
    if let Some(away) = &mut state.run.away {
        away.since = aged(away.since, periods.interval + movable);
    }
    state.suspended = state.suspended.map(|since| aged(since, periods.interval * 2));
    if let Some(stall) = &mut state.stall {
        stall.since = aged(stall.since, periods.longest_deadline + movable);
        stall.told = stall.told.map(|told| if now.since(told) < DAY { NOW } else { NOW - DAY });
    }
    if let Some(trouble) = &mut state.trouble {
        trouble.since = aged(trouble.since, periods.longest_deadline);
        trouble.retry_at = aged(trouble.retry_at, Duration::ZERO);
    }
    // After twice its pause a repair is forgotten, unless it is shown; the pause doubles from one to the next.
    let peace = |times: u32| periods.interval * 2_u32.pow(times.min(CONTESTED));
    state.repair =
        state.repair.take().filter(|last| last.contested || now.since(last.at) < peace(last.times));
    if let Some(repair) = &mut state.repair {
        repair.at = aged(repair.at, peace(CONTESTED));
        repair.told = repair.told.map(|told| aged(told, periods.interval));
    }
    for owed in &mut state.owed {
        owed.at = aged(owed.at, Duration::ZERO);
    }
    forget(state, periods);
}

/// How long it has been suspended: other times will be moved by this much.
fn suspended(state: &State, now: Timestamp) -> Duration {
    state.suspended.map_or(Duration::ZERO, |since| now.since(since))
}

fn aged(at: Timestamp, now: Timestamp, most: Duration) -> Timestamp {
    if at > now { NOW + at.since(now) } else { NOW - now.since(at).min(most) }
}

/// Time does not count while suspended: times that will be moved at the end are moved at once, except for this span. A
/// promotion continues meanwhile, so its times count.
fn while_suspended(state: &mut State, now: Timestamp, periods: &Periods) {
    let Some(since) = &mut state.suspended else { return };
    let long = now.since(*since).saturating_sub(periods.interval * 2);
    *since = *since + long;
    if state.run.intent.is_none() {
        state.due = state.due + long;
    }
    for unready in [&mut state.run.canary_unready, &mut state.run.primary_unready].into_iter().flatten() {
        unready.count = unready.count.shifted(long);
    }
    state.run.unjudged = state.run.unjudged.map(|count| count.shifted(long));
    state.run.gate_closed = state.run.gate_closed.map(|count| count.shifted(long));
    state.run.ready_since = state.run.ready_since.map(|since| since + long);
    if let Some(away) = &mut state.run.away {
        away.since = away.since + long;
    }
    if let Some(stall) = &mut state.stall {
        stall.since = stall.since + long;
    }
}

/// If no rule reads it, any moment will do; for a time long past, its place in the interval is kept.
fn due(state: &State, now: Timestamp, periods: &Periods) -> Timestamp {
    let ends = matches!(state.run.intent, Some(Intent::Rollback { .. }));
    let goes_by_due = (state.is_running() && !ends) || state.phase == Phase::Waiting;
    if !goes_by_due {
        return NOW;
    }
    if state.due > now {
        return NOW + state.due.since(now);
    }
    let (late, interval) = (now.since(state.due), periods.interval);
    let kept = suspended(state, now);
    let over = late.saturating_sub(kept).as_millis() % interval.as_millis();
    NOW - kept.min(late) - Duration::from_millis(u64::try_from(over).unwrap_or_default())
}

fn forget(state: &mut State, periods: &Periods) {
    state.condition = None;
    state.last_transition = Timestamp::default();
    state.analysis = AnalysisRecord::default();
    state.seq = state.seq.min(1);
    state.runs = state.runs.min(1);
    state.check = state.check.min(1);
    if !periods.notices {
        state.outbox = Outbox::default();
    }
}
