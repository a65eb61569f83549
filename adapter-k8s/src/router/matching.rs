//! Which requests are meant, for routers that match: `spec.service.match`, and `analysis.match` within it.

use std::{collections::BTreeMap, mem};

use serin_core::{
    command::Routes,
    spec::{HttpMatch, Routing, StringMatch},
};

use super::parts::unmatched;
use crate::object::reader::BuildError;

/// The requests that `analysis.match` means, cookies as a pattern of their header; none if it is left out.
fn matched(routing: &Routing) -> Vec<HttpMatch> {
    let one = |mut item: HttpMatch| {
        let wanted = mem::take(&mut item.cookies);
        if !wanted.is_empty() {
            item.headers.insert("cookie".into(), StringMatch::Regex(cookies(&wanted)));
        }
        item
    };
    routing.matched.iter().cloned().map(one).collect()
}

/// The requests that are divided, cookies as a pattern of their header; none: all of them. Where `analysis.match` is given
/// they stay apart from the rest also while nobody is on the canary.
///
/// # Errors
/// The routes that stand there divide matched requests, and the manifest no longer says which.
pub(super) fn divided(routing: &Routing, routes: Routes) -> Result<Vec<HttpMatch>, BuildError> {
    if !routes.matched && routes.canary > 0 {
        return Ok(Vec::new());
    }
    let matched = matched(routing);
    if routes.matched && matched.is_empty() { Err(unmatched()) } else { Ok(matched) }
}

/// The prefix of the path that `spec.service.match` names first; `/` without one.
pub(super) fn prefix(routing: &Routing) -> &str {
    match routing.requests.first().and_then(|first| first.uri.as_ref()) {
        Some(StringMatch::Prefix(prefix)) => prefix,
        Some(StringMatch::Any | StringMatch::Exact(_) | StringMatch::Suffix(_) | StringMatch::Regex(_))
        | None => "/",
    }
}

/// Requests that fit one of these and one of those; what these say of a header goes before what those say of it.
pub(super) fn within(these: &[HttpMatch], those: &[HttpMatch]) -> Vec<HttpMatch> {
    if those.is_empty() {
        return these.to_vec();
    }
    let pairs = these.iter().flat_map(|this| those.iter().map(move |that| (this, that)));
    let merged = pairs.map(|(this, that)| {
        let mut both = that.clone();
        both.headers.retain(|name, _| !this.headers.keys().any(|other| other.eq_ignore_ascii_case(name)));
        both.headers.extend(this.headers.clone());
        both.query_params.extend(this.query_params.clone());
        both.source_labels.extend(this.source_labels.clone());
        both
    });
    merged.collect()
}

/// Requests that carry a cookie, given as `name=value`.
pub(super) fn with_cookie(cookie: &str) -> HttpMatch {
    let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
    let pattern = format!(".*{}.*{}.*", escape(name), escape(value));
    HttpMatch { headers: [("Cookie".into(), StringMatch::Regex(pattern))].into(), ..HttpMatch::default() }
}

/// A regular expression that the whole text fits.
pub(super) fn pattern(text: &StringMatch) -> String {
    match text {
        StringMatch::Regex(regex) => regex.clone(),
        StringMatch::Exact(exact) => format!("^{}$", escape(exact)),
        StringMatch::Prefix(prefix) => format!("^{}.*$", escape(prefix)),
        StringMatch::Suffix(suffix) => format!("^.*{}$", escape(suffix)),
        StringMatch::Any => ".*".into(),
    }
}

/// A regular expression of a Cookie header that holds all of these. There is a part for each order they may come in;
/// parsing allows few.
fn cookies(wanted: &BTreeMap<String, StringMatch>) -> String {
    let each: Vec<String> =
        wanted.iter().map(|(name, value)| format!("{}={}", escape(name), cookie_value(value))).collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    let in_order = |order: Vec<&str>| format!("^(.*; *)?{}(;.*)?$", order.join("(;.*)?; *"));
    orders(&each).into_iter().map(in_order).collect::<Vec<_>>().join("|")
}

/// The texts in every order.
fn orders<'a>(texts: &[&'a str]) -> Vec<Vec<&'a str>> {
    if texts.len() <= 1 {
        return vec![texts.to_vec()];
    }
    let begun_with = |(i, first): (usize, &&'a str)| {
        let others = [&texts[..i], &texts[i + 1..]].concat();
        let first = *first;
        orders(&others).into_iter().map(move |rest| [&[first], &rest[..]].concat()).collect::<Vec<_>>()
    };
    texts.iter().enumerate().flat_map(begun_with).collect()
}

fn cookie_value(value: &StringMatch) -> String {
    match value {
        StringMatch::Regex(regex) => {
            let inner = regex.strip_prefix('^').unwrap_or(regex);
            let inner = if inner.ends_with("\\$") { inner } else { inner.strip_suffix('$').unwrap_or(inner) };
            format!("({inner})")
        }
        StringMatch::Exact(exact) => escape(exact),
        StringMatch::Prefix(prefix) => format!("{}[^;]*", escape(prefix)),
        StringMatch::Suffix(suffix) => format!("[^;]*{}", escape(suffix)),
        StringMatch::Any => "[^;]*".into(),
    }
}

/// A text as a regular expression that means nothing but itself.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
