//! `world.versions`: how a revision behaves.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::range::{Factor, PerSecond, Range, Seconds, Share, Unit as _};
use crate::scenario::Delay;

/// How a revision behaves when it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The share of its requests that end in a server error.
    pub errors: Range<Share>,
    /// How that share varies over time; `None`: it is constant.
    pub bursts: Option<Bursts>,
    /// The median of its latency.
    pub p50: Range<Seconds>,
    /// The 99th percentile of its latency.
    pub p99: Range<Seconds>,
    /// How it behaves right after its pods have started.
    pub warm_up: Option<WarmUp>,
    /// A defect that shows later.
    pub defect: Option<Defect>,
    /// How long its pods take to get ready.
    pub ready: Range<Seconds>,
    /// The chance that its pods never get ready: they crash in a loop.
    pub crashes: Range<Share>,
    /// Its pods repeatedly stop being ready.
    pub flaps: Option<Flaps>,
}

/// Errors that come in bursts and waves: their share at a time is their average multiplied by a log-normal factor,
/// whose logarithm is a stationary Gaussian process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// The standard deviation of the factor, whose average is 1.
    pub burstiness: Range<Factor>,
    /// The time in which the autocorrelation of the process falls to 1/e.
    pub memory: Range<Seconds>,
}

impl Bursts {
    /// A service with usual dependencies.
    const TYPICAL: Self = Self { burstiness: Range::exactly(1.0), memory: Range::exactly(60.0) };
}

/// Empty caches and cold code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// How long after the pods have started.
    pub lasts: Range<Seconds>,
    /// The share of requests that fail during this time.
    pub errors: Range<Share>,
    /// The factor by which requests take longer during this time.
    pub slower: Range<Factor>,
}

/// A defect that shows after a time or under load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defect {
    /// How long the pods must have run.
    pub after: Range<Seconds>,
    /// How many requests per second the version must get.
    pub above: Range<PerSecond>,
    /// The share of requests that fail then.
    pub errors: Range<Share>,
    /// The factor by which requests take longer then.
    pub slower: Range<Factor>,
}

/// Pods that repeatedly stop being ready.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flaps {
    /// Time between two losses.
    pub every: Range<Seconds>,
    /// The duration of a loss.
    pub lasts: Range<Seconds>,
}

impl Version {
    /// How long its pods take to get ready and stay so, if that is the same in every world.
    pub(crate) fn always_takes(&self) -> Option<Delay> {
        let (ready, crashes) = (self.ready, self.crashes);
        let is_exact = ready.min == ready.max && self.flaps.is_none();
        match (crashes.min, crashes.max) {
            (0.0, 0.0) if is_exact => Some(Delay::seconds(ready.min)),
            (1.0, 1.0) if is_exact => Some(Delay::Never),
            _ => None,
        }
    }
}

impl Default for Version {
    /// A healthy version: 0.1 % errors, p50 20 ms, p99 120 ms, ready at once.
    fn default() -> Self {
        WrittenVersion::default().into()
    }
}

/// How a revision behaves; the defaults are healthy.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[schemars(rename = "Version")]
pub(in crate::scenario) struct WrittenVersion {
    /// The share of its requests that end in a server error; 0.1% by default.
    errors: Option<WrittenErrors>,
    /// How long its requests take; p50 20ms and p99 120ms by default.
    latency: WrittenLatency,
    /// How it behaves right after its pods have started.
    warm_up: Option<WrittenWarmUp>,
    /// A defect that shows later.
    defect: Option<WrittenDefect>,
    /// How long its pods take to get ready; 0s by default.
    ready: Option<Range<Seconds>>,
    /// The chance that its pods never get ready: they crash in a loop.
    crashes: Option<Range<Share>>,
    /// Its pods repeatedly stop being ready.
    flaps: Option<WrittenFlaps>,
}

/// The share of requests that end in a server error.
#[derive(JsonSchema)]
#[schemars(rename = "Errors", untagged)]
enum WrittenErrors {
    /// It is constant.
    Constant(Range<Share>),
    /// It varies over time.
    Varying(WrittenBursts),
}

impl<'de> Deserialize<'de> for WrittenErrors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = WrittenErrors;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}, or {{rate: 1%, burstiness: 1, memory: 1m}}", Share::EXPECTED)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenErrors, E> {
                Range::deserialize(text.into_deserializer()).map(WrittenErrors::Constant)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<WrittenErrors, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<WrittenErrors, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<WrittenErrors, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<WrittenErrors, A::Error> {
                WrittenBursts::deserialize(MapAccessDeserializer::new(entries)).map(WrittenErrors::Varying)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// Errors that come in bursts and waves.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bursts")]
struct WrittenBursts {
    /// Their average share.
    rate: Range<Share>,
    /// The standard deviation of the share, relative to its average: 0 is constant.
    burstiness: Option<Range<Factor>>,
    /// For how long a burst is remembered; 1m by default.
    memory: Option<Range<Seconds>>,
    /// As usual: burstiness 1, memory 1m.
    #[serde(default, deserialize_with = "is_said")]
    #[schemars(schema_with = "said")]
    typical: bool,
}

/// `{rate: 1%, typical}` is the short form of `{rate: 1%, typical: true}`.
fn is_said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(deserializer)?.unwrap_or(true))
}

fn said(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": [true, false, null]})
}

