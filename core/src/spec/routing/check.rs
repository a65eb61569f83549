//! What a manifest requests that its router cannot do.
//!
//! It is refused here, so that lint and the simulator report it before a cluster does. Rules that hold for every router
//! are here; the others are in the file of each router, see [`crate::provider`].

use alloc::format;

use super::{super::parse::Problems, HttpMatch, Routing, matching::at};
use crate::provider::{Asked, Provider};

/// One Cookie header contains all cookies, in any order, and a pattern has to list every order.
const MOST_COOKIES: usize = 3;

/// Checks that the manifest has everything that the router needs.
pub(super) fn check_references(routing: &Routing, provider: &Provider, problems: &mut Problems<'_>) {
    for reference in provider.router().needs.iter().filter(|reference| !reference.is_given(routing)) {
        problems.add(reference.field(), &reference.refusal(provider.name()));
    }
}

/// Checks the analysis.
pub(in crate::spec) fn check_analysis(asked: &Asked<'_>, provider: &Provider, problems: &mut Problems<'_>) {
    let router = provider.router();
    for (i, item) in asked.items.iter().enumerate() {
        let problems = &mut problems.below(&at(i));
        check_cookies(item, problems);
        (router.limits.item)(item, problems);
    }
    (router.limits.analysis)(asked, problems);
}

fn check_cookies(item: &HttpMatch, problems: &mut Problems<'_>) {
    let count = item.cookies.len();
    if count > MOST_COOKIES {
        problems
            .add("cookies", &format!("names {count} cookies, at most {MOST_COOKIES} can be matched at once"));
    }
    if count > 0
        && let Some(name) = item.headers.keys().find(|name| is_cookie(name))
    {
        problems.add(&format!("headers.{name}"), "and `cookies` exclude each other; say it with one of them");
    }
}

/// Whether a header is the Cookie header.
pub(crate) fn is_cookie(header: &str) -> bool {
    header.eq_ignore_ascii_case("cookie")
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use serde_json::{Value, json};

    use crate::provider::of_items;

    #[test]
    fn cookies_are_at_most_three_and_given_once() {
        let any = json!({"exact": "1"});
        let cookies = |count: usize| -> Value { (0..count).map(|i| (i.to_string(), any.clone())).collect() };
        assert_eq!(of_items("istio", json!([{"cookies": cookies(3)}])), "");
        assert_eq!(
            of_items("istio", json!([{"cookies": cookies(4)}])),
            "spec.analysis.match[0].cookies: names 4 cookies, at most 3 can be matched at once"
        );
        assert_eq!(
            of_items("istio", json!([{"cookies": cookies(1), "headers": {"Cookie": any}}])),
            "spec.analysis.match[0].headers.Cookie: and `cookies` exclude each other; say it with one of them"
        );
    }
}
