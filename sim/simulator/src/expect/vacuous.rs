//! Expectations that hold only because what they are about never happened. In the world of a scenario's own seed they
//! fail.
//!
//! `never`, `not`, `times: 0` and `max: 0` say that something does not happen, so they may have nothing to judge. In
//! other worlds of `serin check` a property may have nothing to judge; it is then not judged, which is a failure only
//! if no world can judge it.

use serin_core::{Phase, time::Human};

use super::{Broken, Held, property, rows::saved};
use crate::{
    record::Story,
    scenario::{Expectation, Item, Property, Scenario},
};

/// Whether an item that holds had anything to judge.
pub(super) fn item(item: &Item, story: &Story) -> Held {
    match &item.expectation {
        Expectation::Weight { max: 0, .. } => Ok(()),
        Expectation::Weight { .. } => a_run_was_started(story),
        Expectation::Requests(wanted) if wanted.wants_none() || wanted.wants_some() => Ok(()),
        Expectation::Requests(_) => {
            a_run_was_started(story)?;
            let users = story.users.map_or(0, |users| users.requests);
            if users == 0 { nothing("no user sent a request") } else { Ok(()) }
        }
        Expectation::Always(_) if saved(story).next().is_none() => nothing("no status was saved"),
        // These fail by themselves if what they expect does not happen.
        Expectation::Phases(_)
        | Expectation::Weights(_)
        | Expectation::Routes(_)
        | Expectation::Rows(_)
        | Expectation::End(_)
        | Expectation::Event(_)
        | Expectation::Alert(_, _)
        | Expectation::Condition(_)
        | Expectation::Hook(_)
        | Expectation::Receiver(_)
        | Expectation::Metric(_)
        | Expectation::Command(_)
        | Expectation::Rule(_)
        | Expectation::Promoted(_)
        | Expectation::Time(_)
        | Expectation::Never(_)
        | Expectation::Always(_) => Ok(()),
    }
}

/// Whether a property that holds had anything to judge.
pub(super) fn of_property(property: &Property, scenario: &Scenario, story: &Story) -> Held {
    match property {
        Property::Safety { item, .. } => self::item(item, story),
        Property::Eventually { when: Some(when), .. } if !property::begins(when, story) => {
            nothing(&format!("{when} was never saved"))
        }
        Property::Eventually { within, .. } if !property::is_judged(property, scenario, story) => {
            nothing(&format!("the scenario ends before {} have passed", Human(*within)))
        }
        Property::Eventually { .. } => Ok(()),
    }
}

/// A new revision was detected, and its rollout began or waited for approval.
fn a_run_was_started(story: &Story) -> Held {
    let started = saved(story).any(|(_, state)| state.is_running() || state.phase == Phase::Waiting);
    if started { Ok(()) } else { nothing("no rollout was started") }
}

fn nothing(why: &str) -> Held {
    Err(Broken { actual: format!("{why}: there is nothing to judge"), broke_at: None })
}
