//! Time always advances, and every story ends: with slow pods, autoscalers, slow routers and hooks, and all faults.

use proptest::prelude::*;

use super::*;

/// A time with the precision that users and seeds write: whole milliseconds have no exact binary fraction of a second.
fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u32..90_000).prop_map(|millis| format!("{millis}ms")),
        (1_u32..90).prop_map(|seconds| format!("{seconds}s")),
        (1_u32..2_000, 0_u32..90_000).prop_map(|(from, more)| format!("{from}ms..{}ms", from + more)),
    ]
}

fn faults() -> impl Strategy<Value = Vec<&'static str>> {
    let names: Vec<&str> = scenario::PRESETS.iter().map(|(name, _)| *name).collect();
    proptest::sample::subsequence(names.clone(), 0..=names.len())
}

/// Pods that are lost and come back, and the time when the story ends. Each change of the pods is a decision, and a story
/// has a limit of those: where pods change every few milliseconds, the story is shorter.
fn flaps() -> impl Strategy<Value = (String, String)> {
    let none = (String::new(), "2h".to_owned());
    let some = (10_u32..60_000, 1_u32..100).prop_map(|(every, percent)| {
        let lasts = (every * percent / 100).max(1);
        let until = (61_000 + every * 10_000).min(7_200_000);
        (format!(", flaps: {{every: {every}ms, for: {lasts}ms}}"), format!("{until}ms"))
    });
    prop_oneof![Just(none), some]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn prop_every_story_of_a_random_world_ends(
        seed in 0_u64..1_000_000,
        (rps, pod_rps) in (1_u32..600, 1_u32..80),
        (lag, ready, delay, after) in (time(), time(), time(), time()),
        scrape in 1_u32..60_000,
        (flaps, until) in flaps(),
        faults in faults(),
    ) {
        let faults: Vec<String> = faults.iter().map(|name| format!("{{preset: {name}}}")).collect();
        let after = after.split_once("..").map_or(&*after, |(from, _)| from);
        let world = format!(
            "world:
  seed: {seed}
  traffic: {{rps: {rps}}}
  versions: {{v2: {{ready: {ready}{flaps}}}}}
  scrape: {scrape}ms
  router: {{delay: {delay}}}
  autoscaler: {{podRps: {pod_rps}, min: 1, max: 20, lag: {lag}}}
  hooks: {{gate: [{{status: 500, after: {after}}}, timeout, 200]}}
  faults: [{}]
events: [{{at: 61s, deploy: v2}}, {{when: {{phase: Failed}}, after: {after}, deploy: v3}}]
until: {until}
",
            faults.join(", "),
        );
        let story = run(&scenario_with("autoscalerRef: {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, name: shop}", GATE, &world));
        let endless = ["time does not advance", "does not settle", "the story has more than"];
        let told = story.violations.iter().find(|(_, what)| endless.iter().any(|start| what.contains(start)));
        prop_assert_eq!(told, None, "{}", world);
        prop_assert!(story.moments.is_sorted_by_key(|moment| moment.at));
    }
}

/// An autoscaler whose pods take 20 s, counted from a fraction of a millisecond.
#[test]
fn a_time_between_two_milliseconds_does_not_repeat_for_ever() {
    let scaler = "autoscalerRef: {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, name: shop}";
    for seed in 0..40 {
        let world = format!(
            "world: {{seed: {seed}, traffic: {{rps: 400}}, versions: {{v2: {{ready: 20s}}}}, \
             autoscaler: {{podRps: 40, max: 20, lag: 1s}}}}\nevents: [{{at: 1m, deploy: v2}}]"
        );
        let story = run(&scenario_with(scaler, "", &world));
        assert_eq!(story.violations, [], "seed {seed}");
    }
}
