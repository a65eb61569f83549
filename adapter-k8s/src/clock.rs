//! The one place that reads a clock. Everything else is told the time.

use std::time::{Duration, Instant, SystemTime};

use serin_core::Timestamp;

/// The time of day, as statuses and events have it. May jump.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the controller's own clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A clock that never jumps, and that goes on while the process is stopped: for what must not outlive a lease.
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
