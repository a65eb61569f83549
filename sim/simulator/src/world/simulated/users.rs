//! The requests of users: the canary's counters, read when its share changes, and the others, drawn at the end.

use super::{
    Simulation,
    chance::{Chance, Stream},
    course::{Piece, Stretch},
    load::{Load, Surroundings},
};

/// Requests, by how they ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    pub(super) succeeded: u64,
    pub(super) failed: u64,
}

impl Simulation<'_> {
    /// Adds the requests of users on the canary since its counters began.
    pub(super) fn count_users(&mut self, until: f64) {
        let Some(begin) = self.counters.begin() else { return };
        let segments: Vec<_> =
            self.canary.within(begin, until).map(|(from, to, of)| (from, to, *of)).collect();
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let mut counters = self.counters.by_code();
        let mut pieces = Vec::new();
        for (from, to, segment) in segments {
            if segment.users <= 0.0 {
                continue;
            }
            let mut look = |at| {
                let place = counters.look(at, &self.canary, &around, &mut self.requests)?;
                let counts = counters.counts(place, 0);
                Some((counts[0], counts[1]))
            };
            let (Some(before), Some(after)) = (look(from), look(to)) else { continue };
            // Mirrored copies and load tests are not requests of users.
            let share = self.canary.of_users(&self.flow, &segment, (from, to));
            let mut of_users = |count: u64| self.requests.binomial(count, share);
            let (succeeded, failed) = (of_users(after.0 - before.0), of_users(after.1 - before.1));
            self.users.canary += succeeded + failed;
            self.users.canary_failed += failed;
            self.users.requests += succeeded + failed;
            self.users.failed += failed;
            if self.kept.is_some() {
                pieces.push(Piece { from, to, succeeded, failed });
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.push(Stretch { counters, pieces });
        }
    }

    /// Adds the requests of users that no counter contains: those on the primary in a time span, and those on the
    /// canary before its pods were first started.
    pub(super) fn count_others(&mut self, since: f64, until: f64) {
        let mut chance = Chance::of(self.seed, Stream::PrimaryRequests);
        let primary = self.ended(&self.primary, (since, until), &mut chance);
        self.unstarted = self.ended(&self.canary, (since, self.first_started.unwrap_or(until)), &mut chance);
        for Ended { succeeded, failed } in [primary, self.unstarted] {
            self.users.requests += succeeded + failed;
            self.users.failed += failed;
        }
        self.users.canary += self.unstarted.succeeded + self.unstarted.failed;
        self.users.canary_failed += self.unstarted.failed;
    }

    /// Draws the requests of a copy in a time span.
    fn ended(&self, load: &Load, (since, until): (f64, f64), chance: &mut Chance) -> Ended {
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let mut means = [0.0; 2];
        load.expected(&around, since, until, &mut means);
        Ended { succeeded: chance.poisson(means[0]), failed: chance.poisson(means[1]) }
    }
}
