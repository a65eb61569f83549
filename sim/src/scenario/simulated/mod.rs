//! The part of a `world` that is simulated: traffic, versions, what Prometheus scrapes, what goes wrong.
//!
//! A world is simulated as soon as it says anything of these; metrics and hooks that are scripted stay scripted.

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

/// A world that goes its own way.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The requests that come.
    pub traffic: Traffic,
    /// How revisions behave, by name.
    pub versions: BTreeMap<String, Version>,
    /// How revisions behave that are not listed.
    pub other: Version,
    /// Time between two scrapes.
    pub scrape: Duration,
    /// How long the router takes to do what it was told.
    pub router: Range<Seconds>,
    /// Pods that follow the load.
    pub autoscaler: Option<Autoscaler>,
    /// What goes wrong.
    pub troubles: Vec<Trouble>,
    /// The seed draws which troubles there are, and how hard.
    pub swarm: bool,
    /// What metrics with a query of their own measure, by name.
    pub measures: BTreeMap<String, Measure>,
}

impl Simulated {
    /// The same, with each share of errors measured as the metric's query asks for it. `templates` has the queries of the
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

/// As the charts of Istio and of Flagger's Prometheus set it.
pub(super) const DEFAULT_SCRAPE: Duration = Duration::from_secs(15);
