//! The simulated part of a `world`: traffic, versions, scrapes and faults.
//!
//! A world is simulated if it has one of these; scripted metrics and hooks remain scripted.

mod autoscaler;
mod check;
mod measure;
mod range;
mod traffic;
mod version;
mod weather;

use std::{collections::BTreeMap, time::Duration};

use serin_core::spec::{Metric, MetricSource};

pub use self::autoscaler::Autoscaler;
pub(super) use self::autoscaler::WrittenAutoscaler;
pub(super) use self::check::{simulated, unknown_metrics};
pub use self::measure::Measure;
pub use self::range::{Factor, PerSecond, Range, Seconds, Share, Unit};
pub(super) use self::traffic::WrittenTraffic;
use self::traffic::read_trace;
pub use self::traffic::{Shape, Traffic};
pub(super) use self::version::WrittenVersion;
pub use self::version::{Defect, Flaps, Version, WarmUp};
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
    /// Pods that follow the load.
    pub autoscaler: Option<Autoscaler>,
    /// The faults.
    pub troubles: Vec<Trouble>,
    /// The seed draws which faults occur, and how often.
    pub swarm: bool,
    /// What metrics with their own query measure, by name.
    pub measures: BTreeMap<String, Measure>,
}

impl Simulated {
    /// The same, with each share of errors measured as the metric's query does it. `templates` are the queries of the
    /// MetricTemplates by namespace and name.
    pub(super) fn asked_by(
        mut self,
        metrics: &[Metric],
        templates: &BTreeMap<(String, String), String>,
    ) -> Self {
        for metric in metrics {
            let query = match &metric.source {
                MetricSource::Query(query) => Some(&**query),
                MetricSource::Template { namespace, name } => {
                    templates.get(&(namespace.to_string(), name.to_string())).map(String::as_str)
                }
                MetricSource::SuccessRate | MetricSource::Duration | MetricSource::Shipped(_) => None,
            };
            for key in [&*metric.key, &*metric.name] {
                if let (Some(measure), Some(query)) = (self.measures.get_mut(key), query) {
                    *measure = measure.asked_by(metric, query);
                }
            }
        }
        self
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
            autoscaler: None,
            troubles: Vec::new(),
            swarm: false,
            measures: BTreeMap::new(),
        }
    }
}

/// The value in the charts of Istio and of Flagger's Prometheus.
pub(super) const DEFAULT_SCRAPE: Duration = Duration::from_secs(15);
