//! The counts of each bucket, where people see values: those of a cell are distributed over its buckets.
//!
//! A run counts in as few cells as its decisions need. The buckets are drawn afterwards, from a stream of their own, so
//! that a run that is shown is the same run.

use super::{
    chance::{Chance, Stream},
    counters::Counters,
    load::{Load, Surroundings},
    shares::Shares,
};

/// Counts by pod, response code and bucket at the times that were read.
#[derive(Clone, Debug)]
pub(super) struct Fine {
    chance: Chance,
    /// The end of each counted cell among the buckets, as an index.
    ends: Box<[usize]>,
    pods: usize,
    times: Vec<f64>,
    /// The counts at `times[i]` begin at index `i * stride`; those of a pod are next to each other.
    counts: Vec<u64>,
    means: Vec<f64>,
}

impl Fine {
    /// `None` if requests are counted in the finest cells.
    pub(super) fn of(shares: &Shares, pods: usize, seed: u64) -> Option<Self> {
        let fine = shares.fine.as_ref()?;
        Some(Self {
            chance: Chance::of(seed, Stream::Buckets),
            ends: shares.buckets.ends_among(fine),
            pods,
            times: Vec::new(),
            counts: Vec::new(),
            means: vec![0.0; 2 * fine.count()],
        })
    }

    /// All counts are zero at this time.
    pub(super) fn restart(&mut self, at: f64) {
        self.times.clear();
        self.counts.clear();
        self.times.push(at);
        self.counts.resize(self.stride(), 0);
    }

    /// Draws the counts at a time at which the counters were read; returns the place to read them, which is valid until
    /// the next call. `None` before they began.
    pub(super) fn look(
        &mut self,
        at: f64,
        counters: &Counters,
        load: &Load,
        around: &Surroundings<'_>,
    ) -> Option<usize> {
        let after = self.times.partition_point(|time| *time <= at);
        let before = after.checked_sub(1)?;
        if self.times[before] == at {
            return Some(before);
        }
        self.means.fill(0.0);
        load.expected(around, self.times[before], at, &mut self.means);
        let counted = (counters.place(self.times[before])?, counters.place(at)?);
        let mut counts = self.counts[before * self.stride()..after * self.stride()].to_vec();
        for pod in 0..self.pods {
            let (first, last) = (counters.counts(counted.0, pod), counters.counts(counted.1, pod));
            for (cell, (first, last)) in first.iter().zip(last).enumerate() {
                self.distribute(pod, cell, last - first, after, &mut counts);
            }
        }
        let begin = after * self.stride();
        self.counts.splice(begin..begin, counts);
        self.times.insert(after, at);
        Some(after)
    }

    /// The counts of a pod at a place, by response code and bucket.
    pub(super) fn counts(&self, place: usize, pod: usize) -> &[u64] {
        let begin = place * self.stride() + pod * self.means.len();
        &self.counts[begin..begin + self.means.len()]
    }

    fn stride(&self) -> usize {
        self.pods * self.means.len()
    }

