//! Fingerprints of normal states and worlds. Every field is read by name, so that a new one does not compile until it
//! is considered.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use serin_core::{
    Observation, State, Timestamp,
    command::{Cookies, Routes},
    observation::{Drift, Services},
    spec::Topology,
    state::{Away, Countdown, Intent, Owed, Pending, Repair, Run, Stall, Trouble, Unready},
};

use crate::{
    normal::{NOW, Periods},
    world::{Followed, Parked, World},
};

/// A 64-bit fingerprint of a normal state: among a million states, the chance of a collision is 3 in 100 million.
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
        runs,
        check,
        topology,
        took_over,
        run,
        owed,
        outbox,
        consumed,
        skip_next,
        due,
        suspended,
        stall,
        concern,
        trouble,
        repair,
        before,
    } = state;
    let Topology { strategy, provider, kind, target, service } = &**topology;
    let mut print = Print::default();
    print.of((phase, canary_weight, failed_checks, iterations, applied, promoted));
    print.of((canary.is_some(), primary.is_some(), previous.is_some(), runs, check));
    print.of((strategy, provider, kind, target, service));
    print.run(run);
    print.of((took_over, skip_next, due, suspended, before));
    print.words(format_args!("{origin:?}"));
    print.of(owed.len());
    for Owed { hook, kind, phase, attempts, at } in owed {
        print.of((hook, &kind.0, phase, attempts, at));
    }
    print.of(consumed.len());
    for (kind, value) in consumed {
        print.of((kind.name(), value));
    }
    print.of((stall.is_some(), concern, trouble.is_some()));
    if let Some(Stall { on, since, told }) = stall {
        print.of((since, told));
        print.words(format_args!("{on:?}"));
    }
    if let Some(Trouble { command, error, class, since, attempts, retry_at, alerted }) = trouble {
        print.of((error, since, attempts, retry_at, alerted));
        print.words(format_args!("{command} {class:?}"));
    }
    let repair = repair.as_ref();
    print.of(repair.map(|Repair { at, times, told, contested, by: _ }| (at, times, told, contested)));
    let oldest = outbox.notices().iter().map(|notice| NOW.since(notice.at) < periods.deadline()).max();
    print.of(oldest);
    print.finish()
}

fn parts(Countdown { since, part_since, credited_ms }: Countdown) -> (Timestamp, Timestamp, u64) {
    (since, part_since, credited_ms)
}

/// A fingerprint of a world.
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

/// All fields that distinguish one from another, as bytes.
#[derive(Default)]
struct Print(Vec<u8>);

impl Hasher for Print {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Fixed keys, so the result is the same on every machine; it is only ever compared.
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
        // Writing to memory cannot fail.
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

    fn run(&mut self, run: &Run) {
        let Run {
            intent,
            stage,
            mirror_weight,
            passed,
            passed_step,
            closed_gate,
            gate_closed,
            held_by_operator,
            skip,
            last_finding: _,
            failure,
            held_checks,
            void_checks: _,
            unreached,
            unjudged,
            canary_unready,
            primary_unready,
            ready_since,
            away,
            away_told,
            primary_down,
            pending,
        } = run;
        self.intent(intent.as_ref());
        self.of((stage, mirror_weight, passed, passed_step, closed_gate, gate_closed.map(parts)));
        self.of((unreached.is_some(), unjudged.map(parts), held_checks, held_by_operator, skip, ready_since));
        self.of(failure.as_ref().map(|failure| failure.at));
        self.of((away.map(|Away { since, weight }| (since, weight)), away_told, primary_down));
        for unready in [canary_unready, primary_unready] {
            self.of(unready.map(|Unready { count, gave_up, told }| (parts(count), gave_up, told)));
        }
        self.of(pending.as_ref().map(|Pending { revision, asked_for }| (revision, asked_for)));
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
