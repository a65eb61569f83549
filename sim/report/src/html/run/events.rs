//! What happened: world events, notices, and changed answers of hooks. Numbered, in order of time.

use std::{collections::BTreeMap, time::Duration};

use maud::{Markup, html};
use serin_core::{
    message::EventType,
    question::{Answer, Asked},
    spec::Severity,
    time::Human,
};
use serin_simulator::record::Moment;

use super::Shown;
use crate::{
    html::{chart::Mark, page::heading, text::span},
    plan_text,
    row::Row,
};

/// Everything that happened at one time.
struct Event {
    at: Duration,
    lines: Vec<(EventKind, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventKind {
    World,
    Notice,
    Warning,
    Alert(Severity),
    Hook,
    Broken,
}

impl EventKind {
    fn name(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::Notice => "event",
            Self::Warning => "warning",
            Self::Alert(Severity::Info) => "alert, info",
            Self::Alert(Severity::Warn) => "alert, warn",
            Self::Alert(Severity::Error) => "alert, error",
            Self::Hook => "hook",
            Self::Broken => "broken",
        }
    }

    fn is_bad(self) -> bool {
        match self {
            Self::Alert(Severity::Error) | Self::Broken => true,
            Self::World
            | Self::Notice
            | Self::Warning
            | Self::Alert(Severity::Info | Severity::Warn)
            | Self::Hook => false,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::World => "tag world",
            Self::Notice | Self::Hook | Self::Alert(Severity::Info) => "tag",
            Self::Warning | Self::Alert(Severity::Warn) => "tag warning",
            Self::Alert(Severity::Error) | Self::Broken => "tag bad",
        }
    }
}

/// The numbered marks of the chart.
pub(super) fn marks(shown: &Shown<'_>) -> Vec<Mark> {
    let events = events(shown);
    let seen = (1..).zip(&events).filter(|(_, event)| event.at.as_secs_f64() >= shown.span.0);
    let mark = |(number, event): (usize, &Event)| {
        let lines: Vec<&str> = event.lines.iter().map(|(_, line)| line.as_str()).collect();
        let text = format!("{}: {}", Human(event.at), lines.join("; "));
        Mark { at: event.at.as_secs_f64(), number, text }
    };
    seen.map(mark).collect()
}

/// The list without numbers, for a page of many stories.
pub(super) fn short(shown: &Shown<'_>) -> Markup {
    html! {
        ul.short {
            @for event in events(shown) {
                li {
                    b { (Human(event.at)) }
                    @for (place, (kind, line)) in event.lines.iter().enumerate() {
                        @if place > 0 { "; " } @else { " " }
                        @if kind.is_bad() { em { (line) } } @else { (line) }
                    }
                }
            }
        }
    }
}

/// The list.
pub(super) fn list(shown: &Shown<'_>) -> Markup {
    html! {
        (heading(shown.level, "What happened"))
        ol.events {
            @for event in events(shown) {
                li {
                    span.when { (span(event.at)) }
                    ul { @for (kind, line) in &event.lines { li { span class=(kind.class()) { (kind.name()) } " " (line) } } }
                }
            }
        }
    }
}

fn events(shown: &Shown<'_>) -> Vec<Event> {
    let mut hooks = BTreeMap::new();
    let event = |row: &Row| {
        let moments = &shown.page.story.moments[row.moments.clone()];
        let lines = moments.iter().flat_map(|moment| lines(shown, moment, &mut hooks));
        let mut lines: Vec<(EventKind, String)> = lines.collect();
        let broken = shown.page.broken();
        let broken =
            broken.iter().filter(|broken| broken.moment.is_some_and(|moment| row.moments.contains(&moment)));
        lines.extend(broken.map(|broken| (EventKind::Broken, format!("expected {}", broken.expected))));
        Event { at: row.at, lines }
    };
    let mut events: Vec<Event> = shown.rows.iter().map(event).collect();
    events.retain(|event| !event.lines.is_empty());
    events
}

fn lines(
    shown: &Shown<'_>,
    moment: &Moment,
    hooks: &mut BTreeMap<String, String>,
) -> Vec<(EventKind, String)> {
    let story = shown.page.story;
    let mut lines: Vec<(EventKind, String)> =
        moment.happened.iter().map(|happened| (EventKind::World, happened.clone())).collect();
    for asked in &moment.asked {
        let Asked::Hook(key) = &asked.question.id.of else { continue };
        let answer = said(shown, key, &asked.answer);
        if hooks.insert(key.to_string(), answer.clone()).is_none_or(|before| before != answer) {
            lines.extend((!answer.is_empty()).then_some((EventKind::Hook, answer)));
        }
    }
    let news = moment
        .sent
        .iter()
        .filter(|notice| !plan_text::is_shown(&notice.message) || notice.message.alert().is_some());
    lines.extend(news.map(|notice| {
        let kind = match (notice.message.alert(), notice.message.event_type()) {
            (Some(severity), _) => EventKind::Alert(severity),
            (None, EventType::Warning) => EventKind::Warning,
            (None, EventType::Normal) => EventKind::Notice,
        };
        (kind, notice.message.text(&story.canary, &story.topology))
    }));
    lines
}

fn said(shown: &Shown<'_>, key: &str, answer: &Answer) -> String {
    plan_text::hook(shown.page.canary, key, answer, shown.terminal)
        .map(|span| span.text().to_owned())
        .unwrap_or_default()
}
