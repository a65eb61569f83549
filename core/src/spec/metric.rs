//! Metrics: what is measured, within which bounds, and what a missing answer means.

use alloc::{collections::BTreeMap, string::String, sync::Arc};
use core::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Defaults, parse::Problems, raw};
use crate::{
    revision::Text,
    time::{Human, parse_duration},
};

/// One metric of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: Text,
    /// Its name, made unique within the Canary: what its answers are kept by.
    pub key: Text,
    /// Where its value comes from.
    pub source: MetricSource,
    /// The values that pass.
    pub bounds: Bounds,
    /// Window of the query, as written: `{{ interval }}` in a template.
    pub interval: Text,
    /// The same as a time.
    pub window: Duration,
    /// Variables of the template.
    pub variables: Arc<BTreeMap<String, String>>,
    /// What an answer without a value means.
    pub on_no_data: Leniency,
    /// What an error of the provider means.
    pub on_error: Leniency,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricSource {
    /// `request-success-rate`: percentage of requests that did not end in a server error.
    SuccessRate,
    /// `request-duration`: latency in milliseconds, cut to whole ones.
    Duration,
    /// An inline query to the Canary's Prometheus.
    Query(Text),
    /// A MetricTemplate.
    Template {
        /// Its namespace.
        namespace: Text,
        /// Its name.
        name: Text,
    },
    /// A template that Serin ships.
    Shipped(Text),
}

/// Names of the templates that Serin ships; used for a metric with a name only.
pub const SHIPPED_TEMPLATES: &[&str] =
    &["cpu-usage", "error-rate", "latency-p50", "latency-p95", "latency-p99", "memory-usage", "success-rate"];

/// The values that pass; both ends inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Smallest passing value.
    pub min: Option<f64>,
    /// Largest passing value.
    pub max: Option<f64>,
}

/// Where a value is, compared with bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Below the smallest passing value.
    Below,
    /// It passes.
    Within,
    /// Above the largest passing value.
    Above,
}

/// What an answer that is no value means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leniency {
    /// The check failed.
    #[default]
    Fail,
    /// The check neither passed nor failed: nothing advances, nothing counts against the release.
    Hold,
    /// The metric passed.
    Pass,
}

impl Bounds {
    /// Whether a value passes.
    #[must_use]
    pub fn hold(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// On which side of the bounds a value is, which is not NaN.
    #[must_use]
    pub fn side(&self, value: f64) -> Side {
        if self.min.is_some_and(|min| value < min) {
            Side::Below
        } else if self.max.is_some_and(|max| value > max) {
            Side::Above
        } else {
            Side::Within
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (None, None) => f.write_str("no bounds"),
            (Some(min), None) => write!(f, ">= {min}"),
            (None, Some(max)) => write!(f, "<= {max}"),
            (Some(min), Some(max)) => write!(f, "{min}..{max}"),
        }
    }
}

impl Metric {
    pub(super) fn parse(
        raw: &raw::Metric,
        namespace: &str,
        defaults: &Defaults,
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        if raw.name.is_empty() {
            problems.add("name", "is required");
            return None;
        }
        let interval = raw.interval.as_deref().filter(|text| !text.is_empty()).unwrap_or("1m");
        let window = problems.check("interval", parse_duration(interval)).unwrap_or_default();
        let source = source(raw, namespace, defaults, problems)?;
        let bounds = bounds(raw, &source, problems);
        Some(Self {
            name: raw.name.as_str().into(),
            key: raw.name.as_str().into(),
            bounds,
            source,
            interval: interval.into(),
            window,
            variables: Arc::new(raw.template_variables.clone()),
            on_no_data: leniency(raw.on_no_data.as_deref(), "onNoData", problems),
            on_error: leniency(raw.on_error.as_deref(), "onError", problems),
        })
    }

    /// The value as it is compared: latencies in whole milliseconds, as Flagger does.
    #[must_use]
    pub fn compared(&self, value: f64) -> f64 {
        match self.source {
            MetricSource::Duration => whole(value),
            MetricSource::SuccessRate
            | MetricSource::Query(_)
            | MetricSource::Template { .. }
            | MetricSource::Shipped(_) => value,
        }
    }

    /// What its values and bounds are given in.
    #[must_use]
    pub fn unit(&self) -> MetricUnit {
        match self.source {
            MetricSource::Duration => MetricUnit::Milliseconds,
            MetricSource::SuccessRate
            | MetricSource::Query(_)
            | MetricSource::Template { .. }
            | MetricSource::Shipped(_) => MetricUnit::Number,
        }
    }
}

/// What the values of a metric are given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetricUnit {
    /// A number whose unit is the query's.
    Number,
    /// Milliseconds.
    Milliseconds,
}

