//! Compares computed results with counts over many seeds of the same world.

use std::path::Path;

use rayon::prelude::*;
use serin_simulator::{drive, scenario};

use super::*;
use crate::sweep::Tally;

/// A Canary and its world, which differ between the cases.
struct Case<'a> {
    analysis: &'a str,
    rps: f64,
    errors: &'a str,
    world: &'a str,
}

impl Case<'_> {
    fn scenario(&self) -> Scenario {
        let text = format!(
            "
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {{name: shop, namespace: shop}}
  spec:
    provider: istio
    targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
    service: {{port: 80}}
    analysis: {{{}}}
status: {{phase: Initialized}}
world:
  traffic: {{rps: {}, matched: 30%}}
  versions: {{v2: {{errors: {}}}}}
  {}
events: [{{at: 1m, deploy: v2}}]
until: 6h
",
            self.analysis, self.rps, self.errors, self.world
        );
        scenario::parse(&text, Path::new("case.yaml")).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn sampled(scenario: &Scenario, runs: u64) -> Tally {
    let parts = (0..runs.div_ceil(100)).into_par_iter().map(|part| {
        let mut tally = Tally::default();
        let mut runs = drive::Runs::of(scenario);
        (part * 100..(part + 1) * 100).for_each(|seed| tally.add(&runs.outcome(seed, &|| false).unwrap()));
        tally
    });
    parts.reduce(Tally::default, |tally, other| tally.and(&other))
}

/// The 99.95th percentile of the standard normal distribution.
const Z: f64 = 3.290_526_731;

/// Whether a count agrees with a chance: Wilson's interval at 99.9 %.
fn may_be(chance: f64, count: u64, runs: u64) -> bool {
    let (n, share) = (runs as f64, count as f64 / runs as f64);
    let square = Z * Z / n;
    let middle = (share + square / 2.0) / (1.0 + square);
    let half = Z / (1.0 + square) * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    // The precision of the computed chance.
    (chance - middle).abs() <= half + 3e-4
}

const RATE: &str = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}]";
const HALF: &str = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 30s}]";
const BETWEEN: &str =
    "metrics: [{name: request-success-rate, thresholdRange: {min: 96, max: 99.9}, interval: 1m}]";
const ERRORS: &str = "metrics: [{name: error-rate, thresholdRange: {max: 2}, interval: 1m}]";
const HELD: &str =
    "metrics: [{name: request-success-rate, thresholdRange: {min: 95}, interval: 1m, onNoData: hold}]";
const BOTH: &str = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}, \
                    {name: request-duration, thresholdRange: {max: 500}, interval: 1m}]";
const WEIGHTED: &str = "interval: 1m, threshold: 2, stepWeight: 20, maxWeight: 60";
const LISTED: &str = "interval: 1m, threshold: 3, thresholdMode: consecutive, stepWeights: [1, 50]";
const ONE: &str = "interval: 90s, threshold: 1, stepWeight: 50";
const AB: &str = "interval: 1m, threshold: 5, iterations: 4, match: [{headers: {x: {exact: y}}}]";
const BLUE_GREEN: &str = "interval: 1m, threshold: 2, iterations: 3, mirror: true, mirrorWeight: 50";

const LOADED: &str = "interval: 1m, threshold: 3, iterations: 3, webhooks: [{name: load, url: \"http://load.test/\", \
                      metadata: {cmd: \"hey -z 1m -q 10 -c 2 http://shop-canary/\"}}]";

const CASES: &[(&str, &str, f64, &str, &str)] = &[
    (WEIGHTED, RATE, 1.0, "2%", ""),
    (WEIGHTED, RATE, 20.0, "0.9%", "scrape: 20s"),
    (WEIGHTED, RATE, 100.0, "0.9%", ""),
    (WEIGHTED, RATE, 1000.0, "0.95%", "scrape: 5s"),
    (WEIGHTED, HALF, 5.0, "0.8%", "scrape: 7s"),
    (WEIGHTED, BETWEEN, 10.0, "1%", ""),
    (WEIGHTED, BOTH, 200.0, "0.8%", ""),
    (WEIGHTED, HELD, 0.1, "3%", "scrape: 10s"),
    (LISTED, RATE, 20.0, "1.2%", ""),
    (LISTED, ERRORS, 10.0, "1.5%", ""),
    (ONE, HALF, 50.0, "0.5%", ""),
    (AB, RATE, 30.0, "1.3%", "scrape: 30s"),
    (AB, HALF, 3.0, "1%", "scrape: 5s"),
    (BLUE_GREEN, RATE, 20.0, "0.9%", ""),
    (BLUE_GREEN, RATE, 20.0, "0.9%", "loadTest: {rps: 5}"),
    (LOADED, RATE, 20.0, "0.9%", ""),
    (LOADED, RATE, 20.0, "0.8%", "loadTest: {rps: 10}"),
];

