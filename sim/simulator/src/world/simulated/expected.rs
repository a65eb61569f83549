//! The expected values of a world in which only the requests are random.

use super::{
    Simulation,
    load::{Even, Surroundings},
};

/// The average requests of users in a time span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Requests of users, in all.
    pub requests: f64,
    /// Those that failed.
    pub failed: f64,
    /// Requests of users to the canary.
    pub canary: f64,
    /// Those of them that failed.
    pub canary_failed: f64,
}

/// The requests to the canary in a time span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offered {
    /// When its counters began, if they have.
    pub begin: Option<f64>,
    /// The spans with constant rates, in order, without spans that have no requests.
    pub even: Vec<Even>,
    /// The requests of users.
    pub users: Expected,
}

impl Simulation<'_> {
    /// The requests from `from` to `to`, if the traffic is constant. Times are seconds.
    pub(crate) fn offered(&self, from: f64, to: f64) -> Offered {
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let begin = self.counters.begin();
        let kinds = 2 * self.shares.finest().count();
        let even = self.canary.even(&around, begin.map_or(to, |begin| begin.max(from)), to, kinds);
        let mut users = Expected::default();
        for span in &even {
            let of_users = span.users * (span.to - span.from);
            let (succeeding, failing) = span.rates.split_at(kinds / 2);
            let failed = failing.iter().sum::<f64>() * of_users;
            users.canary += succeeding.iter().sum::<f64>() * of_users + failed;
            users.canary_failed += failed;
        }
        let mut unstarted = [0.0; 2];
        self.canary.expected(&around, from, begin.unwrap_or(to), &mut unstarted);
        users.canary += unstarted[0] + unstarted[1];
        users.canary_failed += unstarted[1];
        let mut primary = [0.0; 2];
        self.primary.expected(&around, from, to, &mut primary);
        users.requests = users.canary + primary[0] + primary[1];
        users.failed = users.canary_failed + primary[1];
        Offered { begin, even, users }
    }
}

impl Expected {
    /// Adds another time span, weighted by a chance.
    pub fn add(&mut self, more: &Self, chance: f64) {
        self.requests += chance * more.requests;
        self.failed += chance * more.failed;
        self.canary += chance * more.canary;
        self.canary_failed += chance * more.canary_failed;
    }
}
