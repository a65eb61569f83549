//! Set-Cookie headers that keep users on a version, and take the cookie from them again.

use serin_core::{spec::raw, time::parse_duration};

use crate::{object::reader::BuildError, subject::Subject};

const DEFAULT_MAX_AGE: i64 = 86_400;
const DEFAULT_INTERVAL_SECONDS: u64 = 60;

/// Keeps a user on the canary as long as `analysis.sessionAffinity` says.
pub(super) fn canary_cookie(subject: &Subject, cookie: &str) -> String {
    let affinity = of(subject);
    let max_age = affinity.max_age.and_then(raw::Number::whole).filter(|seconds| *seconds != 0);
    header(cookie, max_age.unwrap_or(DEFAULT_MAX_AGE), &affinity)
}

/// Keeps a user on the primary until the next step.
///
/// # Errors
/// The interval of the analysis is no duration.
pub(super) fn primary_cookie(subject: &Subject, cookie: &str) -> Result<String, BuildError> {
    let interval = subject.analysis().and_then(|analysis| analysis.interval.as_deref());
    let seconds = match interval.filter(|text| !text.is_empty()) {
        None => DEFAULT_INTERVAL_SECONDS,
        Some(text) => parse_duration(text)
            .map_err(|error| BuildError::refused(format!("analysis.interval: {error}")))?
            .as_secs(),
    };
    Ok(header(cookie, i64::try_from(seconds).unwrap_or(i64::MAX), &of(subject)))
}

/// Takes a cookie from a user: browsers drop one only under the path and domain it was set for.
pub(super) fn deletion(subject: &Subject, cookie: &str) -> String {
    header(cookie, -1, &of(subject))
}

fn of(subject: &Subject) -> raw::SessionAffinity {
    subject.analysis().and_then(|analysis| analysis.session_affinity.clone()).unwrap_or_default()
}

fn header(cookie: &str, max_age: i64, affinity: &raw::SessionAffinity) -> String {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let given = |name: &str, text: Option<String>| text.map(|text| format!("; {name}={text}"));
    let set = |name: &str, is_set: Option<bool>| (is_set == Some(true)).then(|| format!("; {name}"));
    let attributes = [
        given("Domain", filled(&affinity.domain)),
        set("HttpOnly", affinity.http_only),
        set("Partitioned", affinity.partitioned),
        given("Path", filled(&affinity.path)),
        given("SameSite", filled(&affinity.same_site)),
        set("Secure", affinity.secure),
    ];
    let attributes: String = attributes.into_iter().flatten().collect();
    format!("{cookie}; Max-Age={max_age}{attributes}")
}
