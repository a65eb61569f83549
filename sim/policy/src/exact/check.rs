//! One check as numbers: its metrics, window and bounds; and whether the world is exact.

use std::time::Duration;

use serin_core::{
    spec::{Bounds, Leniency, Metric, MetricSource},
    time::parse_duration,
};
use serin_simulator::{
    scenario::{Action, Form, Measure, MetricAnswer, Range, Scenario, Shape, Simulated, Unit, Version},
    world::{self, Buckets, share_of},
};

use super::NotExact;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Passed,
    Held,
    Failed,
}

impl Verdict {
    pub(super) const ALL: [Self; 3] = [Self::Passed, Self::Held, Self::Failed];
}

/// The metrics of a Canary, which all use the same window.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// The window; zero if there is no metric.
    pub(super) range: Duration,
    pub(super) scrape: Duration,
    pub(super) rates: Vec<Rated>,
    pub(super) latencies: Vec<Late>,
    pub(super) buckets: Buckets,
    /// The answer of each metric for this result, by key.
    scripts: Vec<(String, [MetricAnswer; 3])>,
}

/// A share of requests, in percent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rated {
    pub(super) measure: Measure,
    pub(super) bounds: Bounds,
    pub(super) on_no_data: Leniency,
}

/// A quantile of latencies, or their average, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Late {
    pub(super) name: String,
    /// `None`: the average.
    pub(super) quantile: Option<f64>,
    /// Values below this are too small.
    pub(super) min: Option<f64>,
    /// Values from this on are too large.
    pub(super) max: Option<f64>,
    on_no_data: Leniency,
}

impl Check {
    /// The check of a Canary whose world is exact.
    pub(super) fn of(scenario: &Scenario) -> Result<Self, NotExact> {
        let simulated = scenario.setting.simulated.as_ref().ok_or(NotExact::Scripted)?;
        is_exact(simulated)?;
        let series = world::series(simulated, &scenario.canary);
        if series > 1 {
            return Err(NotExact::Series(series));
        }
        is_one_release(scenario)?;
        let metrics = scenario.canary.metrics();
        let duration = Measure::duration(&scenario.canary);
        let mut check = Self {
            range: Duration::ZERO,
            scrape: simulated.scrape,
            buckets: Buckets::asked_for(simulated, &scenario.canary, false),
            rates: Vec::new(),
            latencies: Vec::new(),
            scripts: scripts(metrics),
        };
        for metric in metrics {
            check.add(metric, simulated, duration)?;
        }
        if let Some(first) = metrics.first() {
            let range = range(first);
            if let Some(other) = metrics.iter().find(|metric| self::range(metric) != range) {
                return Err(NotExact::Windows(first.name.to_string(), other.name.to_string()));
            }
            check.range = range;
        }
        Ok(check)
    }

    fn add(&mut self, metric: &Metric, simulated: &Simulated, duration: Measure) -> Result<(), NotExact> {
        let measure = world::measure(simulated, metric, duration);
        let measure = measure.ok_or_else(|| NotExact::Answers(metric.name.to_string()))?;
        if simulated.form(metric) != Form::default() {
            return Err(NotExact::Query(metric.name.to_string()));
        }
        let Metric { bounds, on_no_data, .. } = *metric;
        if !measure.is_latency() {
            self.rates.push(Rated { measure, bounds, on_no_data });
            return Ok(());
        }
        // Values are compared in whole milliseconds, which truncates: values up to one above the largest that passes
        // pass too.
        let cut = if metric.source == MetricSource::Duration { 1.0 } else { 0.0 };
        let (name, quantile) = (metric.name.to_string(), measure.quantile());
        let max = bounds.max.map(|max| max + cut);
        self.latencies.push(Late { name, quantile, min: bounds.min, max, on_no_data });
        Ok(())
    }

    /// The result for these rates of successful and failed requests, if latencies are ignored.
    pub(super) fn verdict(&self, rates: [Option<f64>; 2]) -> Verdict {
        let is_data = rates.into_iter().flatten().any(|rate| rate > 0.0);
        let of_rates = self.rates.iter().map(|rated| rated.verdict(share_of(rated.measure, rates)));
        let of_latencies = self
            .latencies
            .iter()
            .map(|late| if is_data { Verdict::Passed } else { lenient(late.on_no_data) });
        of_rates.chain(of_latencies).max().unwrap_or(Verdict::Passed)
    }

    /// The scenario whose checks have these results, in this order.
    pub(super) fn script(&self, scenario: &mut Scenario, verdicts: &[Verdict]) {
        for (key, answers) in &self.scripts {
            let script = scenario.setting.metrics.entry(key.clone()).or_default();
            script.clear();
            script.extend(verdicts.iter().map(|verdict| answers[*verdict as usize].clone()));
        }
    }
}

