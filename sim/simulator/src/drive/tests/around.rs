//! Stories in which the controller is not called, is not the only one, or has receivers that fail.

use serin_core::command::Routes;

use super::*;
use crate::{checker, record::Receiver, scenario::Listed};

#[test]
fn a_controller_that_was_not_called_makes_one_check_afterwards() {
    let away = "{when: {canaryWeight: 50}, after: 30s, away: 10m}";
    let story = story("", &format!("events: [{{at: 5m, deploy: v2}}, {away}]"));
    // The check was due at 420 s, and is made at 390 s + 10 min.
    assert_eq!(fired(&story, Rule::PromotionDecided), [990]);
    assert_eq!(happened(&story, "the controller is not called for 10m"), 1);
}

#[test]
fn ticks_are_missed_at_random_and_made_later() {
    let world = "world: {faults: [{fault: missedTicks, by: 3m}]}\nevents: [{at: 5m, deploy: v2}]";
    let story = story("", world);
    assert_eq!(story.end.phase, Phase::Succeeded);
    assert!(happened(&story, "the controller is not called for 3m") > 3);
    // Due because of the release at 300 s, called at 480 s.
    assert_eq!(fired(&story, Rule::RunStarted), [480]);
}

#[test]
fn the_clock_jumps_at_random_and_checks_continue() {
    let world = "world: {faults: [{fault: clockJump, by: 20s}]}\nevents: [{at: 5m, deploy: v2}]";
    let story = story("", world);
    assert_eq!(story.end.phase, Phase::Succeeded);
    assert!(
        happened(&story, "the clock is set back by 20s")
            + happened(&story, "the clock is set forward by 20s")
            > 2
    );
}

#[test]
fn a_second_controller_writes_and_does_not_save() {
    let second = "{when: {canaryWeight: 50}, after: 30s, secondController: {behind: 1}}";
    let scenario = scenario("", &format!("events: [{{at: 5m, deploy: v2}}, {second}]"));
    let story = run(&scenario);
    assert_eq!(story.violations, []);
    assert_eq!(happened(&story, "another controller acts on an old status"), 1);
    assert_eq!(happened(&story, "another controller: its save conflicts"), 1);
    assert_eq!((story.end.phase, story.routes), (Phase::Succeeded, Some(Routes::PRIMARY)));
    assert_eq!(checker::check(&scenario, &story), []);
}

/// With an event hook and the receiver of an alert.
const TOLD: &str = "webhooks: [{name: audit, type: event, url: http://audit, retries: 1}]
      alerts: [{name: pager, severity: error, providerRef: {name: pager}}]";

#[test]
fn notices_are_sent_until_every_receiver_has_them() {
    let bad = "world: {metrics: {request-success-rate: [1]}, hooks: {audit: [500, 500, 200]}, receivers: {pager: [503, 404]}}
events: [{at: 5m, deploy: v2}]";
    let scenario = scenario(TOLD, bad);
    let story = run(&scenario);
    let answers = |wanted: &Receiver| {
        let of = story.deliveries.iter().filter(|delivery| delivery.to == *wanted);
        of.map(|delivery| Listed(&delivery.answers).to_string()).collect::<Vec<_>>()
    };
    // Retried at once, and then abandoned; the next notices arrive.
    let audit = answers(&Receiver::Hook("audit".into()));
    assert_eq!(audit[..2], ["[500, 500]", "[200]"]);
    // Retried with the next delivery, and abandoned if a retry cannot help.
    assert_eq!(answers(&Receiver::Alert("pager".into())), ["[503]", "[404]"]);
    assert_eq!(happened(&story, "it is sent again later"), 1);
    assert_eq!(happened(&story, "it is not sent again"), 2);
    assert_eq!((story.end.phase, checker::check(&scenario, &story)), (Phase::Failed, Vec::new()));
}

#[test]
fn a_slow_receiver_delays_the_next_decision() {
    let slow = "world: {hooks: {audit: [{status: 200, after: 90s}]}}\nevents: [{at: 5m, deploy: v2}]";
    let story = story(TOLD, slow);
    // The first check is due at 360 s; the notices of the start take longer.
    assert!(fired(&story, Rule::Advanced)[0] > 380, "{:?}", fired(&story, Rule::Advanced));
    assert_eq!(story.end.phase, Phase::Succeeded);
}

#[test]
fn checkers_find_missing_and_duplicate_deliveries() {
    let scenario = scenario(TOLD, "events: [{at: 5m, deploy: v2}]");
    let whole = run(&scenario);
    assert_eq!(checker::check(&scenario, &whole), []);
    let mut lacking = whole.clone();
    lacking.deliveries.remove(0);
    let found = checker::check(&scenario, &lacking);
    assert!(found.len() == 1 && found[0].1.starts_with("outbox: notice"), "{found:?}");
    let mut twice = whole.clone();
    let first = twice.deliveries[0].clone();
    twice.deliveries.insert(1, first);
    let found = checker::check(&scenario, &twice);
    assert!(found.len() == 1 && found[0].1.starts_with("alerts: Hook"), "{found:?}");
}

#[test]
fn pods_that_start_for_more_load_are_not_ready() {
    let analysis = "metrics: []\n    autoscalerRef: {kind: HorizontalPodAutoscaler, name: shop}";
    let world = "world: {traffic: {rps: 400}, versions: {v2: {ready: 20s}}, autoscaler: {podRps: 40, lag: 0s, max: 20}}
events: [{at: 5m, deploy: v2}]";
    let scenario = scenario(&analysis.replace("metrics: []\n", "\n"), world);
    let story = run(&scenario);
    assert_eq!(story.violations, []);
    assert!(happened(&story, "the autoscaler of the canary wants 5 pods; 1 serve") == 1, "{:?}", story.end);
    let failed = story.users.unwrap().canary_failed as f64 / story.users.unwrap().canary as f64;
    assert!(failed > 0.05, "{failed}");
}

#[test]
fn a_stopped_controller_may_deliver_again() {
    // The notice of the save is delivered, then a command is carried out, and the controller is stopped before the next
    // save.
    for seed in 0..60 {
        let world = format!(
            "world: {{seed: {seed}, faults: [{{fault: crash, chance: 20%}}]}}\nevents: [{{at: 1s, delete: canary}}]"
        );
        let scenario = scenario("", &world);
        let story = run(&scenario);
        assert_eq!(checker::check(&scenario, &story), [], "seed {seed}");
    }
}
