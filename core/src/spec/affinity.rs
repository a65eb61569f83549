//! Cookies that keep users on a version: their values, and how a router sets them.

use alloc::string::String;
use core::time::Duration;

use super::{
    parse::{Problems, filled, whole},
    raw,
};
use crate::revision::Text;

/// Seconds for which users stay on the canary, if the manifest does not say.
const DEFAULT_MAX_AGE: i64 = 86_400;

/// Cookies that keep users on a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionAffinity {
    /// Cookie of users on the canary.
    pub cookie: Text,
    /// Cookie of users on the primary.
    pub primary_cookie: Option<Text>,
}

/// How cookies are set and removed: browsers remove a cookie only under the path and domain it was set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieAttributes {
    /// `Max-Age` of the canary's cookie, in seconds; 86400 if the manifest does not say.
    pub max_age: i64,
    /// `Max-Age` of the primary's: until the next step.
    pub primary_max_age: Duration,
    /// `Domain`.
    pub domain: Option<Text>,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Partitioned`.
    pub partitioned: bool,
    /// `Path`.
    pub path: Option<Text>,
    /// `SameSite`.
    pub same_site: Option<Text>,
    /// `Secure`.
    pub secure: bool,
}

impl Default for CookieAttributes {
    fn default() -> Self {
        Self {
            max_age: DEFAULT_MAX_AGE,
            primary_max_age: Duration::ZERO,
            domain: None,
            http_only: false,
            partitioned: false,
            path: None,
            same_site: None,
            secure: false,
        }
    }
}

impl SessionAffinity {
    /// `analysis.sessionAffinity`, which names the cookies.
    pub(super) fn parse(raw: &raw::SessionAffinity, problems: &mut Problems<'_>) -> Self {
        let primary = filled(raw.primary_cookie_name.as_deref());
        if raw.cookie_name.is_empty() {
            problems.add("cookieName", "is required");
        } else if primary == Some(raw.cookie_name.as_str()) {
            problems.add("primaryCookieName", "must differ from cookieName");
        }
        Self { cookie: raw.cookie_name.as_str().into(), primary_cookie: primary.map(Text::from) }
    }
}

impl CookieAttributes {
    /// `analysis.sessionAffinity` of an analysis with checks at this interval. If it is left out, users can still carry
    /// a cookie, which is then set or removed with the defaults.
    pub(super) fn parse(
        raw: Option<&raw::SessionAffinity>,
        interval: Duration,
        problems: &mut Problems<'_>,
    ) -> Self {
        let Some(raw) = raw else { return Self { primary_max_age: interval, ..Self::default() } };
        let text = |text: &Option<String>| filled(text.as_deref()).map(Text::from);
        // 0 means the same as a field that is left out.
        let max_age = whole(raw.max_age, "maxAge", problems).filter(|seconds| *seconds != 0);
        Self {
            max_age: max_age.unwrap_or(DEFAULT_MAX_AGE),
            primary_max_age: interval,
            domain: text(&raw.domain),
            http_only: raw.http_only == Some(true),
            partitioned: raw.partitioned == Some(true),
            path: text(&raw.path),
            same_site: text(&raw.same_site),
            secure: raw.secure == Some(true),
        }
    }
}
