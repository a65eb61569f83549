//! Sentences and figures for usual manifests.

use serde_json::{Value, json};
use serin_core::{Rollout, spec::Defaults};
use serin_input::manifest::read_raw;

use super::{remedies::changed, *};
use crate::plan::Plan;

fn canary(analysis: Value) -> Value {
    json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop", "namespace": "prod"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
            "service": {"port": 80},
            "analysis": analysis,
        },
    })
}

fn question<'a>(canary: &'a Value, defaults: &'a Defaults, rps: f64, errors: f64) -> Question<'a> {
    let raw = read_raw(canary).ok();
    let rollout = raw.and_then(|raw| Rollout::parse(&raw, defaults).ok());
    let checks = rollout.and_then(|rollout| Some(Plan::of(&rollout)?.checks));
    Question { canary, defaults, checks, pods: None, release: Release { rps, errors } }
}

fn ask_of(canary: &Value, rps: f64, errors: f64) -> Result<Answer, Unanswered> {
    outlook(&question(canary, &Defaults::default(), rps, errors))
}

fn ask(analysis: Value, rps: f64, errors: f64) -> Result<Answer, Unanswered> {
    ask_of(&canary(analysis), rps, errors)
}

fn usual() -> Value {
    json!({
        "interval": "1m", "threshold": 2, "stepWeight": 10, "maxWeight": 50,
        "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"}],
    })
}

/// The usual analysis with fields set.
fn with(fields: Value) -> Value {
    let mut analysis = usual();
    for (name, value) in fields.as_object().unwrap() {
        analysis[name] = value.clone();
    }
    analysis
}

#[test]
fn a_policy_that_is_too_strict_has_remedies() {
    let answer = ask(usual(), 50.0, 0.008).unwrap();
    assert!(answer.figures.is_good() && answer.wrong() > 0.3);
    insta::assert_snapshot!(answer.to_string());
    assert!(answer.remedies.iter().all(|remedy| remedy.wrong < answer.wrong() / 2.0));
}

#[test]
fn a_policy_with_too_few_requests_is_reported() {
    insta::assert_snapshot!(ask(usual(), 2.0, 0.012).unwrap());
}

#[test]
fn a_policy_that_works_is_reported_with_its_time() {
    insta::assert_snapshot!(ask(usual(), 50.0, 0.0001).unwrap());
    insta::assert_snapshot!(ask(usual(), 50.0, 0.2).unwrap());
}

