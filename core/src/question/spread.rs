//! Answers with several series: of all their values only the two are kept of which one is the worst.

use serde::{Deserialize, Serialize};

use super::{MetricResult, number};
use crate::revision::{Text, bounded};

/// The value of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// The series by its labels, as its system writes them.
    pub series: Text,
    /// Its value.
    #[serde(with = "number")]
    pub value: f64,
}

/// The lowest and the highest value of several series: whatever the bounds of a metric are, the worst value is one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    lowest: Sample,
    highest: Sample,
}

impl Spread {
    /// The sample with the larger `excess`, which says how far outside of the bounds a value is and has to grow towards both
    /// ends; of equal ones the highest.
    #[must_use]
    pub fn worst(&self, excess: impl Fn(f64) -> f64) -> &Sample {
        if excess(self.lowest.value) > excess(self.highest.value) { &self.lowest } else { &self.highest }
    }

    pub(super) fn scaled(self, by: f64) -> Self {
        let scaled = |sample: Sample| Sample { value: sample.value * by, ..sample };
        Self { lowest: scaled(self.lowest), highest: scaled(self.highest) }
    }

    /// The same with the names of series cut.
    pub(super) fn bounded(self) -> Self {
        let cut = |sample: Sample| Sample { series: bounded(sample.series), ..sample };
        Self { lowest: cut(self.lowest), highest: cut(self.highest) }
    }

    fn with(self, sample: Sample) -> Self {
        let Self { lowest, highest } = self;
        Self {
            lowest: if sample.comes_before(&lowest, sample.value < lowest.value) {
                sample.clone()
            } else {
                lowest
            },
            highest: if sample.comes_before(&highest, sample.value > highest.value) {
                sample
            } else {
                highest
            },
        }
    }
}

impl Sample {
    /// Whether it takes the place of another one: of equal values the first by name is kept, in whatever order they come.
    fn comes_before(&self, other: &Self, is_beyond: bool) -> bool {
        is_beyond || self.value == other.value && self.series < other.series
    }
}

/// What the series of an answer say together. NaN is no value, and a series without a value does not count. The order of the
/// series makes no difference; the only one with a value needs no name.
impl FromIterator<Sample> for MetricResult {
    fn from_iter<I: IntoIterator<Item = Sample>>(samples: I) -> Self {
        let mut samples = samples.into_iter().filter(|sample| !sample.value.is_nan());
        let Some(first) = samples.next() else { return Self::NoData };
        let Some(second) = samples.next() else { return Self::Value(first.value) };
        let both = Spread { lowest: first.clone(), highest: first }.with(second);
        Self::Spread(samples.fold(both, Spread::with))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn of(samples: &[(&str, f64)]) -> MetricResult {
        samples.iter().map(|(series, value)| Sample { series: (*series).into(), value: *value }).collect()
    }

    fn spread(lowest: (&str, f64), highest: (&str, f64)) -> MetricResult {
        let sample = |(series, value): (&str, f64)| Sample { series: series.into(), value };
        MetricResult::Spread(Spread { lowest: sample(lowest), highest: sample(highest) })
    }

    #[test]
    fn of_several_series_the_lowest_and_the_highest_are_kept_in_whatever_order_they_come() {
        let samples = [("a", 2.0), ("b", 1.0), ("c", 3.0), ("d", 1.0), ("e", 3.0)];
        let turned: Vec<_> = samples.iter().rev().copied().collect();
        for samples in [&samples[..], &turned] {
            assert_eq!(of(samples), spread(("b", 1.0), ("c", 3.0)));
        }
        let infinite = [("a", f64::NEG_INFINITY), ("b", f64::INFINITY)];
        assert_eq!(of(&infinite), spread(infinite[0], infinite[1]));
    }

    #[test]
    fn a_series_without_a_value_does_not_count_and_a_single_one_has_no_name() {
        assert_eq!(of(&[]), MetricResult::NoData);
        assert_eq!(of(&[("a", f64::NAN), ("b", f64::NAN)]), MetricResult::NoData);
        assert_eq!(of(&[("a", 2.0)]), MetricResult::Value(2.0));
        assert_eq!(of(&[("a", f64::NAN), ("b", 2.0), ("c", f64::NAN)]), MetricResult::Value(2.0));
    }
}
