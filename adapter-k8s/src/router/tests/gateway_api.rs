use serde_json::{Value, json};
use serin_core::command::{Routes, Split};

use super::{Case, matched, mirrored, plain, sticky};
use crate::{object::Kind, object::Object};

const ROUTE: Kind = Kind::of(&Kind::names("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"));
const GATEWAY: &str = "{gatewayRefs: [{name: gw, namespace: default}]}";

/// The spec of an HTTPRoute with the defaults of its CRD.
pub(super) fn defaulted(route: &Object) -> Value {
    fn default(of: &mut Value, field: &str, value: Value) {
        if of.get(field).is_none() {
            of[field] = value;
        }
    }
    fn each<'a>(of: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
        of.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
    }
    let mut spec = route.at("/spec").cloned().unwrap_or_default();
    for parent in each(&mut spec, "parentRefs") {
        default(parent, "group", "gateway.networking.k8s.io".into());
        default(parent, "kind", "Gateway".into());
    }
    for rule in each(&mut spec, "rules") {
        default(rule, "matches", json!([{}]));
        for one in each(rule, "matches") {
            default(one, "path", json!({}));
            default(&mut one["path"], "type", "PathPrefix".into());
            default(&mut one["path"], "value", "/".into());
            for list in ["headers", "queryParams"] {
                each(one, list).for_each(|text| default(text, "type", "Exact".into()));
            }
        }
        for backend in each(rule, "backendRefs") {
            default(backend, "group", "".into());
            default(backend, "kind", "Service".into());
            default(backend, "weight", 1.into());
        }
        for filter in each(rule, "filters") {
            if let Some(backend) = filter.pointer_mut("/requestMirror/backendRef") {
                default(backend, "group", "".into());
                default(backend, "kind", "Service".into());
            }
            if let Some(cors) = filter.get_mut("cors") {
                default(cors, "maxAge", 5.into());
            }
        }
    }
    spec
}

#[test]
fn everything_the_service_says_is_in_the_route() {
    let service =
        "{gatewayRefs: [{name: gw, namespace: default, sectionName: https}], hosts: [app.example.com],
        timeout: 15s, backendTimeout: 5s, match: [{uri: {prefix: /api}, method: {exact: GET},
        headers: {x-tenant: {regex: a.+}}, queryParams: {v: {exact: '2'}}}, {uri: {regex: /v.}}],
        rewrite: {uri: /, authority: inner, type: ReplacePrefixMatch},
        headers: {request: {add: {x-some: value}, set: {b: '1', a: '2'}}, response: {remove: [x-old]}},
        mirror: [{backendRef: {name: audit, port: 8080}}],
        corsPolicy: {allowOrigin: ['https://a.b'], allowMethods: [GET], maxAge: 24h, allowCredentials: true},
        apex: {labels: {team: a}, annotations: {note: b}}}";
    let case = Case::new("gatewayapi:v1", service, "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
    // The older version has neither timeouts nor CORS.
    let older = Case::new("gatewayapi:v1beta1", service, "{stepWeight: 20}");
    let text = older.shown(&plain(Routes::split(20)));
    assert!(text.contains("apiVersion: gateway.networking.k8s.io/v1beta1\n"));
    assert!(!text.contains("timeouts") && !text.contains("CORS") && text.contains("RequestMirror"));
}

#[test]
fn matched_requests_have_a_rule_before_the_rest() {
    let analysis = "{iterations: 2, match: [{headers: {x-canary: {exact: insider}}},
        {cookies: {canary: {exact: always}, region: {prefix: eu-}}}, {queryParams: {beta: {exact: '1'}}}]}";
    let case = Case::new("gatewayapi:v1", GATEWAY, analysis);
    insta::assert_snapshot!(case.shown(&matched(100)));
}

#[test]
fn users_keep_their_version_by_cookie() {
    let analysis = "{stepWeight: 20, sessionAffinity: {cookieName: canary-cookie, primaryCookieName: primary-cookie,
        maxAge: 3600, domain: example.com, path: /app, secure: true, httpOnly: true, sameSite: None, partitioned: true}}";
    let case = Case::new("gatewayapi:v1", GATEWAY, analysis);
    insta::assert_snapshot!("users_keep_their_version", case.shown(&sticky(Routes::split(20))));
    insta::assert_snapshot!("the_cookie_is_taken_back", case.shown(&sticky(Routes::PRIMARY)));
    // At 100 nobody is kept on the primary.
    assert_eq!(case.shown(&sticky(Routes::split(100))).matches("RegularExpression").count(), 1);
}

#[test]
fn a_share_of_the_requests_is_mirrored() {
    let case = Case::new("gatewayapi:v1", GATEWAY, "{stepWeight: 20, mirror: true, mirrorWeight: 30}");
    insta::assert_snapshot!(case.shown(&mirrored(30)));
    let both = Split { routes: Routes { mirror: Some(30), ..Routes::split(20) }, ..mirrored(30) };
    assert!(case.shown(&both).contains("weight: 20") && case.shown(&both).contains("percent: 30"));
    assert!(!case.shown(&mirrored(100)).contains("percent"));
}

#[test]
fn what_the_manifest_no_longer_says_is_refused() {
    let case = |service: &str| Case::new("gatewayapi:v1", service, "{stepWeight: 20}");
    let refusals = [case("{}").why_not(&plain(Routes::PRIMARY)), case(GATEWAY).why_not(&matched(20))];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    spec.service.gatewayRefs: is missing: provider gatewayapi:v1 needs it
    analysis.match: is needed while only matched requests are divided
    ");
}

fn answered(status: &str, generation: i64) -> Case {
    let mut case = Case::new("gatewayapi:v1", GATEWAY, "{stepWeight: 20}");
    case.write(&plain(Routes::split(20)));
    let mut route = case.render(&plain(Routes::split(20))).unwrap().remove(0);
    route.set("/metadata/generation", 3);
    let accepted = json!({"type": "Accepted", "status": status, "observedGeneration": generation,
                          "reason": "NoMatchingParent", "message": "no such listener"});
    let parent = json!({"name": "gw", "namespace": "default"});
    route.set("/status/parents", json!([{"parentRef": parent, "conditions": [accepted]}]));
    case.store(vec![route]);
    case
}

#[test]
fn a_route_counts_once_its_gateway_accepts_it() {
    assert_eq!(answered("True", 3).read(), Some(Routes::split(20)));
    let why_not = |case: Case| case.router.read(&case.subject, &case.seen).unwrap_err().to_string();
    insta::assert_snapshot!(why_not(answered("True", 2)), @r"HTTPRoute app.test: gw has not said yet whether it accepts version 3");
    insta::assert_snapshot!(why_not(answered("False", 3)), @r"HTTPRoute app.test: gw does not accept it: NoMatchingParent: no such listener");
}

#[test]
fn what_others_put_on_a_route_stays() {
    let mut case = Case::new(
        "gatewayapi:v1",
        "{gatewayRefs: [{name: gw}], apex: {labels: {team: a}}}",
        "{stepWeight: 20}",
    );
    let metadata =
        json!({"labels": {"l": "1", "app.kubernetes.io/managed-by": "helm"}, "annotations": {"a": "1"}});
    case.add(ROUTE, "app", json!({"metadata": metadata, "spec": {"useDefaultGateways": "All"}}));
    assert_eq!(case.read(), None);
    insta::assert_snapshot!(case.shown(&plain(Routes::PRIMARY)));
}
