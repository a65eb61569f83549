//! Normal form: two situations that will always be decided alike become one.
//!
//! [`shift`] counts all times from one moment and forgets how long ago is longer than any rule looks back; what is
//! written but never read by a rule (conditions, the analysis record, notices) goes, and so do numbers that only name
//! (saves, runs, checks). [`saturate`] stops counters where more makes no difference. [`fingerprint`] reads every
//! field, by name, so that a new one has to be thought about.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use serin_core::{
    Observation, Phase, State, Timestamp,
    command::{Cookies, Routes},
    observation::{Drift, Services},
    spec::{Rollout, Topology},
    state::{
        AnalysisRecord, Away, Countdown, Intent, Outbox, Owed, Pending, Repair, Stall, Trouble, Unready,
    },
};

use crate::world::{Followed, Parked, World};

/// The moment every normal state is looked at.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

const BETWEEN_SIGHTINGS: Duration = Duration::from_secs(10);
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);
/// Right after a failure a promotion has to name its revision.
const MOMENT: Duration = Duration::from_secs(60);
/// From this many repairs in a row on, somebody else manages the same objects.
const CONTESTED: u32 = 3;
const DAY: Duration = Duration::from_secs(86_400);

/// How far back the rules look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    interval: Duration,
    deadline: Duration,
    /// For how long no check may be judged, where that matters to this slice; elsewhere no such time ever passes.
    unjudged: Option<Duration>,
    /// A Canary that makes no sense has one of its own.
    longest_deadline: Duration,
    delay: Duration,
    /// The longest deadline of a gate; `None` if no gate has one: then since when one is closed is never read.
    gate: Option<Duration>,
    /// That somebody else keeps changing the same objects matters to this slice; elsewhere each repair is a first one.
    contested: bool,
    /// A repair may do nothing: then the wait before the next one is what keeps it from spinning.
    pub(crate) repairs_wait: bool,
    /// Notices matter to this slice.
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

/// Stops the counters: more failures of a command, repairs or unjudged checks make no difference. Of the four parts of a
/// deadline the first ones pass at once, and so does the second between two repairs.
pub(crate) fn saturate(state: &mut State, now: Timestamp, periods: &Periods) {
    for unready in [&mut state.canary_unready, &mut state.primary_unready].into_iter().flatten() {
        skip_parts(3, &mut unready.count, periods.deadline);
    }
    if let (Some(count), Some(deadline)) = (&mut state.unjudged, periods.unjudged) {
        // The rest is more than an interval, so that a check is due before it is over.
        skip_parts(2, count, deadline);
    }
    if let (Some(count), Some(deadline)) = (&mut state.gate_closed, periods.gate) {
        skip_parts(3, count, deadline);
    }
    if let Some(trouble) = &mut state.trouble {
        trouble.attempts = trouble.attempts.min(2);
    }
    saturate_repair(&mut state.repair, now, periods);
    state.held_checks = state.held_checks.min(2);
    state.void_checks = 0;
    // Only whether there is a reason is ever read.
    state.unreached = state.unreached.take().map(|_| "unreached".into());
}

/// Where nobody else keeps changing the objects, a repair is forgotten at once or, where it has to wait, in the next
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

/// Of the four parts of a deadline, this many pass at once.
fn skip_parts(parts: u64, count: &mut Countdown, deadline: Duration) {
    let skipped = u64::try_from(deadline.as_millis()).unwrap_or_default().div_ceil(4) * parts;
    count.credited_ms = count.credited_ms.max(skipped);
}

