//! The simulated part of a `world`: traffic, versions, scrapes and faults.
//!
//! A world is simulated if it has one of these; scripted metrics and hooks remain scripted.

mod autoscaler;
mod check;
mod incident;
mod load_test;
mod measure;
mod range;
mod traffic;
mod version;
mod weather;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serin_core::{
    Rollout,
    revision::Text,
    spec::{Metric, MetricSource},
};

pub use self::autoscaler::Autoscaler;
pub(super) use self::autoscaler::WrittenAutoscaler;
pub use self::check::MOST_SERIES;
pub(super) use self::check::{simulated, unknown_metrics};
pub use self::incident::Incident;
pub use self::load_test::{Load, LoadTest, is_reached, is_reached_by_users, load_test, may_send_load};
pub use self::measure::{Derived, Form, Measure};
pub use self::range::{Factor, PerSecond, Range, Seconds, Share, Unit};
pub(super) use self::traffic::WrittenTraffic;
use self::traffic::read_trace;
pub use self::traffic::{Shape, Traffic};
pub(super) use self::version::WrittenVersion;
pub use self::version::{Bursts, Defect, Flaps, Version, WarmUp};
pub(super) use self::weather::WrittenTrouble;
pub use self::weather::{PRESETS, TROUBLES, Trouble, What};

/// The simulated part of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The requests.
    pub traffic: Traffic,
    /// How revisions behave, by name.
    pub versions: BTreeMap<String, Version>,
    /// How other revisions behave.
    pub other: Version,
    /// Time between two scrapes.
    pub scrape: Duration,
    /// The delay of the router.
    pub router: Range<Seconds>,
    /// The pods of a copy: the requests of each are counted in series of its own.
    pub pods: u32,
    /// The same of the proxies in front of both copies, with a router whose proxies count.
    pub proxies: u32,
    /// Requests to the canary itself; `None`: those that its hooks send.
    pub load_test: Option<LoadTest>,
    /// When a dependency of both copies fails.
    pub incidents: Vec<Incident>,
    /// How much the bursts of the versions are alike: 0 to 1.
    pub correlation: Range<Share>,
    /// Pods that follow the load.
    pub autoscaler: Option<Autoscaler>,
    /// The faults.
    pub troubles: Vec<Trouble>,
    /// The seed draws which faults occur, and how often.
    pub swarm: bool,
    /// What metrics with their own query measure, by name.
    pub measures: BTreeMap<String, Measure>,
    /// The metrics, by key, whose measure is derived from their query.
    pub derived: BTreeSet<Text>,
    /// How the queries of metrics write their values, by key.
    pub forms: BTreeMap<Text, Form>,
}

impl Simulated {
    /// The same, with each metric measured as its query does it. `templates` are the queries of the MetricTemplates by
    /// namespace and name.
    pub(super) fn asked_by(
        mut self,
        canary: &Rollout,
        templates: &BTreeMap<(String, String), String>,
    ) -> Self {
        for metric in canary.metrics() {
            let query = match &metric.source {
                MetricSource::Query(query) => Some(&**query),
                MetricSource::Template { namespace, name } => {
                    templates.get(&(namespace.to_string(), name.to_string())).map(String::as_str)
                }
                MetricSource::SuccessRate | MetricSource::Duration | MetricSource::Shipped(_) => None,
            };
            let derived = query.and_then(|query| Derived::of(canary, metric, query));
            let names = [&*metric.key, &*metric.name];
            let named = names.iter().find_map(|name| self.measures.get(*name)).copied();
            let measure = match (named, query) {
                (Some(named), Some(query)) => Some(named.asked_by(metric, query)),
                (named, _) => named.or(derived.map(|derived| derived.measure)),
            };
            if let Some(Derived { form, .. }) = derived.filter(|derived| Some(derived.measure) == measure) {
                self.forms.insert(metric.key.clone(), form);
            }
            if named.is_none() && measure.is_some() {
                self.derived.insert(metric.key.clone());
            }
            self.measures.extend(measure.map(|measure| (metric.key.to_string(), measure)));
        }
        self
    }

    /// How the query of a metric writes its value.
    #[must_use]
    pub fn form(&self, metric: &Metric) -> Form {
        self.forms.get(&metric.key).copied().unwrap_or_default()
    }

    /// How a revision behaves.
    #[must_use]
    pub fn version(&self, revision: &str) -> &Version {
        self.versions.get(revision).unwrap_or(&self.other)
    }
}

impl Default for Simulated {
    fn default() -> Self {
        Self {
            traffic: Traffic::default(),
            versions: BTreeMap::new(),
            other: Version::default(),
            scrape: DEFAULT_SCRAPE,
            router: Range::exactly(0.0),
            pods: 1,
            proxies: 1,
            load_test: None,
            incidents: Vec::new(),
            correlation: Range::exactly(0.0),
            autoscaler: None,
            troubles: Vec::new(),
            swarm: false,
            measures: BTreeMap::new(),
            derived: BTreeSet::new(),
            forms: BTreeMap::new(),
        }
    }
}

/// The value in the charts of Istio and of Flagger's Prometheus.
pub(super) const DEFAULT_SCRAPE: Duration = Duration::from_secs(15);
