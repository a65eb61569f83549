//! Notices: none is lost.
//!
//! Verifies that a notice leaves the status only after it was delivered. A notice counts as delivered only after every
//! event hook and every receiver of an alert that wants it has it, or will never accept it; this is verified for
//! Canaries that are not edited. If the outbox is full it drops the oldest notices that are not alerts, and at twice
//! its size also alerts: that is allowed. Does not verify when a notice is delivered.

use std::collections::BTreeSet;

use serin_core::state::Outbox;

use super::{Checked, Violations};
use crate::world;

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let mut found = forgotten(seen);
    let mut delivered = BTreeSet::new();
    let mut kept: Vec<serin_core::message::Notice> = Vec::new();
    for (i, moment) in seen.story.moments.iter().enumerate() {
        if let Some(state) = &moment.saved {
            let now: BTreeSet<_> = state.outbox.notices().iter().map(|notice| notice.id).collect();
            for notice in kept.iter().filter(|notice| !now.contains(&notice.id)) {
                let pushed_out = now.len() >= Outbox::MOST
                    || (now.len() >= Outbox::ROOM && notice.message.alert().is_none());
                if !delivered.contains(&notice.id) && !pushed_out {
                    let text = notice.message.text(&seen.story.canary, &seen.story.topology);
                    found.push((
                        i,
                        format!("notice {} is dropped before it was delivered: {text}", notice.id),
                    ));
                }
            }
            kept = state.outbox.notices().to_vec();
        }
        delivered.extend(moment.sent.iter().map(|notice| notice.id));
    }
    found
}

/// Notices that count as delivered although a receiver does not have them.
fn forgotten(seen: &Checked<'_>) -> Violations {
    let mut found = Vec::new();
    if !seen.is_unedited() {
        return found;
    }
    let over = seen.story.deliveries.iter().filter(|delivery| delivery.over);
    let told: BTreeSet<_> = over.map(|delivery| (delivery.notice, &delivery.to)).collect();
    for (i, moment) in seen.story.moments.iter().enumerate() {
        for notice in &moment.sent {
            for to in world::wanted(&seen.scenario.canary, notice) {
                if !told.contains(&(notice.id, &to)) {
                    found.push((
                        i,
                        format!("notice {} counts as delivered, but {to:?} did not get it", notice.id),
                    ));
                }
            }
        }
    }
    found
}
