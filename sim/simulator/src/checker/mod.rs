//! Rules about a whole story: each checker is a file that says what it verifies and what it does not. The invariants of
//! one call are in `serin_core::invariant`, and are checked while a story runs.

mod alerts;
mod counted;
mod ends;
mod gates;
mod hooks;
mod outbox;
mod requests;
mod revisions;
mod rollout;
mod routes;

use serin_core::State;

use crate::{
    record::Story,
    scenario::{Action, Scenario},
};

/// One checker.
struct Checker {
    /// Its name, the prefix of its findings.
    name: &'static str,
    /// Its findings, each with the moment that shows it.
    check: fn(&Checked<'_>) -> Violations,
}

/// A finding: the index of a moment, and a sentence.
type Violations = Vec<(usize, String)>;

/// The input of a checker.
#[derive(Clone, Copy)]
struct Checked<'a> {
    scenario: &'a Scenario,
    story: &'a Story,
}

const CHECKERS: &[Checker] = &[
    Checker { name: "alerts", check: alerts::check },
    Checker { name: "counted", check: counted::check },
    Checker { name: "ends", check: ends::check },
    Checker { name: "gates", check: gates::check },
    Checker { name: "hooks", check: hooks::check },
    Checker { name: "outbox", check: outbox::check },
    Checker { name: "requests", check: requests::check },
    Checker { name: "revisions", check: revisions::check },
    Checker { name: "rollout", check: rollout::check },
    Checker { name: "routes", check: routes::check },
];

/// The findings of the checkers about a story: the index of the moment that shows it, and a sentence that begins with
/// the name of the checker.
#[must_use]
pub fn check(scenario: &Scenario, story: &Story) -> Vec<(usize, String)> {
    let seen = Checked { scenario, story };
    let found = CHECKERS.iter().flat_map(|checker| {
        let found = (checker.check)(&seen).into_iter();
        found.map(|(moment, what)| (moment, format!("{}: {what}", checker.name)))
    });
    found.collect()
}

impl<'a> Checked<'a> {
    /// Every saved state with its moment.
    fn saved(self) -> impl Iterator<Item = (usize, &'a State)> {
        let moments = self.story.moments.iter().enumerate();
        moments.filter_map(|(i, moment)| Some((i, moment.saved.as_ref()?)))
    }

    /// The last state that was saved before a moment.
    fn before(self, moment: usize) -> Option<&'a State> {
        self.story.moments[..moment].iter().rev().find_map(|moment| moment.saved.as_ref())
    }

    /// The index of the last moment.
    fn last(self) -> usize {
        self.story.moments.len().saturating_sub(1)
    }

    /// Whether the Canary is never edited.
    fn is_unedited(self) -> bool {
        !self.scenario.events.iter().any(|event| matches!(event.action, Action::Edit(_)))
    }
}
