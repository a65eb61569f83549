//! Expectations about durations.

use std::time::Duration;

use serin_core::time::Human;

use super::{Broken, Held, rows::saved};
use crate::{record::Story, scenario::Span};

pub(super) fn time(wanted: &Span, story: &Story) -> Held {
    let never = |what: &str| Err(Broken { actual: format!("{what} was never saved"), broke_at: None });
    let (begin, from) = match &wanted.from {
        None => (Duration::ZERO, None),
        Some(pattern) => match saved(story).find(|(_, state)| pattern.fits(state)) {
            Some((moment, _)) => (story.moments[moment].at, Some(moment)),
            None => return never(&pattern.to_string()),
        },
    };
    let mut later = saved(story).filter(|(moment, _)| from.is_none_or(|from| *moment > from));
    let Some((to, _)) = later.find(|(_, state)| wanted.to.fits(state)) else {
        return never(&wanted.to.to_string());
    };
    let took = story.moments[to].at.saturating_sub(begin);
    let in_time = wanted.min.is_none_or(|min| took >= min) && wanted.max.is_none_or(|max| took <= max);
    if in_time {
        return Ok(());
    }
    Err(Broken { actual: Human(took).to_string(), broke_at: Some(to) })
}
