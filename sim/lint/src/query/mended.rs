//! A query with its remedy applied. Each result is checked again before it is offered, and a remedy that does not help
//! is not offered.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use serin_core::time::parse_duration;

use super::{
    Draft, Query, Use,
    windows::{NEEDED, is_window},
};
use crate::code::Code;

/// The query with its remedy applied; `None` if the user has to decide.
pub(super) fn mended(query: &Query<'_>, told: &Draft) -> Option<String> {
    let text = query.text;
    let is = |code| told.code == code;
    if is(Code::QueryNoSeries) || is(Code::QueryMaybeNoSeries) {
        or_zero(text)
    } else if is(Code::QuerySeveralSeries) {
        Some(aggregated(text))
    } else if is(Code::QueryFixedWindow) {
        Some(with_window(text, query.uses.first()?, |_| true))
    } else if is(Code::WindowTooShort) {
        Some(with_window(text, query.uses.first()?, |window| window < NEEDED))
    } else if is(Code::QueryMatchesNothing) {
        with_matcher(text, told.remedy.text.strip_prefix("write `")?)
    } else if is(Code::QueryUnknownVariable) {
        renamed(text, told)
    } else {
        None
    }
}

/// `(a or on() vector(0)) / b`: the count is 0 if its series do not exist.
fn or_zero(text: &str) -> Option<String> {
    const ZERO: &str = "or on() vector(0)";
    let trimmed = text.trim_end();
    let operators = operators(trimmed);
    if operators.iter().any(|(_, operator)| matches!(operator, '+' | '-')) {
        return None;
    }
    let mut divided = operators.iter().filter(|(_, operator)| *operator == '/');
    let mended = match (divided.next(), divided.next()) {
        (None, _) => format!("{trimmed} {ZERO}"),
        (Some((at, _)), None) => {
            let (counted, all) = trimmed.split_at(*at);
            format!("({} {ZERO})\n{all}", counted.trim_end())
        }
        (Some(_), Some(_)) => return None,
    };
    Some(mended + &text[trimmed.len()..])
}

/// The arithmetic operators outside of all brackets, texts and template actions, with their places.
fn operators(text: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let (mut depth, mut quote) = (0_u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = (c != open).then_some(open),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '+' | '-' | '/') if depth == 0 => found.push((at, c)),
            (None, _) => {}
        }
    }
    found
}

/// Rates add up; of latencies and shares the largest counts.
fn aggregated(text: &str) -> String {
    let inside = text.trim();
    let is_rate = ["rate(", "irate(", "increase("].iter().any(|function| inside.starts_with(function));
    format!("{}({inside}){}", if is_rate { "sum" } else { "max" }, &text[text.trim_end().len()..])
}

/// With the metric's window instead of the windows written there.
fn with_window(text: &str, asked: &Use, is_wrong: impl Fn(std::time::Duration) -> bool) -> String {
    static WINDOW: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[\s*([0-9a-z]+)\s*\]"));
    let is_long = asked.window().is_some_and(is_window);
    let window = if is_long { "[{{ interval }}]" } else { "[1m]" };
    let replaced = WINDOW.replace_all(text, |found: &regex::Captures<'_>| {
        let is_wrong = parse_duration(&found[1]).is_ok_and(&is_wrong);
        if is_wrong { window.to_owned() } else { found[0].to_owned() }
    });
    replaced.into_owned()
}

/// With the matcher of the remedy instead of the matchers of its label that name a canary.
fn with_matcher(text: &str, remedy: &str) -> Option<String> {
    static MATCHER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(\w+)\s*=~?\s*"[^"]*canary[^"]*""#));
    let matcher = remedy.strip_suffix('`')?;
    let (label, _) = matcher.split_once('=')?;
    let replaced =
        MATCHER.replace_all(
            text,
            |found: &regex::Captures<'_>| {
                if &found[1] == label { matcher.to_owned() } else { found[0].to_owned() }
            },
        );
    Some(replaced.into_owned())
}

/// With the suggested name: ``did you mean `{{ target }}`?``.
fn renamed(text: &str, told: &Draft) -> Option<String> {
    let meant = told.remedy.text.strip_prefix("did you mean `{{ ")?.strip_suffix(" }}`?")?;
    let word: Range<usize> = super::fill::word(text, told.offset?);
    let mut text = text.to_owned();
    text.replace_range(word, meant);
    Some(text)
}

pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are constants, and a test compiles them all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_zero_without_series() {
        for (query, expected) in [
            ("sum(rate(a[1m]))", Some("sum(rate(a[1m])) or on() vector(0)")),
            (
                "sum(a{x=~\"a/b\"}) / sum(b) * 100\n",
                Some("(sum(a{x=~\"a/b\"}) or on() vector(0))\n/ sum(b) * 100\n"),
            ),
            ("100 - sum(a) / sum(b)", None),
            ("a / b / c", None),
        ] {
            assert_eq!(or_zero(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn rates_are_summed_and_other_values_use_the_maximum() {
        assert_eq!(aggregated("rate(a[1m])\n"), "sum(rate(a[1m]))\n");
        assert_eq!(aggregated("histogram_quantile(0.9, a)"), "max(histogram_quantile(0.9, a))");
    }
}
