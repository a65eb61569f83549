//! Set-Cookie headers that keep users on a version, and take the cookie from them again.

use serin_core::spec::CookieAttributes;

/// Keeps a user on the canary.
pub(super) fn canary_cookie(attributes: &CookieAttributes, cookie: &str) -> String {
    header(cookie, attributes.max_age, attributes)
}

/// Keeps a user on the primary until the next step.
pub(super) fn primary_cookie(attributes: &CookieAttributes, cookie: &str) -> String {
    let seconds = attributes.primary_max_age.as_secs();
    header(cookie, i64::try_from(seconds).unwrap_or(i64::MAX), attributes)
}

/// Takes a cookie from a user.
pub(super) fn deletion(attributes: &CookieAttributes, cookie: &str) -> String {
    header(cookie, -1, attributes)
}

fn header(cookie: &str, max_age: i64, attributes: &CookieAttributes) -> String {
    let given = |name: &str, text: Option<&str>| text.map(|text| format!("; {name}={text}"));
    let set = |name: &str, is_set: bool| is_set.then(|| format!("; {name}"));
    let attributes = [
        given("Domain", attributes.domain.as_deref()),
        set("HttpOnly", attributes.http_only),
        set("Partitioned", attributes.partitioned),
        given("Path", attributes.path.as_deref()),
        given("SameSite", attributes.same_site.as_deref()),
        set("Secure", attributes.secure),
    ];
    let attributes: String = attributes.into_iter().flatten().collect();
    format!("{cookie}; Max-Age={max_age}{attributes}")
}
