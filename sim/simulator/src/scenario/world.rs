//! How the cluster behaves, as a script.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Unexpected},
};
use serin_core::{Timestamp, command::Routes, time::parse_duration};

use super::{
    answer::{HookAnswer, MetricAnswer},
    shape::{Lasting, Percentage, SPAN, scalar},
    simulated::{
        Incident, LoadTest, Measure, Range, Seconds, Share, Simulated, WrittenAutoscaler, WrittenTraffic,
        WrittenTrouble, WrittenVersion,
    },
};

/// `world`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// When the story begins.
    pub start: Timestamp,
    /// The answers of metrics, by name.
    pub metrics: BTreeMap<String, Vec<MetricAnswer>>,
    /// The answers of hooks, by name.
    pub hooks: BTreeMap<String, Vec<HookAnswer>>,
    /// The answers of receivers of alerts, by name of the alert.
    pub receivers: BTreeMap<String, Vec<HookAnswer>>,
    /// How long pods of the canary take to get ready.
    pub canary_takes: Delay,
    /// How long pods of the primary take to get ready.
    pub primary_takes: Delay,
    /// What the target runs at the beginning.
    pub revision: String,
    /// Its replicas at the beginning.
    pub replicas: u32,
    /// There is no target at the beginning.
    pub missing: bool,
    /// What the primary runs at the beginning, if it exists.
    pub primary_runs: String,
    /// The routes at the beginning, if a router was already configured.
    pub routes: Option<Routes>,
    /// The seed of all random numbers in this world.
    pub seed: u64,
    /// The simulated part of the world.
    pub simulated: Option<Simulated>,
    /// The parts that the file does not define.
    pub left_out: LeftOut,
}

/// The parts that a file does not define and for which something is assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// `world`.
    pub world: bool,
    /// `world.traffic`.
    pub traffic: bool,
    /// `world.traffic.matched`.
    pub matched: bool,
}

/// How long pods take to get ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// This long.
    For(Duration),
    /// They never get ready.
    Never,
}

impl Delay {
    /// A drawn number of seconds, to the millisecond.
    pub(crate) fn seconds(drawn: f64) -> Self {
        Self::For(Duration::from_millis((drawn * 1000.0).round() as u64))
    }
}

impl Default for Delay {
    fn default() -> Self {
        Self::For(Duration::ZERO)
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "never" {
            return Ok(Self::Never);
        }
        let expected = &"a duration such as 30s, or never";
        let read = parse_duration(&text).map(Self::For);
        read.map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), expected))
    }
}

impl JsonSchema for Delay {
    fn schema_name() -> Cow<'static, str> {
        "Delay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration such as 30s, or never.",
            "type": "string",
            "pattern": format!("^({SPAN}|0|never)$"),
        })
    }
}

/// How the cluster behaves, as a script.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "World")]
pub(super) struct WrittenWorld {
    /// The virtual time at which the story begins; 2026-01-01T00:00:00Z by default.
    pub(super) start: Option<Timestamp>,
    /// For each metric by name: its answers, one per check; the last one repeats.
    pub(super) metrics: BTreeMap<String, Vec<MetricAnswer>>,
    /// For each hook by name: its answers, one per attempt; the last one repeats.
    pub(super) hooks: BTreeMap<String, Vec<HookAnswer>>,
    /// For each item of the Canary's `alerts` by name: the answers of its receiver, one per notice; the last one
    /// repeats.
    pub(super) receivers: BTreeMap<String, Vec<HookAnswer>>,
    /// How long pods take to get ready.
    ready: WrittenReady,
    /// The target at the beginning.
    target: WrittenTarget,
    /// The primary at the beginning; only together with `status`.
    pub(super) primary: Option<WrittenPrimary>,
    /// The routes at the beginning; only together with `status`.
    pub(super) routes: Option<WrittenRoutes>,
    /// The seed of all random numbers in this world; 1 by default.
    seed: Option<u64>,
    /// The requests; 100 per second by default in a simulated world.
    pub(super) traffic: Option<WrittenTraffic>,
    /// How revisions behave, by name; healthy by default.
    pub(super) versions: BTreeMap<String, WrittenVersion>,
    /// What metrics measure, by name, if the world does not know their query.
    pub(super) measures: BTreeMap<String, Measure>,
    /// Time between two scrapes; 15s by default.
    pub(super) scrape: Option<Lasting>,
    /// How the router behaves.
    pub(super) router: Option<WrittenRouter>,
    /// The replicas of the proxy in front of both copies, with a router whose proxies count requests; 1 by default.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) proxies: Option<u32>,
    /// Requests to the canary itself, in addition to those of users; by default those that its hooks send.
    #[serde(rename = "loadTest")]
    pub(super) load_test: Option<LoadTest>,
    /// Times in which a dependency of both copies fails.
    pub(super) incidents: Vec<Incident>,
    /// How much the bursts of errors of the versions are alike, from 0% (the default) to 100%.
    pub(super) correlation: Option<Range<Share>>,
    /// Pods that follow the load with a delay; the Canary names the autoscaler as `autoscalerRef`.
    pub(super) autoscaler: Option<WrittenAutoscaler>,
    /// Random faults.
    pub(super) faults: Vec<WrittenTrouble>,
    /// The seed draws which of the faults occur, and how often.
    pub(super) swarm: bool,
}

