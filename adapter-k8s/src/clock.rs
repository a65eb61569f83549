//! The only place that reads a clock. Everything else gets the time as an argument.

use std::time::{Duration, Instant, SystemTime};

use nix::time::{ClockId, clock_gettime};
use serin_core::Timestamp;

/// The time of day, as in statuses and events. It can jump.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the controller's own clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Time since the machine was started. It never jumps, and continues while the process is stopped or the machine
/// sleeps: for what must not outlive a lease.
#[must_use]
pub fn since_boot() -> Duration {
    // Every Linux has this clock. Without it, the elapsed time is always zero.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::MAX, Into::into)
}

/// A clock that never jumps, to measure durations. It stops while the machine sleeps.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the controller's own clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// How long from now until then; zero if it has passed.
#[must_use]
pub fn until(then: Timestamp) -> Duration {
    then.since(now())
}
