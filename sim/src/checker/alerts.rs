//! Alerts: one transition tells one alert once.
//!
//! Verifies that a notice's id has one text for ever, that no save bears the same alert twice, and that nothing is
//! delivered twice by a controller that was not stopped meanwhile. Does not verify that a stopped controller delivers once
//! (it cannot know), nor that an alert is told at all: that is the outbox, and the invariants of a rollback.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Seen};

pub(super) fn check(seen: &Seen<'_>) -> Found {
    let mut found = Vec::new();
    let mut texts = BTreeMap::new();
    let mut alerts = BTreeMap::new();
    let mut delivered = BTreeSet::new();
    for (i, moment) in seen.story.moments.iter().enumerate() {
        if seen.story.restarts.contains(&i) {
            delivered.clear();
        }
        for notice in &moment.sent {
            let text = notice.message.text(&seen.story.canary, &seen.story.shape);
            if !delivered.insert(notice.id) {
                found.push((i, format!("notice {} is delivered twice: {text}", notice.id)));
            }
            let known = texts.entry(notice.id).or_insert_with(|| text.clone());
            if *known != text {
                found.push((i, format!("notice {} says `{known}` and `{text}`", notice.id)));
            }
            let twins: &mut BTreeSet<_> = alerts.entry((notice.id.seq, text)).or_default();
            if notice.message.alert().is_some() && twins.insert(notice.id) && twins.len() > 1 {
                found.push((i, format!("save {} tells an alert twice: {known}", notice.id.seq)));
            }
        }
    }
    found
}
