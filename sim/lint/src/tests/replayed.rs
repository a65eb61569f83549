//! Compares the plan with the simulator: every Canary of every story, with a good and a bad release.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use serin_core::{
    Rollout,
    decision::Rule,
    spec::{Defaults, Hook, HookKind},
    step::planned,
    strategy::Strategy,
};
use serin_policy::plan::Plan;
use serin_simulator::{
    drive,
    record::Story,
    scenario::{self, Scenario},
};

use crate::Moves;

const DEPLOYED: Duration = Duration::from_secs(300);

/// The Canaries of all stories, and of strategies that no story has, each once.
fn canaries() -> BTreeMap<String, (Value, Scenario)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut found = BTreeMap::new();
    for file in scenario::find(&[root]).unwrap() {
        let scenario = scenario::load(&file).unwrap();
        found.insert(scenario.manifest["spec"].to_string(), (scenario.manifest.clone(), scenario));
    }
    for analysis in more() {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop", "namespace": "prod"},
            "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}, "analysis": analysis},
        });
        let scenario = story(&canary, &Defaults::default(), json!({}));
        found.insert(analysis.to_string(), (canary, scenario));
    }
    found
}

fn more() -> Vec<Value> {
    let metrics = json!([{"name": "request-success-rate", "thresholdRange": {"min": 99}}]);
    let mut all = Vec::new();
    for mut analysis in [
        json!({"stepWeight": 7, "maxWeight": 60, "threshold": 3}),
        json!({"stepWeight": 30, "maxWeight": 20, "threshold": 2}),
        json!({"stepWeight": 5, "maxWeight": 50, "iterations": 20, "interval": "5m", "threshold": 3}),
        json!({"stepWeight": 20, "maxWeight": 80, "iterations": 5, "threshold": 10}),
        json!({"stepWeights": [1, 2, 10, 80], "stepWeightPromotion": 30, "threshold": 4}),
        json!({"stepWeight": 50, "mirror": true, "iterations": 6, "threshold": 2}),
        json!({"mirror": true, "mirrorWeight": 10, "canaryAnalysis": {"stepWeightPromotion": 20}, "iterations": 4}),
        json!({"stepWeight": 25, "delay": "7m", "threshold": 2, "thresholdMode": "consecutive"}),
        json!({"stepWeight": 25, "interval": "3s"}),
        json!({"match": [{"headers": {"x": {"exact": "y"}}}], "threshold": 2}),
        json!({"iterations": 1, "delay": "90s"}),
        json!({}),
    ] {
        analysis["metrics"] = metrics.clone();
        all.push(analysis);
    }
    all
}

/// A story of one release of a Canary.
fn story(canary: &Value, defaults: &Defaults, world: Value) -> Scenario {
    let templates = defaults.templates.iter();
    let templates: Vec<Value> = templates
        .map(|(namespace, name)| json!({"kind": "MetricTemplate", "metadata": {"namespace": namespace, "name": name}}))
        .collect();
    let text = json!({
        "scenario": "a release", "canary": canary, "templates": templates, "controller": {"provider": *defaults.provider, "namespace": *defaults.namespace},
        "world": world, "events": [{"at": "5m", "deploy": "v2"}], "until": "300d",
    });
    scenario::parse(&text.to_string(), &PathBuf::from("plan.yaml")).unwrap()
}

fn again(manifest: &Value, scenario: &Scenario, world: Value) -> Story {
    let mut manifest = manifest.clone();
    manifest["metadata"].as_object_mut().unwrap().remove("annotations");
    drive::run(&story(&manifest, &scenario.defaults, world))
}

/// When a rule first fired, since the new revision was detected.
fn fired(story: &Story, rules: &[Rule]) -> Option<Duration> {
    let mut moments = story.moments.iter().filter(|moment| moment.at >= DEPLOYED);
    moments.find(|moment| rules.contains(&moment.decision.rule)).map(|moment| moment.at - DEPLOYED)
}

/// A hook that passes would roll back.
fn closed(hooks: &[Hook]) -> BTreeMap<String, Vec<u16>> {
    let polled = hooks.iter().filter(|hook| hook.kind == HookKind::RollbackTrigger);
    polled.map(|hook| (hook.key.to_string(), vec![403])).collect()
}

fn is_short(plan: &Plan) -> bool {
    plan.checks < 2_000 && plan.rollback.is_none_or(|rollback| rollback.threshold < 2_000)
}

#[test]
fn a_good_release_goes_as_planned() {
    let mut seen = BTreeMap::new();
    for (manifest, scenario) in canaries().values() {
        let rollout = &scenario.canary;
        let plan = Plan::of(rollout).unwrap();
        if rollout.is_suspended() || !is_short(&plan) {
            continue;
        }
        let story = again(manifest, scenario, json!({"hooks": closed(rollout.hooks())}));
        let about = format!("{}: {} {:#}", scenario.path.display(), plan.strategy, manifest["spec"]);
        let expected = (plan.starts, plan.decided, plan.all_users, plan.done);
        let promoted = fired(&story, &[Rule::Promoted]).unwrap_or_else(|| panic!("never promoted: {about}"));
        let decided = fired(&story, &[Rule::PromotionDecided]).unwrap();
        let started = fired(&story, &[Rule::Advanced, Rule::PromotionDecided]).unwrap();
        let all_users = fired(&story, &[Rule::PrimaryTakesAll]).unwrap_or(promoted);
        assert_eq!((started, decided, all_users, promoted), expected, "{about}");
        // A run is late by the core's plan.
        assert!(rollout.skips_analysis() || planned(rollout) == Some(plan.decided), "{about}");
        assert_eq!(weights(&story), planned_weights(&plan), "{about}");
        *seen.entry(kind(rollout)).or_insert(0) += 1;
    }
    let kinds: Vec<_> = seen.keys().copied().collect();
    assert_eq!(
        kinds,
        ["ab-testing", "blue-green", "mirrored", "no switch", "skipped", "weighted"],
        "{seen:?}"
    );
}

