//! How the cluster behaves, as it is scripted.

use std::{collections::BTreeMap, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Unexpected},
};
use serin_core::{Timestamp, command::Routes, time::parse_duration};

use super::{
    answer::{HookAnswer, MetricAnswer},
    shape::{Lasting, Percentage},
    simulated::{Measure, Range, Seconds, Simulated, WrittenTraffic, WrittenTrouble, WrittenVersion},
};

/// `world`.
#[derive(Clone, Debug)]
pub struct Setting {
    /// When the story begins.
    pub start: Timestamp,
    /// The answers of metrics, by name.
    pub metrics: BTreeMap<String, Vec<MetricAnswer>>,
    /// The answers of hooks, by name.
    pub hooks: BTreeMap<String, Vec<HookAnswer>>,
    /// How long pods of the canary take to get ready.
    pub canary_takes: Delay,
    /// How long pods of the primary take to get ready.
    pub primary_takes: Delay,
    /// What the target runs at the beginning.
    pub revision: String,
    /// The pods it wants at the beginning.
    pub replicas: u32,
    /// There is no target at the beginning.
    pub missing: bool,
    /// What the primary runs at the beginning, where it is there.
    pub primary_runs: String,
    /// How routes begin, where a router was told already.
    pub routes: Option<Routes>,
    /// What is drawn in this world is drawn from this number.
    pub seed: u64,
    /// The part of the world that goes its own way.
    pub simulated: Option<Simulated>,
}

/// How long pods take to get ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// So long.
    For(Duration),
    /// They never do.
    Never,
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

/// `world` as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenWorld {
    pub(super) start: Option<Timestamp>,
    pub(super) metrics: BTreeMap<String, Vec<MetricAnswer>>,
    pub(super) hooks: BTreeMap<String, Vec<HookAnswer>>,
    ready: WrittenReady,
    target: WrittenTarget,
    pub(super) primary: Option<WrittenPrimary>,
    pub(super) routes: Option<WrittenRoutes>,
    seed: Option<u64>,
    pub(super) traffic: Option<WrittenTraffic>,
    pub(super) versions: BTreeMap<String, WrittenVersion>,
    pub(super) measures: BTreeMap<String, Measure>,
    pub(super) scrape: Option<Lasting>,
    pub(super) router: Option<WrittenRouter>,
    pub(super) faults: Vec<WrittenTrouble>,
    pub(super) swarm: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRouter {
    pub(super) delay: Range<Seconds>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenReady {
    canary: Delay,
    primary: Delay,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenTarget {
    revision: Option<String>,
    replicas: Option<u32>,
    missing: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPrimary {
    runs: String,
}

/// Routes as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRoutes {
    #[serde(default)]
    canary: Percentage,
    mirror: Option<Percentage>,
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

impl From<WrittenWorld> for Setting {
    fn from(written: WrittenWorld) -> Self {
        Self {
            start: written.start.unwrap_or(DEFAULT_START),
            metrics: written.metrics,
            hooks: written.hooks,
            canary_takes: written.ready.canary,
            primary_takes: written.ready.primary,
            revision: written.target.revision.unwrap_or_else(|| DEFAULT_REVISION.into()),
            replicas: written.target.replicas.unwrap_or(1),
            missing: written.target.missing,
            primary_runs: written.primary.map_or_else(|| DEFAULT_REVISION.into(), |primary| primary.runs),
            routes: written.routes.map(Routes::from),
            seed: written.seed.unwrap_or(DEFAULT_SEED),
            simulated: None,
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
