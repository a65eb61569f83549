//! Any valid Canary: every strategy, router, kind of hook and policy for missing data.

use std::fmt;

use proptest::{collection, option, prelude::*, sample::select};
use serde_json::Value;
use serin_core::{
    Rollout,
    spec::raw::{self, Number},
};

use crate::support::{manifest, parse};

/// A manifest that can be parsed; shown as it would be written.
#[derive(Clone)]
pub(crate) struct Manifest(pub(crate) raw::Canary);

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spec = serde_json::to_value(&self.0.spec).map_err(|_| fmt::Error)?;
        strip(&mut spec);
        write!(f, "{spec}")
    }
}

/// Removes fields that say nothing.
fn strip(value: &mut Value) {
    let empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    };
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(strip);
            fields.retain(|_, field| !empty(field));
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn manifests() -> impl Strategy<Value = Manifest> {
    let numbers = (steps(), option::of(0_i64..5), 1_i64..4, option::of(Just("consecutive".to_owned())));
    let lists = (hooks(), metrics());
    let times = (
        select(vec!["10s", "30s", "60s"]),
        select(vec!["", "", "15s", "2m"]),
        select(vec![20_i64, 60, 600]),
        option::of(select(vec![10_i64, 40])),
    );
    let provider = select(vec!["istio", "istio", "istio", "nginx", "traefik", "kubernetes"]);
    // Each applies to one of four Canaries.
    let odd = || (0_u8..4).prop_map(|n| n == 3);
    let flags = (odd(), odd(), odd(), odd(), odd());
    (provider, numbers, lists, times, flags).prop_map(
        |(provider, (steps, iterations, threshold, mode), (hooks, metrics), times, flags)| {
            let (interval, delay, deadline, promotion_step) = times;
            let (mirror, matched, affine, skips, keeps) = flags;
            let can = serin_core::provider::Provider::named(provider).expect("a known provider").can();
            let mut raw = manifest(provider, if matched && can.matches { MATCHED } else { "{}" });
            raw.spec.skip_analysis = Some(skips && !affine);
            raw.spec.revert_on_deletion = Some(!(keeps && affine));
            raw.spec.progress_deadline_seconds = Some(deadline.into());
            let analysis = raw.spec.analysis.as_mut().expect("it was given one");
            (analysis.step_weight, analysis.max_weight, analysis.step_weights) = steps;
            analysis.step_weight_promotion = promotion_step.map(Number::from);
            analysis.iterations = iterations.map(Number::from);
            analysis.threshold = Some(threshold.into());
            analysis.threshold_mode = mode;
            analysis.interval = Some(interval.into());
            analysis.delay = Some(delay.into());
            analysis.mirror = Some(mirror && can.mirror);
            analysis.webhooks = hooks;
            analysis.metrics = metrics;
            analysis.session_affinity = affine.then(|| raw::SessionAffinity {
                cookie_name: "on-canary".into(),
                primary_cookie_name: Some("on-primary".into()),
                ..Default::default()
            });
            Manifest(raw)
        },
    )
}

/// As [`manifests`], parsed.
pub(crate) fn rollouts() -> impl Strategy<Value = Rollout> {
    manifests().prop_map(|manifest| parse(&manifest.0).expect("it makes sense"))
}

const MATCHED: &str = "{match: [{headers: {x-canary: {exact: always}}}]}";

type Steps = (Option<Number>, Option<Number>, Option<Vec<Number>>);

fn steps() -> impl Strategy<Value = Steps> {
    prop_oneof![
        1 => Just((None, None, None)),
        2 => (20_i64..=60, option::of(10_i64..=100)).prop_map(|(step, max)| (Some(step.into()), max.map(Number::from), None)),
        1 => collection::btree_set(1_i64..=100, 1..4)
            .prop_map(|steps| (None, None, Some(steps.into_iter().map(Number::from).collect()))),
    ]
}

fn hooks() -> impl Strategy<Value = Vec<raw::Webhook>> {
    let kind = select(vec![
        ("confirm-rollout", None),
        ("pre-rollout", None),
        ("rollout", None),
        ("confirm-traffic-increase", None),
        ("confirm-promotion", None),
        ("post-rollout", None),
        ("rollback", Some("trigger")),
        ("rollback", Some("action")),
        ("event", None),
    ]);
    let hook = (kind, any::<bool>()).prop_map(|((kind, mode), mute_alert)| raw::Webhook {
        name: kind.into(),
        r#type: Some(kind.into()),
        mode: mode.map(str::to_owned),
        url: "http://hooks.test/".into(),
        mute_alert: Some(mute_alert),
        ..Default::default()
    });
    collection::vec(hook, 0..5)
}

fn metrics() -> impl Strategy<Value = Vec<raw::Metric>> {
    let lenient = || option::of(select(vec!["fail", "hold", "pass"]).prop_map(str::to_owned));
    let range = select(vec![(Some(50.0), None), (None, Some(50.0)), (Some(40.0), Some(60.0)), (None, None)]);
    let metric = (range, lenient(), lenient()).prop_map(|((min, max), on_no_data, on_error)| raw::Metric {
        name: "metric".into(),
        query: Some("query".into()),
        threshold_range: Some(raw::ThresholdRange { min, max }),
        on_no_data,
        on_error,
        ..Default::default()
    });
    collection::vec(metric, 0..3)
}
