//! What the worlds of a search reached: the rules of the core that fired, and the moves between phases.

use std::collections::BTreeSet;

use serin_core::{Phase, decision::Rule};
use serin_simulator::record::Story;

/// Rules and moves, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// The rules that fired.
    pub rules: BTreeSet<Rule>,
    /// The changes of the saved phase: from, to.
    pub moves: BTreeSet<(Phase, Phase)>,
}

impl Fired {
    /// What a story reached.
    #[must_use]
    pub fn of(story: &Story) -> Self {
        let saved = story.moments.iter().filter_map(|moment| moment.saved.as_ref());
        let phases: Vec<Phase> =
            [story.begin.phase].into_iter().chain(saved.map(|state| state.phase)).collect();
        let moves = phases.windows(2).map(|pair| (pair[0], pair[1])).filter(|(from, to)| from != to);
        Self {
            rules: story.moments.iter().map(|moment| moment.decision.rule).collect(),
            moves: moves.collect(),
        }
    }

    /// Adds what other worlds reached.
    pub fn add(&mut self, other: &Self) {
        self.rules.extend(&other.rules);
        self.moves.extend(&other.moves);
    }

    /// The rules that did not fire, in order.
    #[must_use]
    pub fn never(&self) -> Vec<Rule> {
        Rule::ALL.into_iter().filter(|rule| !self.rules.contains(rule)).collect()
    }
}
