//! Expectations about the end of a story.

use super::{Broken, Held};
use crate::{record::Story, scenario::Pattern};

pub(super) fn status(wanted: &Pattern, story: &Story) -> Held {
    if wanted.fits(&story.end) {
        return Ok(());
    }
    Err(Broken { actual: wanted.of(&story.end).to_string(), broke_at: last_save(story) })
}

pub(super) fn condition(wanted: &str, story: &Story) -> Held {
    let message = story.end.condition.as_ref().map_or("", |condition| &*condition.message);
    if message.contains(wanted) {
        return Ok(());
    }
    let actual = if message.is_empty() { "no condition" } else { message };
    Err(Broken { actual: actual.into(), broke_at: last_save(story) })
}

pub(super) fn promoted(wanted: &str, story: &Story) -> Held {
    if story.promoted.as_deref() == Some(wanted) {
        return Ok(());
    }
    let actual = story.promoted.clone().unwrap_or_else(|| "no primary with a known revision".into());
    Err(Broken { actual, broke_at: last_save(story) })
}

fn last_save(story: &Story) -> Option<usize> {
    story.moments.iter().rposition(|moment| moment.saved.is_some())
}
