//! Why a world is not exact.

use std::time::Duration;

use serin_core::time::Human;

/// Why a result can only be estimated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExact {
    /// There is no simulated world.
    #[error("the world is scripted: nothing in it is random")]
    Scripted,
    /// The rate of requests is not constant.
    #[error("the traffic changes over time")]
    TrafficChanges,
    /// A number is drawn from a range.
    #[error("{0} is drawn from a range")]
    Drawn(String),
    /// The world has faults.
    #[error("faults happen at random (`world.faults`)")]
    Troubles,
    /// A dependency fails for a time.
    #[error("a dependency fails for a time (`world.incidents`)")]
    Incidents,
    /// The router changes routes with a delay.
    #[error("routes take effect with a delay (`world.router`)")]
    Router,
    /// The number of pods follows the load.
    #[error("the autoscaler reacts with a delay (`world.autoscaler`)")]
    Autoscaler,
    /// The behaviour of a version depends on more than its requests.
    #[error("the behaviour of {version} changes over time (`{field}`)")]
    Changes {
        /// The version.
        version: String,
        /// What makes it change.
        field: &'static str,
    },
    /// The scenario has more events than one release.
    #[error("the scenario has more events than one release")]
    Events,
    /// A metric or hook has scripted answers.
    #[error("the answers of {0} are scripted")]
    Answers(String),
    /// The query of a metric is neither in percent nor in milliseconds, or always has a value.
    #[error("the query of {0} is neither in percent nor in milliseconds, or has a value without requests")]
    Query(String),
    /// Each of several pods or proxies counts its own requests.
    #[error("{0} pods or proxies count requests, each in its own series")]
    Series(usize),
    /// Windows overlap, so that checks are not independent of each other.
    #[error("the window of {metric}, {}, is longer than the time since the previous check, {}", Human(*.window), Human(*.since))]
    Overlap {
        /// The metric.
        metric: String,
        /// Its window.
        window: Duration,
        /// The time since the previous check.
        since: Duration,
    },
    /// The metrics of one check have windows of different lengths.
    #[error("{0} and {1} use windows of different lengths")]
    Windows(String, String),
    /// The quantile of a latency can be on either side of its bound.
    #[error("{metric} is too close to its bound: it passes {passes} of 100 checks")]
    Latency {
        /// The metric.
        metric: String,
        /// The number of 100 checks that pass.
        passes: String,
    },
    /// There are too many states.
    #[error("the rollout has too many possible states: more than {0}")]
    TooMany(usize),
}
