//! What metrics answer.

use std::collections::BTreeMap;

use serin_core::{
    question::Answer,
    spec::{Bounds, Metric, MetricSource},
};

use super::answers::Answers;
use crate::scenario::MetricAnswer;

pub(crate) struct Metrics<'a> {
    answers: Answers<'a, MetricAnswer>,
    /// From now on bad values where good ones are scripted, and good ones where bad ones are.
    pub(crate) opposite: bool,
}

impl<'a> Metrics<'a> {
    pub(super) fn new(scripts: &'a BTreeMap<String, Vec<MetricAnswer>>) -> Self {
        Self { answers: Answers::new(scripts), opposite: false }
    }

    pub(super) fn change(&mut self, scripts: &'a BTreeMap<String, Vec<MetricAnswer>>) {
        self.answers.change(scripts);
    }

    /// The next answer of a metric: as scripted, else as `measured`, else a healthy one.
    pub(crate) fn take(
        &mut self,
        metric: &Metric,
        measured: impl FnOnce() -> Option<MetricAnswer>,
    ) -> MetricAnswer {
        let scripted = self.answers.take(&metric.key, &metric.name).cloned();
        let answer = scripted.or_else(measured);
        let answer = answer.unwrap_or_else(|| MetricAnswer::Value(healthy(metric)));
        if self.opposite { opposite(metric, &answer) } else { answer }
    }
}

pub(crate) fn answer(scripted: &MetricAnswer) -> Answer {
    match scripted {
        MetricAnswer::Value(value) => Answer::value(*value),
        MetricAnswer::None => Answer::NoData,
        MetricAnswer::Error(error) => Answer::Error(error.as_str().into()),
    }
}

/// A value that passes: 100 for the two built-in metrics where their bounds allow it, else a bound.
fn healthy(metric: &Metric) -> f64 {
    const BUILT_IN: f64 = 100.0;
    let Bounds { min, max } = metric.bounds;
    match metric.source {
        MetricSource::SuccessRate | MetricSource::Duration if is_within(metric, BUILT_IN) => BUILT_IN,
        MetricSource::SuccessRate
        | MetricSource::Duration
        | MetricSource::Query(_)
        | MetricSource::Template { .. }
        | MetricSource::Shipped(_) => min.or(max).unwrap_or(0.0),
    }
}

fn opposite(metric: &Metric, answer: &MetricAnswer) -> MetricAnswer {
    let passes = matches!(answer, MetricAnswer::Value(value) if is_within(metric, *value));
    if !passes {
        return MetricAnswer::Value(healthy(metric));
    }
    match metric.bounds {
        Bounds { min: Some(min), .. } => MetricAnswer::Value(min - 1.0),
        Bounds { max: Some(max), .. } => MetricAnswer::Value(max + 1.0),
        // Every value passes.
        Bounds { min: None, max: None } => MetricAnswer::None,
    }
}

fn is_within(metric: &Metric, value: f64) -> bool {
    metric.bounds.hold(metric.compared(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serin_core::{Rollout, spec::Defaults};

    use super::*;
    use crate::scenario::read_raw;

    fn metrics(list: serde_json::Value) -> Vec<Metric> {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                "analysis": {"metrics": list},
            },
        });
        Rollout::parse(&read_raw(&canary).unwrap(), &Defaults::default()).unwrap().metrics().to_vec()
    }

    #[test]
    fn what_is_not_scripted_is_healthy() {
        let metrics = metrics(json!([
            {"name": "request-success-rate", "thresholdRange": {"min": 99}},
            {"name": "request-success-rate", "thresholdRange": {"max": 50}},
            {"name": "request-duration", "thresholdRange": {"max": 500}},
            {"name": "a", "query": "q", "thresholdRange": {"min": 3, "max": 5}},
            {"name": "b", "query": "q", "thresholdRange": {"max": 5}},
            {"name": "c", "query": "q"},
        ]));
        let none = BTreeMap::new();
        let mut answers = Metrics::new(&none);
        let values: Vec<MetricAnswer> = metrics.iter().map(|metric| answers.take(metric, || None)).collect();
        assert_eq!(values, [100.0, 50.0, 100.0, 3.0, 5.0, 0.0].map(MetricAnswer::Value));
    }

    #[test]
    fn the_opposite_of_good_is_bad() {
        let metrics = metrics(json!([
            {"name": "a", "query": "q", "thresholdRange": {"min": 3}},
            {"name": "b", "query": "q", "thresholdRange": {"max": 5}},
            {"name": "c", "query": "q"},
        ]));
        let scripts: BTreeMap<String, Vec<MetricAnswer>> =
            serde_yaml::from_str("{a: [4, 2], b: [none, 5], c: [1]}").unwrap();
        let mut answers = Metrics::new(&scripts);
        answers.opposite = true;
        let mut taken = |i: usize| answers.take(&metrics[i], || None);
        let value = MetricAnswer::Value;
        assert_eq!([taken(0), taken(0)], [value(2.0), value(3.0)]);
        assert_eq!([taken(1), taken(1)], [value(5.0), value(6.0)]);
        assert_eq!(taken(2), MetricAnswer::None);
    }
}
