//! `world.traffic`: the number of requests over time.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::range::{PerSecond, Range, Share};
use crate::scenario::shape::Lasting;

/// The requests of all users together.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// How the rate changes over time.
    pub shape: Shape,
    /// The share of requests that match an A/B test's `match`; 10 % by default.
    pub matched: Range<Share>,
}

/// How the rate of requests changes over time. Rates are requests per second.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// It is constant.
    Constant(Range<PerSecond>),
    /// A sine wave between `low` and `high` with its maximum at `peak`.
    Diurnal {
        /// The minimum rate.
        low: Range<PerSecond>,
        /// The maximum rate.
        high: Range<PerSecond>,
        /// The time from one maximum to the next; one day by default.
        period: Duration,
        /// The time of the first maximum since the beginning of the story; half a period by default.
        peak: Duration,
    },
    /// From one rate to another, then constant.
    Ramp {
        /// The rate at the beginning.
        from: Range<PerSecond>,
        /// The rate at the end.
        to: Range<PerSecond>,
        /// How long it takes.
        over: Duration,
    },
    /// Constant, with bursts.
    Burst {
        /// The rate between bursts.
        rps: Range<PerSecond>,
        /// The rate during bursts.
        to: Range<PerSecond>,
        /// The time from the beginning of one burst to that of the next; the first begins after this time.
        every: Duration,
        /// The duration of a burst.
        lasts: Duration,
    },
    /// Times since the beginning of the story in seconds, in order, and the rate from then on.
    Trace(Vec<(f64, f64)>),
}

impl Default for Traffic {
    fn default() -> Self {
        Self { shape: Shape::Constant(Range::exactly(DEFAULT_RPS)), matched: Range::exactly(DEFAULT_MATCHED) }
    }
}

/// Enough requests for a meaningful 99th percentile in a window of one minute.
const DEFAULT_RPS: f64 = 100.0;
const DEFAULT_MATCHED: f64 = 0.1;
const DAY: Duration = Duration::from_secs(86_400);

/// The requests of all users together: one of `rps` (with or without `burst`), `diurnal`, `ramp` and `trace`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Traffic")]
pub(in crate::scenario) struct WrittenTraffic {
    /// Requests per second.
    rps: Option<Range<PerSecond>>,
    /// Bursts on top of `rps`.
    burst: Option<WrittenBurst>,
    /// A sine wave.
    diurnal: Option<WrittenDiurnal>,
    /// From one rate to another.
    ramp: Option<WrittenRamp>,
    /// A CSV file of seconds and requests per second, relative to the scenario.
    pub(in crate::scenario) trace: Option<String>,
    /// The share of requests that match an A/B test's `match`; 10% by default.
    pub(in crate::scenario) matched: Option<Range<Share>>,
}

/// Bursts of traffic.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Burst")]
struct WrittenBurst {
    /// Requests per second in a burst.
    rps: Range<PerSecond>,
    /// The time from the beginning of one burst to that of the next; the first begins after this time.
    every: Lasting,
    /// The duration of a burst.
    r#for: Lasting,
}

/// Traffic as a sine wave.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Diurnal")]
struct WrittenDiurnal {
    /// The minimum rate.
    low: Range<PerSecond>,
    /// The maximum rate.
    high: Range<PerSecond>,
    /// The time from one maximum to the next; one day by default.
    period: Option<Lasting>,
    /// The time of the first maximum; half a period by default.
    peak: Option<Lasting>,
}

/// Traffic that grows or falls.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ramp")]
struct WrittenRamp {
    /// The rate at the beginning.
    from: Range<PerSecond>,
    /// The rate at the end.
    to: Range<PerSecond>,
    /// How long it takes.
    over: Lasting,
}

impl WrittenTraffic {
    /// The traffic; `trace` is the content of the file that it names. Otherwise the invalid field below
    /// `world.traffic`, and why it is invalid.
    pub(in crate::scenario) fn check(
        self,
        trace: Option<Vec<(f64, f64)>>,
    ) -> Result<Traffic, (&'static str, String)> {
        let matched = self.matched.unwrap_or(Range::exactly(DEFAULT_MATCHED));
        let shape = match (self.rps, self.burst, self.diurnal, self.ramp, trace) {
            (Some(rps), None, None, None, None) => Shape::Constant(rps),
            (Some(rps), Some(burst), None, None, None) => burst.check(rps)?,
            (None, None, Some(diurnal), None, None) => diurnal.check()?,
            (None, None, None, Some(ramp), None) => {
                Shape::Ramp { from: ramp.from, to: ramp.to, over: ramp.over.0 }
            }
            (None, None, None, None, Some(trace)) => Shape::Trace(trace),
            _ => return Err(("", "needs one of rps (with or without burst), diurnal, ramp, trace".into())),
        };
        Ok(Traffic { shape, matched })
    }
}

