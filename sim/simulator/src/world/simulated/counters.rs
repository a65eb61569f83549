//! Request counters of one copy, drawn only when they are read.
//!
//! Requests of each kind are an independent Poisson process. The count at a time after all others is drawn from its
//! mean. Between two known counts the requests are distributed like the means, so the count there is binomial. Both are
//! exact, in whatever order times are read.

use super::{
    chance::Chance,
    load::{Load, Surroundings},
};

/// Counts by kind at the times that were read.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    kinds: usize,
    times: Vec<f64>,
    /// The counts at `times[i]` begin at index `i * kinds`.
    counts: Vec<u64>,
    means: Vec<f64>,
    spans: Vec<f64>,
}

/// The approximate number of times that a rollout of some steps reads.
const USUAL_LOOKS: usize = 32;

impl Counters {
    pub(super) fn new(kinds: usize) -> Self {
        Self {
            kinds,
            times: Vec::with_capacity(USUAL_LOOKS),
            counts: Vec::with_capacity(USUAL_LOOKS * kinds),
            means: vec![0.0; kinds],
            spans: vec![0.0; kinds],
        }
    }

    /// All counters are zero at this time.
    pub(super) fn restart(&mut self, at: f64) {
        self.times.clear();
        self.counts.clear();
        self.times.push(at);
        self.counts.resize(self.kinds, 0);
    }

    /// When they began.
    pub(super) fn begin(&self) -> Option<f64> {
        self.times.first().copied()
    }

    /// Draws the counts at a time; returns the place to read them, which is valid until the next call. `None` before
    /// the counters began.
    pub(super) fn look(
        &mut self,
        at: f64,
        load: &Load,
        around: &Surroundings<'_>,
        chance: &mut Chance,
    ) -> Option<usize> {
        let after = self.times.partition_point(|time| *time <= at);
        let before = after.checked_sub(1)?;
        if self.times[before] == at {
            return Some(before);
        }
        self.means.fill(0.0);
        load.expected(around, self.times[before], at, &mut self.means);
        if after == self.times.len() {
            self.append(at, chance);
        } else {
            self.spans.fill(0.0);
            load.expected(around, at, self.times[after], &mut self.spans);
            self.insert(after, at, chance);
        }
        Some(after)
    }

    fn append(&mut self, at: f64, chance: &mut Chance) {
        let last = self.counts.len() - self.kinds;
        self.counts.extend_from_within(last..);
        for (count, mean) in self.counts[last + self.kinds..].iter_mut().zip(&self.means) {
            *count += chance.poisson(*mean);
        }
        self.times.push(at);
    }

    fn insert(&mut self, place: usize, at: f64, chance: &mut Chance) {
        let (before, after) = ((place - 1) * self.kinds, place * self.kinds);
        for kind in 0..self.kinds {
            let (low, high) = (self.counts[before + kind], self.counts[after + kind]);
            let whole = self.means[kind] + self.spans[kind];
            let share = if whole > 0.0 { self.means[kind] / whole } else { 0.0 };
            self.means[kind] = (low + chance.binomial(high - low, share)) as f64;
        }
        let counts = self.means.iter().map(|count| *count as u64);
        self.counts.splice(after..after, counts);
        self.times.insert(place, at);
    }

    /// The same counters, only by success and failure.
    pub(super) fn by_code(&self) -> Self {
        let half = self.kinds / 2;
        let mut codes = Self::new(2);
        codes.times.extend_from_slice(&self.times);
        codes.counts.extend(self.counts.chunks_exact(half.max(1)).map(|buckets| buckets.iter().sum::<u64>()));
        codes
    }

    /// The counts at a place, by kind.
    pub(super) fn counts(&self, place: usize) -> &[u64] {
        &self.counts[place * self.kinds..(place + 1) * self.kinds]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        behaviour::Behaviour, buckets::Buckets, chance::Stream, flow::Flow, load::Segment, shares::Shares,
    };
    use super::*;
    use crate::scenario::Version;

    /// The counts at some times, read in the given order.
    fn counts(seed: u64, order: &[f64]) -> Vec<(f64, u64)> {
        let (flow, mut ranges) = (Flow::Constant(2.0), Chance::of(seed, Stream::Ranges));
        let versions = [Behaviour::draw(&Version::default(), &Shares::by(Buckets::none()), 1.0, &mut ranges)];
        let around = Surroundings { flow: &flow, versions: &versions };
        let mut load = Load::default();
        load.note(Segment {
            from: 0.0,
            users: 1.0,
            mirrored: 0.0,
            version: 0,
            started: 0.0,
            serves: true,
            capacity: f64::INFINITY,
        });
        let mut counters = Counters::new(2);
        counters.restart(0.0);
        let mut chance = Chance::of(seed, Stream::Requests);
        for at in order {
            counters.look(*at, &load, &around, &mut chance);
        }
        let all = (0..counters.times.len()).map(|i| (counters.times[i], counters.counts(i).iter().sum()));
        all.collect()
    }

    #[test]
    fn counts_grow_in_time_whatever_the_order() {
        for seed in 0..100 {
            let counts = counts(seed, &[60.0, 15.0, 45.0, 30.0, 90.0, 15.0]);
            assert_eq!(counts.len(), 6);
            assert!(counts.is_sorted(), "{counts:?}");
        }
    }

    #[test]
    fn means_do_not_depend_on_the_order() {
        let mean = |order: &[f64]| {
            let at = |seed| counts(seed, order).into_iter().find(|(at, _)| *at == 30.0).unwrap().1;
            (0..2000).map(at).sum::<u64>() as f64 / 2000.0
        };
        let (forward, bridged) = (mean(&[30.0, 60.0]), mean(&[60.0, 30.0]));
        assert!((forward - 60.0).abs() < 0.6 && (bridged - 60.0).abs() < 0.6, "{forward} {bridged}");
    }

    #[test]
    fn nothing_is_known_before_the_beginning() {
        let mut counters = Counters::new(2);
        let (flow, load) = (Flow::Constant(1.0), Load::default());
        let around = Surroundings { flow: &flow, versions: &[] };
        counters.restart(10.0);
        assert_eq!(counters.look(9.0, &load, &around, &mut Chance::of(1, Stream::Requests)), None);
    }
}
