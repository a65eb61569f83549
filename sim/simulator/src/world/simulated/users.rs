//! The requests of users: the canary's counters, read when its share changes, and the primary's, drawn at the end.

use super::{
    Simulation,
    chance::{Chance, Stream},
    course::{Piece, Stretch},
    load::Surroundings,
};

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
                let counts = counters.counts(place);
                Some((counts[0], counts[1]))
            };
            let (Some(before), Some(after)) = (look(from), look(to)) else { continue };
            // Mirrored copies are not requests of users.
            let share = segment.users / (segment.users + segment.mirrored);
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

    /// Adds the requests of users on the primary in a time span.
    pub(super) fn count_primary(&mut self, since: f64, until: f64) {
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let mut means = [0.0; 2];
        self.primary.expected(&around, since, until, &mut means);
        let mut chance = Chance::of(self.seed, Stream::PrimaryRequests);
        let succeeded = chance.poisson(means[0]);
        let failed = chance.poisson(means[1]);
        self.users.requests += succeeded + failed;
        self.users.failed += failed;
    }
}
