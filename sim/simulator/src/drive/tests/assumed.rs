//! The assumptions of a story whose file leaves parts out.

use super::*;

fn assumed(analysis: &str, further: &str) -> Vec<String> {
    story(analysis, further).assumed.iter().map(ToString::to_string).collect()
}

const DEPLOY: &str = "events: [{at: 5m, deploy: v2}]";
const HOOKS: &str = "webhooks:
        - {name: smoke, type: pre-rollout, url: http://test}
        - {name: sign-off, type: confirm-promotion, url: http://gate}
        - {name: undo, type: rollback, url: http://gate/rollback/check}
        - {name: chat, type: event, url: http://chat}";

#[test]
fn without_a_world_everything_works_and_the_assumptions_are_listed() {
    let story = story(HOOKS, DEPLOY);
    assert_eq!(story.end.phase, Phase::Succeeded);
    assert_eq!(
        assumed(HOOKS, DEPLOY),
        [
            "pods get ready at once",
            "request-success-rate 100",
            "rollback gate undo is shut",
            "hook smoke answers 200",
            "gate sign-off is open",
        ]
    );
}

#[test]
fn a_defined_answer_is_not_an_assumption() {
    let world = "world: {metrics: {request-success-rate: [99.5]}, hooks: {smoke: [200], undo: [404], sign-off: [200]}}";
    assert_eq!(assumed(HOOKS, &format!("{world}\n{DEPLOY}")), [""; 0]);
    let later = "events: [{at: 1m, metrics: {request-success-rate: [100]}}, {at: 5m, deploy: v2}]";
    assert_eq!(assumed("", &format!("world: {{}}\n{later}")), [""; 0]);
}

#[test]
fn an_unused_answer_is_not_an_assumption() {
    assert_eq!(assumed(HOOKS, ""), ["pods get ready at once"]);
}

#[test]
fn a_metric_without_its_template_is_marked() {
    let text = format!("{DEPLOY}\nworld: {{}}");
    let scenario = |templates: &str| {
        let scenario = scenario("", &text);
        let mut manifest = scenario.manifest;
        manifest["spec"]["analysis"]["metrics"] = serde_json::json!([{"name": "errors", "templateRef": {"name": "errors"}, "thresholdRange": {"max": 1}}]);
        let canary = serde_json::to_string(&manifest).unwrap();
        let text = format!("scenario: a release\ncanary: {canary}\n{text}\n{templates}");
        scenario::parse(&text, Path::new("shop.yaml")).unwrap_or_else(|error| panic!("{error}"))
    };
    let shown = |templates: &str| {
        run(&scenario(templates)).assumed.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shown(""), ["errors 0.5 (its MetricTemplate is not in `templates`)"]);
    let template = "templates: [{apiVersion: flagger.app/v1beta1, kind: MetricTemplate, metadata: {name: errors, namespace: prod}, \
                    spec: {provider: {type: prometheus, address: http://p}, query: q}}]";
    assert_eq!(shown(template), ["errors 0.5"]);
}

#[test]
fn traffic_and_versions_that_a_simulated_world_leaves_out_are_listed() {
    let world = format!("world: {{versions: {{v2: {{errors: 0.2%}}}}}}\n{DEPLOY}");
    assert_eq!(assumed("", &world), ["100 requests per second", "v1 has 0.1% errors and p99 120ms"]);
    let matched = "match: [{headers: {x: {exact: y}}}]";
    let world = format!("world: {{traffic: {{rps: 50}}, versions: {{v1: {{}}, v2: {{}}}}}}\n{DEPLOY}");
    assert_eq!(assumed(matched, &world), ["10% of requests match"]);
    assert_eq!(assumed("", &world), [""; 0]);
}
