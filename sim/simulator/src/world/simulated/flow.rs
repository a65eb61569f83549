//! The rate of requests, and their number in a time span. Times are seconds since the beginning of the story.

use std::f64::consts::TAU;

use super::chance::Chance;
use crate::scenario::{Shape, Traffic};

/// A shape of traffic with its drawn numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Flow {
    Constant(f64),
    Diurnal {
        middle: f64,
        swing: f64,
        period: f64,
        peak: f64,
    },
    Ramp {
        from: f64,
        to: f64,
        over: f64,
    },
    Burst {
        rps: f64,
        more: f64,
        every: f64,
        lasts: f64,
    },
    /// The time, the rate from then on, and the number of requests until then.
    Trace(Vec<(f64, f64, f64)>),
}

impl Flow {
    pub(super) fn draw(traffic: &Traffic, chance: &mut Chance) -> Self {
        match &traffic.shape {
            Shape::Constant(rps) => Self::Constant(chance.draw(*rps)),
            Shape::Diurnal { low, high, period, peak } => {
                let (low, high) = (chance.draw(*low), chance.draw(*high));
                let (middle, swing) = (f64::midpoint(low, high), (high - low) / 2.0);
                Self::Diurnal { middle, swing, period: period.as_secs_f64(), peak: peak.as_secs_f64() }
            }
            Shape::Ramp { from, to, over } => {
                Self::Ramp { from: chance.draw(*from), to: chance.draw(*to), over: over.as_secs_f64() }
            }
            Shape::Burst { rps, to, every, lasts } => {
                let (rps, to) = (chance.draw(*rps), chance.draw(*to));
                let (every, lasts) = (every.as_secs_f64(), lasts.as_secs_f64());
                Self::Burst { rps, more: to - rps, every, lasts }
            }
            Shape::Trace(lines) => {
                let mut total = 0.0;
                let mut before: Option<(f64, f64)> = None;
                let with_total = lines.iter().map(|(at, rps)| {
                    total += before.map_or(0.0, |(then, rps)| (at - then) * rps);
                    before = Some((*at, *rps));
                    (*at, *rps, total)
                });
                Self::Trace(with_total.collect())
            }
        }
    }

    /// Requests per second at a time.
    pub(super) fn rate(&self, at: f64) -> f64 {
        match self {
            Self::Constant(rps) => *rps,
            Self::Diurnal { middle, swing, period, peak } => {
                middle + swing * (TAU * (at - peak) / period).cos()
            }
            Self::Ramp { from, to, over } if at < *over => from + (to - from) * at / over,
            Self::Ramp { to, .. } => *to,
            Self::Burst { rps, more, every, lasts } => {
                let is_in_one = at >= *every && at % every < *lasts;
                if is_in_one { rps + more } else { *rps }
            }
            Self::Trace(lines) => match lines.partition_point(|(from, _, _)| *from <= at) {
                0 => 0.0,
                after => lines[after - 1].1,
            },
        }
    }

    /// The average number of requests in a time span.
    pub(super) fn requests(&self, from: f64, to: f64) -> f64 {
        match self {
            Self::Constant(rps) => rps * (to - from),
            Self::Diurnal { .. } | Self::Ramp { .. } | Self::Burst { .. } | Self::Trace(_) => {
                self.total(to) - self.total(from)
            }
        }
    }

    /// Whether the rate is constant.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// The average number of requests since the beginning of the story.
    fn total(&self, at: f64) -> f64 {
        match self {
            Self::Constant(rps) => rps * at,
            Self::Diurnal { middle, swing, period, peak } => {
                let turn = |at: f64| (TAU * (at - peak) / period).sin();
                middle * at + swing * period / TAU * (turn(at) - turn(0.0))
            }
            Self::Ramp { from, to, over } => {
                let within = at.min(*over);
                let grown = if *over > 0.0 { (to - from) * within * within / (2.0 * over) } else { 0.0 };
                from * within + grown + to * (at - within)
            }
            Self::Burst { rps, more, every, lasts } => {
                let begun = (at / every).floor();
                let whole = (begun - 1.0).max(0.0) * lasts;
                let last = if begun >= 1.0 { (at - begun * every).min(*lasts) } else { 0.0 };
                rps * at + more * (whole + last)
            }
            Self::Trace(lines) => match lines.partition_point(|(from, _, _)| *from <= at) {
                0 => 0.0,
                after => {
                    let (from, rps, before) = lines[after - 1];
                    before + rps * (at - from)
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The total is the sum of the rates.
    fn adds_up(flow: &Flow) {
        let step = 0.01;
        let summed: f64 = (0..30_000).map(|i| flow.rate((f64::from(i) + 0.5) * step) * step).sum();
        let total = flow.requests(0.0, 300.0);
        assert!((summed - total).abs() < total * 1e-3, "{flow:?}: {summed} {total}");
        let parts = flow.requests(0.0, 123.4) + flow.requests(123.4, 300.0);
        assert!((parts - total).abs() < total * 1e-9);
    }

    #[test]
    fn every_shape_adds_up() {
        adds_up(&Flow::Constant(5.0));
        adds_up(&Flow::Diurnal { middle: 10.0, swing: 5.0, period: 100.0, peak: 30.0 });
        adds_up(&Flow::Ramp { from: 1.0, to: 9.0, over: 100.0 });
        adds_up(&Flow::Burst { rps: 1.0, more: 20.0, every: 60.0, lasts: 7.0 });
        adds_up(&Flow::Trace(vec![(10.0, 3.0, 0.0), (50.0, 7.0, 120.0)]));
    }

    #[test]
    fn a_burst_begins_after_its_time_and_ends() {
        let flow = Flow::Burst { rps: 1.0, more: 9.0, every: 60.0, lasts: 10.0 };
        assert_eq!([59.0, 60.0, 69.9, 70.0].map(|at| flow.rate(at)), [1.0, 10.0, 10.0, 1.0]);
    }
}
