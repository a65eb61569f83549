//! Expectations about the saved states, row by row, and about the routes that were set.

use std::fmt;

use serin_core::{Command, Phase, State, command::Routes, strategy::Weight};

use super::{Broken, Held};
use crate::{
    record::Story,
    scenario::{Listed, Pattern, Row, Sequence},
};

pub(super) fn phases(wanted: &Sequence<Phase>, story: &Story) -> Held {
    sequence(wanted, &changes(story, |state| state.phase))
}

pub(super) fn weights(wanted: &Sequence<Weight>, story: &Story) -> Held {
    sequence(wanted, &changes(story, |state| state.canary_weight))
}

pub(super) fn rows(wanted: &Sequence<Row>, story: &Story) -> Held {
    sequence(wanted, &changes(story, Row::of))
}

pub(super) fn routes(wanted: &Sequence<Routes>, story: &Story) -> Held {
    let mut seen: Vec<(usize, Routes)> = Vec::new();
    for (i, moment) in story.moments.iter().enumerate() {
        for effect in moment.commands.iter().filter(|effect| effect.failed.is_none()) {
            if let Command::SetRoutes(split) = &effect.command
                && seen.last().is_none_or(|(_, last)| *last != split.routes)
            {
                seen.push((i, split.routes));
            }
        }
    }
    sequence(wanted, &seen)
}

pub(super) fn weight(min: Weight, max: Weight, story: &Story) -> Held {
    let outside = saved(story).find(|(_, state)| !(min..=max).contains(&state.canary_weight));
    outside.map_or(Ok(()), |(moment, state)| {
        Err(Broken { actual: format!("weight {}", state.canary_weight), broke_at: Some(moment) })
    })
}

pub(super) fn never(pattern: &Pattern, story: &Story) -> Held {
    let found = saved(story).find(|(_, state)| pattern.fits(state));
    found.map_or(Ok(()), |(moment, state)| {
        Err(Broken { actual: format!("saved: {}", Row::of(state)), broke_at: Some(moment) })
    })
}

pub(super) fn always(pattern: &Pattern, story: &Story) -> Held {
    let other = saved(story).find(|(_, state)| !pattern.fits(state));
    other.map_or(Ok(()), |(moment, state)| {
        Err(Broken { actual: pattern.of(state).to_string(), broke_at: Some(moment) })
    })
}

/// The saved states, each with its moment.
pub(super) fn saved(story: &Story) -> impl Iterator<Item = (usize, &State)> {
    let moments = story.moments.iter().enumerate();
    moments.filter_map(|(i, moment)| Some((i, moment.saved.as_ref()?)))
}

/// The fields of a saved state, without repetitions.
fn changes<T: PartialEq>(story: &Story, shown: impl Fn(&State) -> T) -> Vec<(usize, T)> {
    let mut seen: Vec<(usize, T)> = Vec::new();
    for (moment, state) in saved(story) {
        let shown = shown(state);
        if seen.last().is_none_or(|(_, last)| *last != shown) {
            seen.push((moment, shown));
        }
    }
    seen
}

fn sequence<T: PartialEq + fmt::Display>(wanted: &Sequence<T>, seen: &[(usize, T)]) -> Held {
    let breaks = if wanted.exactly { differs(&wanted.items, seen) } else { missing(&wanted.items, seen) };
    breaks.map_or(Ok(()), |i| {
        let at = seen.get(i).or(seen.last());
        Err(Broken { actual: shown(seen, i), broke_at: at.map(|(moment, _)| *moment) })
    })
}

/// The first index at which the two differ.
fn differs<T: PartialEq>(wanted: &[T], seen: &[(usize, T)]) -> Option<usize> {
    let same = wanted.iter().zip(seen).take_while(|(wanted, (_, seen))| *wanted == seen).count();
    (same < wanted.len().max(seen.len())).then_some(same)
}

/// The value at the position of the first expected value that is missing.
fn missing<T: PartialEq>(wanted: &[T], seen: &[(usize, T)]) -> Option<usize> {
    let mut next = 0;
    for wanted in wanted {
        match seen[next..].iter().position(|(_, seen)| seen == wanted) {
            Some(found) => next += found + 1,
            None => return Some(next),
        }
    }
    None
}

/// The values around the break, or all values if there are few.
fn shown<T: fmt::Display>(seen: &[(usize, T)], broke_at: usize) -> String {
    const AROUND: usize = 20;
    let first = broke_at.saturating_sub(AROUND).min(seen.len());
    let last = (broke_at + AROUND).min(seen.len());
    let values: Vec<&T> = seen[first..last].iter().map(|(_, value)| value).collect();
    let (before, after) = (first, seen.len() - last);
    let mut text = Listed(&values).to_string();
    if before > 0 {
        text.push_str(&format!(", {before} before"));
    }
    if after > 0 {
        text.push_str(&format!(", {after} after"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(items: &[u8], exactly: bool, seen: &[u8]) -> Held {
        let seen: Vec<(usize, u8)> = seen.iter().copied().enumerate().collect();
        sequence(&Sequence { items: items.to_vec(), exactly }, &seen)
    }

    fn broken(actual: &str, broke_at: usize) -> Held {
        Err(Broken { actual: actual.into(), broke_at: Some(broke_at) })
    }

    #[test]
    fn a_sequence_is_contained_in_order() {
        assert_eq!(judged(&[10, 30, 0], false, &[0, 10, 20, 30, 0]), Ok(()));
        assert_eq!(judged(&[30, 10], false, &[0, 10, 20, 30]), broken("[0, 10, 20, 30]", 3));
        assert_eq!(judged(&[10, 15], false, &[0, 10, 20, 30]), broken("[0, 10, 20, 30]", 2));
        assert!(judged(&[10], false, &[]).is_err());
    }

    #[test]
    fn an_exact_sequence_has_no_other_values() {
        assert_eq!(judged(&[0, 10], true, &[0, 10]), Ok(()));
        assert_eq!(judged(&[0, 10], true, &[0, 10, 20]), broken("[0, 10, 20]", 2));
        assert_eq!(judged(&[0, 10, 20], true, &[0, 10]), broken("[0, 10]", 1));
        assert_eq!(judged(&[0, 10, 20], true, &[0, 15, 20]), broken("[0, 15, 20]", 1));
    }

    #[test]
    fn a_long_sequence_is_shown_around_its_break() {
        let seen: Vec<u8> = (0..100).collect();
        let Err(Broken { actual, .. }) = judged(&[50, 49], false, &seen) else { panic!() };
        assert!(actual.starts_with("[31, 32,") && actual.ends_with("70], 31 before, 29 after"), "{actual}");
    }
}