impl Rated {
    pub(super) fn verdict(&self, value: Option<f64>) -> Verdict {
        match value {
            Some(value) if self.bounds.hold(value) => Verdict::Passed,
            Some(_) => Verdict::Failed,
            None => lenient(self.on_no_data),
        }
    }
}

fn lenient(leniency: Leniency) -> Verdict {
    match leniency {
        Leniency::Fail => Verdict::Failed,
        Leniency::Hold => Verdict::Held,
        Leniency::Pass => Verdict::Passed,
    }
}

fn range(metric: &Metric) -> Duration {
    // In the same way as the simulated world reads it.
    parse_duration(&metric.interval).unwrap_or(Duration::from_secs(60))
}

/// Answers that make a check pass, be held, or fail: one metric decides, the others are healthy.
fn scripts(metrics: &[Metric]) -> Vec<(String, [MetricAnswer; 3])> {
    let bad = |metric: &Metric| match metric.bounds {
        _ if metric.on_no_data == Leniency::Fail => Some(MetricAnswer::None),
        Bounds { min: Some(min), .. } => Some(MetricAnswer::Value(min - 1.0)),
        Bounds { max: Some(max), .. } => Some(MetricAnswer::Value(max + 1.0)),
        Bounds { min: None, max: None } => None,
    };
    let failing = metrics.iter().position(|metric| bad(metric).is_some());
    let held = metrics.iter().position(|metric| metric.on_no_data == Leniency::Hold);
    let script = |(place, metric): (usize, &Metric)| {
        let good = MetricAnswer::Value(world::healthy(metric));
        let held = if held == Some(place) { MetricAnswer::None } else { good.clone() };
        let failed = bad(metric).filter(|_| failing == Some(place)).unwrap_or_else(|| good.clone());
        (metric.key.to_string(), [good, held, failed])
    };
    metrics.iter().enumerate().map(script).collect()
}

fn is_one_release(scenario: &Scenario) -> Result<(), NotExact> {
    let is_release = |action: &Action| matches!(action, Action::Deploy(_));
    if scenario.events.len() != 1 || !scenario.events.iter().all(|event| is_release(&event.action)) {
        return Err(NotExact::Events);
    }
    let setting = &scenario.setting;
    // If a hook always gives the same answer, it does not matter how often it was called.
    let changing = setting.hooks.iter().filter(|(_, answers)| answers.len() > 1).map(|(name, _)| name);
    match setting.metrics.keys().chain(changing).next() {
        Some(name) => Err(NotExact::Answers(name.clone())),
        None => Ok(()),
    }
}

fn is_exact(simulated: &Simulated) -> Result<(), NotExact> {
    let Shape::Constant(rps) = &simulated.traffic.shape else { return Err(NotExact::TrafficChanges) };
    exact(*rps, || "world.traffic.rps".into())?;
    exact(simulated.traffic.matched, || "world.traffic.matched".into())?;
    if let Some(test) = simulated.load_test {
        exact(test.rps, || "world.loadTest.rps".into())?;
    }
    if !simulated.troubles.is_empty() {
        return Err(NotExact::Troubles);
    }
    if !simulated.incidents.is_empty() {
        return Err(NotExact::Incidents);
    }
    if simulated.autoscaler.is_some() {
        return Err(NotExact::Autoscaler);
    }
    if simulated.router.max > 0.0 {
        return Err(NotExact::Router);
    }
    for (name, version) in &simulated.versions {
        is_steady(name, version)?;
    }
    is_steady("a version", &simulated.other)
}

fn is_steady(name: &str, version: &Version) -> Result<(), NotExact> {
    let field = |field: &str| format!("world.versions.{name}.{field}");
    exact(version.errors, || field("errors"))?;
    exact(version.p50, || field("latency.p50"))?;
    exact(version.p99, || field("latency.p99"))?;
    exact(version.ready, || field("ready"))?;
    let changes = [
        (version.bursts.is_some(), "errors.burstiness"),
        (version.warm_up.is_some(), "warmUp"),
        (version.defect.is_some(), "defect"),
        (version.flaps.is_some(), "flaps"),
        (version.crashes.max > 0.0, "crashes"),
    ];
    match changes.into_iter().find(|(changes, _)| *changes) {
        Some((_, field)) => Err(NotExact::Changes { version: name.into(), field }),
        None => Ok(()),
    }
}

fn exact<U: Unit>(range: Range<U>, name: impl FnOnce() -> String) -> Result<(), NotExact> {
    if range.is_exact() { Ok(()) } else { Err(NotExact::Drawn(name())) }
}
