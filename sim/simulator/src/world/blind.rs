//! Facts that cannot be read for some time.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{
    Observation,
    observation::{Fact, Unseen},
    revision::Text,
};

use crate::scenario::Blind;

#[derive(Clone, Default)]
pub(super) struct Blindness {
    unreadable: BTreeMap<Blind, (Option<Duration>, Text)>,
    /// Facts that are older than the last write until this time.
    stale: BTreeMap<Blind, Duration>,
}

impl Blindness {
    /// Until this time a fact cannot be read; `None`: for ever.
    pub(super) fn begin(&mut self, fact: Blind, until: Option<Duration>, why: &str) {
        self.unreadable.insert(fact, (until, why.into()));
    }

    /// Until this time reads return a fact from before the last write.
    pub(super) fn lag(&mut self, fact: Blind, until: Duration) {
        self.stale.insert(fact, until);
    }

    /// When the next fact can be read again.
    pub(super) fn next(&self) -> Option<Duration> {
        let unreadable = self.unreadable.values().filter_map(|(until, _)| *until);
        unreadable.chain(self.stale.values().copied()).min()
    }

    /// Which facts can be read again by now.
    pub(super) fn end(&mut self, at: Duration, happened: &mut Vec<String>) -> bool {
        let before = self.unreadable.len() + self.stale.len();
        if before == 0 {
            return false;
        }
        self.stale.retain(|_, until| *until > at);
        self.unreadable.retain(|fact, (until, _)| {
            let over = until.is_some_and(|until| until <= at);
            if over {
                happened.push(format!("the {} can be read again", name(*fact)));
            }
            !over
        });
        self.unreadable.len() + self.stale.len() < before
    }

    /// Why a fact cannot be read, if it cannot.
    pub(super) fn why(&self, fact: Blind) -> Option<&Text> {
        self.unreadable.get(&fact).map(|(_, why)| why)
    }

    /// Removes from an observation the facts that cannot be read.
    pub(super) fn hide(&self, seen: &mut Observation) {
        for (fact, (_, why)) in &self.unreadable {
            hide(*fact, Unseen::Unreadable(why.clone()), seen);
        }
        for fact in self.stale.keys() {
            hide(*fact, Unseen::Stale, seen);
        }
    }
}

fn hide(fact: Blind, unseen: Unseen, seen: &mut Observation) {
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
