//! Clusters without published endpoints: pods without nodes, meshes that discover pods themselves.
//!
//! There the apex service never shows that it serves. Once the primary has been ready for a while and neither service
//! has an endpoint, a ready primary is trusted. If the apex selects other pods, it counts as serving, because they may
//! serve; so its users are not moved to a primary that does not serve.

use std::time::{Duration, Instant};

use serin_core::observation::{Apex, Fact, Observation, Services};

use crate::clock;

/// How long a ready primary can be without an endpoint before endpoints are no longer expected. Endpoints that lag
/// arrive within a second or two.
pub const GRACE: Duration = Duration::from_secs(5);

/// Since when endpoints have been missing.
#[derive(Debug, Default)]
pub struct Missing(Option<Instant>);

impl Missing {
    /// Trusts a ready primary if endpoints have been missing for long enough, and pods that are not ours at once.
    /// `published` says whether endpoints of the Canary's services were published. Returns how long to wait before
    /// looking again, if that can help.
    pub fn judge(&mut self, seen: &mut Observation, published: bool) -> Option<Duration> {
        let primary = seen.primary.known().and_then(Option::as_ref);
        let ready = primary.is_some_and(|primary| primary.readiness.is_ready());
        let target = seen.target.known().and_then(Option::as_ref);
        let target_serves = target.is_some_and(|target| target.serves == Fact::Known(true));
        let Fact::Known(services) = &mut seen.services else { return None };
        if !published {
            services.serving = serves_elsewhere(services, target_serves);
        }
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

/// Whether an apex without endpoints serves with pods that are not the primary's.
fn serves_elsewhere(services: &Services, target_serves: bool) -> bool {
    match services.apex {
        Apex::Other => true,
        Apex::Target => target_serves,
        Apex::Absent | Apex::Primary => services.serving,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_endpoints_other_pods_may_serve_and_the_targets_readiness_counts() {
        let serves = |apex, target| serves_elsewhere(&Services { apex, serving: false }, target);
        let apexes = [Apex::Absent, Apex::Target, Apex::Primary, Apex::Other];
        assert_eq!(apexes.map(|apex| serves(apex, false)), [false, false, false, true]);
        assert_eq!(apexes.map(|apex| serves(apex, true)), [false, true, false, true]);
    }
}
