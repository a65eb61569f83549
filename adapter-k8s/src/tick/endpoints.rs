//! Clusters where nobody publishes endpoints: pods without nodes, meshes that find pods by themselves.
//!
//! There the apex service never shows that it serves. Once the primary has been ready for a while and no endpoint of
//! either service has come, the primary's own word is taken.

use std::time::{Duration, Instant};

use serin_core::observation::{Apex, Fact, Observation};

use crate::clock;

/// How long a ready primary may go without an endpoint before nobody is expected to publish any. Lagging endpoints
/// come within a second or two.
pub const GRACE: Duration = Duration::from_secs(5);

/// Since when endpoints have been missing.
#[derive(Debug, Default)]
pub struct Missing(Option<Instant>);

impl Missing {
    /// Takes the primary's word where endpoints have been missing for long enough. `published` tells whether anybody has
    /// published endpoints of the Canary's services. Returns how long to wait before looking again, if that would help.
    pub fn judge(&mut self, seen: &mut Observation, published: bool) -> Option<Duration> {
        let primary = seen.primary.known().and_then(Option::as_ref);
        let ready = primary.is_some_and(|primary| primary.readiness.is_ready());
        let Fact::Known(services) = &mut seen.services else { return None };
        let missing = services.apex == Apex::Primary && !services.serving && !published && ready;
        if !missing {
            self.0 = None;
            return None;
        }
        let since = *self.0.get_or_insert_with(clock::monotonic);
        let left = GRACE.checked_sub(since.elapsed()).filter(|left| !left.is_zero());
        services.serving = left.is_none();
        left
    }
}