fn kind(rollout: &Rollout) -> &'static str {
    match rollout.strategy() {
        _ if rollout.skips_analysis() => "skipped",
        strategy if strategy.mirrors() => "mirrored",
        Strategy::Weighted(_) => "weighted",
        Strategy::AbTesting { .. } => "ab-testing",
        Strategy::BlueGreen(blue_green) if blue_green.switches => "blue-green",
        Strategy::BlueGreen(_) => "no switch",
    }
}

/// The canary's weights up to the promotion.
fn weights(story: &Story) -> Vec<u8> {
    let saved = story.moments.iter().filter_map(|moment| moment.saved.as_ref());
    let until = saved.take_while(|state| state.run.intent.is_none());
    let mut weights: Vec<u8> = until.map(|state| state.canary_weight).filter(|weight| *weight > 0).collect();
    weights.dedup();
    weights
}

fn planned_weights(plan: &Plan) -> Vec<u8> {
    let legs = plan.moves.iter().filter_map(|leg| match &leg.what {
        Moves::Weights { weights } => Some(weights.clone()),
        Moves::Mirror { .. } | Moves::Iterations { .. } | Moves::Switch | Moves::Soak { .. } => None,
    });
    legs.flatten().collect()
}

#[test]
fn a_bad_release_is_rolled_back_as_planned() {
    let mut seen = 0;
    for (manifest, scenario) in canaries().values() {
        let rollout = &scenario.canary;
        let plan = Plan::of(rollout).unwrap();
        let Some(rollback) = plan.rollback.filter(|_| !rollout.is_suspended() && is_short(&plan)) else {
            continue;
        };
        let mut hooks = closed(rollout.hooks());
        let mut metrics = BTreeMap::new();
        let bad = rollout.metrics().iter().find_map(|metric| {
            let out = metric.bounds.min.map(|min| min - 10.0).or(metric.bounds.max.map(|max| max + 10.0));
            Some((metric.key.to_string(), vec![out?]))
        });
        if let Some((name, values)) = bad {
            metrics.insert(name, values);
        } else if let Some(hook) = rollout.hooks().iter().find(|hook| hook.kind == HookKind::Rollout) {
            hooks.insert(hook.key.to_string(), vec![500]);
        } else {
            continue;
        }
        let story = again(manifest, scenario, json!({"hooks": hooks, "metrics": metrics}));
        let about = format!("{}: {} {:#}", scenario.path.display(), plan.strategy, manifest["spec"]);
        let rolled_back = fired(&story, &[Rule::RollbackDecided]);
        assert_eq!(rolled_back, Some(plan.starts + rollback.after_first_move), "{about}");
        seen += 1;
    }
    assert!(seen > 40, "only {seen} Canaries were tried");
}

/// The figures in Flagger's documentation.
#[test]
fn the_known_formulas_hold() {
    let plan = |analysis: Value| {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {"targetRef": {"kind": "Deployment", "name": "shop"}, "analysis": analysis},
        });
        Plan::of(&story(&canary, &Defaults::default(), json!({})).canary).unwrap()
    };
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let metrics = json!([{"name": "request-success-rate", "thresholdRange": {"min": 99}}]);

    // interval * (maxWeight / stepWeight), and interval * threshold.
    let steps = plan(
        json!({"interval": "1m", "threshold": 10, "maxWeight": 50, "stepWeight": 5, "metrics": metrics}),
    );
    assert_eq!(steps.analysis(), minutes(10));
    assert_eq!(steps.rollback.unwrap().after_first_move, minutes(10));
    assert_eq!(steps.all_users, minutes(12));

    let payments = plan(json!({"interval": "2m", "threshold": 3, "maxWeight": 50, "stepWeight": 5}));
    assert_eq!((payments.decided, payments.all_users), (minutes(22), minutes(24)));

    let careful =
        plan(json!({"interval": "5m", "threshold": 3, "maxWeight": 50, "stepWeight": 5, "iterations": 20}));
    assert_eq!(careful.decided, minutes(100));

    let bold =
        plan(json!({"interval": "1m", "threshold": 10, "maxWeight": 80, "stepWeight": 20, "iterations": 5}));
    assert_eq!(bold.decided, minutes(5));

    // Ten iterations, then the switch at T=11.
    let blue_green = plan(json!({"interval": "1m", "threshold": 10, "iterations": 10}));
    assert_eq!(blue_green.moves.last().map(|leg| (leg.from, &leg.what)), Some((minutes(11), &Moves::Switch)));
}

#[test]
fn a_release_that_never_ends_has_no_plan() {
    let canary = json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "shop"}, "analysis": {"iterations": 4_000_000_000_u32}},
    });
    assert_eq!(Plan::of(&story(&canary, &Defaults::default(), json!({})).canary), None);
}
