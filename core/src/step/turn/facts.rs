//! What is known in one call. An unknown fact ends the call, for the rule that reads it and all rules after it.

use super::{Flow, Turn};
use crate::{
    decision::{Obstacle, Rule},
    observation::{Fact, NO_ENDPOINT, Primary, Readiness, Target, Unseen},
    revision::{Revision, Text},
    spec::Topology,
    state::Stage,
};

static MISSING: Readiness = Readiness::Missing;

impl<'a> Turn<'a> {
    pub(in crate::step) fn known<T>(&mut self, fact: &'a Fact<T>, what: &str) -> Flow<&'a T> {
        match fact {
            Fact::Known(fact) => Flow::Continue(fact),
            Fact::Unknown(Unseen::Stale) => self.wait(Rule::Unknown),
            Fact::Unknown(Unseen::Unreadable(why)) => {
                self.held_up_by(Obstacle::Unreadable { what: what.into(), why: why.clone() });
                self.wait(Rule::Unknown)
            }
        }
    }

    pub(in crate::step) fn target(&mut self) -> Flow<Option<&'a Target>> {
        let seen = self.seen;
        Flow::Continue(self.known(&seen.target, "target")?.as_ref())
    }

    pub(in crate::step) fn primary(&mut self) -> Flow<Option<&'a Primary>> {
        let seen = self.seen;
        Flow::Continue(self.known(&seen.primary, "primary")?.as_ref())
    }

    /// The revision the target shows; `None` if there is no target.
    pub(in crate::step) fn revision(&mut self) -> Flow<Option<&'a Revision>> {
        match self.target()? {
            None => Flow::Continue(None),
            Some(target) => {
                Flow::Continue(Some(self.known(&target.revision, "configuration of the target")?))
            }
        }
    }

    /// The revision the target is known to show.
    pub(in crate::step) fn shown(&self) -> Option<&'a Revision> {
        self.seen.target.known()?.as_ref()?.revision.known()
    }

    /// Whether the canary is known to be ready, or known not to be.
    pub(in crate::step) fn canary_readiness(&self) -> Option<&'a Readiness> {
        self.seen.target.known().map(|target| target.as_ref().map_or(&MISSING, |target| &target.readiness))
    }

    /// Whether the primary is known to be ready, or known not to be.
    pub(in crate::step) fn primary_readiness(&self) -> Option<&'a Readiness> {
        self.seen
            .primary
            .known()
            .map(|primary| primary.as_ref().map_or(&MISSING, |primary| &primary.readiness))
    }

    /// Whether users would leave a copy that serves for one that does not, by going to the primary.
    pub(in crate::step) fn primary_is_the_worse_copy(&self) -> bool {
        self.seen.primary_serves() == Some(false) && self.seen.canary_serves() == Some(true)
    }

    /// The same, if a command depends on it: an unknown fact ends the call.
    pub(in crate::step) fn would_leave_the_better_copy(&mut self) -> Flow<bool> {
        if let Some(primary) = self.primary()? {
            self.known(&primary.serves, "endpoints of the primary")?;
        }
        Flow::Continue(self.primary_is_the_worse_copy())
    }

    /// Whether the state sends users to the canary.
    pub(in crate::step) fn is_on_canary(&self) -> bool {
        let state = self.state();
        match self.canary {
            Ok(r) => r.switches_traffic && state.routes(r.strategy()).exposed() > 0,
            Err(_) => {
                state.canary_weight > 0 || state.run.stage == Stage::Switched && state.run.away.is_none()
            }
        }
    }

    /// Why the primary takes no users: it is not ready, or it has no endpoint.
    pub(in crate::step) fn why_not_primary(&self) -> Text {
        let why = self.primary_readiness().and_then(Readiness::why_not);
        why.unwrap_or_else(|| NO_ENDPOINT.into())
    }

    /// The shape of a run whose objects the manifest no longer names.
    pub(in crate::step) fn left_behind(&self) -> Option<Topology> {
        let topology = &self.state().topology;
        self.canary
            .as_ref()
            .is_ok_and(|r| !r.topology().same_objects(topology))
            .then(|| Topology::clone(topology))
    }
}
