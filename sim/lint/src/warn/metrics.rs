//! Metrics: bounds, windows, templates and queries.

use std::time::Duration;

use serde_json::{Value, json};
use serin_core::{
    spec::{HookKind, Leniency, Metric, MetricSource},
    time::{Human, parse_duration},
};
use serin_input::{
    manifest::{Remedy, fields::list},
    nearest,
};

use super::{Case, Code, Findings, buckets, count, duplicates, in_another_namespace, shares};
use crate::{
    manifests::ManifestKind,
    query::{self, Use},
};

/// The usual scrape interval.
const SCRAPE: Duration = Duration::from_secs(15);
/// Two scrapes.
const SHORTEST_WINDOW: Duration = Duration::from_secs(30);
/// The number of intervals after which a failure should not count any longer.
const LONGEST_IN_CHECKS: u32 = 5;

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    let items = list(case.json, "/spec/analysis/metrics");
    duplicates(case, "metrics", told);
    if case.rollout.metrics().is_empty() && !case.rollout.skips_analysis() {
        no_metrics(case, told);
    }
    first_checks(case, told);
    for (i, (metric, item)) in case.rollout.metrics().iter().zip(items).enumerate() {
        let at = format!("spec.analysis.metrics[{i}]");
        bounds(metric, item, &at, told);
        windows(case, metric, item, &at, told);
        template(case, metric, &at, told);
        inline(case, metric, item, &at, told);
        buckets::look(case, metric, item, &at, told);
        shares::look(case, metric, &at, told);
    }
}

fn no_metrics(case: &Case<'_>, told: &mut Findings) {
    let hooks = case.rollout.hooks().iter().filter(|hook| hook.kind == HookKind::Rollout).count();
    let what = match hooks {
        0 => "has no `metrics`: nothing is measured, and every release whose pods get ready is promoted",
        _ => "has no `metrics`: nothing is measured, and only the hooks judge a release",
    };
    told.add(
        Code::NoMetrics,
        "spec.analysis",
        what,
        Remedy::new("add `request-success-rate` and `request-duration`; they need no query").setting(
            "spec.analysis.metrics",
            json!([
                {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
                {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "1m"},
            ]),
        ),
    );
}

/// A rate needs two samples of the canary, which begin with the first step. Earlier checks have no value.
fn first_checks(case: &Case<'_>, told: &mut Findings) {
    let policy = case.rollout.policy();
    let fails = |metric: &Metric| {
        let is_rate = match &metric.source {
            MetricSource::SuccessRate | MetricSource::Duration => true,
            MetricSource::Query(_) | MetricSource::Template { .. } | MetricSource::Shipped(_) => false,
        };
        is_rate && metric.on_no_data == Leniency::Fail
    };
    let checks = SHORTEST_WINDOW.as_millis().div_ceil(policy.interval.as_millis()).saturating_sub(1);
    let checks = u32::try_from(checks).unwrap_or(u32::MAX);
    if checks < policy.threshold || checks == 0 || !case.rollout.metrics().iter().any(fails) {
        return;
    }
    let remedy = Human(SHORTEST_WINDOW).to_string();
    told.add(
        Code::WindowTooShort,
        "spec.analysis.interval",
        format!(
            "checks are {} apart, but targets are scraped at most every {}: the first {}, and a healthy release is \
             rolled back",
            Human(policy.interval),
            Human(SCRAPE),
            if checks == 1 { "check may find no value".into() } else { format!("{checks} checks may find no value") },
        ),
        Remedy::new(format!("use {remedy} or more, or raise `threshold` above {checks}"))
            .setting("spec.analysis.interval", remedy),
    );
}

/// The meaning of a metric's value, as far as its source or its name says.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    /// A percentage that should be high.
    Success,
    /// A share that should be low.
    Errors,
    /// Milliseconds that should be low, compared as whole numbers.
    Millis,
    /// A time that should be short.
    Time,
    Other,
}

fn meaning(metric: &Metric) -> Meaning {
    let name = metric.name.to_lowercase();
    match &metric.source {
        MetricSource::SuccessRate => Meaning::Success,
        MetricSource::Duration => Meaning::Millis,
        MetricSource::Query(_) | MetricSource::Template { .. } | MetricSource::Shipped(_) => {
            if name.contains("success-rate") {
                Meaning::Success
            } else if name.contains("error-rate") {
                Meaning::Errors
            } else if name.contains("latency") || name.contains("duration") {
                Meaning::Time
            } else {
                Meaning::Other
            }
        }
    }
}

