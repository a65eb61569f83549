//! `world.versions`: how a revision behaves.

use serde::Deserialize;

use super::range::{Factor, PerSecond, Range, Seconds, Share};

/// How a revision behaves once it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The share of its requests that end in a server error.
    pub errors: Range<Share>,
    /// Half of its requests take at most so long.
    pub p50: Range<Seconds>,
    /// 99 of 100 of its requests take at most so long.
    pub p99: Range<Seconds>,
    /// How it behaves right after its pods have started.
    pub warm_up: Option<WarmUp>,
    /// What is wrong with it and shows later.
    pub defect: Option<Defect>,
    /// How long its pods take to get ready.
    pub ready: Range<Seconds>,
    /// The chance that its pods never get ready: they crash in a loop.
    pub crashes: Range<Share>,
    /// Its pods stop being ready again and again.
    pub flaps: Option<Flaps>,
}

/// Caches are empty and code is cold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// How long after the pods have started.
    pub lasts: Range<Seconds>,
    /// The share of requests that fail meanwhile.
    pub errors: Range<Share>,
    /// How much longer requests take meanwhile.
    pub slower: Range<Factor>,
}

/// Something that goes wrong after a time or under load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defect {
    /// How long the pods must have run.
    pub after: Range<Seconds>,
    /// How many requests per second the version must get.
    pub above: Range<PerSecond>,
    /// The share of requests that fail then.
    pub errors: Range<Share>,
    /// How much longer requests take then.
    pub slower: Range<Factor>,
}

/// Readiness that comes and goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flaps {
    /// Time between two losses.
    pub every: Range<Seconds>,
    /// How long one lasts.
    pub lasts: Range<Seconds>,
}

impl Default for Version {
    /// A healthy one: 0.1 % errors, p50 20 ms, p99 120 ms, ready at once.
    fn default() -> Self {
        WrittenVersion::default().into()
    }
}

/// One entry of `world.versions` as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(in crate::scenario) struct WrittenVersion {
    errors: Option<Range<Share>>,
    latency: WrittenLatency,
    warm_up: Option<WrittenWarmUp>,
    defect: Option<WrittenDefect>,
    ready: Option<Range<Seconds>>,
    crashes: Option<Range<Share>>,
    flaps: Option<WrittenFlaps>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenLatency {
    p50: Option<Range<Seconds>>,
    p99: Option<Range<Seconds>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWarmUp {
    r#for: Range<Seconds>,
    errors: Option<Range<Share>>,
    slower: Option<Range<Factor>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenDefect {
    after: Option<Range<Seconds>>,
    above: Option<Range<PerSecond>>,
    errors: Option<Range<Share>>,
    slower: Option<Range<Factor>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFlaps {
    every: Range<Seconds>,
    r#for: Range<Seconds>,
}

const DEFAULT_ERRORS: f64 = 0.001;
const DEFAULT_P50: f64 = 0.020;
/// A p99 is left out next to a given p50: six times as long, as with the defaults.
const TAIL: f64 = 6.0;

impl From<WrittenVersion> for Version {
    fn from(written: WrittenVersion) -> Self {
        let errors = written.errors.unwrap_or(Range::exactly(DEFAULT_ERRORS));
        let none = Range::exactly(0.0);
        let same = Range::exactly(1.0);
        let p50 = match (written.latency.p50, written.latency.p99) {
            (Some(p50), _) => p50,
            (None, Some(p99)) => Range::exactly(p99.min / TAIL),
            (None, None) => Range::exactly(DEFAULT_P50),
        };
        Self {
            errors,
            p50,
            p99: written.latency.p99.unwrap_or(Range::exactly(p50.max * TAIL)),
            warm_up: written.warm_up.map(|warm_up| WarmUp {
                lasts: warm_up.r#for,
                errors: warm_up.errors.unwrap_or(errors),
                slower: warm_up.slower.unwrap_or(same),
            }),
            defect: written.defect.map(|defect| Defect {
                after: defect.after.unwrap_or(none),
                above: defect.above.unwrap_or(Range::exactly(0.0)),
                errors: defect.errors.unwrap_or(errors),
                slower: defect.slower.unwrap_or(same),
            }),
            ready: written.ready.unwrap_or(none_seconds()),
            crashes: written.crashes.unwrap_or(Range::exactly(0.0)),
            flaps: written.flaps.map(|flaps| Flaps { every: flaps.every, lasts: flaps.r#for }),
        }
    }
}

const fn none_seconds() -> Range<Seconds> {
    Range::exactly(0.0)
}

impl Version {
    /// What contradicts itself: the field below the version, and why.
    pub(in crate::scenario) fn check(&self) -> Option<(&'static str, &'static str)> {
        if self.p50.min <= 0.0 {
            return Some(("latency.p50", "must be more than zero"));
        }
        if self.p99.min < self.p50.max {
            return Some(("latency.p99", "must not lie below p50"));
        }
        if self.flaps.is_some_and(|flaps| flaps.every.min <= flaps.lasts.max) {
            return Some(("flaps.for", "must be shorter than `every`"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        serde_yaml::from_str::<WrittenVersion>(text).unwrap().into()
    }

    #[test]
    fn what_is_left_out_is_healthy() {
        let healthy = version("{}");
        assert_eq!((healthy.errors, healthy.p50.min, healthy.p99.min), (Range::exactly(0.001), 0.02, 0.12));
        assert_eq!(version("{latency: {p50: 100ms}}").p99.min, 0.6000000000000001);
        assert_eq!(version("{errors: 5%, warmUp: {for: 1m}}").warm_up.unwrap().errors, Range::exactly(0.05));
    }

    #[test]
    fn contradictions_are_found() {
        assert_eq!(version("{latency: {p50: 1s, p99: 1ms}}").check().unwrap().0, "latency.p99");
        assert_eq!(version("{latency: {p50: 0s}}").check().unwrap().0, "latency.p50");
        assert_eq!(version("{flaps: {every: 10s, for: 10s}}").check().unwrap().0, "flaps.for");
        assert_eq!(Version::default().check(), None);
    }
}
