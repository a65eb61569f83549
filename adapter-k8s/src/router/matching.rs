//! Which requests are meant, for routers that match: `spec.service.match`, and `analysis.match` within it.

use std::collections::BTreeMap;

use serin_core::spec::raw::{HttpMatch, StringMatch};

use crate::{object::reader::BuildError, subject::Subject};

/// The requests that `analysis.match` means, cookies as a pattern of their header; none where it is left out.
///
/// # Errors
/// An item that cannot be said as one match.
pub(super) fn chosen(subject: &Subject) -> Result<Vec<HttpMatch>, BuildError> {
    let items = subject.analysis().and_then(|analysis| analysis.r#match.as_deref()).unwrap_or_default();
    let one = |(i, item): (usize, &serin_core::spec::raw::Match)| {
        let mut headers = item.headers.clone();
        if !item.cookies.is_empty() {
            if headers.keys().any(|name| is_cookie(name)) {
                let why = "a header `cookie` and `cookies` exclude each other";
                return Err(BuildError::refused(format!("analysis.match[{i}]: {why}")));
            }
            let pattern = cookies(&item.cookies)
                .ok_or_else(|| BuildError::refused(format!("analysis.match[{i}].cookies: at most three")))?;
            headers.insert("cookie".into(), regex(pattern));
        }
        Ok(HttpMatch {
            headers,
            query_params: item.query_params.clone(),
            source_labels: item.source_labels.clone(),
            ..HttpMatch::default()
        })
    };
    items.iter().enumerate().map(one).collect()
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
    HttpMatch { headers: [("Cookie".into(), regex(pattern))].into(), ..HttpMatch::default() }
}

/// Whether a header is the one that carries cookies.
pub(super) fn is_cookie(header: &str) -> bool {
    header.eq_ignore_ascii_case("cookie")
}

/// A regular expression that the whole text fits.
pub(super) fn pattern(text: &StringMatch) -> String {
    match text {
        StringMatch { regex: Some(regex), .. } => regex.clone(),
        StringMatch { exact: Some(exact), .. } => format!("^{}$", escape(exact)),
        StringMatch { prefix: Some(prefix), .. } => format!("^{}.*$", escape(prefix)),
        StringMatch { suffix: Some(suffix), .. } => format!("^.*{}$", escape(suffix)),
        StringMatch { .. } => ".*".into(),
    }
}

/// A comparison by regular expression.
pub(super) fn regex(pattern: String) -> StringMatch {
    StringMatch { regex: Some(pattern), ..StringMatch::default() }
}

/// A regular expression of a Cookie header that holds all of these; `None` if they are too many for the orders they may
/// come in.
fn cookies(wanted: &BTreeMap<String, StringMatch>) -> Option<String> {
    let each: Vec<String> =
        wanted.iter().map(|(name, value)| format!("{}={}", escape(name), cookie_value(value))).collect();
    let orders: &[&[usize]] = match each.len() {
        1 => &[&[0]],
        2 => &[&[0, 1], &[1, 0]],
        3 => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
        _ => return None,
    };
    let in_order = |order: &&[usize]| {
        let some: Vec<&str> = order.iter().map(|i| each[*i].as_str()).collect();
        format!("^(.*; *)?{}(;.*)?$", some.join("(;.*)?; *"))
    };
    Some(orders.iter().map(in_order).collect::<Vec<_>>().join("|"))
}

fn cookie_value(value: &StringMatch) -> String {
    match value {
        StringMatch { regex: Some(regex), .. } => {
            let inner = regex.strip_prefix('^').unwrap_or(regex);
            let inner = if inner.ends_with("\\$") { inner } else { inner.strip_suffix('$').unwrap_or(inner) };
            format!("({inner})")
        }
        StringMatch { exact: Some(exact), .. } => escape(exact),
        StringMatch { prefix: Some(prefix), .. } => format!("{}[^;]*", escape(prefix)),
        StringMatch { suffix: Some(suffix), .. } => format!("[^;]*{}", escape(suffix)),
        StringMatch { .. } => "[^;]*".into(),
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
