//! Alerts: one transition sends one alert once.
//!
//! Verifies that a notice's id always has the same text, that no save creates the same alert twice, and that a
//! controller that was not stopped in between delivers nothing twice: neither as a whole, nor to an event hook or the
//! receiver of an alert that already has it. Does not verify that a stopped controller delivers once (it cannot know),
//! nor that an alert is sent at all: the outbox and the invariants of a rollback verify that.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, Violations};

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let mut found = told_twice(seen);
    let mut texts = BTreeMap::new();
    let mut alerts = BTreeMap::new();
    let mut delivered = BTreeSet::new();
    for (i, moment) in seen.story.moments.iter().enumerate() {
        if seen.story.restarts.contains(&i) {
            delivered.clear();
        }
        for notice in &moment.sent {
            let text = notice.message.text(&seen.story.canary, &seen.story.topology);
            if !delivered.insert(notice.id) {
                found.push((i, format!("notice {} is delivered twice: {text}", notice.id)));
            }
            let known = texts.entry(notice.id).or_insert_with(|| text.clone());
            if *known != text {
                found.push((i, format!("notice {} says `{known}` and `{text}`", notice.id)));
            }
            let twins: &mut BTreeSet<_> = alerts.entry((notice.id.seq, text)).or_default();
            if notice.message.alert().is_some() && twins.insert(notice.id) && twins.len() > 1 {
                found.push((i, format!("save {} sends an alert twice: {known}", notice.id.seq)));
            }
        }
    }
    found
}

/// Deliveries to receivers that already had the notice, or would never accept it.
fn told_twice(seen: &Checked<'_>) -> Violations {
    let mut found = Vec::new();
    let mut over = BTreeSet::new();
    let mut restarts = seen.story.restarts.iter().peekable();
    for delivery in &seen.story.deliveries {
        while restarts.next_if(|restart| **restart <= delivery.moment).is_some() {
            over.clear();
        }
        if over.contains(&(delivery.notice, &delivery.to)) {
            let what = format!("{:?} gets notice {} again: {}", delivery.to, delivery.notice, delivery.text);
            found.push((delivery.moment, what));
        }
        if delivery.over {
            over.insert((delivery.notice, &delivery.to));
        }
    }
    found
}
