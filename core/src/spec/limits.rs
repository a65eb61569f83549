//! What one Canary may use of a controller that others share.

use alloc::{format, string::String, vec::Vec};
use core::{fmt::Display, time::Duration};

use super::{Problem, Rollout};

/// What one Canary may use of a controller. What exceeds a limit is cut and reported, never refused: a manifest that
/// another controller accepts is accepted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Metrics that are queried, the first of the list.
    pub metrics: usize,
    /// Webhooks that are called, the first of the list.
    pub hooks: usize,
    /// Attempts of a hook after the first.
    pub retries: u32,
    /// Time for one attempt of a hook.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { metrics: 64, hooks: 64, retries: 10, timeout: Duration::from_secs(3600) }
    }
}

impl Rollout {
    /// Cuts what exceeds the limits. Returns what was cut, at most one field for each limit; the result depends only on
    /// the manifest.
    pub fn clamp(&mut self, limits: &Limits) -> Vec<Problem> {
        let mut cut = Vec::new();
        cut.extend(shorten(&mut self.metrics, limits.metrics, "spec.analysis.metrics", "asked"));
        cut.extend(shorten(&mut self.hooks, limits.hooks, "spec.analysis.webhooks", "called"));
        let mut retries = Beyond::new("retries", limits.retries);
        let mut timeouts = Beyond::new("timeout", Seconds(limits.timeout.as_secs()));
        for (index, hook) in self.hooks.iter_mut().enumerate() {
            if hook.retries > limits.retries {
                retries.add(index, hook.retries);
                hook.retries = limits.retries;
            }
            if hook.timeout > limits.timeout {
                timeouts.add(index, Seconds(hook.timeout.as_secs()));
                hook.timeout = limits.timeout;
            }
        }
        cut.extend(retries.problem());
        cut.extend(timeouts.problem());
        cut
    }
}

fn shorten<T>(list: &mut Vec<T>, most: usize, path: &str, done: &str) -> Option<Problem> {
    let count = list.len();
    list.truncate(most);
    let what = || format!("has {count} items: the first {most} are {done}, the controller's limit");
    (count > most).then(|| Problem { path: path.into(), what: what() })
}

/// The hooks with a field that exceeds its limit.
struct Beyond<T> {
    field: &'static str,
    limit: T,
    first: Option<(usize, T)>,
    others: usize,
}

impl<T: Display> Beyond<T> {
    fn new(field: &'static str, limit: T) -> Self {
        Self { field, limit, first: None, others: 0 }
    }

    fn add(&mut self, index: usize, value: T) {
        if self.first.is_some() {
            self.others += 1;
        } else {
            self.first = Some((index, value));
        }
    }

    fn problem(&self) -> Option<Problem> {
        let (index, value) = self.first.as_ref()?;
        let Self { field, limit, others, .. } = self;
        let more = if *others == 0 { String::new() } else { format!(" (and {others} more)") };
        Some(Problem {
            path: format!("spec.analysis.webhooks[{index}].{field}"),
            what: format!("is {value}{more}: {limit} is used, the controller's limit"),
        })
    }
}

/// A span that is shown in seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::spec::{Defaults, raw};

    fn rollout(metrics: usize, hooks: &[(i64, &str)]) -> Rollout {
        let metric = |index: usize| raw::Metric {
            name: format!("m{index}"),
            query: Some("up".into()),
            threshold_range: Some(raw::ThresholdRange { min: Some(1.0), ..Default::default() }),
            ..Default::default()
        };
        let hook = |(retries, timeout): &(i64, &str)| raw::Webhook {
            name: "load".into(),
            url: "http://load".into(),
            retries: Some(raw::Number::Whole(*retries)),
            timeout: Some((*timeout).into()),
            ..Default::default()
        };
        let analysis = raw::Analysis {
            interval: Some("1m".into()),
            iterations: Some(raw::Number::Whole(1)),
            metrics: (0..metrics).map(metric).collect(),
            webhooks: hooks.iter().map(hook).collect(),
            ..Default::default()
        };
        let target =
            raw::ObjectRef { api_version: "apps/v1".into(), kind: "Deployment".into(), name: "web".into() };
        let spec = raw::CanarySpec {
            provider: Some("kubernetes".into()),
            target_ref: Some(target),
            service: Some(raw::Service { port: Some(raw::Number::Whole(80)), ..Default::default() }),
            analysis: Some(analysis),
            ..Default::default()
        };
        let metadata = raw::Metadata { name: "web".into(), ..Default::default() };
        let canary = raw::Canary {
            api_version: "flagger.app/v1beta1".into(),
            kind: "Canary".into(),
            metadata,
            spec,
            ..Default::default()
        };
        Rollout::parse(&canary, &Defaults::default()).unwrap()
    }

    #[test]
    fn values_beyond_a_limit_are_cut_and_reported() {
        let limits = Limits::default();
        let mut just = rollout(64, &[(10, "1h"); 64]);
        assert_eq!(just.clamp(&limits), []);
        let mut beyond = rollout(65, &[(1, "1s"), (11, "2h"), (99, "3h")]);
        let cut: Vec<String> = beyond.clamp(&limits).iter().map(ToString::to_string).collect();
        assert_eq!(
            cut,
            [
                "spec.analysis.metrics: has 65 items: the first 64 are asked, the controller's limit",
                "spec.analysis.webhooks[1].retries: is 11 (and 1 more): 10 is used, the controller's limit",
                "spec.analysis.webhooks[1].timeout: is 7200s (and 1 more): 3600s is used, the controller's limit",
            ]
        );
        let hooks: Vec<(u32, u64)> =
            beyond.hooks().iter().map(|hook| (hook.retries, hook.timeout.as_secs())).collect();
        assert_eq!((beyond.metrics().len(), hooks), (64, alloc::vec![(1, 1), (10, 3600), (10, 3600)]));
        let mut many = rollout(1, &[(0, "1s"); 70]);
        assert_eq!(many.clamp(&limits).len(), 1);
        assert_eq!(many.hooks().len(), 64);
    }
}
