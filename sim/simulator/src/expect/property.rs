//! Whether a property holds in one story.
//!
//! Safety is judged over the whole story. Liveness has a time limit that begins with the last event or a status, but
//! not before the last temporary fault has ended. If the story ends before the time limit, it is not judged.

use std::time::Duration;

use serin_core::{State, time::Human};

use super::{Broken, Held, held, notices, rows::saved};
use crate::{
    record::Story,
    scenario::{Goal, Pattern, Property, Scenario, promote, rule_name},
};

pub(super) fn property(property: &Property, scenario: &Scenario, story: &Story) -> Held {
    match property {
        Property::Safety { item, .. } => held(item, story),
        Property::Eventually { goal, within, when, .. } => beginnings(when.as_ref(), story)
            .into_iter()
            .filter_map(|begin| comes(goal, begin, *within, scenario, story))
            .collect(),
    }
}

/// Whether the story is long enough to judge at least one beginning.
pub(super) fn is_judged(property: &Property, scenario: &Scenario, story: &Story) -> bool {
    match property {
        Property::Safety { .. } => true,
        Property::Eventually { goal, within, when, .. } => beginnings(when.as_ref(), story)
            .into_iter()
            .any(|begin| comes(goal, begin, *within, scenario, story).is_some()),
    }
}

/// A time at which the time limit begins, and the moment that begins it.
#[derive(Clone, Copy)]
struct Beginning {
    at: Duration,
    moment: Option<usize>,
}

/// Whether a status is saved at which the time limit begins.
pub(super) fn begins(when: &Pattern, story: &Story) -> bool {
    !beginnings(Some(when), story).is_empty()
}

fn beginnings(when: Option<&Pattern>, story: &Story) -> Vec<Beginning> {
    let Some(pattern) = when else {
        let at = story.events.iter().flatten().max().copied().unwrap_or_default();
        return vec![Beginning { at, moment: None }];
    };
    let mut fitted = false;
    let mut found = Vec::new();
    for (moment, state) in saved(story) {
        let fits = pattern.fits(state);
        if fits && !fitted {
            found.push(Beginning { at: story.moments[moment].at, moment: Some(moment) });
        }
        fitted = fits;
    }
    found
}

/// The end of the last temporary fault.
fn calm_from(scenario: &Scenario, story: &Story) -> Duration {
    let troubles = scenario.setting.simulated.iter().flat_map(|simulated| &simulated.troubles);
    let ends = troubles.filter_map(|trouble| trouble.from.checked_add(trouble.lasts));
    // A fault that never ends is not waited for.
    let ends = ends.filter(|end| *end <= scenario.until);
    let last_event = story.events.iter().flatten().copied();
    ends.chain(last_event).max().unwrap_or_default()
}

/// Whether it happens in time; `None` if the story ends before.
fn comes(
    goal: &Goal,
    begin: Beginning,
    within: Duration,
    scenario: &Scenario,
    story: &Story,
) -> Option<Held> {
    let from = begin.at.max(calm_from(scenario, story));
    let end = from.saturating_add(within);
    if met(goal, begin, end, story) {
        return Some(Ok(()));
    }
    if end > scenario.until && !story.rests {
        return None;
    }
    let last = story.moments.iter().rposition(|moment| moment.at <= end);
    let actual = format!("not from {} to {}", Human(from), Human(end));
    Some(Err(Broken { actual, broke_at: last.max(begin.moment) }))
}

/// Whether it happens between the beginning and `end`.
fn met(goal: &Goal, begin: Beginning, end: Duration, story: &Story) -> bool {
    let in_time = |moment: usize| {
        let at = story.moments[moment].at;
        at >= begin.at && at <= end && begin.moment.is_none_or(|first| moment >= first)
    };
    let any = |moments: Vec<usize>| moments.into_iter().any(in_time);
    match goal {
        Goal::Status(pattern) => stands(pattern, begin, story) || any(those(saved(story), pattern)),
        Goal::Event(telling) => any(notices::told_in(telling, None, story)),
        Goal::Alert(telling, severity) => any(notices::told_in(telling, Some(*severity), story)),
        Goal::Rule(counted) => {
            let fires = |i: &usize| rule_name(story.moments[*i].decision.rule) == counted.name;
            any((0..story.moments.len()).filter(fires).collect())
        }
        Goal::Command(carried) => any(carried_out(&carried.prefix, story)),
        Goal::Promoted(revision) => any(carried_out(&promote(revision), story)),
    }
}

/// Whether the last status that was saved before the beginning already fits.
fn stands(pattern: &Pattern, begin: Beginning, story: &Story) -> bool {
    let before = saved(story).take_while(|(moment, _)| story.moments[*moment].at <= begin.at);
    before.last().is_some_and(|(_, state)| pattern.fits(state))
}

fn those<'a>(saved: impl Iterator<Item = (usize, &'a State)>, pattern: &Pattern) -> Vec<usize> {
    saved.filter(|(_, state)| pattern.fits(state)).map(|(moment, _)| moment).collect()
}

fn carried_out(prefix: &str, story: &Story) -> Vec<usize> {
    let moments = story.moments.iter().enumerate();
    let done = moments.filter(|(_, moment)| {
        let mut done = moment.commands.iter().filter(|effect| effect.failed.is_none());
        done.any(|effect| effect.command.to_string().starts_with(prefix))
    });
    done.map(|(i, _)| i).collect()
}