/// The state as if it were [`NOW`], without what only names or records.
pub(crate) fn shift(state: &mut State, now: Timestamp, periods: &Periods) {
    saturate(state, now, periods);
    while_suspended(state, now, periods);
    let aged = |at: Timestamp, most: Duration| aged(at, now, most);
    state.due = due(state, now, periods);
    let movable = suspended(state, now);
    for unready in [&mut state.canary_unready, &mut state.primary_unready].into_iter().flatten() {
        let since = if unready.told { NOW } else { aged(unready.count.since, periods.interval + movable) };
        let part_since = aged(unready.count.part_since, periods.deadline + movable);
        unready.count = Countdown { since, part_since, ..unready.count };
        unready.gave_up = unready.gave_up.map(|first| aged(first, BETWEEN_SIGHTINGS));
    }
    if let Some(count) = &mut state.unjudged {
        *count = match periods.unjudged {
            Some(longest) => {
                let part_since = aged(count.part_since, longest + movable);
                Countdown { since: part_since, part_since, ..*count }
            }
            None => Countdown::since(NOW),
        };
    }
    state.ready_since = state.ready_since.map(|since| aged(since, periods.delay + movable));
    state.gate_closed = state.gate_closed.zip(periods.gate).map(|(count, deadline)| {
        let part_since = aged(count.part_since, deadline + movable);
        Countdown { since: part_since, part_since, ..count }
    });
    if let Some(failure) = &mut state.failure {
        failure.at = aged(failure.at, periods.interval.max(MOMENT));
    }
    if let Some(away) = &mut state.away {
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
    // After twice its pause a repair is forgotten, but for one that is shown; the pause doubles from one to the next.
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

/// How long it has been suspended: by so much other times may be moved on.
fn suspended(state: &State, now: Timestamp) -> Duration {
    state.suspended.map_or(Duration::ZERO, |since| now.since(since))
}

fn aged(at: Timestamp, now: Timestamp, most: Duration) -> Timestamp {
    if at > now { NOW + at.since(now) } else { NOW - now.since(at).min(most) }
}

/// Time stands still while suspended: what will be moved on when it ends is moved on at once, but for so much of it.
/// A promotion goes on meanwhile, so for it time does not stand still.
fn while_suspended(state: &mut State, now: Timestamp, periods: &Periods) {
    let Some(since) = &mut state.suspended else { return };
    let long = now.since(*since).saturating_sub(periods.interval * 2);
    *since = *since + long;
    if state.intent.is_none() {
        state.due = state.due + long;
    }
    for unready in [&mut state.canary_unready, &mut state.primary_unready].into_iter().flatten() {
        unready.count = unready.count.shifted(long);
    }
    state.unjudged = state.unjudged.map(|count| count.shifted(long));
    state.gate_closed = state.gate_closed.map(|count| count.shifted(long));
    state.ready_since = state.ready_since.map(|since| since + long);
    if let Some(away) = &mut state.away {
        away.since = away.since + long;
    }
    if let Some(stall) = &mut state.stall {
        stall.since = stall.since + long;
    }
}

/// Where nothing goes by it, any moment will do; long past, its place in the interval is kept.
fn due(state: &State, now: Timestamp, periods: &Periods) -> Timestamp {
    let ends = matches!(state.intent, Some(Intent::Rollback { .. }));
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
    state.run = state.run.min(1);
    state.check = state.check.min(1);
    if !periods.notices {
        state.outbox = Outbox::default();
    }
}

/// Names a normal state by 64 bits: at a million states two are taken for one with a chance of 3 in 100 million.
pub(crate) fn of_state(state: &State, periods: &Periods) -> u64 {
    let State {
        phase,
        canary_weight,
        failed_checks,
        iterations,
        applied,
        promoted,
        cookies: Cookies { canary, primary, previous },
        condition: _,
        last_transition: _,
        analysis: _,
        origin,
        seq: _,
        run,
        check,
        topology,
        intent,
        took_over,
        stage,
        mirror_weight,
        passed,
        passed_step,
        closed_gate,
        gate_closed,
        last_finding: _,
        failure,
        owed,
        outbox,
        consumed,
        held_by_operator,
        skip,
        skip_next,
        held_checks,
        void_checks: _,
        unreached,
        unjudged,
        due,
        canary_unready,
        primary_unready,
        ready_since,
        away,
        away_told,
        primary_down,
        suspended,
        stall,
        concern,
        trouble,
        repair,
        pending,
        before,
    } = state;
    let Topology { strategy, provider, kind, target, service } = &**topology;
    let mut print = Print::default();
    print.of((phase, canary_weight, failed_checks, iterations, applied, promoted));
    print.of((canary.is_some(), primary.is_some(), previous.is_some(), run, check));
    print.of((strategy, provider, kind, target, service));
    print.of((took_over, stage, mirror_weight, passed, passed_step, closed_gate, gate_closed.map(parts)));
    print.of((unreached.is_some(), unjudged.map(parts)));
    print.of(failure.as_ref().map(|failure| failure.at));
    print.of((held_by_operator, skip, skip_next, held_checks, due, ready_since, suspended, before));
    print.of((away.map(|Away { since, weight }| (since, weight)), away_told, primary_down));
    print.words(format_args!("{origin:?}"));
    print.intent(intent.as_ref());
    print.of(owed.len());
    for Owed { hook, kind, phase, attempts, at } in owed {
        print.of((hook, &kind.0, phase, attempts, at));
    }
    print.of(consumed.len());
    for (kind, value) in consumed {
        print.of((kind.name(), value));
    }
    for unready in [canary_unready, primary_unready] {
        print.of(unready.map(|Unready { count, gave_up, told }| (parts(count), gave_up, told)));
    }
    print.of((stall.is_some(), concern, trouble.is_some()));
    if let Some(Stall { on, since, told }) = stall {
        print.of((since, told));
        print.words(format_args!("{on:?}"));
    }
    if let Some(Trouble { command, error, class, since, attempts, retry_at, alerted }) = trouble {
        print.of((command, error, since, attempts, retry_at, alerted));
        print.words(format_args!("{class:?}"));
    }
    let repair = repair.as_ref();
    print.of(repair.map(|Repair { at, times, told, contested, by: _ }| (at, times, told, contested)));
    print.of(pending.as_ref().map(|Pending { revision, asked_for }| (revision, asked_for)));
    let oldest = outbox.notices().iter().map(|notice| NOW.since(notice.at) < periods.deadline).max();
    print.of(oldest);
    print.finish()
}

fn parts(Countdown { since, part_since, credited_ms }: Countdown) -> (Timestamp, Timestamp, u64) {
    (since, part_since, credited_ms)
}

/// Names a world.
pub(crate) fn of_world(world: &World) -> u64 {
    let World { seen, manifest, parked, followed } = world;
    let mut print = Print::default();
    print.of(manifest);
    print.seen(seen);
    print.of(parked.is_some());
    if let Some(Parked { seen, shares_target: _ }) = parked.as_deref() {
        print.seen(seen);
    }
    print.of(followed.as_ref().map(|Followed { shown, tried }| (shown, tried)));
    print.finish()
}

/// Everything that tells one from another, as bytes.
#[derive(Default)]
struct Print(Vec<u8>);

impl Hasher for Print {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Fixed keys, so the same on every machine; only ever compared.
    fn finish(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.0);
        hasher.finish()
    }
}

impl Print {
    fn of(&mut self, value: impl Hash) {
        value.hash(self);
    }

    fn words(&mut self, words: fmt::Arguments<'_>) {
        // Collecting cannot fail.
        let _ = fmt::Write::write_fmt(self, words);
    }

    fn seen(&mut self, seen: &Observation) {
        let Observation {
            target,
            primary,
            services,
            routes,
            drift,
            rival: _,
            concern,
            deleting,
            finalizer,
            requests,
            answers: _,
            failed,
            sent: _,
        } = seen;
        self.of((deleting, finalizer, concern.known()));
        let target = target.known().map(Option::as_ref);
        self.of(target.map(|target| target.map(|target| (target.replicas, target.revision.known()))));
        let primary = primary.known().map(Option::as_ref);
        self.of(primary.map(|primary| primary.map(|primary| &primary.runs)));
        self.of(services.known().map(|Services { apex, serving }| (*apex as u8, serving)));
        let split =
            |Routes { primary, canary, mirror, matched }: &Routes| (*primary, *canary, *mirror, *matched);
        self.of(routes.known().map(|routes| routes.as_ref().map(split)));
        let parts = |drift: &Drift| {
            let Drift { workloads, services, routes, tampered } = *drift;
            (workloads, services, routes, tampered)
        };
        self.of(drift.known().map(parts));
        self.of(requests.len());
        for request in requests {
            self.of((request.kind.name(), &request.value));
        }
        if let Some(failed) = failed {
            self.words(format_args!("{} {:?}", failed.command, failed.class));
        }
    }

    fn intent(&mut self, intent: Option<&Intent>) {
        match intent {
            None => self.of(0),
            Some(Intent::Promote { revision, applied, skipped }) => self.of((1, revision, applied, skipped)),
            Some(Intent::Rollback { cause, released }) => {
                self.of((2, released));
                self.words(format_args!("{cause:?}"));
            }
            Some(Intent::Delete { given_back }) => self.of((3, given_back)),
        }
    }
}

impl fmt::Write for Print {
    fn write_str(&mut self, words: &str) -> fmt::Result {
        self.write(words.as_bytes());
        Ok(())
    }
}