impl MetricUnit {
    /// Shows a value and the bound that it missed, with as many digits as it takes to tell them apart.
    #[must_use]
    pub fn show(self, value: f64, bound: f64) -> (String, String) {
        match self {
            Self::Number => show_apart(value, bound),
            Self::Milliseconds => (show_millis(value), show_millis(bound)),
        }
    }
}

/// Two digits, as Flagger writes; more where two would show the bound as another or both as the same.
fn show_apart(value: f64, bound: f64) -> (String, String) {
    const MOST_DIGITS: usize = 12;
    for digits in 2..=MOST_DIGITS {
        let (value, shown) = (alloc::format!("{value:.digits$}"), alloc::format!("{bound:.digits$}"));
        if shown.parse() == Ok(bound) && value != shown {
            return (value, shown);
        }
    }
    (alloc::format!("{value}"), alloc::format!("{bound}"))
}

fn show_millis(value: f64) -> String {
    // A latency beyond 2^53 ms is shown as a plain number.
    if (0.0..9.0e15).contains(&value) {
        alloc::format!("{}", Human(Duration::from_millis(value as u64)))
    } else {
        alloc::format!("{value}ms")
    }
}

/// Cuts the fraction off; beyond 2^53 there is none.
fn whole(value: f64) -> f64 {
    if (-9.0e15..9.0e15).contains(&value) { value as i64 as f64 } else { value }
}

fn source(
    raw: &raw::Metric,
    namespace: &str,
    defaults: &Defaults,
    problems: &mut Problems<'_>,
) -> Option<MetricSource> {
    if let Some(template) = &raw.template_ref {
        if template.name.is_empty() {
            problems.add("templateRef.name", "is required");
        }
        let namespace = template.namespace.as_deref().filter(|text| !text.is_empty()).unwrap_or(namespace);
        return Some(MetricSource::Template {
            namespace: namespace.into(),
            name: template.name.as_str().into(),
        });
    }
    if let Some(query) = raw.query.as_deref().filter(|query| !query.trim().is_empty()) {
        return Some(MetricSource::Query(query.into()));
    }
    match raw.name.as_str() {
        "request-success-rate" => return Some(MetricSource::SuccessRate),
        "request-duration" => return Some(MetricSource::Duration),
        _ => {}
    }
    for namespace in [namespace, &*defaults.namespace] {
        if defaults.templates.contains(&(namespace.into(), raw.name.clone())) {
            return Some(MetricSource::Template {
                namespace: namespace.into(),
                name: raw.name.as_str().into(),
            });
        }
    }
    if SHIPPED_TEMPLATES.contains(&raw.name.as_str()) {
        return Some(MetricSource::Shipped(raw.name.as_str().into()));
    }
    problems.add(
        "name",
        "is neither built in (request-success-rate, request-duration) nor the name of a MetricTemplate; \
         give the metric a `query` or a `templateRef`",
    );
    None
}

fn bounds(raw: &raw::Metric, source: &MetricSource, problems: &mut Problems<'_>) -> Bounds {
    let bounds = match (raw.threshold_range, raw.threshold) {
        (Some(range), _) => Bounds { min: range.min, max: range.max },
        (None, Some(threshold)) if *source == MetricSource::SuccessRate => {
            Bounds { min: Some(threshold), max: None }
        }
        (None, Some(threshold)) => Bounds { min: None, max: Some(threshold) },
        (None, None) => Bounds::default(),
    };
    for bound in [bounds.min, bounds.max].into_iter().flatten() {
        if bound.is_nan() {
            problems.add("thresholdRange", "must be a number");
        }
    }
    if let (Some(min), Some(max)) = (bounds.min, bounds.max)
        && min > max
    {
        problems.add("thresholdRange", "min lies above max: no value can pass");
    }
    match source {
        MetricSource::Duration => Bounds { min: bounds.min.map(whole), max: bounds.max.map(whole) },
        MetricSource::SuccessRate
        | MetricSource::Query(_)
        | MetricSource::Template { .. }
        | MetricSource::Shipped(_) => bounds,
    }
}

fn leniency(text: Option<&str>, field: &'static str, problems: &mut Problems<'_>) -> Leniency {
    match text {
        None | Some("" | "fail") => Leniency::Fail,
        Some("hold") => Leniency::Hold,
        Some("pass") => Leniency::Pass,
        Some(_) => {
            problems.add(field, "must be fail, hold or pass");
            Leniency::Fail
        }
    }
}
