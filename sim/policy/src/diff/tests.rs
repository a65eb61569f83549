//! The comparison against the commands that it must agree with.

use std::sync::atomic::AtomicBool;

use serin_simulator::scenario::{self, Document, Scenario};

use super::*;
use crate::sweep::{Axis, Shard, Sweep};

const STORY: &str = "
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    provider: istio
    analysis:
      interval: 1m
      threshold: 2
      stepWeight: 25
      maxWeight: 50
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}]
world:
  traffic: {rps: 20}
  versions: {v2: {errors: ERRORS}}
events: [{at: 1m, deploy: v2}]
";

fn story(errors: &str, change: [&str; 2]) -> Scenario {
    let text = STORY.replace("ERRORS", errors).replace(change[0], change[1]);
    scenario::parse(&text, "shop.yaml".as_ref()).unwrap()
}

const SAME: [&str; 2] = ["", ""];
const PATIENT: [&str; 2] = ["threshold: 2", "threshold: 4"];

fn pairs(scenarios: [&Scenario; 2], runs: u64) -> Pairs {
    Pairs::run(scenarios, runs, &AtomicBool::new(false), &|_| {})
}

#[test]
fn each_policy_has_the_results_of_a_sweep() {
    let document = Document::parse(&STORY.replace("ERRORS", "0%..3%"), "shop.yaml".as_ref()).unwrap();
    let axes = [Axis::parse("analysis.threshold=2,4").unwrap()];
    let sweep = Sweep::new(&document, &axes, 700, Shard::WHOLE).unwrap();
    let points = sweep.run(&AtomicBool::new(false), &|_| {});
    let pairs = pairs([&story("0%..3%", SAME), &story("0%..3%", PATIENT)], 700);
    assert_eq!([&pairs.old, &pairs.new], [&points[0].tally, &points[1].tally]);
    let rollbacks = pairs.false_rollbacks.shares().unwrap();
    let shares = [&pairs.old, &pairs.new].map(|tally| tally.false_rollback().unwrap().share);
    assert_eq!(rollbacks, shares);
}

#[test]
fn equal_policies_differ_in_nothing() {
    let story = story("0%..3%", SAME);
    let compared = Results::Counted(Box::new(pairs([&story, &story], 300))).compare();
    assert_eq!(compared.len(), Criterion::ALL.len());
    for compared in compared {
        assert_eq!((compared.old, compared.difference.new_less_old), (compared.new, 0.0), "{compared:?}");
        assert_eq!(compared.change(), Change::NotSure);
    }
}

#[test]
fn what_is_computed_is_what_is_counted() {
    for errors in ["0.8%", "2%"] {
        let (old, new) = (story(errors, SAME), story(errors, PATIENT));
        let computed = Results::computed([&old, &new], &|| false).unwrap().unwrap().compare();
        let counted = Results::Counted(Box::new(pairs([&old, &new], 4_000))).compare();
        let mut judged = 0;
        for computed in computed {
            // A time is counted only of releases that end in the same way under both policies.
            if computed.criterion.unit() == Unit::Seconds {
                continue;
            }
            let counted = counted.iter().find(|counted| counted.criterion == computed.criterion).unwrap();
            let Difference { low, high, .. } = counted.difference;
            let (difference, slack) = (computed.difference.new_less_old, 0.6 * (high - low));
            assert!(difference >= low - slack && difference <= high + slack, "{computed:?} {counted:?}");
            assert_eq!(counted.change(), computed.change(), "{computed:?} {counted:?}");
            judged += 1;
        }
        assert_eq!(judged, 3, "{errors}");
    }
}

#[test]
fn the_old_bounds_decide_which_releases_are_good() {
    let strict = ["min: 99}", "min: 99.5}"];
    let bad = |change: [[&str; 2]; 2]| {
        let [old, new] = change.map(|change| story("0.7%", change));
        let pairs = pairs([&old, &new], 20);
        assert_eq!((pairs.old.good, pairs.old.bad), (pairs.new.good, pairs.new.bad));
        pairs.old.bad
    };
    assert_eq!([bad([SAME, strict]), bad([strict, SAME])], [0, 20]);
    // Without bounds every release is good: the other policy decides.
    let none = [", thresholdRange: {min: 99}", ""];
    assert_eq!([bad([none, strict]), bad([strict, none])], [20, 20]);
}

#[test]
fn a_comparison_that_is_stopped_has_no_results() {
    let story = story("0%..3%", SAME);
    let pairs = Pairs::run([&story, &story], 1_000, &AtomicBool::new(true), &|_| {});
    assert_eq!(pairs, Pairs::default());
    assert_eq!(Results::Counted(Box::new(pairs)).compare(), []);
}
