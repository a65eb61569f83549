//! What a manifest asks of its router that this one cannot do.
//!
//! It is refused here, so that lint and the simulator say so before a cluster does.

use alloc::{format, string::String};

use super::{
    parse::Problems,
    raw::{Analysis, Match, Service, StringMatch},
};
use crate::{
    provider::Provider,
    strategy::{Strategy, Weighted},
};

/// One Cookie header holds all cookies, in any order, and a pattern names each order.
const MOST_COOKIES: usize = 3;

/// Routers that have limits of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    Contour,
    GatewayApi,
    Istio,
    Nginx,
}

impl Limits {
    fn of(provider: &Provider) -> Option<Self> {
        match &**provider.name() {
            "contour" => Some(Self::Contour),
            "gatewayapi:v1" | "gatewayapi:v1beta1" => Some(Self::GatewayApi),
            "istio" => Some(Self::Istio),
            "nginx" => Some(Self::Nginx),
            _ => None,
        }
    }
}

/// Checks `spec.service`.
pub(super) fn check_service(service: &Service, provider: &Provider, problems: &mut Problems<'_>) {
    match Limits::of(provider) {
        Some(Limits::GatewayApi) => {
            for (i, item) in service.r#match.iter().enumerate() {
                let mut refuse = |field: &str, why: &str| problems.add(&format!("match[{i}].{field}"), why);
                if !item.source_labels.is_empty() {
                    refuse("sourceLabels", UNKNOWN_CALLER);
                }
                if !item.without_headers.is_empty() {
                    refuse(
                        "withoutHeaders",
                        "the Gateway API cannot exclude headers; match those that are wanted",
                    );
                }
                if item.method.as_ref().is_some_and(|method| method.exact.is_none()) {
                    refuse("method", "the Gateway API knows whole methods alone; say `exact`");
                }
            }
        }
        Some(Limits::Istio) => {
            let has_own = !service.hosts.is_empty() || !service.gateways.is_empty();
            if service.delegation == Some(true) && has_own {
                let why = "excludes `hosts` and `gateways`; leave them to the route that delegates";
                problems.add("delegation", why);
            }
        }
        Some(Limits::Contour | Limits::Nginx) | None => {}
    }
}

/// Checks the analysis. `strategy` is what was derived of it, if that could be.
pub(super) fn check_analysis(
    analysis: &Analysis,
    service: Option<&Service>,
    provider: &Provider,
    strategy: Option<&Strategy>,
    problems: &mut Problems<'_>,
) {
    let items = analysis.r#match.as_deref().unwrap_or_default();
    let limits = Limits::of(provider);
    for (i, item) in items.iter().enumerate() {
        let problems = &mut problems.below(&format!("match[{i}]"));
        check_cookies(item, problems);
        match limits {
            Some(Limits::Contour) => check_contour(item, problems),
            Some(Limits::GatewayApi) if !item.source_labels.is_empty() => {
                problems.add("sourceLabels", UNKNOWN_CALLER);
            }
            Some(Limits::GatewayApi | Limits::Istio | Limits::Nginx) | None => {}
        }
    }
    match limits {
        Some(Limits::Nginx) => check_nginx(items, strategy, problems),
        Some(Limits::Istio) if service.is_some_and(is_tcp) => {
            const WHY: &str =
                "connections (`service.appProtocol: tcp`) can be divided by weight alone; leave it out";
            if !items.is_empty() {
                problems.add("match", WHY);
            }
            if strategy.is_some_and(Strategy::mirrors) {
                problems.add("mirror", WHY);
            }
        }
        Some(Limits::Contour | Limits::GatewayApi | Limits::Istio) | None => {}
    }
}

const UNKNOWN_CALLER: &str = "the Gateway API does not know who calls; match a header that the caller sends";

fn is_tcp(service: &Service) -> bool {
    service.app_protocol.as_deref().is_some_and(|protocol| protocol.eq_ignore_ascii_case("tcp"))
}