    /// Distributes the requests that a cell counted since the place before over its buckets. Between two known counts
    /// they are a sample of those requests; behind the last ones they are distributed like the means.
    fn distribute(&mut self, pod: usize, cell: usize, requests: u64, place: usize, counts: &mut [u64]) {
        let (code, cell) = (cell / self.ends.len(), cell % self.ends.len());
        let (kinds, buckets) = (self.means.len(), self.means.len() / 2);
        let begin = code * buckets + if cell == 0 { 0 } else { self.ends[cell - 1] };
        let of_cell = begin..code * buckets + self.ends[cell];
        let after = self.counts.get(place * self.stride()..).filter(|after| !after.is_empty());
        let of_pod = pod * kinds;
        let between = |kind: usize| after.map(|after| after[of_pod + kind] - counts[of_pod + kind]);
        let whole: Vec<Option<u64>> = of_cell.clone().map(between).collect();
        let mut left = requests;
        let mut mean_left: f64 = self.means[of_cell.clone()].iter().sum();
        let mut whole_left: u64 = whole.iter().flatten().sum();
        for (kind, whole) in of_cell.clone().zip(whole) {
            let mean = self.means[kind];
            let here = match whole {
                Some(whole) => self.chance.sample(whole_left, whole, left),
                None if kind + 1 == of_cell.end => left,
                None => self.chance.binomial(left, if mean_left > 0.0 { mean / mean_left } else { 0.0 }),
            };
            counts[of_pod + kind] += here;
            left -= here;
            mean_left -= mean;
            whole_left -= whole.unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use serin_core::provider::RequestMetrics;

    use super::{
        super::{behaviour::Behaviour, buckets::Buckets, flow::Flow, load::Segment},
        *,
    };
    use crate::scenario::Version;

    /// The counts by bucket and by cell at some times, read in the given order, in the order of time.
    fn counts(seed: u64, order: &[f64]) -> Vec<(Vec<u64>, Vec<u64>)> {
        let all = Buckets::of(RequestMetrics::of("istio", "Deployment"));
        let few = Buckets::with_ends(&[25.0, 100.0, f64::INFINITY]);
        let shares = Shares::by(few, Some(all));
        let versions =
            [Behaviour::draw(&Version::default(), &shares, 1.0, &mut Chance::of(seed, Stream::Ranges))];
        let flow = Flow::Constant(20.0);
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
        let mut counters = Counters::new(6, 2);
        let mut fine = Fine::of(&shares, 2, seed).unwrap();
        counters.restart(0.0);
        fine.restart(0.0);
        let mut requests = Chance::of(seed, Stream::Requests);
        for at in order {
            counters.look(*at, &load, &around, &mut requests);
            fine.look(*at, &counters, &load, &around);
        }
        let place = |at: f64| (fine.times.iter().position(|time| *time == at), counters.place(at));
        let mut times = order.to_vec();
        times.sort_by(f64::total_cmp);
        let both = |at: f64| {
            let (Some(shown), Some(counted)) = place(at) else { panic!("{at} was read") };
            (fine.counts(shown, 1).to_vec(), counters.counts(counted, 1).to_vec())
        };
        times.into_iter().map(both).collect()
    }

    #[test]
    fn buckets_add_up_to_their_cells_and_grow_in_any_order() {
        for seed in 0..50 {
            let counts = counts(seed, &[60.0, 30.0, 90.0, 45.0]);
            for (shown, counted) in &counts {
                let half = shown.len() / 2;
                let below = |code: usize, end: usize| shown[code * half..][..end].iter().sum::<u64>();
                // Istio's buckets: 25 ms is the fifth, 100 ms the seventh.
                for code in [0, 1] {
                    let cells = &counted[code * 3..][..3];
                    assert_eq!(below(code, 5), cells[0]);
                    assert_eq!(below(code, 7), cells[0] + cells[1]);
                    assert_eq!(below(code, half), cells.iter().sum::<u64>());
                }
            }
            for pair in counts.windows(2) {
                assert!(pair[0].0.iter().zip(&pair[1].0).all(|(before, now)| before <= now));
            }
        }
    }

    #[test]
    fn buckets_have_their_shares_in_any_order() {
        let all = Buckets::of(RequestMetrics::of("istio", "Deployment"));
        let shares = all.shares(0.020, 0.120);
        for order in [[30.0, 60.0], [60.0, 30.0]] {
            let mut seen = vec![0; all.count()];
            for seed in 0..300 {
                let counts = counts(seed, &order);
                seen.iter_mut().zip(&counts[0].0).for_each(|(sum, count)| *sum += count);
            }
            let whole = seen.iter().sum::<u64>() as f64;
            for (seen, share) in seen.iter().zip(&shares) {
                let deviation = (share * (1.0 - share) / whole).sqrt();
                assert!((*seen as f64 / whole - share).abs() <= 4.0 * deviation + 1e-3 * share, "{order:?}");
            }
        }
    }
}
