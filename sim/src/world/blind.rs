//! Facts that cannot be read for a while.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{
    Observation,
    observation::{Fact, Unseen},
    revision::Text,
};

use crate::scenario::Blind;

#[derive(Default)]
pub(super) struct Blindness(BTreeMap<Blind, (Option<Duration>, Text)>);

impl Blindness {
    /// A fact cannot be read until then; `None`: any more.
    pub(super) fn begin(&mut self, fact: Blind, until: Option<Duration>, why: &str) {
        self.0.insert(fact, (until, why.into()));
    }

    /// When the next fact can be read again.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.values().filter_map(|(until, _)| *until).min()
    }

    /// Whether facts can be read again by now; says which.
    pub(super) fn end(&mut self, at: Duration, happened: &mut Vec<String>) -> bool {
        let before = self.0.len();
        self.0.retain(|fact, (until, _)| {
            let over = until.is_some_and(|until| until <= at);
            if over {
                happened.push(format!("the {} can be read again", name(*fact)));
            }
            !over
        });
        self.0.len() < before
    }

    /// Why a fact cannot be read, if it cannot.
    pub(super) fn why(&self, fact: Blind) -> Option<&Text> {
        self.0.get(&fact).map(|(_, why)| why)
    }

    /// Takes from what is seen what cannot be.
    pub(super) fn hide(&self, seen: &mut Observation) {
        for (fact, (_, why)) in &self.0 {
            let unseen = Unseen::Unreadable(why.clone());
            match fact {
                Blind::Target => seen.target = Fact::Unknown(unseen),
                Blind::Configs => {
                    if let Some(Some(target)) = seen.target.known_mut() {
                        target.revision = Fact::Unknown(unseen);
                    }
                }
                Blind::Primary => seen.primary = Fact::Unknown(unseen),
                Blind::Services => seen.services = Fact::Unknown(unseen),
                Blind::Routes => seen.routes = Fact::Unknown(unseen),
                Blind::Drift => seen.drift = Fact::Unknown(unseen),
            }
        }
    }
}

pub(super) fn name(fact: Blind) -> &'static str {
    match fact {
        Blind::Target => "target",
        Blind::Configs => "configuration of the target",
        Blind::Primary => "primary",
        Blind::Services => "services",
        Blind::Routes => "routes",
        Blind::Drift => "owned objects",
    }
}