fn check_cookies(item: &Match, problems: &mut Problems<'_>) {
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

/// Whether a header is the one that carries cookies.
fn is_cookie(header: &str) -> bool {
    header.eq_ignore_ascii_case("cookie")
}

fn check_contour(item: &Match, problems: &mut Problems<'_>) {
    const HEADERS_ALONE: &str = "Contour matches headers alone; match a header instead";
    for (field, is_empty) in [
        ("cookies", item.cookies.is_empty()),
        ("queryParams", item.query_params.is_empty()),
        ("sourceLabels", item.source_labels.is_empty()),
    ] {
        if !is_empty {
            problems.add(field, HEADERS_ALONE);
        }
    }
    let is_pattern = |text: &StringMatch| {
        text.regex.is_some() && text.exact.is_none() && text.prefix.is_none() && text.suffix.is_none()
    };
    for (name, _) in item.headers.iter().filter(|(_, text)| is_pattern(text)) {
        let why = "Contour knows no regular expressions; say `exact`, `prefix` or `suffix`";
        problems.add(&format!("headers.{name}.regex"), why);
    }
}

/// NGINX takes all requests that carry one header, or one cookie with the value `always`.
fn check_nginx(items: &[Match], strategy: Option<&Strategy>, problems: &mut Problems<'_>) {
    if matches!(strategy, Some(Strategy::Weighted(Weighted { matched: true, .. }))) {
        let why = "NGINX sends all matched requests to the canary or none; say `iterations` instead of steps";
        problems.add("match", why);
    }
    let mut chosen = Chosen::default();
    for (i, item) in items.iter().enumerate() {
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
    use alloc::string::ToString as _;

    use serde_json::{Value, json};

    use super::*;
    use crate::spec::{Defaults, Rollout};

    /// What is wrong with a Canary of this provider.
    fn refused(provider: &str, service: Value, analysis: Value) -> String {
        let manifest = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web"},
            "spec": {
                "provider": provider, "targetRef": {"kind": "Deployment", "name": "web"},
                "service": service, "analysis": analysis,
            },
        });
        let raw = serde_json::from_value(manifest).unwrap();
        Rollout::parse(&raw, &Defaults::default()).map_or_else(|why| why.to_string(), |_| String::new())
    }

    fn of_items(provider: &str, items: Value) -> String {
        refused(provider, json!({"port": 80}), json!({"iterations": 3, "match": items}))
    }

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

    #[test]
    fn the_gateway_api_says_what_it_cannot_match() {
        let service = json!({"port": 80, "match": [
            {"method": {"prefix": "GE"}, "withoutHeaders": {"x-bot": {}}, "sourceLabels": {"app": "front"}},
        ]});
        let analysis = json!({"match": [{"sourceLabels": {"app": "front"}}]});
        let refused_by = |provider| refused(provider, service.clone(), analysis.clone());
        let caller = "the Gateway API does not know who calls; match a header that the caller sends";
        let found = refused_by("gatewayapi:v1");
        for expected in [
            format!("spec.service.match[0].sourceLabels: {caller}"),
            "spec.service.match[0].withoutHeaders: the Gateway API cannot exclude headers".into(),
            "spec.service.match[0].method: the Gateway API knows whole methods alone; say `exact`".into(),
            format!("spec.analysis.match[0].sourceLabels: {caller}"),
        ] {
            assert!(found.contains(&expected), "{expected}\n{found}");
        }
        assert_eq!(refused_by("istio"), "");
    }

    #[test]
    fn contour_matches_headers_without_patterns() {
        let items =
            json!([{"headers": {"x-a": {"regex": "a+"}}}, {"cookies": {"insider": {"exact": "always"}}}]);
        assert_eq!(
            of_items("contour", items),
            "spec.analysis.match[0].headers.x-a.regex: Contour knows no regular expressions; \
             say `exact`, `prefix` or `suffix`; \
             spec.analysis.match[1].cookies: Contour matches headers alone; match a header instead"
        );
        assert_eq!(of_items("contour", json!([{"headers": {"x-a": {"suffix": "a"}}}])), "");
    }

    #[test]
    fn connections_are_divided_by_weight_alone() {
        let tcp = json!({"port": 80, "appProtocol": "TCP"});
        let matched = json!({"match": [{"headers": {"x-a": {"exact": "a"}}}]});
        let why = "connections (`service.appProtocol: tcp`) can be divided by weight alone; leave it out";
        assert_eq!(refused("istio", tcp.clone(), matched), format!("spec.analysis.match: {why}"));
        let mirrored = json!({"mirror": true, "stepWeight": 10});
        assert_eq!(refused("istio", tcp.clone(), mirrored), format!("spec.analysis.mirror: {why}"));
        assert_eq!(refused("istio", tcp, json!({"stepWeight": 10})), "");
    }

    #[test]
    fn a_route_that_is_delegated_to_has_no_hosts() {
        let service = json!({"port": 80, "delegation": true, "hosts": ["web.test"]});
        assert_eq!(
            refused("istio", service, json!({})),
            "spec.service.delegation: excludes `hosts` and `gateways`; leave them to the route that delegates"
        );
    }

    #[test]
    fn cookies_are_few_and_said_once() {
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
