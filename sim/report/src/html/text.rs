//! Numbers with their machine-readable value: `<data value="0.0123">1.2 %</data>`.

use std::time::Duration;

use maud::{Markup, html};
use serin_core::time::Human;
use serin_policy::sweep::{Share, Tally, Times};

use crate::reasons::shares;

/// Displayed if there is no value.
pub(super) const NONE: &str = "–";

/// A count, in groups of three digits from five digits on.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

pub(super) fn count(count: u64) -> Markup {
    html! { data value=(count) { (grouped(count)) } }
}

/// A share of a count, as a percentage.
pub(super) fn part(count: u64, all: u64) -> Markup {
    if all == 0 {
        return html! { (NONE) };
    }
    let share = count as f64 / all as f64;
    html! { data value=(share) { (percent(share)) } }
}

/// A share from 0 to 1, with enough digits that a small share is never shown as 0.
pub(in super::super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let shown = |decimals: usize| format!("{percent:.decimals$}");
    let tells = |text: &String| {
        text.parse::<f64>()
            .is_ok_and(|shown| (shown == 0.0) == (percent == 0.0) && (shown == 100.0) == (percent == 100.0))
    };
    (1..6).map(shown).find(tells).unwrap_or_else(|| percent.to_string()) + "%"
}

/// A duration; in seconds for programs.
pub(super) fn span(span: Duration) -> Markup {
    html! { data value=(span.as_secs_f64()) { (Human(span)) } }
}

/// A share with its interval.
pub(super) fn interval(share: Option<Share>) -> Markup {
    let Some(share) = share else { return html! { (NONE) } };
    html! {
        data value=(share.share) { (format!("{:.1}%", 100.0 * share.share)) } " "
        span.quiet { "[" data value=(share.low) { (format!("{:.1}", 100.0 * share.low)) } ", "
            data value=(share.high) { (format!("{:.1}", 100.0 * share.high)) } "]" }
    }
}

/// Median and 90th percentile.
pub(super) fn times(times: &Times) -> Markup {
    match (times.percentile(50), times.percentile(90)) {
        (Some(half), Some(most)) => html! { (span(half)) " · " (span(most)) },
        _ => html! { (NONE) },
    }
}

/// A count of all runs, as the average of one run.
pub(super) fn each(count: u64, runs: u64) -> Markup {
    if runs == 0 {
        return html! { "–" };
    }
    let each = count as f64 / runs as f64;
    let shown = if each < 100.0 { format!("{each:.1}") } else { grouped(each.round() as u64) };
    html! { data value=(each) { (shown) } }
}

/// The path of a field, which can wrap between its parts.
pub(super) fn field(path: &str) -> Markup {
    let mut parts = path.split_inclusive('.');
    let first = parts.next().unwrap_or_default();
    html! { (first) @for part in parts { wbr; (part) } }
}

/// Why releases were rolled back, in shares of all rollbacks.
pub(super) fn reasons(tally: &Tally) -> Markup {
    html! {
        @for (place, reason) in shares(tally).iter().enumerate() {
            @if place > 0 { ", " }
            (reason.words) " " data value=(reason.share) { (percent(reason.share)) }
            @if reason.good > 0 { span.quiet { " (" (grouped(reason.good)) " of " (grouped(reason.count)) " false)" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_from_five_digits_on() {
        assert_eq!(
            [0, 9_999, 10_000, 1_234_567].map(grouped),
            ["0", "9999", "10\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }

    #[test]
    fn a_small_share_is_never_shown_as_none_nor_a_large_one_as_all() {
        assert_eq!(
            [0.0, 0.000_1, 0.012, 0.999_9, 1.0].map(percent),
            ["0.0%", "0.01%", "1.2%", "99.99%", "100.0%"]
        );
    }
}