fn bounds(metric: &Metric, item: &Value, at: &str, told: &mut Findings) {
    let has = |field: &str| item.get(field).is_some_and(|value| !value.is_null());
    let (min, max) = (metric.bounds.min, metric.bounds.max);
    let name = &metric.name;
    if has("threshold") && has("thresholdRange") {
        told.superfluous(
            Code::NoEffect,
            format!("{at}.threshold"),
            "has no effect: `thresholdRange` is set as well",
            "remove it",
        );
    } else if has("threshold") {
        let bound = if metric.source == MetricSource::SuccessRate { "min" } else { "max" };
        let value = min.or(max).unwrap_or_default();
        told.add(
            Code::DeprecatedThreshold,
            format!("{at}.threshold"),
            format!("is the older form of `thresholdRange: {{{bound}: {value}}}`"),
            Remedy::new(format!("write `thresholdRange: {{{bound}: {value}}}`"))
                .removing(format!("{at}.threshold"))
                .setting(format!("{at}.thresholdRange"), json!({bound: value})),
        );
    }
    let range = format!("{at}.thresholdRange");
    let to = |text: &str, bound: &str, value: f64| {
        let value = if value.fract() == 0.0 { Value::from(value as i64) } else { Value::from(value) };
        Remedy::new(text).setting(&*range, json!({bound: value}))
    };
    let mut add = |code, what: String, remedy: Remedy| told.add(code, &*range, what, remedy);
    match (meaning(metric), min, max) {
        (_, None, None) => told.add(
            Code::NoBounds,
            at,
            format!("`{name}` has no bounds: every value passes"),
            match meaning(metric) {
                Meaning::Success => to("set a `thresholdRange`, such as `{min: 99}`", "min", 99.0),
                Meaning::Errors => to("set a `thresholdRange`, such as `{max: 1}`", "max", 1.0),
                Meaning::Millis => to("set a `thresholdRange`, such as `{max: 500}`", "max", 500.0),
                Meaning::Time | Meaning::Other => "set a `thresholdRange` with `min` or `max`".into(),
            },
        ),
        (Meaning::Success, Some(min), _) if min > 100.0 => {
            add(
                Code::BoundNeverPasses,
                format!("no success rate reaches min {min}: it is a percentage"),
                to("use about 99", "min", 99.0),
            );
        }
        (Meaning::Success, Some(min), None) if min <= 0.0 => {
            let remedy = to("use about 99", "min", 99.0);
            add(Code::BoundNeverFails, format!("every success rate reaches min {min}"), remedy);
        }
        (Meaning::Success, Some(min), _) if min > 0.0 && min <= 1.0 => add(
            Code::BoundAsFraction,
            format!("min {min} means {min} %, not {} %: nearly every release passes", min * 100.0),
            to(&format!("use the percentage, {}", min * 100.0), "min", min * 100.0),
        ),
        (Meaning::Success, None, Some(max)) if max >= 100.0 => {
            add(
                Code::BoundNeverFails,
                format!("no success rate exceeds max {max}"),
                to("use a `min`, such as 99", "min", 99.0),
            );
        }
        (Meaning::Success, None, Some(max)) => add(
            Code::BoundReversed,
            format!(
                "max {max} fails a release with fewer failures than that, and passes one in which all requests fail"
            ),
            to("set it as `min`", "min", max),
        ),
        (Meaning::Errors, _, Some(max)) if max >= 100.0 => {
            let remedy = to("use about 1", "max", 1.0);
            add(Code::BoundNeverFails, format!("no error rate exceeds max {max}"), remedy);
        }
        (Meaning::Errors, _, Some(max)) if max < 0.0 => {
            let remedy = to("use about 1", "max", 1.0);
            add(Code::BoundNeverPasses, format!("no error rate is as low as max {max}"), remedy);
        }
        (Meaning::Errors, Some(min), None) => add(
            Code::BoundReversed,
            format!(
                "min {min} fails a release with fewer errors than that, and passes one in which all requests fail"
            ),
            to("set it as `max`", "max", min),
        ),
        (Meaning::Millis, _, Some(max)) if max < 1.0 => add(
            Code::BoundNeverPasses,
            format!("max {} is compared in whole milliseconds: no request is that fast", written(item, max)),
            to("use milliseconds, such as 500", "max", 500.0),
        ),
        (Meaning::Time, _, Some(max)) if max <= 0.0 => {
            let remedy = "use a time above 0".into();
            add(Code::BoundNeverPasses, format!("no request is as fast as max {max}"), remedy);
        }
        (Meaning::Millis | Meaning::Time, Some(min), None) => add(
            Code::BoundReversed,
            format!("min {min} fails a release that is faster than that, and passes any slower one"),
            to("set it as `max`", "max", min),
        ),
        _ => {}
    }
}

