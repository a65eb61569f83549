//! A slice of the world: one strategy or one concern, and the events in it.

use serin_core::{Phase, Rollout, State, observation::FailureClass, question::Answer, spec::Invalid};

use crate::{
    expand::Node,
    normal::Periods,
    world::{Deviation, World},
};

/// One walk.
pub(crate) struct Slice {
    pub(crate) name: &'static str,
    /// The manifests. A fair world ends with the first.
    pub(crate) manifests: Vec<Result<Rollout, Invalid>>,
    pub(crate) start: Start,
    pub(crate) deviations: Vec<Deviation>,
    /// The events; two of them can occur together.
    pub(crate) pairs: bool,
    /// Whether the driver can stop after any command, and before and after any save.
    pub(crate) stops: bool,
    /// How commands can fail.
    pub(crate) failures: Vec<FailureClass>,
    /// Whether the progress deadline can pass without an observation.
    pub(crate) lapses: bool,
    /// Whether the clock can be set back by that much.
    pub(crate) set_back: bool,
    /// The answers that a metric can give.
    pub(crate) readings: Vec<Answer>,
    /// Whether it matters how long no check was judged.
    pub(crate) unjudged: bool,
    /// Whether it matters that another client keeps changing the same objects.
    pub(crate) contested: bool,
    /// Whether it matters which notices were delivered.
    pub(crate) notices: bool,
    /// Whether the revision that was tried is tracked beside the state.
    pub(crate) follows: bool,
    /// States that belong to another slice: their successors are not visited.
    pub(crate) beyond: fn(&Node) -> bool,
    /// The phases that it has to visit, exactly.
    pub(crate) phases: Vec<Phase>,
}

/// Where a walk begins.
pub(crate) enum Start {
    /// A Canary has just appeared.
    New,
    /// Revision A was initialised and everything is at rest.
    Settled,
    /// This node.
    At(Vec<(State, World)>),
}

impl Slice {
    pub(crate) fn periods(&self) -> Periods {
        let first = self.manifests.iter().find_map(|manifest| manifest.as_ref().ok());
        let invalid = self.manifests.iter().any(Result::is_err);
        Periods::of(
            first.expect("a slice has a manifest that makes sense"),
            invalid,
            self.notices,
            self.unjudged,
            self.contested,
        )
    }

    pub(crate) fn canary(&self, world: &World) -> &Result<Rollout, Invalid> {
        &self.manifests[world.manifest]
    }
}
