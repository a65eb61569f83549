//! A slice of the world: one strategy or one concern, and what may happen in it.

use serin_core::{Phase, Rollout, State, observation::FailureClass, question::Answer, spec::Invalid};

use crate::{
    expand::Node,
    normal::Periods,
    world::{Deviation, World},
};

/// One walk.
pub(crate) struct Slice {
    pub(crate) name: &'static str,
    /// The first is the one a fair world ends with.
    pub(crate) manifests: Vec<Result<Rollout, Invalid>>,
    pub(crate) start: Start,
    pub(crate) deviations: Vec<Deviation>,
    /// Two of them may come together.
    pub(crate) pairs: bool,
    /// The driver may stop after any command, and before and after any save.
    pub(crate) stops: bool,
    /// Any command may fail so.
    pub(crate) failures: Vec<FailureClass>,
    /// Nobody may look for as long as the progress deadline.
    pub(crate) lapses: bool,
    /// The clock may be set back by as much.
    pub(crate) set_back: bool,
    /// What a metric may say.
    pub(crate) readings: Vec<Answer>,
    /// How long no check was judged matters.
    pub(crate) unjudged: bool,
    /// That somebody else keeps changing the same objects matters.
    pub(crate) contested: bool,
    /// Whether notices were delivered matters.
    pub(crate) notices: bool,
    /// Which revision was tried is followed beside the state.
    pub(crate) follows: bool,
    /// What is another slice's concern: it is not gone on from here.
    pub(crate) beyond: fn(&Node) -> bool,
    /// The phases it has to visit, neither more nor less.
    pub(crate) phases: Vec<Phase>,
}

/// Where a walk begins.
pub(crate) enum Start {
    /// A Canary has just appeared.
    New,
    /// Revision A was initialised and everything is at rest.
    Settled,
    /// Here.
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