impl From<WrittenBursts> for (Range<Share>, Option<Bursts>) {
    fn from(written: WrittenBursts) -> Self {
        let WrittenBursts { rate, burstiness, memory, typical } = written;
        let is_varying = typical || burstiness.is_some() || memory.is_some();
        let Bursts { burstiness: usual, memory: usual_memory } = Bursts::TYPICAL;
        let bursts =
            Bursts { burstiness: burstiness.unwrap_or(usual), memory: memory.unwrap_or(usual_memory) };
        (rate, is_varying.then_some(bursts).filter(|bursts| bursts.burstiness.max > 0.0))
    }
}

/// Percentiles of a latency, which is log-normal.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Latency")]
struct WrittenLatency {
    /// The median.
    p50: Option<Range<Seconds>>,
    /// The 99th percentile; six times p50 by default.
    p99: Option<Range<Seconds>>,
}

/// How a version behaves while it is cold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WarmUp")]
struct WrittenWarmUp {
    /// How long after its pods have started.
    r#for: Range<Seconds>,
    /// The share of requests that fail during this time; the usual share by default.
    errors: Option<Range<Share>>,
    /// The factor by which requests take longer during this time; 1 by default.
    slower: Option<Range<Factor>>,
}

/// A defect that shows after a time, or under load.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Defect")]
struct WrittenDefect {
    /// How long its pods must have run.
    after: Option<Range<Seconds>>,
    /// How many requests per second it must get.
    above: Option<Range<PerSecond>>,
    /// The share of requests that fail then; the usual share by default.
    errors: Option<Range<Share>>,
    /// The factor by which requests take longer then; 1 by default.
    slower: Option<Range<Factor>>,
}

/// Pods that repeatedly stop being ready.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Flaps")]
struct WrittenFlaps {
    /// Time between two losses.
    every: Range<Seconds>,
    /// The duration of a loss.
    r#for: Range<Seconds>,
}

const DEFAULT_ERRORS: f64 = 0.001;
const DEFAULT_P50: f64 = 0.020;
/// In seconds; bursts that are shorter do not differ from single errors in any window.
const SHORTEST_MEMORY: f64 = 1.0;
/// The default p99 for a given p50: six times as long, as in the defaults.
const TAIL: f64 = 6.0;

impl From<WrittenVersion> for Version {
    fn from(written: WrittenVersion) -> Self {
        let (errors, bursts) = match written.errors {
            None => (Range::exactly(DEFAULT_ERRORS), None),
            Some(WrittenErrors::Constant(rate)) => (rate, None),
            Some(WrittenErrors::Varying(bursts)) => bursts.into(),
        };
        let none = Range::exactly(0.0);
        let same = Range::exactly(1.0);
        let p50 = match (written.latency.p50, written.latency.p99) {
            (Some(p50), _) => p50,
            (None, Some(p99)) => Range::exactly(p99.min / TAIL),
            (None, None) => Range::exactly(DEFAULT_P50),
        };
        Self {
            errors,
            bursts,
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
    /// A contradiction: the field below the version, and why it is invalid.
    pub(in crate::scenario) fn check(&self) -> Option<(&'static str, &'static str)> {
        if self.bursts.is_some_and(|bursts| bursts.memory.min < SHORTEST_MEMORY) {
            return Some(("errors.memory", "must be at least 1s"));
        }
        if self.p50.min <= 0.0 {
            return Some(("latency.p50", "must be more than zero"));
        }
        if self.p99.min < self.p50.max {
            return Some(("latency.p99", "must not be smaller than p50"));
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
    fn the_defaults_are_healthy() {
        let healthy = version("{}");
        assert_eq!((healthy.errors, healthy.p50.min, healthy.p99.min), (Range::exactly(0.001), 0.02, 0.12));
        assert_eq!(version("{latency: {p50: 100ms}}").p99.min, 0.6000000000000001);
        assert_eq!(version("{errors: 5%, warmUp: {for: 1m}}").warm_up.unwrap().errors, Range::exactly(0.05));
    }

    #[test]
    fn errors_vary_only_if_that_is_said() {
        let bursts = |text: &str| version(&format!("{{errors: {text}}}")).bursts;
        assert_eq!(version("{errors: {rate: 2%, typical}}").errors, Range::exactly(0.02));
        assert_eq!([bursts("1%"), bursts("{rate: 1%}"), bursts("{rate: 1%, burstiness: 0}")], [None; 3]);
        let typical = Some(Bursts::TYPICAL);
        assert_eq!([bursts("{rate: 1%, typical}"), bursts("{rate: 1%, memory: 1m}")], [typical; 2]);
        let burstiness = Range::exactly(2.0);
        assert_eq!(bursts("{rate: 1%, burstiness: 2}"), Some(Bursts { burstiness, ..Bursts::TYPICAL }));
    }

    #[test]
    fn contradictions_are_found() {
        assert_eq!(version("{errors: {rate: 1%, memory: 10ms}}").check().unwrap().0, "errors.memory");
        assert_eq!(version("{latency: {p50: 1s, p99: 1ms}}").check().unwrap().0, "latency.p99");
        assert_eq!(version("{latency: {p50: 0s}}").check().unwrap().0, "latency.p50");
        assert_eq!(version("{flaps: {every: 10s, for: 10s}}").check().unwrap().0, "flaps.for");
        assert_eq!(Version::default().check(), None);
    }
}
