//! What users have met: the canary's counters, read where its share changed, and the primary's, drawn at the end.

use super::{
    Simulation,
    chance::{Chance, Part},
    load::Surroundings,
};

impl Simulation<'_> {
    /// Adds what users have met on the canary since its counters began.
    pub(super) fn count_users(&mut self, until: f64) {
        let Some(begin) = self.counters.begin() else { return };
        let segments: Vec<_> =
            self.canary.within(begin, until).map(|(from, to, of)| (from, to, *of)).collect();
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        for (from, to, segment) in segments {
            if segment.users <= 0.0 {
                continue;
            }
            let mut look = |at| {
                let place = self.counters.look(at, &self.canary, &around, &mut self.requests)?;
                let (succeeded, failed) = self.counters.counts(place).split_at(self.buckets.count());
                Some((succeeded.iter().sum::<u64>(), failed.iter().sum::<u64>()))
            };
            let (Some(before), Some(after)) = (look(from), look(to)) else { continue };
            // Copies of requests are nobody's requests.
            let share = segment.users / (segment.users + segment.mirrored);
            let mut of_users = |count: u64| self.requests.binomial(count, share);
            let (succeeded, failed) = (of_users(after.0 - before.0), of_users(after.1 - before.1));
            self.users.canary += succeeded + failed;
            self.users.canary_failed += failed;
            self.users.requests += succeeded + failed;
            self.users.failed += failed;
        }
    }

    /// Adds what users have met on the primary.
    pub(super) fn count_primary(&mut self, until: f64) {
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let mut means = vec![0.0; 2 * self.buckets.count()];
        self.primary.expected(&around, 0.0, until, &mut means);
        let (succeeding, failing) = means.split_at(self.buckets.count());
        let mut chance = Chance::of(self.seed, Part::PrimaryRequests);
        let succeeded = chance.poisson(succeeding.iter().sum());
        let failed = chance.poisson(failing.iter().sum());
        self.users.requests += succeeded + failed;
        self.users.failed += failed;
    }
}
