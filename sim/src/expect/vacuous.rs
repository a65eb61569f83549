//! Expectations that hold only because what they are about never happened: in the world of a scenario's own seed they fail.
//!
//! `never`, `not`, `times: 0` and `max: 0` say that something does not happen, so they hold of nothing. Other worlds of
//! `serin check` may lack what a property is about: there it is not judged, and that is no failure unless all worlds lack it.

use serin_core::{Phase, time::Human};

use super::{Broken, Held, property, rows::saved};
use crate::{
    record::Story,
    scenario::{Expectation, Item, Property, Scenario},
};

/// Whether there was anything that an item which holds could be about.
pub(super) fn item(item: &Item, story: &Story) -> Held {
    match &item.expectation {
        Expectation::Weight { max: 0, .. } => Ok(()),
        Expectation::Weight { .. } => a_run_was_started(story),
        Expectation::Requests(wanted) if wanted.wants_none() => Ok(()),
        Expectation::Requests(_) => {
            a_run_was_started(story)?;
            let users = story.users.map_or(0, |users| users.requests);
            if users == 0 { nothing("no user sent a request") } else { Ok(()) }
        }
        Expectation::Always(_) if saved(story).next().is_none() => nothing("no status was saved"),
        // Those that want something fail by themselves where it is missing.
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

/// Whether there was anything that a property which holds could be about.
pub(super) fn of_property(property: &Property, scenario: &Scenario, story: &Story) -> Held {
    match property {
        Property::Safety { item, .. } => self::item(item, story),
        Property::Eventually { when: Some(when), .. } if !property::begins(when, story) => {
            nothing(&format!("{when} was never saved"))
        }
        Property::Eventually { within, .. } if !property::is_judged(property, scenario, story) => {
            nothing(&format!("the scenario ends before {} are over", Human(*within)))
        }
        Property::Eventually { .. } => Ok(()),
    }
}

/// A new revision was seen, and its rollout began or waited for approval.
fn a_run_was_started(story: &Story) -> Held {
    let started = saved(story).any(|(_, state)| state.is_running() || state.phase == Phase::Waiting);
    if started { Ok(()) } else { nothing("no rollout was started") }
}

fn nothing(why: &str) -> Held {
    Err(Broken { actual: format!("{why}: there was nothing to judge"), broke_at: None })
}
