//! NGINX: a second Ingress next to the user's, whose annotations pick requests.

use alloc::{format, string::String};

use super::{
    Abilities, Asked, CountedBy, Latency, Layout, Limits, Reference, RequestMetrics, Router, Statistic,
};
use crate::spec::{
    Problems, is_cookie,
    raw::{Match, StringMatch},
};

/// The provider `nginx`. It takes all requests that carry one header, or one cookie with the value `always`.
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
    let mut chosen = Chosen::default();
    for (i, item) in asked.items.iter().enumerate() {
        if let Err((field, why)) = chosen.add(item) {
            let field = if field.is_empty() { String::new() } else { format!(".{field}") };
            problems.add(&format!("match[{i}]{field}"), why);
        }
    }
}

/// What NGINX picks requests by, of the items so far.
#[derive(Default)]
struct Chosen<'a> {
    header: Option<(&'a str, &'a StringMatch)>,
    cookie: Option<&'a str>,
}

impl<'a> Chosen<'a> {
    /// Adds an alternative.
    ///
    /// # Errors
    /// The field below the item, and why it is refused.
    fn add(&mut self, item: &'a Match) -> Result<(), (String, &'static str)> {
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
        // An item that matches everyone is refused for every router.
        let Some((name, text)) = both.next() else { return Ok(()) };
        if both.next().is_some() {
            return Err((String::new(), TOO_MANY));
        }
        let is_taken = if item.headers.is_empty() {
            if text.exact.as_deref() != Some("always") {
                let why = "NGINX knows a cookie's value `always` alone; say `exact: always`";
                return Err((format!("cookies.{name}"), why));
            }
            self.cookie.replace(name).is_some_and(|other| other != name)
        } else if is_cookie(name) {
            // Flagger's way: the value is the cookie's name.
            let Some(cookie) = &text.exact else {
                return Err((format!("headers.{name}"), "names a cookie for NGINX; say `exact`, its name"));
            };
            self.cookie.replace(cookie).is_some_and(|other| other != cookie)
        } else {
            self.header.replace((name, text)).is_some_and(|other| other != (name.as_str(), text))
        };
        if is_taken { Err((String::new(), TOO_MANY)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use serde_json::json;

    use crate::provider::router::tests::{of_items, refused};

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
    fn nginx_divides_matched_requests_by_no_weight() {
        let analysis = json!({"stepWeight": 20, "match": [{"headers": {"x-tester": {"exact": "yes"}}}]});
        assert_eq!(
            refused("nginx", json!({"port": 80}), analysis.clone()),
            "spec.analysis.match: NGINX sends all matched requests to the canary or none; \
             say `iterations` instead of steps"
        );
        assert_eq!(refused("contour", json!({"port": 80}), analysis), "");
    }
}
