//! Every statement about one story: once where it holds and once where it does not.

use std::path::Path;

use super::*;
use crate::{drive, scenario};

/// Promoted in two steps, after a closed gate and a failed check.
const STORY: &str = "\
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    analysis:
      interval: 1m
      threshold: 3
      stepWeights: [10, 20]
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
      webhooks: [{name: gate, type: confirm-promotion, url: http://gate, retries: 1}]
world:
  metrics: {request-success-rate: [99, 50, 99]}
  hooks: {gate: [403, 503, 200]}
events:
  - {at: 5m, deploy: v2}
";

fn judged(expect: &str) -> Outcome {
    let text = format!("{STORY}expect:\n  - {expect}\n");
    let scenario = scenario::parse(&text, Path::new("shop.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let mut verdict = judge(&scenario, &drive::run(&scenario));
    assert_eq!(verdict.violations, []);
    verdict.outcomes.remove(0)
}

#[test]
fn statements_that_are_true_hold() {
    for expect in [
        "phases: [Initialized, WaitingPromotion, Succeeded]",
        "phases: {exactly: [Initializing, Initialized, Progressing, WaitingPromotion, Promoting, Finalising, Succeeded]}",
        "weights: {exactly: [0, 10, 20, 0]}",
        "weight: {max: 20}",
        "routes: {exactly: [\"100/0\", \"90/10\", \"80/20\", \"100/0\"]}",
        "rows: [[Progressing, 20, 0, 0], [Progressing, 20, 1, 0], [WaitingPromotion, 20, 1, 0]]",
        "{phase: Succeeded, canaryWeight: 0, failedChecks: 1, iterations: 0}",
        "event: Promotion completed!",
        "event: {matches: \"canary weight [12]0$\", times: 2}",
        "not: {event: Rolling back}",
        "not: {event: {matches: canary weight, times: 3}}",
        "alert: New revision detected",
        "alert: {matches: New revision, severity: info, times: 1}",
        "not: {alert: {matches: New revision, severity: error}}",
        "not: {alert: canary weight}",
        "condition: promotion finished",
        "hook: {name: gate, times: 2, phases: [Progressing, WaitingPromotion], answers: [403, 503, 200]}",
        "metric: {name: request-success-rate, times: 4}",
        "command: {name: promote, times: 1}",
        "command: {name: leave, times: 0}",
        "rule: {name: check-failed, times: 1}",
        "not: {rule: rolled-back}",
        "promoted: v2",
        "time: {from: {canaryWeight: 10}, to: {canaryWeight: 20}, min: 1m, max: 1m}",
        "time: {to: {phase: Initialized}, max: 0s}",
        "never: {phase: Progressing, canaryWeight: 30}",
    ] {
        assert_eq!(judged(expect).judged, Judged::Held, "{expect}");
    }
}

#[test]
fn statements_that_are_false_report_what_happened_and_when() {
    for (expect, seen, minute) in [
        ("phases: [Initialized, Failed]", "Finalising, Succeeded]", Some(5)),
        (
            "phases: {exactly: [Initializing, Initialized, Failed]}",
            "[Initializing, Initialized, Progressing,",
            Some(5),
        ),
        ("weights: [20, 10]", "[0, 10, 20, 0]", Some(11)),
        ("weight: {max: 10}", "weight 20", Some(7)),
        ("weight: {min: 1}", "weight 0", Some(0)),
        ("routes: {exactly: [\"100/0\", \"80/20\"]}", "[100/0, 90/10, 80/20, 100/0]", Some(6)),
        ("rows: [[Progressing, 20, 2, 0]]", "[Progressing, 20, 1, 0]", Some(0)),
        ("{phase: Failed, failedChecks: 2}", "phase: Succeeded, failedChecks: 1", Some(12)),
        ("event: Rolling back", "never sent; the 11 events:\n  Initialization done!", None),
        ("event: {matches: canary weight, times: 1}", "sent 2 times", Some(7)),
        ("not: {event: Promotion completed!}", "sent once", Some(12)),
        ("alert: {matches: New revision, severity: error}", "never sent; the 0 alerts:", None),
        ("condition: failed", "Canary analysis completed successfully, promotion finished.", Some(12)),
        ("hook: {name: gate, times: 3}", "called 2 times: [Progressing 403, Progressing 503 200]", Some(10)),
        ("hook: {name: gate, phases: [WaitingPromotion]}", "called 2 times", Some(9)),
        ("hook: {name: gate, answers: [403, 200]}", "called 2 times", Some(10)),
        ("metric: {name: request-success-rate, times: 5}", "queried 4 times", Some(10)),
        ("command: {name: leave}", "carried out never: []", None),
        ("command: {name: route 80, times: 0}", "carried out once: [route 80/20]", Some(7)),
        ("rule: rolled-back", "fired never", None),
        ("promoted: v1", "v2", Some(12)),
        ("time: {from: {canaryWeight: 10}, to: {canaryWeight: 20}, max: 59s}", "1m", Some(7)),
        ("time: {from: {canaryWeight: 10}, to: {phase: Failed}}", "phase: Failed was never saved", None),
        ("time: {from: {phase: Failed}, to: {canaryWeight: 10}}", "phase: Failed was never saved", None),
        ("never: {canaryWeight: 20}", "saved: [Progressing, 20, 0, 0]", Some(7)),
    ] {
        let Judged::Failed { actual, at, .. } = judged(expect).judged else { panic!("{expect} held") };
        assert!(actual.contains(seen), "{expect}: {actual}");
        assert_eq!(at.map(|at| at.as_secs() / 60), minute, "{expect}: {actual}");
    }
}

#[test]
fn a_notice_that_was_sent_twice_counts_once() {
    let text = format!("{STORY}  - {{when: {{phase: Succeeded}}, stop: {{after: decision}}}}\n");
    let text = text + "expect:\n  - event: {matches: Promotion completed, times: 1}\n";
    let scenario = scenario::parse(&text, Path::new("shop.yaml")).unwrap();
    let mut story = drive::run(&scenario);
    let told = story.moments.iter().find(|moment| !moment.sent.is_empty()).unwrap().sent.clone();
    let again = story.moments.iter().rposition(|moment| !moment.sent.is_empty()).unwrap();
    let last = story.moments[again].sent.clone();
    story.moments[again].sent.extend(told);
    story.moments[again].sent.extend(last);
    assert_eq!(judge(&scenario, &story).outcomes[0].judged, Judged::Held);
}

#[test]
fn a_story_with_a_broken_invariant_fails() {
    let scenario = scenario::parse(STORY, Path::new("shop.yaml")).unwrap();
    let mut story = drive::run(&scenario);
    assert!(judge(&scenario, &story).holds());
    story.violations.push((0, "I1: broken".into()));
    assert!(!judge(&scenario, &story).holds());
}

/// The results of a property; the run of the story begins at 5m, its gate opens at 10m1s.
fn property(property: &str) -> Outcome {
    let text = format!("{STORY}properties:\n  - {property}\n");
    let scenario = scenario::parse(&text, Path::new("shop.yaml")).unwrap_or_else(|error| panic!("{error}"));
    judge(&scenario, &drive::run(&scenario)).outcomes.remove(0)
}

#[test]
fn properties_that_hold() {
    for holds in [
        "always: {weight: {max: 20}}",
        "always: {event: {matches: Promotion completed, times: 1}}",
        "never: {phase: Failed}",
        "never: {phase: Promoting, revision: v1}",
        "never: {alert: {matches: ., severity: error}}",
        "{eventually: {phase: Succeeded}, within: 1h}",
        "{eventually: {promoted: v2}, within: 1h, when: {phase: WaitingPromotion}}",
        "{eventually: {phase: Promoting}, within: 0s, when: {phase: Promoting}}",
    ] {
        assert_eq!(property(holds).judged, Judged::Held, "{holds}");
    }
}

#[test]
fn properties_that_do_not_hold_report_where_they_break() {
    for (broken, wanted) in [
        ("always: {weight: {max: 10}}", "weight 20"),
        ("always: {phase: Progressing}", "phase: Initializing"),
        ("never: {phase: Promoting, revision: v2}", "saved: [Promoting, 20, 1, 0]"),
        ("never: {promoted: v2}", "carried out once: [promote v2]"),
        ("{eventually: {phase: Succeeded}, within: 5m}", "not from 5m to 10m"),
        (
            "{eventually: {event: Rolling back}, within: 1h, when: {phase: Promoting}}",
            "not from 10m1s to 1h10m1s",
        ),
    ] {
        let Judged::Failed { actual, broke_at, .. } = property(broken).judged else {
            panic!("{broken} holds")
        };
        assert_eq!(actual, wanted, "{broken}");
        assert!(broke_at.is_some(), "{broken}");
    }
}

/// The results of the expectations of a story in which nothing is ever deployed.
fn of_nothing(further: &str, expect: &str) -> Judged {
    let (canary, _) = STORY.split_once("world:").unwrap();
    let canary = canary.replace("      webhooks:", "      # One hook is never called.\n      webhooks:");
    let canary = canary.replace(
        "url: http://gate, retries: 1}",
        "url: http://gate}, {name: chat, type: event, url: http://chat}",
    );
    let text = format!("{canary}{further}\n{expect}\n");
    let scenario = scenario::parse(&text, Path::new("shop.yaml")).unwrap_or_else(|error| panic!("{error}"));
    judge(&scenario, &drive::run(&scenario)).outcomes.remove(0).judged
}

#[test]
fn an_expectation_with_nothing_to_judge_fails() {
    let traffic = "world: {traffic: {rps: 10}}\nuntil: 1h";
    // The controller is killed before it saves anything.
    let stuck = "events: [{at: 0s, fail: {save: retry, times: forever}}]\nuntil: 10m";
    for (further, expect, seen) in [
        ("", "expect: [hook: {name: gate}]", "called never"),
        ("", "expect: [hook: {name: gate, phases: [Progressing]}]", "called never"),
        ("", "expect: [hook: {name: gate, answers: []}]", "called never"),
        ("", "expect: [hook: {name: gate, answers: [], phases: [Failed]}]", "called never"),
        ("", "expect: [metric: {name: request-success-rate}]", "queried never"),
        ("", "expect: [command: {name: promote}]", "carried out never: []"),
        ("", "expect: [rule: rolled-back]", "fired never"),
        ("", "expect: [rows: [[Progressing, 0, 0, 0]]]", "[Initialized, 0, 0, 0]"),
        ("", "expect: [phases: [Progressing]]", "Initialized"),
        ("", "expect: [weight: {max: 50}]", "no rollout was started: there is nothing to judge"),
        (
            "",
            "expect: [time: {from: {phase: Progressing}, to: {phase: Failed}}]",
            "phase: Progressing was never saved",
        ),
        (stuck, "expect: [receiver: {name: chat, answers: []}]", "got one never"),
        (
            traffic,
            "expect: [requests: {exposed: {max: 50%}}]",
            "no rollout was started: there is nothing to judge",
        ),
        (
            traffic,
            "expect: [requests: {failed: {max: 5%}}]",
            "no rollout was started: there is nothing to judge",
        ),
        (
            traffic,
            "properties: [always: {requests: {exposedFailed: {max: 1%}}}]",
            "no rollout was started: there is nothing to judge",
        ),
        (
            "",
            "properties: [always: {weight: {max: 50}}]",
            "no rollout was started: there is nothing to judge",
        ),
        (stuck, "properties: [always: {canaryWeight: 0}]", "no status was saved: there is nothing to judge"),
        (
            "",
            "properties: [{eventually: {phase: Failed}, within: 1h, when: {phase: Progressing}}]",
            "phase: Progressing was never saved: there is nothing to judge",
        ),
    ] {
        let Judged::Failed { actual, .. } = of_nothing(further, expect) else {
            panic!("{expect} holds of nothing")
        };
        assert!(actual.contains(seen), "{expect}: {actual}");
    }
}

#[test]
fn statements_that_expect_nothing_hold_without_a_run() {
    let traffic = "world: {traffic: {rps: 10}}\nuntil: 1h";
    for (further, expect) in [
        ("", "expect: [hook: {name: gate, times: 0}]"),
        ("", "expect: [receiver: {name: chat, matches: Rolling back, times: 0}]"),
        ("", "expect: [metric: {name: request-success-rate, times: 0}]"),
        ("", "expect: [weight: {max: 0}]"),
        ("", "expect: [never: {phase: Progressing}]"),
        ("", "expect: [not: {event: New revision}]"),
        (traffic, "expect: [requests: {exposed: {max: 0}, exposedFailed: {max: 0%}}]"),
        ("", "properties: [never: {phase: Failed}]"),
    ] {
        assert_eq!(of_nothing(further, expect), Judged::Held, "{expect}");
    }
}

#[test]
fn a_property_with_nothing_to_judge_holds_in_a_searched_world() {
    let (canary, _) = STORY.split_once("events:").unwrap();
    let text = format!(
        "{canary}properties: [{{eventually: {{phase: Failed}}, within: 1h, when: {{phase: Progressing}}}}]\n"
    );
    let scenario = scenario::parse(&text, Path::new("shop.yaml")).unwrap();
    let story = drive::run(&scenario);
    assert!(judge_properties(&scenario, &story).holds() && !judge(&scenario, &story).holds());
}

#[test]
fn a_time_limit_after_the_end_of_the_story_is_not_judged() {
    let gate = STORY.replace("[403, 503, 200]", "[403]");
    let cut =
        format!("{gate}until: 30m\nproperties:\n  - {{eventually: {{phase: Succeeded}}, within: WITHIN}}\n");
    let judged = |within: &str| {
        let scenario = scenario::parse(&cut.replace("WITHIN", within), Path::new("shop.yaml")).unwrap();
        judge(&scenario, &drive::run(&scenario)).outcomes.remove(0).judged
    };
    let Judged::Failed { actual, .. } = judged("26m") else { panic!("the story ends first") };
    assert_eq!(actual, "the scenario ends before 26m have passed: there is nothing to judge");
    let Judged::Failed { actual, .. } = judged("24m") else { panic!("it is broken") };
    assert!(!actual.contains("nothing to judge"), "{actual}");
}