#[test]
fn sim_computed_chances_agree_with_counts() {
    const RUNS: u64 = 20_000;
    for (strategy, metrics, rps, errors, world) in CASES {
        let name = format!("{strategy}, {metrics}, {rps} rps, {errors}, {world}");
        let analysis = format!("{strategy}, {metrics}");
        let scenario = Case { analysis: &analysis, rps: *rps, errors, world }.scenario();
        let (exact, tally) = (of(&scenario).unwrap(), sampled(&scenario, RUNS));
        for (what, chance, count) in [
            ("promoted", exact.promoted, tally.promoted),
            ("rolled back", exact.rolled_back, tally.rolled_back),
            ("good", f64::from(u8::from(exact.good == Some(true))), tally.good),
        ] {
            assert!(may_be(chance, count, RUNS), "{name}: {what} {chance}, counted {count}");
        }
        for (computed, counted) in
            [(&exact.to_promote, &tally.to_promote), (&exact.to_roll_back, &tally.to_roll_back)]
        {
            let told: u64 = computed.iter().map(|(time, _)| counted.at(time)).sum();
            assert!(counted.count() - told <= 2, "{name}: at other times");
            for (time, chance) in computed.iter() {
                let count = counted.at(time);
                assert!(may_be(chance, count, RUNS), "{name}: {time:?} {chance}, counted {count}");
            }
        }
        for (what, mean, sum) in [
            ("requests", exact.requests, tally.requests),
            ("failed", exact.failed, tally.failed),
            ("canary", exact.canary, tally.canary),
            ("failed there", exact.canary_failed, tally.canary_failed),
        ] {
            let counted = sum as f64 / RUNS as f64;
            assert!((counted / mean - 1.0).abs() < 0.03, "{name}: {what} {mean}, counted {counted}");
        }
    }
}

#[test]
fn an_average_is_computed_if_it_is_almost_certain() {
    let of_bound = |max: f64| {
        let metrics =
            format!("metrics: [{{name: mean, query: q, thresholdRange: {{max: {max}}}, interval: 1m}}]");
        let analysis = format!("{WEIGHTED}, {metrics}");
        let world = "measures: {mean: latency-average}";
        let scenario = Case { analysis: &analysis, rps: 100.0, errors: "5%", world }.scenario();
        (of(&scenario), sampled(&scenario, 1_000))
    };
    // p50 20 ms and p99 120 ms have an average of 26.9 ms, with a deviation of 0.7 ms in a window of the first step.
    for (max, promoted) in [(30.5, true), (23.5, false)] {
        let (exact, tally) = of_bound(max);
        let exact = exact.unwrap();
        assert_eq!(exact.good, Some(promoted), "{max}");
        assert!((exact.promoted - f64::from(u8::from(promoted))).abs() < 1e-3, "{max}: {}", exact.promoted);
        assert!(
            may_be(exact.promoted, tally.promoted, 1_000),
            "{max}: {} {}",
            exact.promoted,
            tally.promoted
        );
    }
    let (close, tally) = of_bound(26.9);
    assert!(close.unwrap_err().to_string().starts_with("mean is too close to its bound: it passes"));
    assert!(tally.promoted > 100 && tally.rolled_back > 100, "{tally:?}");
}

/// The error of averaging over only a few scrape times: less than the precision that is printed.
#[test]
fn more_scrape_times_do_not_change_the_printed_results() {
    let mut largest: f64 = 0.0;
    for (strategy, metrics, rps, errors, world) in CASES {
        let analysis = format!("{strategy}, {metrics}");
        let scenario = Case { analysis: &analysis, rps: *rps, errors, world }.scenario();
        let [usual, fine] =
            [phases::NODES, 4 * phases::NODES].map(|nodes| with_nodes(&scenario, nodes).unwrap());
        let off = (usual.promoted - fine.promoted).abs().max((usual.rolled_back - fine.rolled_back).abs());
        largest = largest.max(off);
    }
    assert!(largest < 5e-4, "{largest}");
}

#[test]
fn all_courses_end() {
    let analysis = format!("{WEIGHTED}, {RATE}");
    let exact = of(&Case { analysis: &analysis, rps: 20.0, errors: "1%", world: "" }.scenario()).unwrap();
    assert!((exact.promoted + exact.rolled_back - 1.0).abs() < 1e-6);
    let times: f64 = exact.to_promote.iter().chain(exact.to_roll_back.iter()).map(|(_, chance)| chance).sum();
    assert!((times - 1.0).abs() < 1e-6);
    // It fails at the first two checks that can fail; the start is not a check.
    assert_eq!(exact.to_roll_back.iter().next().unwrap().0, Duration::from_secs(180));
    assert_eq!(exact.to_promote.iter().next().unwrap().0, Duration::from_secs(360));
}

