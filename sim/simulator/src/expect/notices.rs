//! Expectations about events and alerts.

use std::collections::BTreeSet;

use serin_core::{message::Notice, spec::Severity};

use super::{Count, Held, often};
use crate::{record::Story, scenario::Telling};

pub(super) fn event(wanted: &Telling, negated: bool, story: &Story) -> Held {
    told(wanted, negated, "events", story, |_| true)
}

pub(super) fn alert(wanted: &Telling, severity: Option<Severity>, negated: bool, story: &Story) -> Held {
    told(wanted, negated, "alerts", story, |notice| counts_as_alert(notice, severity))
}

/// The moments at which an event with this text was sent; `alerts`: an alert.
pub(super) fn told_in(wanted: &Telling, alerts: Option<Option<Severity>>, story: &Story) -> Vec<usize> {
    let sent = story.moments.iter().enumerate();
    let sent = sent.flat_map(|(i, moment)| moment.sent.iter().map(move |notice| (i, notice)));
    let sent = sent.filter(|(_, notice)| match alerts {
        None => true,
        Some(severity) => counts_as_alert(notice, severity),
    });
    let sent = sent.map(|(i, notice)| (i, notice.message.text(&story.canary, &story.topology)));
    sent.filter(|(_, text)| wanted.wanted.fits(text)).map(|(i, _)| i).collect()
}

fn counts_as_alert(notice: &Notice, severity: Option<Severity>) -> bool {
    match (notice.message.alert(), severity) {
        (Some(alert), Some(severity)) => alert == severity,
        (alert, None) => alert.is_some(),
        (None, Some(_)) => false,
    }
}

/// A notice that was delivered twice counts once, because a receiver recognizes it by its id.
fn told(
    wanted: &Telling,
    negated: bool,
    what: &str,
    story: &Story,
    counts: impl Fn(&Notice) -> bool,
) -> Held {
    let mut known = BTreeSet::new();
    let sent = story.moments.iter().enumerate();
    let sent = sent.flat_map(|(i, moment)| moment.sent.iter().map(move |notice| (i, notice)));
    let sent = sent.filter(|(_, notice)| known.insert(notice.id) && counts(notice));
    let texts: Vec<(usize, String)> =
        sent.map(|(i, notice)| (i, notice.message.text(&story.canary, &story.topology))).collect();
    let fitting = texts.iter().filter(|(_, text)| wanted.wanted.fits(text));
    let found: Vec<usize> = fitting.map(|(i, _)| *i).collect();
    often(&found, wanted.times, negated, || shown(&found, &texts, what))
}

/// How often it was sent; if it never was, what was sent instead.
fn shown(found: &[usize], texts: &[(usize, String)], what: &str) -> String {
    const MOST: usize = 30;
    if !found.is_empty() {
        return format!("sent {}", Count(found.len()));
    }
    let mut text = format!("never sent; the {} {what}:", texts.len());
    for (_, told) in texts.iter().take(MOST) {
        text.push_str("\n  ");
        text.push_str(told);
    }
    if texts.len() > MOST {
        text.push_str("\n  …");
    }
    text
}
