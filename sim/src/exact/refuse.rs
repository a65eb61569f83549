//! Why a world is not exact.

use std::time::Duration;

use serin_core::time::Human;

/// What can only be estimated, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExact {
    /// There is no simulated world.
    #[error("the world is scripted: nothing in it is left to chance")]
    Scripted,
    /// The rate of requests is not constant.
    #[error("the traffic changes over time")]
    TrafficChanges,
    /// A number is drawn from a range.
    #[error("{0} is drawn from a range")]
    Drawn(String),
    /// The world has faults.
    #[error("things go wrong by chance (`world.faults`)")]
    Troubles,
    /// The router takes its time.
    #[error("the router takes its time (`world.router`)")]
    Router,
    /// Pods follow the load.
    #[error("the autoscaler follows the load late (`world.autoscaler`)")]
    Autoscaler,
    /// How a version behaves depends on more than its requests.
    #[error("{version} does not behave the same all the time (`{field}`)")]
    Changes {
        /// The version.
        version: String,
        /// What makes it change.
        field: &'static str,
    },
    /// More happens than one release.
    #[error("more happens than one release")]
    Events,
    /// A metric or hook has scripted answers.
    #[error("the answers of {0} are scripted")]
    Answers(String),
    /// Windows overlap, so that checks are not independent of each other.
    #[error("the window of {metric}, {}, reaches back behind the check before, {} earlier", Human(*.window), Human(*.since))]
    Overlap {
        /// The metric.
        metric: String,
        /// Its window.
        window: Duration,
        /// How long ago the check before was.
        since: Duration,
    },
    /// Metrics of one check look at windows of different lengths.
    #[error("{0} and {1} look at windows of different lengths")]
    Windows(String, String),
    /// A latency whose quantile comes out on either side of its bound.
    #[error(
        "{metric} is so close to its bound that it passes {passes} of 100 checks, and its window is young"
    )]
    Latency {
        /// The metric.
        metric: String,
        /// Of 100 checks.
        passes: String,
    },
    /// Too many courses.
    #[error("the rollout can take too many courses: more than {0} situations")]
    TooMany(usize),
}