/// The bound before it was truncated to whole milliseconds.
fn written(item: &Value, max: f64) -> f64 {
    item.pointer("/thresholdRange/max").and_then(Value::as_f64).unwrap_or(max)
}

fn windows(case: &Case<'_>, metric: &Metric, item: &Value, at: &str, told: &mut Findings) {
    let policy = case.rollout.policy();
    let Ok(window) = parse_duration(&metric.interval) else { return };
    // A query that does not use it is checked separately.
    if matches!(&metric.source, MetricSource::Query(query) if !query.contains("interval")) {
        return;
    }
    let field = if item.get("interval").is_some() { format!("{at}.interval") } else { at.to_owned() };
    if window < SHORTEST_WINDOW {
        told.add(
            Code::WindowTooShort,
            field,
            format!(
                "a rate over {} needs two samples in it, and targets are scraped every 15s to 1m: often there is no value",
                Human(window)
            ),
            fitting(policy.interval, at),
        );
        return;
    }
    let checks = u32::try_from(window.as_millis().div_ceil(policy.interval.as_millis())).unwrap_or(u32::MAX);
    let one_burst = policy.threshold > 1 && checks >= policy.threshold && checks > 1;
    if !one_burst && checks <= LONGEST_IN_CHECKS {
        return;
    }
    let so = if one_burst {
        format!("{} roll back, so one burst is enough", count(policy.threshold, "failed check"))
    } else {
        "old failures count again, and the first checks include the time before the step".to_owned()
    };
    told.add(
        Code::WindowTooLong,
        field,
        format!("a failure stays in the window of {} for {}; {so}", Human(window), count(checks, "check")),
        fitting(policy.interval, at),
    );
}

/// A window that contains two scrapes and is as long as the time between two checks.
fn fitting(interval: Duration, at: &str) -> Remedy {
    const LONG_ENOUGH: Duration = Duration::from_secs(60);
    let field = format!("{at}.interval");
    if interval >= SHORTEST_WINDOW {
        let interval = Human(interval).to_string();
        return Remedy::new(format!("use about {interval}, the analysis interval")).setting(field, interval);
    }
    let window = Human(LONG_ENOUGH).to_string();
    Remedy::new(format!(
        "use {window}, and set `analysis.interval` to {window} too: no window between two checks that are {} apart \
         contains two scrapes",
        Human(interval)
    ))
    .setting(field, &*window)
    .setting("spec.analysis.interval", &*window)
}

/// The template of a metric, if it is missing.
fn template(case: &Case<'_>, metric: &Metric, at: &str, told: &mut Findings) {
    let MetricSource::Template { namespace, name } = &metric.source else { return };
    if case
        .files
        .of(ManifestKind::MetricTemplate)
        .any(|other| other.is(ManifestKind::MetricTemplate, namespace, name))
    {
        return;
    }
    let by_name = **name == *metric.name && case.set(&pointer(&format!("{at}.templateRef"))).is_none();
    let given = || case.files.of(ManifestKind::MetricTemplate);
    let is_at = format!("{at}.templateRef.namespace");
    if let Some((what, remedy)) = in_another_namespace(name, namespace, given(), &is_at).filter(|_| !by_name)
    {
        let field = if case.set(&pointer(&format!("{at}.templateRef.namespace"))).is_some() {
            "templateRef.namespace"
        } else {
            "templateRef.name"
        };
        told.add(Code::TemplateNotGiven, format!("{at}.{field}"), what, remedy);
        return;
    }
    let near = nearest(name, given().map(|other| other.name()));
    let (field, what) = if by_name {
        (
            ".name",
            format!("`{name}` is not built in, and the files contain no MetricTemplate {name}.{namespace}"),
        )
    } else {
        (".templateRef.name", format!("the files contain no MetricTemplate {name}.{namespace}"))
    };
    let field = format!("{at}{field}");
    let remedy = match near {
        Some(near) => Remedy::new(format!("did you mean `{near}`?")).setting(&*field, near),
        None => "pass its file as well, or make sure that it is in the cluster".into(),
    };
    told.add(Code::TemplateNotGiven, field, what, remedy);
}

fn pointer(path: &str) -> String {
    path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']'))).collect()
}

fn inline(case: &Case<'_>, metric: &Metric, item: &Value, at: &str, told: &mut Findings) {
    let has = |field: &str| item.get(field).is_some_and(|value| !value.is_null());
    if has("query") && has("templateRef") {
        told.superfluous(
            Code::NoEffect,
            format!("{at}.query"),
            "has no effect: `templateRef` is set as well, and only that is used",
            "remove it, or remove `templateRef`",
        );
    }
    let MetricSource::Query(text) = &metric.source else { return };
    told.found.extend(query::of_metric(format!("{at}.query"), text, Use::of(case.json, item), case.files));
}
