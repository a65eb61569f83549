//! Searches the worlds that a scenario allows for one that breaks something that must always hold: a property, an
//! invariant, or what a checker verifies. Then shrinks the world it found.

mod fired;
mod search;
mod shrink;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::fired::Fired;
pub use self::search::{Searched, search};
pub use self::shrink::{MOST_RUNS, Shrunk, Tree, shrink};
use serin_core::time::Human;
use serin_input::{self as input, Source};
use serin_output::finding::{Case, Finding, Level};
use serin_simulator::{
    drive,
    expect::{self, Judged, Verdict},
    record::Story,
    scenario::Scenario,
};

/// The limits of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// At most this many worlds.
    pub cases: u64,
    /// The seed of the first world, from which those of the others follow.
    pub seed: u64,
}

/// Observes a search, and can stop it.
pub trait Watch: Sync {
    /// This many more cases were run.
    fn ran(&self, cases: u64);
    /// This many smaller worlds were tried, of at most `most`.
    fn shrinks(&self, tried: u64, most: u64);
    /// Whether to stop the search; called often, also within a run.
    fn stops(&self) -> bool;
}

/// Observes nothing.
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
    /// What happened instead.
    pub actual: String,
    /// The index of the moment at which it broke, if one moment shows it.
    pub moment: Option<usize>,
    /// The virtual time of that moment.
    pub at: Option<Duration>,
}

/// A scenario as a case of a test report. `broken` is what was found, with the seed of its world and the file that
/// shows it. `unjudged` are the properties that no world could judge.
#[must_use]
pub fn case(scenario: &Scenario, broken: Option<(&Broken, u64, &str)>, unjudged: &[usize]) -> Case {
    let file = scenario.path.display().to_string();
    let text = input::read(&scenario.path).unwrap_or_default();
    let place = |field: &str| Source::new(&text, &scenario.path).fault(field, "").at;
    let finding = |(broken, seed, shown): (&Broken, u64, &str)| {
        let property = scenario.properties.iter().position(|property| property.to_string() == broken.claim);
        let (code, field) = match property {
            Some(i) => ("property-broken", format!("properties[{i}]")),
            None => ("invariant-broken", "scenario".into()),
        };
        let at = broken.at.map_or(String::new(), |at| format!("\nat {}", Human(at)));
        Finding {
            level: Level::Error,
            code,
            file: file.clone(),
            at: place(&field),
            field,
            what: format!("expected {}\nactual   {}{at}, with seed {seed}", broken.claim, broken.actual),
            remedy: format!("{shown} shows it"),
            edits: Vec::new(),
        }
    };
    let vacuous = unjudged.iter().zip(claims(scenario, unjudged)).map(|(i, claim)| {
        let field = format!("properties[{i}]");
        Finding {
            level: Level::Error,
            code: "property-never-judged",
            file: file.clone(),
            at: place(&field),
            field,
            what: format!("expected {claim}\nactual   no world has anything to judge"),
            remedy: String::new(),
            edits: Vec::new(),
        }
    });
    let findings = broken.map(finding).into_iter().chain(vacuous).collect();
    Case { name: scenario.title.clone(), file: file.clone(), findings, is_unusable: false }
}

/// Properties of a scenario by their index, each as a line.
#[must_use]
pub fn claims(scenario: &Scenario, properties: &[usize]) -> Vec<String> {
    let claims = properties.iter().filter_map(|i| scenario.properties.get(*i));
    claims.map(ToString::to_string).collect()
}

/// The first thing that does not hold in the world of a seed, whether it is marked with `mayBreak` or not. `None` also
/// if the watcher stops the run.
#[must_use]
pub fn broken_in(scenario: &Scenario, seed: u64, watch: &dyn Watch) -> Option<Broken> {
    let story = drive::run_until(scenario, seed, &|| watch.stops())?;
    all_in(scenario, &story).into_iter().next()
}

/// The result of one seed's world.
struct Looked {
    /// The first thing that does not hold and is not marked with `mayBreak`.
    broken: Option<Broken>,
    /// The first property marked with `mayBreak` that does not hold.
    known: Option<Broken>,
    /// For each property, whether this world can judge it.
    judged: Vec<bool>,
    /// What it reached.
    fired: Fired,
}

/// `None` if the watcher stopped the run.
fn looked_at(scenario: &Scenario, seed: u64, watch: &dyn Watch) -> Option<Looked> {
    let story = drive::run_until(scenario, seed, &|| watch.stops())?;
    let (known, other): (Vec<Broken>, Vec<Broken>) =
        all_in(scenario, &story).into_iter().partition(|broken| is_known(scenario, broken));
    let properties = scenario.properties.iter();
    Some(Looked {
        broken: other.into_iter().next(),
        known: known.into_iter().next(),
        judged: properties.map(|property| expect::is_judged(property, scenario, &story)).collect(),
        fired: Fired::of(&story),
    })
}

fn is_known(scenario: &Scenario, broken: &Broken) -> bool {
    scenario.properties.iter().any(|property| property.may_break() && property.to_string() == broken.claim)
}

fn all_in(scenario: &Scenario, story: &Story) -> Vec<Broken> {
    let at = |moment: usize| story.moments.get(moment).map(|moment| moment.at);
    let all = all_broken(&expect::judge_properties(scenario, story)).into_iter();
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