#[test]
fn a_remedy_does_what_its_sentence_promises() {
    let windows = json!([
        {"name": "orders", "query": "sum(orders)", "thresholdRange": {"min": 1}},
        {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
    ]);
    let wrong = [
        (usual(), 50.0, 0.008),
        (usual(), 2.0, 0.012),
        (with(json!({"metrics": windows})), 50.0, 0.008),
        (with(json!({"interval": "30s"})), 50.0, 0.008),
    ];
    let mut tried = 0;
    for (analysis, rps, errors) in wrong {
        let canary = canary(analysis);
        let defaults = Defaults::default();
        let question = question(&canary, &defaults, rps, errors);
        for remedy in outlook(&question).unwrap().remedies {
            let figures = changed(&question, &remedy.edits).unwrap();
            assert!((figures.wrong() - remedy.wrong).abs() < 1e-9, "{remedy:?}: {}", figures.wrong());
            tried += 1;
        }
    }
    assert!(tried >= 8, "only {tried} remedies were tried");
}

#[test]
fn metrics_with_an_unknown_meaning_are_left_out() {
    let mut analysis = usual();
    analysis["metrics"].as_array_mut().unwrap().push(json!({"name": "orders", "query": "sum(orders)"}));
    assert_eq!(ask(analysis, 50.0, 0.0001).unwrap().left_out, ["orders"]);
}

#[test]
fn a_policy_without_judged_metrics_has_no_figures() {
    let unknown = json!([{"name": "orders", "query": "sum(orders)", "thresholdRange": {"min": 1}}]);
    insta::assert_snapshot!(ask(with(json!({"metrics": unknown})), 50.0, 0.5).unwrap_err());
    for metrics in [json!([]), json!([{"name": "request-success-rate"}])] {
        assert_eq!(ask(with(json!({"metrics": metrics})), 50.0, 0.5), Err(Unanswered::NoBounds));
    }
}

#[test]
fn a_suspended_canary_is_judged_as_if_it_were_not() {
    let mut suspended = canary(usual());
    suspended["spec"]["suspend"] = true.into();
    assert_eq!(ask_of(&suspended, 50.0, 0.0001), ask(usual(), 50.0, 0.0001));
}

#[test]
fn windows_of_different_lengths_are_simulated() {
    let metrics = json!([
        {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
        {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "30s"},
    ]);
    insta::assert_snapshot!(ask(with(json!({"threshold": 5, "metrics": metrics})), 50.0, 0.008).unwrap());
}

#[test]
fn windows_that_overlap_are_simulated() {
    insta::assert_snapshot!(ask(with(json!({"interval": "10s", "threshold": 10})), 50.0, 0.002).unwrap());
}

#[test]
fn a_simulation_agrees_with_the_computation() {
    let canary = canary(usual());
    let defaults = Defaults::default();
    let case = Case::of(&question(&canary, &defaults, 50.0, 0.008)).unwrap();
    let computed = Figures::of(&case.story, Some(5), ANSWER).unwrap();
    assert!(matches!(computed, Figures::Computed(_)));
    let (_, wrong) = figures::simulate(&case.story, ANSWER.runs).simulated().unwrap();
    assert!(wrong.low < computed.wrong() && computed.wrong() < wrong.high, "{wrong:?} {}", computed.wrong());
}

#[test]
fn the_share_of_matching_requests_is_reported() {
    let conditions = json!([{"headers": {"x-insider": {"exact": "yes"}}}]);
    let mut analysis = with(json!({"match": conditions, "iterations": 10}));
    analysis.as_object_mut().unwrap().remove("stepWeight");
    insta::assert_snapshot!(ask(analysis, 50.0, 0.002).unwrap());
}

#[test]
fn a_polled_rollback_hook_refuses_the_rollback() {
    let hooks = json!([{"name": "undo", "type": "rollback", "url": "http://gates.prod/rollback/check"}]);
    let answer = ask(with(json!({"webhooks": hooks})), 50.0, 0.0001).unwrap();
    assert!(answer.figures.promoted() > 0.99, "{answer}");
}

#[test]
fn the_shipped_error_rate_is_0_while_nothing_fails() {
    let metrics = json!([{"name": "error-rate", "thresholdRange": {"max": 1}}]);
    let analysis = with(json!({"threshold": 5, "metrics": metrics}));
    let good = ask(analysis.clone(), 50.0, 0.0).unwrap();
    assert!(good.figures.promoted() > 0.99, "{good}");
    let bad = ask(analysis, 50.0, 0.2).unwrap();
    assert!(bad.figures.rolled_back() > 0.99, "{bad}");
}

/// Blue/green with a router that sends no users to the canary, and a hook with this command line.
fn without_users(line: Option<&str>) -> Value {
    let hook =
        |line: &str| json!({"name": "load", "url": "http://loadtester.prod/", "metadata": {"cmd": line}});
    let hooks: Vec<Value> = line.map(hook).into_iter().collect();
    let mut canary = canary(json!({
        "interval": "1m", "threshold": 2, "iterations": 10, "webhooks": hooks,
        "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"}],
    }));
    canary["spec"]["provider"] = "kubernetes".into();
    canary
}

const LINE: &str = "hey -z 1m -q 5 -c 4 http://shop-canary.prod:80/";

#[test]
fn without_users_on_the_canary_the_load_test_is_judged() {
    insta::assert_snapshot!(ask_of(&without_users(None), 50.0, 0.002).unwrap());
    insta::assert_snapshot!(ask_of(&without_users(Some(LINE)), 50.0, 0.002).unwrap());
}

#[test]
fn a_load_test_with_an_unknown_rate_has_no_figures() {
    for line in ["wrk -t 2 http://shop-canary.prod/", "hey -z 1m -c 4 http://shop-canary.prod/"] {
        let answer = ask_of(&without_users(Some(line)), 50.0, 0.002);
        assert_eq!(answer, Err(Unanswered::LoadNotKnown("load".into())), "{line}");
    }
}

#[test]
fn a_load_test_is_judged_for_the_policys_number_of_checks() {
    let canary = without_users(Some(LINE));
    let defaults = Defaults::default();
    let case = Case::of(&question(&canary, &defaults, 50.0, 0.0)).unwrap();
    let rollout = Rollout::parse(&read_raw(&canary).unwrap(), &defaults).unwrap();
    let plan = |rollout| Plan::of(rollout).unwrap();
    let (own, story) = (plan(&rollout), plan(&case.story.canary));
    assert_eq!((own.checks, own.decided, own.done), (story.checks, story.decided, story.done));
}

#[test]
fn a_release_that_takes_too_long_to_simulate_has_no_figures() {
    let long = with(json!({"interval": "10s", "iterations": 1_000_000}));
    assert_eq!(ask(long, 50.0, 0.002), Err(Unanswered::TooLong));
}

#[test]
fn a_rollout_that_is_held_for_ever_is_neither_promoted_nor_rolled_back() {
    let metrics = json!([
        {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m", "onNoData": "hold"},
        {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "30s", "onNoData": "hold"},
    ]);
    let answer = ask(with(json!({"metrics": metrics})), 0.0, 0.0).unwrap();
    assert_eq!((answer.figures.promoted(), answer.figures.rolled_back()), (0.0, 0.0));
}

#[test]
fn an_invalid_canary_has_no_figures() {
    assert!(matches!(ask(json!({"stepWeight": 101}), 1.0, 0.0), Err(Unanswered::Input(_))));
}
