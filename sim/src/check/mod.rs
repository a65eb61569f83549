//! Searches the worlds a scenario may mean for one in which something breaks that must always hold: a property, an
//! invariant, or what a checker verifies; and makes what it found small.

mod search;
mod shrink;

use std::time::Duration;

pub use self::search::{Searched, search};
pub use self::shrink::{MOST_RUNS, Shrunk, Tree, shrink};
use serin_core::time::Human;

use crate::{
    drive,
    expect::{self, Judged, Verdict},
    finding::{Case, Finding, Level},
    input::{self, Source},
    scenario::Scenario,
};

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// At most so many worlds.
    pub cases: u64,
    /// The seed of the first; each that follows has the next.
    pub seed: u64,
}

/// Somebody who looks on while a search goes on.
pub trait Watch: Sync {
    /// So many more cases were run.
    fn ran(&self, cases: u64);
    /// So many smaller worlds were tried, of at most `most`.
    fn shrinks(&self, tried: u64, most: u64);
    /// The search is to stop after what is under way.
    fn stops(&self) -> bool;
}

/// Nobody looks on.
impl Watch for () {
    fn ran(&self, _: u64) {}
    fn shrinks(&self, _: u64, _: u64) {}
    fn stops(&self) -> bool {
        false
    }
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The property as a line, or the name of the invariant or checker.
    pub claim: String,
    /// What was seen instead.
    pub actual: String,
    /// The index of the moment it broke in, where one shows it.
    pub moment: Option<usize>,
    /// The virtual time of that moment.
    pub at: Option<Duration>,
}

/// A scenario as a case of a report on tests; `broken` is what was found, with the seed of its world and the file that
/// shows it.
#[must_use]
pub fn case(scenario: &Scenario, broken: Option<(&Broken, u64, &str)>) -> Case {
    let file = scenario.path.display().to_string();
    let finding = |(broken, seed, shown): (&Broken, u64, &str)| {
        let property = scenario.properties.iter().position(|property| property.to_string() == broken.claim);
        let (code, field) = match property {
            Some(i) => ("property-broken", format!("properties[{i}]")),
            None => ("invariant-broken", "scenario".into()),
        };
        let text = input::read(&scenario.path).unwrap_or_default();
        let at = broken.at.map_or(String::new(), |at| format!("\nat {}", Human(at)));
        Finding {
            level: Level::Error,
            code,
            file: file.clone(),
            at: Source::new(&text, &scenario.path).fault(&*field, "").at,
            field,
            what: format!("expected {}\nactual   {}{at}, with seed {seed}", broken.claim, broken.actual),
            remedy: format!("{shown} shows it"),
            edits: Vec::new(),
        }
    };
    let findings = broken.map(finding).into_iter().collect();
    Case { name: scenario.title.clone(), file: file.clone(), findings, is_unusable: false }
}

/// The first thing that does not hold in the world of a seed, marked with `mayBreak` or not.
#[must_use]
pub fn broken_in(scenario: &Scenario, seed: u64) -> Option<Broken> {
    all_in(scenario, seed).into_iter().next()
}

/// What a search looks for in the world of a seed.
struct Looked {
    /// The first thing that does not hold and is not marked with `mayBreak`.
    broken: Option<Broken>,
    /// A property that is marked does not hold.
    breaks_known: bool,
}

fn looked_at(scenario: &Scenario, seed: u64) -> Looked {
    let (known, other): (Vec<Broken>, Vec<Broken>) =
        all_in(scenario, seed).into_iter().partition(|broken| is_known(scenario, broken));
    Looked { broken: other.into_iter().next(), breaks_known: !known.is_empty() }
}

/// The first property marked with `mayBreak` that does not hold in the world of a seed.
fn known_in(scenario: &Scenario, seed: u64) -> Option<Broken> {
    all_in(scenario, seed).into_iter().find(|broken| is_known(scenario, broken))
}

fn is_known(scenario: &Scenario, broken: &Broken) -> bool {
    scenario.properties.iter().any(|property| property.may_break() && property.to_string() == broken.claim)
}

fn all_in(scenario: &Scenario, seed: u64) -> Vec<Broken> {
    let story = drive::run_seed(scenario, seed);
    let at = |moment: usize| story.moments.get(moment).map(|moment| moment.at);
    let all = all_broken(&expect::judge_properties(scenario, &story)).into_iter();
    all.map(|broken| Broken { at: broken.moment.and_then(at), ..broken }).collect()
}

/// Everything that does not hold: properties, then invariants and what the checkers found.
fn all_broken(verdict: &Verdict) -> Vec<Broken> {
    let properties = verdict.outcomes.iter().filter_map(|outcome| match &outcome.judged {
        Judged::Held => None,
        Judged::Failed { expected, actual, broke_at, at } => {
            Some(Broken { claim: expected.clone(), actual: actual.clone(), moment: *broke_at, at: *at })
        }
    });
    let violations = verdict.violations.iter().map(|(moment, what)| {
        let (claim, actual) = what.split_once(": ").unwrap_or(("the story", what));
        Broken { claim: claim.into(), actual: actual.into(), moment: Some(*moment), at: None }
    });
    properties.chain(violations).collect()
}