#[test]
fn without_checks_nothing_is_random() {
    let analysis = format!("{WEIGHTED}, metrics: []");
    let exact = of(&Case { analysis: &analysis, rps: 20.0, errors: "90%", world: "" }.scenario()).unwrap();
    assert!((exact.promoted - 1.0).abs() < 1e-12 && exact.rolled_back == 0.0);
}

#[test]
fn what_is_not_exact_says_why() {
    let why = |analysis: &str, errors, world| {
        of(&Case { analysis, rps: 20.0, errors, world }.scenario()).unwrap_err().to_string()
    };
    let usual = format!("{WEIGHTED}, {RATE}");
    assert_eq!(why(&usual, "0%..5%", ""), "world.versions.v2.errors is drawn from a range");
    assert_eq!(why(&usual, "1%", "router: {delay: 5s}"), "routes take effect with a delay (`world.router`)");
    assert_eq!(
        why(&usual, "1%", "faults: [{fault: crash, chance: 1%}]"),
        "faults happen at random (`world.faults`)"
    );
    let scaled = format!("{usual}}}\n    autoscalerRef: {{kind: HorizontalPodAutoscaler, name: shop");
    assert_eq!(
        why(&scaled, "1%", "autoscaler: {podRps: 10}"),
        "the autoscaler reacts with a delay (`world.autoscaler`)"
    );
    assert_eq!(why(&usual, "1%, warmUp: {for: 1m}", ""), "the behaviour of v2 changes over time (`warmUp`)");
    assert_eq!(
        why(&usual, "{rate: 1%, typical}", ""),
        "the behaviour of v2 changes over time (`errors.burstiness`)"
    );
    assert_eq!(
        why(&usual, "1%", "target: {replicas: 3}"),
        "3 pods or proxies count requests, each in its own series"
    );
    let overlapping = format!("interval: 30s, threshold: 2, stepWeight: 20, {RATE}");
    assert_eq!(
        why(&overlapping, "1%", ""),
        "the window of request-success-rate, 1m, is longer than the time since the previous check, 30s"
    );
    let slow = format!("{WEIGHTED}, {BOTH}").replace("max: 500", "max: 120");
    assert!(why(&slow, "1%", "").starts_with("request-duration is too close to its bound"));
}

/// The chance of each cause, by metrics and of each other one, in words.
fn causes(exact: &Exact) -> (f64, Vec<(String, f64)>) {
    let other = exact.causes.other.iter().map(|(reason, chance)| (reason.words(), *chance));
    (exact.causes.metrics, other.collect())
}

#[test]
fn the_causes_of_rollbacks_add_up_to_them() {
    let analysis = format!("{WEIGHTED}, {BOTH}");
    let exact = of(&Case { analysis: &analysis, rps: 20.0, errors: "3%", world: "" }.scenario()).unwrap();
    let (metrics, other) = causes(&exact);
    assert!(exact.rolled_back > 0.1 && (metrics - exact.rolled_back).abs() < 1e-9, "{metrics}");
    assert_eq!((exact.causes.names.len(), other.as_slice()), (2, [].as_slice()));
}

#[test]
fn a_hook_that_fails_every_check_is_the_cause() {
    let hook = "webhooks: [{name: load, url: \"http://load.test/\"}]";
    let analysis = format!("{WEIGHTED}, {RATE}, {hook}");
    let world = "hooks: {load: [500]}";
    let exact = of(&Case { analysis: &analysis, rps: 20.0, errors: "0%", world }.scenario()).unwrap();
    let (metrics, other) = causes(&exact);
    assert!((exact.rolled_back - 1.0).abs() < 1e-6 && metrics < 1e-6, "{exact:?}");
    let [(words, chance)] = other.as_slice() else { panic!("{other:?}") };
    assert!(words == "hook load" && (chance - 1.0).abs() < 1e-6, "{words} {chance}");
}

#[test]
fn a_computation_stops_between_and_within_checks() {
    let analysis = format!("{WEIGHTED}, {RATE}");
    let scenario = Case { analysis: &analysis, rps: 20.0, errors: "1%", world: "" }.scenario();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let after = |times: usize| move |asked: usize| asked >= times;
    for times in [0, 1, 5] {
        asked.store(0, std::sync::atomic::Ordering::Relaxed);
        let is_over = || after(times)(asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        assert_eq!(of_until(&scenario, &is_over).unwrap(), None, "{times}");
    }
    assert!(of_until(&scenario, &|| false).unwrap().is_some());
}