/// How the router behaves.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Router")]
pub(super) struct WrittenRouter {
    /// How long it takes to change routes.
    pub(super) delay: Range<Seconds>,
}

/// How long pods take to get ready.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Delays")]
struct WrittenReady {
    /// Pods of the canary; `0s` by default.
    canary: Delay,
    /// Pods of the primary; `0s` by default.
    primary: Delay,
}

/// The target at the beginning.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Target")]
struct WrittenTarget {
    /// What it runs; `v1` by default.
    #[schemars(schema_with = "scalar")]
    revision: Option<String>,
    /// Its replicas; 1 by default.
    replicas: Option<u32>,
    /// It does not exist.
    missing: bool,
}

/// The primary at the beginning.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Primary")]
pub(super) struct WrittenPrimary {
    /// The revision it runs.
    #[schemars(schema_with = "scalar")]
    runs: String,
}

/// Where requests go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Routes")]
pub(super) struct WrittenRoutes {
    /// Percentage of requests to the canary; the others go to the primary.
    #[serde(default)]
    canary: Percentage,
    /// Percentage of requests that is mirrored.
    mirror: Option<Percentage>,
    /// Matched requests go to the canary.
    #[serde(default)]
    matched: bool,
}

impl From<WrittenRoutes> for Routes {
    fn from(written: WrittenRoutes) -> Self {
        let mirror = written.mirror.map(|mirror| mirror.0);
        Self { mirror, matched: written.matched, ..Self::split(written.canary.0) }
    }
}

/// 2026-01-01T00:00:00Z.
const DEFAULT_START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const DEFAULT_SEED: u64 = 1;
const DEFAULT_REVISION: &str = "v1";

impl WrittenWorld {
    /// The replicas of the target, if they are written.
    pub(super) fn replicas(&self) -> Option<u32> {
        self.target.replicas
    }
}

impl LeftOut {
    pub(super) fn of(world: Option<&WrittenWorld>) -> Self {
        let traffic = world.and_then(|world| world.traffic.as_ref());
        Self {
            world: world.is_none(),
            traffic: traffic.is_none(),
            matched: traffic.is_none_or(|traffic| traffic.matched.is_none()),
        }
    }
}

impl Setting {
    /// The pods of a copy that is not scaled down.
    #[must_use]
    pub fn pods(&self) -> u32 {
        self.replicas.max(1)
    }
}

impl From<WrittenWorld> for Setting {
    fn from(written: WrittenWorld) -> Self {
        Self {
            start: written.start.unwrap_or(DEFAULT_START),
            metrics: written.metrics,
            hooks: written.hooks,
            receivers: written.receivers,
            canary_takes: written.ready.canary,
            primary_takes: written.ready.primary,
            revision: written.target.revision.unwrap_or_else(|| DEFAULT_REVISION.into()),
            replicas: written.target.replicas.unwrap_or(1),
            missing: written.target.missing,
            primary_runs: written.primary.map_or_else(|| DEFAULT_REVISION.into(), |primary| primary.runs),
            routes: written.routes.map(Routes::from),
            seed: written.seed.unwrap_or(DEFAULT_SEED),
            simulated: None,
            left_out: LeftOut::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_begins_as_documented() {
        let setting = Setting::from(serde_yaml::from_str::<WrittenWorld>("{}").unwrap());
        assert_eq!(setting.start.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!((setting.revision.as_str(), setting.replicas, setting.missing), ("v1", 1, false));
        assert_eq!(setting.canary_takes, Delay::For(Duration::ZERO));
        assert_eq!(setting.routes, None);
    }

    #[test]
    fn routes_are_written_by_the_canary() {
        let routes = |text| serde_yaml::from_str::<WrittenRoutes>(text).map(Routes::from);
        assert_eq!(
            routes("{canary: 20, mirror: 10, matched: true}").unwrap().to_string(),
            "80/20 mirror 10 matched"
        );
        assert!(routes("{canary: 101}").is_err());
        assert!(routes("{primary: 80}").is_err());
    }
}
