//! The answers of metrics.

use std::collections::BTreeMap;

use serin_core::{
    question::{Answer, MetricResult},
    spec::{Bounds, Metric},
};

use super::{answers::Answers, healthy::healthy};
use crate::scenario::MetricAnswer;

#[derive(Clone)]
pub(crate) struct Metrics<'a> {
    answers: Answers<'a, MetricAnswer>,
    /// Metrics that answered although no answer is defined, each once, with their first value.
    pub(super) assumed: Vec<(Metric, f64)>,
    /// From now on bad values instead of good ones in the script, and good ones instead of bad ones.
    pub(crate) opposite: bool,
}

impl<'a> Metrics<'a> {
    pub(super) fn new(scripts: &'a BTreeMap<String, Vec<MetricAnswer>>) -> Self {
        Self { answers: Answers::new(scripts), assumed: Vec::new(), opposite: false }
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
        let answer = answer.unwrap_or_else(|| MetricAnswer::Value(self.assume(metric)));
        if self.opposite { opposite(metric, &answer) } else { answer }
    }

    /// A healthy value for a metric that is not defined.
    fn assume(&mut self, metric: &Metric) -> f64 {
        let value = healthy(metric);
        if self.assumed.iter().all(|(known, _)| known.key != metric.key) {
            self.assumed.push((metric.clone(), value));
        }
        value
    }
}

pub(crate) fn answer(scripted: &MetricAnswer) -> Answer {
    match scripted {
        MetricAnswer::Value(value) => Answer::value(*value),
        MetricAnswer::None => Answer::no_data(),
        MetricAnswer::Error(error) => MetricResult::Error(error.as_str().into()).into(),
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
    use serin_input::manifest::read_raw;

    use super::*;

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
    fn a_metric_without_a_script_is_healthy_and_noted_once() {
        let metrics = metrics(json!([
            {"name": "request-success-rate", "thresholdRange": {"min": 99}},
            {"name": "a", "query": "q", "thresholdRange": {"max": 5}},
            {"name": "b", "query": "q", "thresholdRange": {"max": 5}},
        ]));
        let scripts: BTreeMap<String, Vec<MetricAnswer>> = serde_yaml::from_str("{b: [4]}").unwrap();
        let mut answers = Metrics::new(&scripts);
        for _ in 0..2 {
            let values: Vec<MetricAnswer> =
                metrics.iter().map(|metric| answers.take(metric, || None)).collect();
            assert_eq!(values, [100.0, 2.5, 4.0].map(MetricAnswer::Value));
        }
        let assumed: Vec<(&str, f64)> =
            answers.assumed.iter().map(|(metric, value)| (&*metric.name, *value)).collect();
        assert_eq!(assumed, [("request-success-rate", 100.0), ("a", 2.5)]);
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
        assert_eq!([taken(0), taken(0)], [value(2.0), value(51.5)]);
        assert_eq!([taken(1), taken(1)], [value(2.5), value(6.0)]);
        assert_eq!(taken(2), MetricAnswer::None);
    }
}
