//! NGINX: a second Ingress next to the user's, whose annotations select requests.

use alloc::{format, string::String};

use super::{
    Abilities, Asked, CountedBy, Latency, Layout, Limits, Reference, RequestMetrics, Router, Statistic,
};
use crate::spec::{HttpMatch, Problems, StringMatch, is_cookie};

/// The provider `nginx`. It takes all requests that carry one header, or one cookie with the value `always`, and a
/// share of the others.
pub(super) const NGINX: Router = Router {
    can: Abilities { weights_of_matches: false, ..Abilities::MATCHES },
    needs: &[Reference::Ingress],
    driven: true,
    limits: Limits { analysis: check_analysis, ..Limits::NONE },
    ..Router::new("nginx", "NGINX", &METRICS)
};

const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Proxies,
    requests: "nginx_ingress_controller_requests",
    canary: r#"namespace="{namespace}",ingress="{ingress}",canary!="""#,
    counting: "",
    good: r#"status!~"5.*""#,
    latency: Latency {
        duration: Statistic::Average,
        others: &["nginx_ingress_controller_request_duration_seconds"],
        ..Latency::new("nginx_ingress_controller_response_duration_seconds", Layout::CLIENT)
    },
};

fn check_analysis(asked: &Asked<'_>, problems: &mut Problems<'_>) {
    let mut selection = Selection::default();
    for (i, item) in asked.items.iter().enumerate() {
        if let Err((field, why)) = selection.add(item) {
            let field = if field.is_empty() { String::new() } else { format!(".{field}") };
            problems.add(&format!("match[{i}]{field}"), why);
        }
    }
}

/// How NGINX selects matched requests: those that carry the header, and those that carry the cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// A header, by name.
    pub header: Option<(String, StringMatch)>,
    /// A cookie with the value `always`.
    pub cookie: Option<String>,
}

impl Selection {
    /// How requests that match any of these items are selected. Items that parsing refuses are left out.
    #[must_use]
    pub fn of(items: &[HttpMatch]) -> Self {
        let mut selection = Self::default();
        for item in items {
            let before = selection.clone();
            if selection.add(item).is_err() {
                selection = before;
            }
        }
        selection
    }

    /// Adds an alternative.
    ///
    /// # Errors
    /// The field below the item, and why it is refused.
    fn add(&mut self, item: &HttpMatch) -> Result<(), (String, &'static str)> {
        const TOO_MANY: &str =
            "NGINX takes one header or one cookie in an item, and one of each in all; leave the others out";
        for (field, is_empty) in
            [("queryParams", item.query_params.is_empty()), ("sourceLabels", item.source_labels.is_empty())]
        {
            if !is_empty {
                return Err((
                    field.into(),
                    "NGINX matches headers and cookies alone; match a header instead",
                ));
            }
        }
        let mut both = item.headers.iter().chain(&item.cookies);
        // An item that matches every request is refused for every router.
        let Some((name, text)) = both.next() else { return Ok(()) };
        if both.next().is_some() {
            return Err((String::new(), TOO_MANY));
        }
        let is_taken = match cookie(item, name, text)? {
            Some(cookie) => self.cookie.replace(cookie.into()).is_some_and(|other| other != cookie),
            None => {
                let header = (name.clone(), text.clone());
                self.header.replace(header.clone()).is_some_and(|other| other != header)
            }
        };
        if is_taken { Err((String::new(), TOO_MANY)) } else { Ok(()) }
    }
}

/// The cookie that an item with this single text means; `None` if it means a header.
fn cookie<'a>(
    item: &HttpMatch,
    name: &'a str,
    text: &'a StringMatch,
) -> Result<Option<&'a str>, (String, &'static str)> {
    let exact = match text {
        StringMatch::Exact(exact) => Some(exact.as_str()),
        StringMatch::Any | StringMatch::Prefix(_) | StringMatch::Suffix(_) | StringMatch::Regex(_) => None,
    };
    if item.headers.is_empty() {
        let why = "NGINX knows a cookie's value `always` alone; say `exact: always`";
        return if exact == Some("always") { Ok(Some(name)) } else { Err((format!("cookies.{name}"), why)) };
    }
    if !is_cookie(name) {
        return Ok(None);
    }
    // Flagger's way: the value is the cookie's name.
    let why = "names a cookie for NGINX; say `exact`, its name";
    exact.map(Some).ok_or_else(|| (format!("headers.{name}"), why))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use serde_json::json;

    use super::{HttpMatch, Selection, StringMatch::Exact};
    use crate::{
        provider::router::tests::{of_items, strategy_of},
        strategy::Strategy,
    };

    #[test]
    fn nginx_takes_one_header_and_one_cookie() {
        let tester = json!({"headers": {"x-tester": {"exact": "yes"}}});
        let insider = json!({"cookies": {"insider": {"exact": "always"}}});
        assert_eq!(
            of_items("nginx", json!([tester, insider, {"headers": {"Cookie": {"exact": "insider"}}}])),
            ""
        );
        let too_many =
            "NGINX takes one header or one cookie in an item, and one of each in all; leave the others out";
        for second in [
            json!({"headers": {"x-other": {"exact": "yes"}}}),
            json!({"headers": {"x-tester": {"exact": "yes"}, "x-other": {"exact": "yes"}}}),
            json!({"headers": {"x-tester": {"exact": "no"}}}),
        ] {
            assert_eq!(
                of_items("nginx", json!([tester, second])),
                format!("spec.analysis.match[1]: {too_many}")
            );
        }
        let items = json!([{"cookies": {"insider": {"exact": "1"}}}, {"queryParams": {"a": {"exact": "b"}}}]);
        assert_eq!(
            of_items("nginx", items),
            "spec.analysis.match[0].cookies.insider: NGINX knows a cookie's value `always` alone; say `exact: always`; \
             spec.analysis.match[1].queryParams: NGINX matches headers and cookies alone; match a header instead"
        );
    }

    #[test]
    fn refused_items_select_no_requests() {
        let item = |headers: &[(&str, &str)]| HttpMatch {
            headers: headers.iter().map(|(name, text)| ((*name).into(), Exact((*text).into()))).collect(),
            ..HttpMatch::default()
        };
        let items = [item(&[("a", "1")]), item(&[("b", "2")]), item(&[("Cookie", "c")])];
        let picked = Selection { header: Some(("a".into(), Exact("1".into()))), cookie: Some("c".into()) };
        assert_eq!(Selection::of(&items), picked);
    }

    #[test]
    fn with_steps_nginx_divides_all_requests_that_are_not_matched() {
        let matched = json!({"stepWeight": 20, "match": [{"headers": {"x-tester": {"exact": "yes"}}}]});
        let divides_matched = |provider| {
            let strategy = strategy_of(provider, matched.clone());
            matches!(strategy, Strategy::Weighted(weighted) if weighted.matched)
        };
        assert!(!divides_matched("nginx") && divides_matched("contour"));
    }
}
