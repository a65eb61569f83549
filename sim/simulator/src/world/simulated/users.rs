//! The requests of users: the canary's counters, read where its share of users changes, and the others, drawn at the end.

use super::{
    Simulation,
    chance::{Chance, Stream},
    course::{Piece, Stretch},
    flow::Flow,
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
        let mut pieces = std::mem::take(&mut self.pieces);
        self.canary.of_users_within(&self.flow, (begin, until), &mut pieces);
        for piece in &mut pieces {
            self.count(piece);
        }
        if let Some(kept) = &mut self.kept {
            kept.push(Stretch { counters: self.counters.by_code(), pieces: pieces.clone() });
        }
        self.pieces = pieces;
    }

    /// Draws and adds the requests of users in a piece.
    fn count(&mut self, piece: &mut Piece) {
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let mut look = |at| {
            let place = self.counters.look(at, &self.canary, &around, &mut self.requests)?;
            Some(self.counters.codes(place))
        };
        let (Some(before), Some(after)) = (look(piece.from), look(piece.to)) else { return };
        // Mirrored copies and load tests are not requests of users.
        let mut of_users = |code: usize| self.requests.binomial(after[code] - before[code], piece.share);
        (piece.succeeded, piece.failed) = (of_users(0), of_users(1));
        self.users.canary += piece.succeeded + piece.failed;
        self.users.canary_failed += piece.failed;
        self.users.requests += piece.succeeded + piece.failed;
        self.users.failed += piece.failed;
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

impl Load {
    /// The pieces of a time span that get requests of users, without numbers. Neighbours whose requests are all of users
    /// are one piece: the counters are read once for them.
    fn of_users_within(&self, flow: &Flow, (from, to): (f64, f64), pieces: &mut Vec<Piece>) {
        pieces.clear();
        for (from, to, segment) in self.within(from, to) {
            if segment.users <= 0.0 {
                continue;
            }
            let share = self.of_users(flow, segment, (from, to));
            match pieces.last_mut() {
                Some(last) if last.to == from && last.share == 1.0 && share == 1.0 => last.to = to,
                Some(_) | None => pieces.push(Piece { from, to, share, succeeded: 0, failed: 0 }),
            }
        }
    }
}
