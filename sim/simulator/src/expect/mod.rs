//! Whether a story went as its scenario expects. Each family of expectations is one file.

mod counts;
mod ending;
mod notices;
mod property;
mod received;
mod requests;
mod rows;
#[cfg(test)]
mod tests;
mod times;
mod vacuous;

use std::{fmt, time::Duration};

use crate::{
    checker,
    record::Story,
    scenario::{Expectation, Item, Property, Scenario},
};

/// The results of all expectations of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// One for each item of `expect`, then one for each property, in order.
    pub outcomes: Vec<Outcome>,
    /// Broken invariants and the findings of the [checkers](crate::checker), with the index of the moment at which each
    /// broke.
    pub violations: Vec<(usize, String)>,
}

/// The result of one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The expectation, as a line.
    pub expectation: String,
    /// Whether it held.
    pub judged: Judged,
}

/// Whether an expectation held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It held.
    Held,
    /// It did not hold.
    Failed {
        /// What was expected.
        expected: String,
        /// What happened instead.
        actual: String,
        /// The index of the moment at which it broke.
        broke_at: Option<usize>,
        /// The virtual time of that moment.
        at: Option<Duration>,
    },
}

impl Verdict {
    /// Whether everything held, the invariants included.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && self.outcomes.iter().all(|outcome| outcome.judged == Judged::Held)
    }
}

/// Judges a story by its scenario. An expectation that had nothing to judge fails.
#[must_use]
pub fn judge(scenario: &Scenario, story: &Story) -> Verdict {
    let items = scenario.expect.iter();
    let expected = items.map(|item| {
        let held = held(item, story).and_then(|()| vacuous::item(item, story));
        outcome(item.to_string(), held, story)
    });
    let properties = scenario.properties.iter();
    let properties = properties.map(|property| {
        let held = property::property(property, scenario, story);
        outcome(
            property.to_string(),
            held.and_then(|()| vacuous::of_property(property, scenario, story)),
            story,
        )
    });
    Verdict { outcomes: expected.chain(properties).collect(), violations: violations(scenario, story) }
}

/// As [`judge`], by what must hold in every world: the properties, the invariants, the checkers. A property that has
/// nothing to judge in this world holds.
#[must_use]
pub fn judge_properties(scenario: &Scenario, story: &Story) -> Verdict {
    let properties = scenario.properties.iter();
    let outcomes = properties
        .map(|property| outcome(property.to_string(), property::property(property, scenario, story), story));
    Verdict { outcomes: outcomes.collect(), violations: violations(scenario, story) }
}

/// Whether a property has anything to judge in a story.
#[must_use]
pub fn is_judged(property: &Property, scenario: &Scenario, story: &Story) -> bool {
    vacuous::of_property(property, scenario, story).is_ok()
}

fn violations(scenario: &Scenario, story: &Story) -> Vec<(usize, String)> {
    story.violations.iter().cloned().chain(checker::check(scenario, story)).collect()
}

fn outcome(expectation: String, held: Held, story: &Story) -> Outcome {
    let judged = match held {
        Ok(()) => Judged::Held,
        Err(Broken { actual, broke_at }) => {
            let at = broke_at.and_then(|moment| story.moments.get(moment)).map(|moment| moment.at);
            Judged::Failed { expected: expectation.clone(), actual, broke_at, at }
        }
    };
    Outcome { expectation, judged }
}

/// What happened instead of what was expected.
#[derive(Debug, PartialEq)]
struct Broken {
    actual: String,
    /// The index of a moment.
    broke_at: Option<usize>,
}

type Held = Result<(), Broken>;

fn held(item: &Item, story: &Story) -> Held {
    let negated = item.negated;
    match &item.expectation {
        Expectation::Phases(wanted) => rows::phases(wanted, story),
        Expectation::Weights(wanted) => rows::weights(wanted, story),
        Expectation::Weight { min, max } => rows::weight(*min, *max, story),
        Expectation::Requests(wanted) => requests::requests(wanted, story),
        Expectation::Routes(wanted) => rows::routes(wanted, story),
        Expectation::Rows(wanted) => rows::rows(wanted, story),
        Expectation::Never(pattern) => rows::never(pattern, story),
        Expectation::Always(pattern) => rows::always(pattern, story),
        Expectation::End(pattern) => ending::status(pattern, story),
        Expectation::Condition(text) => ending::condition(text, story),
        Expectation::Promoted(revision) => ending::promoted(revision, story),
        Expectation::Event(telling) => notices::event(telling, negated, story),
        Expectation::Alert(telling, severity) => notices::alert(telling, *severity, negated, story),
        Expectation::Hook(called) => counts::hook(called, story),
        Expectation::Receiver(received) => received::receiver(received, story),
        Expectation::Metric(counted) => counts::metric(counted, story),
        Expectation::Command(carried) => counts::command(carried, story),
        Expectation::Rule(counted) => counts::rule(counted, negated, story),
        Expectation::Time(span) => times::time(span, story),
    }
}

/// Judges how often something occurred: `found` are the moments, in order. Without `times`, once is enough.
fn often(found: &[usize], times: Option<u32>, negated: bool, seen: impl FnOnce() -> String) -> Held {
    let count = found.len();
    let as_wanted = times.map_or(count > 0, |times| times as usize == count);
    if as_wanted != negated {
        return Ok(());
    }
    let surplus = times.filter(|_| !negated).map_or(0, |times| times as usize);
    Err(Broken { actual: seen(), broke_at: found.get(surplus).or(found.last()).copied() })
}

/// `once`, `3 times`, `never`.
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("never"),
            1 => f.write_str("once"),
            count => write!(f, "{count} times"),
        }
    }
}

#[cfg(test)]
mod often_enough {
    use super::*;

    #[test]
    fn without_a_number_once_is_enough() {
        let seen = || "seen".to_string();
        assert_eq!(often(&[3, 4], None, false, seen), Ok(()));
        assert_eq!(often(&[], None, true, seen), Ok(()));
        assert_eq!(often(&[], None, false, seen), Err(Broken { actual: "seen".into(), broke_at: None }));
        assert_eq!(
            often(&[3, 4], None, true, seen),
            Err(Broken { actual: "seen".into(), broke_at: Some(3) })
        );
    }

    #[test]
    fn the_first_surplus_occurrence_breaks_a_number() {
        let broke_at =
            |found: &[usize], times| often(found, Some(times), false, String::new).unwrap_err().broke_at;
        assert_eq!(often(&[1, 2], Some(2), false, String::new), Ok(()));
        assert_eq!(broke_at(&[1, 2, 5], 2), Some(5));
        assert_eq!(broke_at(&[1], 2), Some(1));
        assert_eq!(broke_at(&[7], 0), Some(7));
        assert_eq!(often(&[1, 2], Some(1), true, String::new), Ok(()));
    }
}