impl WrittenBurst {
    fn check(self, rps: Range<PerSecond>) -> Result<Shape, (&'static str, String)> {
        let (every, lasts) = (self.every.0, self.r#for.0);
        if every.is_zero() || lasts > every {
            return Err((".burst.for", "must not be longer than `every`; `every` must not be zero".into()));
        }
        Ok(Shape::Burst { rps, to: self.rps, every, lasts })
    }
}

impl WrittenDiurnal {
    fn check(self) -> Result<Shape, (&'static str, String)> {
        let period = self.period.map_or(DAY, |period| period.0);
        if period.is_zero() {
            return Err((".diurnal.period", "must not be zero".into()));
        }
        if self.low.max > self.high.min {
            return Err((".diurnal.low", "must not be larger than `high`".into()));
        }
        let peak = self.peak.map_or(period / 2, |peak| peak.0);
        Ok(Shape::Diurnal { low: self.low, high: self.high, period, peak })
    }
}

/// Lines of seconds and requests per second; a first line that begins with a letter is a heading.
///
/// # Errors
/// The invalid line, from 1, and why it is invalid.
pub(in crate::scenario) fn read_trace(text: &str) -> Result<Vec<(f64, f64)>, (usize, String)> {
    let mut trace: Vec<(f64, f64)> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let is_heading = i == 0 && line.chars().next().is_some_and(char::is_alphabetic);
        if line.trim().is_empty() || is_heading {
            continue;
        }
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| (0.0..=1e9).contains(n));
        let Some((at, rps)) = line.split_once(',').and_then(|(at, rps)| Some((number(at)?, number(rps)?)))
        else {
            return Err((i + 1, format!("`{line}` is not seconds and requests per second, such as 60,120")));
        };
        if trace.last().is_some_and(|(before, _)| *before >= at) {
            return Err((i + 1, format!("{at} seconds are not after those of the previous line")));
        }
        trace.push((at, rps));
    }
    if trace.is_empty() {
        Err((1, "contains no line of seconds and requests per second".into()))
    } else {
        Ok(trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Traffic, (&'static str, String)> {
        serde_yaml::from_str::<WrittenTraffic>(text).unwrap().check(None)
    }

    #[test]
    fn one_shape_is_read() {
        assert_eq!(read("{rps: 5}").unwrap().shape, Shape::Constant(Range::exactly(5.0)));
        let burst = read("{rps: 5, burst: {rps: 50, every: 10m, for: 30s}}").unwrap().shape;
        assert!(matches!(burst, Shape::Burst { .. }));
        let diurnal = read("{diurnal: {low: 1, high: 9}}").unwrap().shape;
        assert!(matches!(diurnal, Shape::Diurnal { period: DAY, .. }));
    }

    #[test]
    fn several_shapes_are_refused() {
        assert_eq!(read("{}").unwrap_err().0, "");
        assert_eq!(read("{rps: 1, ramp: {from: 1, to: 2, over: 1m}}").unwrap_err().0, "");
        assert_eq!(read("{rps: 1, burst: {rps: 2, every: 1m, for: 2m}}").unwrap_err().0, ".burst.for");
        assert_eq!(read("{diurnal: {low: 9, high: 1}}").unwrap_err().0, ".diurnal.low");
    }

    #[test]
    fn a_trace_is_read_line_by_line() {
        assert_eq!(read_trace("seconds,rps\n0,10\n60,20.5\n").unwrap(), [(0.0, 10.0), (60.0, 20.5)]);
        assert_eq!(read_trace("0,10\n0,20\n").unwrap_err().0, 2);
        assert_eq!(read_trace("0;10\n").unwrap_err().0, 1);
        assert_eq!(read_trace("").unwrap_err().0, 1);
    }
}
