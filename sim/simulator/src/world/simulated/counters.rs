//! Request counters of one copy, drawn only when they are read. Each of its pods, or of the proxies that count for it,
//! has its own, and gets the same share of the requests.
//!
//! Requests of each kind are an independent Poisson process. The count at a time after all others is drawn from its
//! mean. Between two known counts the requests are distributed like the means, so the count there is binomial. Both are
//! exact, in whatever order times are read.

use super::{
    chance::Chance,
    load::{Load, Surroundings},
};

/// Counts by pod and kind at the times that were read.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    kinds: usize,
    pods: usize,
    times: Vec<f64>,
    /// The counts at `times[i]` begin at index `i * pods * kinds`; those of a pod are next to each other.
    counts: Vec<u64>,
    means: Vec<f64>,
    spans: Vec<f64>,
    between: Vec<u64>,
}

/// The approximate number of times that a rollout of some steps reads.
const USUAL_LOOKS: usize = 32;

impl Counters {
    pub(super) fn new(kinds: usize, pods: usize) -> Self {
        Self {
            kinds,
            pods,
            times: Vec::with_capacity(USUAL_LOOKS),
            counts: Vec::with_capacity(USUAL_LOOKS * kinds * pods),
            means: vec![0.0; kinds],
            spans: vec![0.0; kinds],
            between: vec![0; kinds * pods],
        }
    }

    /// The counters have not begun.
    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.counts.clear();
    }

    /// All counters are zero at this time.
    pub(super) fn restart(&mut self, at: f64) {
        self.times.clear();
        self.counts.clear();
        self.times.push(at);
        self.counts.resize(self.stride(), 0);
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

    /// The place of a time that was read.
    pub(super) fn place(&self, at: f64) -> Option<usize> {
        let before = self.times.partition_point(|time| *time <= at).checked_sub(1)?;
        (self.times[before] == at).then_some(before)
    }

    /// The number of counters.
    fn stride(&self) -> usize {
        self.kinds * self.pods
    }

    fn append(&mut self, at: f64, chance: &mut Chance) {
        let before = self.counts.len();
        self.counts.extend_from_within(before - self.stride()..);
        let pods = self.pods as f64;
        for of_pod in self.counts[before..].chunks_exact_mut(self.kinds) {
            for (count, mean) in of_pod.iter_mut().zip(&self.means) {
                *count += chance.poisson(*mean / pods);
            }
        }
        self.times.push(at);
    }

    fn insert(&mut self, place: usize, at: f64, chance: &mut Chance) {
        let (before, after) = ((place - 1) * self.stride(), place * self.stride());
        for (counter, between) in self.between.iter_mut().enumerate() {
            let kind = counter % self.kinds;
            let (low, high) = (self.counts[before + counter], self.counts[after + counter]);
            let whole = self.means[kind] + self.spans[kind];
            let share = if whole > 0.0 { self.means[kind] / whole } else { 0.0 };
            *between = low + chance.binomial(high - low, share);
        }
        self.counts.splice(after..after, self.between.iter().copied());
        self.times.insert(place, at);
    }

    /// The same counters, only by success and failure, of all pods together.
    pub(super) fn by_code(&self) -> Self {
        let mut codes = Self::new(2, 1);
        codes.times.extend_from_slice(&self.times);
        codes.counts.extend((0..self.times.len()).flat_map(|place| self.codes(place)));
        codes
    }

    /// The counts of all pods at a place, by success and failure.
    pub(super) fn codes(&self, place: usize) -> [u64; 2] {
        let (half, begin) = (self.kinds / 2, place * self.stride());
        let mut codes = [0; 2];
        for of_pod in self.counts[begin..begin + self.stride()].chunks_exact(self.kinds) {
            codes[0] += of_pod[..half].iter().sum::<u64>();
            codes[1] += of_pod[half..].iter().sum::<u64>();
        }
        codes
    }

    /// The number of pods, or of proxies.
    pub(super) fn pods(&self) -> usize {
        self.pods
    }

    /// The counts of a pod at a place, by kind.
    pub(super) fn counts(&self, place: usize, pod: usize) -> &[u64] {
        let begin = place * self.stride() + pod * self.kinds;
        &self.counts[begin..begin + self.kinds]
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
        let versions =
            [Behaviour::draw(&Version::default(), &Shares::by(Buckets::none(), None), 1.0, &mut ranges)];
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
        let mut counters = Counters::new(2, 1);
        counters.restart(0.0);
        let mut chance = Chance::of(seed, Stream::Requests);
        for at in order {
            counters.look(*at, &load, &around, &mut chance);
        }
        let all = (0..counters.times.len()).map(|i| (counters.times[i], counters.counts(i, 0).iter().sum()));
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
    fn pods_share_the_requests() {
        let means = |kinds: usize, pods: usize| {
            let mut counters = Counters::new(kinds, pods);
            counters.restart(0.0);
            counters.means.fill(30.0);
            counters.spans.fill(30.0);
            let mut chance = Chance::of(1, Stream::Requests);
            counters.append(20.0, &mut chance);
            counters.append(40.0, &mut chance);
            counters.insert(2, 30.0, &mut chance);
            counters
        };
        let counters = means(4, 10);
        for place in 1..4 {
            let before: Vec<u64> = (0..10).flat_map(|pod| counters.counts(place - 1, pod).to_vec()).collect();
            let now: Vec<u64> = (0..10).flat_map(|pod| counters.counts(place, pod).to_vec()).collect();
            assert!(before.iter().zip(&now).all(|(before, now)| before <= now), "{before:?} {now:?}");
        }
        let total = |counters: &Counters| counters.by_code().counts(3, 0).to_vec();
        let sum: u64 = (0..10).flat_map(|pod| counters.counts(3, pod)).sum();
        assert_eq!(total(&counters).iter().sum::<u64>(), sum);
        assert!((180..300).contains(&sum), "{sum}");
        let failed: u64 = (0..10).flat_map(|pod| &counters.counts(3, pod)[2..]).sum();
        assert_eq!(total(&counters)[1], failed);
    }

    #[test]
    fn nothing_is_known_before_the_beginning() {
        let mut counters = Counters::new(2, 1);
        let (flow, load) = (Flow::Constant(1.0), Load::default());
        let around = Surroundings { flow: &flow, versions: &[] };
        counters.restart(10.0);
        assert_eq!(counters.look(9.0, &load, &around, &mut Chance::of(1, Stream::Requests)), None);
    }
}
