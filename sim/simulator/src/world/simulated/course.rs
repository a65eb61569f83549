//! The requests of users over time: known counts of a time span, distributed over slices of it.
//!
//! This does not change any earlier random number: it has its own stream, and the slices add up to the known counts.

use std::time::Duration;

use serin_core::spec::Metric;

use super::{
    Simulation,
    behaviour::Behaviour,
    chance::{Chance, Stream},
    counters::Counters,
    flow::Flow,
    load::{Load, Surroundings},
    measure,
    users::Ended,
};
use crate::record::{Met, Slice, Truth};

/// A time span in which the canary's counters were not restarted.
#[derive(Clone)]
pub(super) struct Stretch {
    pub(super) counters: Counters,
    pub(super) pieces: Vec<Piece>,
}

/// The requests of users on the canary while their share of its requests was constant. Times are seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) from: f64,
    pub(super) to: f64,
    /// The share of the requests that are of users.
    pub(super) share: f64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
}

/// The approximate number of slices of a story.
const SLICES: u64 = 60;
/// Usual lengths of slices, in seconds.
const LENGTHS: [u64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 21_600];

impl Simulation<'_> {
    /// From now on, keeps what [`Simulation::course`] needs.
    pub(crate) fn keep_course(&mut self) {
        self.kept.get_or_insert_default();
    }

    /// The requests of users from `since` to `until`, in slices of the same length. Empty unless it was kept; call it
    /// after [`Simulation::finish`].
    pub(crate) fn course(&mut self, since: Duration, until: Duration, metrics: &[Metric]) -> Vec<Slice> {
        let Some(stretches) = self.kept.take() else { return Vec::new() };
        let mut slices = slices(since, until);
        let mut chance = Chance::of(self.seed, Stream::Course);
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        for mut stretch in stretches {
            for piece in &stretch.pieces {
                let mut met =
                    |at: f64| piece.met(at, &mut stretch.counters, &self.canary, &around, &mut chance);
                for slice in &mut slices {
                    let (before, after) = (met(slice.from.as_secs_f64()), met(slice.to.as_secs_f64()));
                    slice.canary.requests += after.requests - before.requests;
                    slice.canary.failed += after.failed - before.failed;
                }
            }
        }
        let failed = self.users.failed - self.users.canary_failed;
        let primary = Ended { succeeded: self.users.requests - self.users.canary - failed, failed };
        self.share(&self.primary, (f64::MAX, primary), &mut slices, |slice| &mut slice.primary, &mut chance);
        let unstarted = (self.first_started.unwrap_or(f64::MAX), self.unstarted);
        self.share(&self.canary, unstarted, &mut slices, |slice| &mut slice.canary, &mut chance);
        self.note_truths(&mut slices, metrics);
        slices
    }

    /// Distributes the requests of users on a copy up to a time by the expected number in each slice.
    fn share(
        &self,
        load: &Load,
        (until, ended): (f64, Ended),
        slices: &mut [Slice],
        of: impl Fn(&mut Slice) -> &mut Met,
        chance: &mut Chance,
    ) {
        let around = Surroundings { flow: &self.flow, versions: &self.versions };
        let means: Vec<[f64; 2]> = slices
            .iter()
            .map(|slice| {
                let mut means = [0.0; 2];
                let (from, to) = (slice.from.as_secs_f64(), slice.to.as_secs_f64());
                load.expected(&around, from, to.min(until), &mut means);
                means
            })
            .collect();
        for (kind, mut left) in [ended.succeeded, ended.failed].into_iter().enumerate() {
            let mut mean_left: f64 = means.iter().map(|means| means[kind]).sum();
            let last = means.iter().rposition(|means| means[kind] > 0.0);
            for (i, slice) in slices.iter_mut().enumerate() {
                let share = if mean_left > 0.0 { means[i][kind] / mean_left } else { 0.0 };
                let here = if Some(i) == last { left } else { chance.binomial(left, share.min(1.0)) };
                mean_left -= means[i][kind];
                left -= here;
                of(slice).requests += here;
                of(slice).failed += if kind == 1 { here } else { 0 };
            }
        }
    }

    fn note_truths(&self, slices: &mut [Slice], metrics: &[Metric]) {
        let measures = metrics
            .iter()
            .filter_map(|metric| Some((metric, measure(self.simulated, metric, self.duration)?)));
        for (metric, measure) in measures {
            for slice in &mut *slices {
                let middle = f64::midpoint(slice.from.as_secs_f64(), slice.to.as_secs_f64());
                let of = |load: &Load| {
                    let truth = regime(load, &self.flow, &self.versions, middle)?.truth(measure);
                    Some(truth * self.simulated.form(metric).scale)
                };
                let (canary, primary) = (of(&self.canary), of(&self.primary));
                slice.truths.push(Truth { metric: metric.name.clone(), canary, primary });
            }
        }
    }
}

/// The behaviour of a copy at a time; `None` while it gets no requests.
fn regime<'a>(
    load: &Load,
    flow: &Flow,
    versions: &'a [Behaviour],
    at: f64,
) -> Option<&'a super::behaviour::Regime> {
    let (_, _, segment) = load.within(at, at + f64::EPSILON.max(at * 1e-9)).next()?;
    let rate = load.rate(flow, segment, at).filter(|_| segment.serves)?;
    Some(versions[segment.version].regime(at - segment.started, rate))
}

impl Piece {
    /// The requests of users from its beginning to then.
    fn met(
        &self,
        at: f64,
        counters: &mut Counters,
        load: &Load,
        around: &Surroundings<'_>,
        chance: &mut Chance,
    ) -> Met {
        if at <= self.from {
            return Met::default();
        }
        if at >= self.to {
            return Met { requests: self.succeeded + self.failed, failed: self.failed };
        }
        let mut counts = |at| {
            let place = counters.look(at, load, around, chance)?;
            Some([counters.counts(place, 0)[0], counters.counts(place, 0)[1]])
        };
        let (Some(first), Some(now), Some(last)) = (counts(self.from), counts(at), counts(self.to)) else {
            return Met::default();
        };
        // If copies are mixed with the requests of users, the share of users is the same at all times.
        let part = |kind: usize, all: u64| {
            let (seen, whole) = (now[kind] - first[kind], last[kind] - first[kind]);
            if whole == 0 { 0 } else { (u128::from(all) * u128::from(seen) / u128::from(whole)) as u64 }
        };
        let failed = part(1, self.failed);
        Met { requests: part(0, self.succeeded) + failed, failed }
    }
}

/// Slices of the same length; the last may be shorter.
fn slices(since: Duration, until: Duration) -> Vec<Slice> {
    let whole = until.saturating_sub(since);
    let fits = |length: &&u64| whole.as_secs() / **length < SLICES;
    let length = LENGTHS.iter().find(fits).copied().unwrap_or(whole.as_secs() / SLICES + 1);
    let mut slices = Vec::new();
    let mut from = since;
    while from < until {
        let to = (from + Duration::from_secs(length)).min(until);
        slices.push(Slice { from, to, ..Slice::default() });
        from = to;
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_have_one_length_and_are_not_too_many() {
        let secs = Duration::from_secs;
        let cut = slices(secs(60), secs(60 + 1234));
        assert!(cut.len() <= 60 && cut[0].to - cut[0].from == secs(30), "{} {:?}", cut.len(), cut[0]);
        assert_eq!((cut[0].from, cut.last().unwrap().to), (secs(60), secs(1294)));
        assert!(slices(secs(5), secs(5)).is_empty());
        assert!(slices(secs(0), secs(90 * 86_400)).len() <= 61);
    }
}
