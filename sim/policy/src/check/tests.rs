//! Properties that are never judged, and how a search stops.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use serin_core::{Phase, decision::Rule};
use serin_simulator::scenario;

use super::*;

/// A release in a random world, whose gate gives this answer, with these properties.
fn release(analysis: &str, gate: u16, properties: &str) -> Scenario {
    let text = format!(
        "
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {{name: shop, namespace: shop}}
  spec:
    targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
    service: {{port: 80}}
    analysis: {{{analysis}}}
world:
  traffic: {{rps: 20}}
  versions: {{v2: {{errors: 0%..10%}}}}
  hooks: {{gate: [{gate}]}}
events: [{{at: 5m, deploy: v2}}]
until: 3h
properties:
{properties}
"
    );
    scenario::parse(&text, Path::new("release.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

const USUAL: &str = "interval: 1m, threshold: 2, stepWeight: 20, maxWeight: 60, \
                     metrics: [{name: request-success-rate, thresholdRange: {min: 99}}], \
                     webhooks: [{name: gate, type: confirm-promotion, url: \"http://gate\"}]";

#[test]
fn a_property_that_no_world_can_judge_is_reported() {
    let properties = "
  - {eventually: {phase: Succeeded}, within: 1h, when: {phase: WaitingPromotion}}
  - {never: {event: no such text}}
  - {eventually: {phase: Failed}, within: 1h, when: {failedChecks: 2}}
";
    let scenario = release(USUAL, 200, properties);
    let searched = search(&scenario, Search { cases: 64, seed: 1 }, &());
    assert_eq!((searched.cases, searched.found, searched.stopped), (64, None, false));
    // Some worlds have failed checks, some have none.
    assert_eq!(searched.unjudged, [0]);
    let case = case(&scenario, None, &searched.unjudged);
    let [finding] = case.findings.as_slice() else { panic!("{:?}", case.findings) };
    assert_eq!(
        (finding.code, finding.level, &*finding.field),
        ("property-never-judged", Level::Error, "properties[0]")
    );
}

#[test]
fn a_time_limit_after_the_end_of_the_scenario_judges_nothing() {
    let properties = "  - {eventually: {phase: Succeeded}, within: 40m, when: {phase: Progressing}}";
    let mut scenario = release(&USUAL.replace("interval: 1m", "interval: 30m"), 200, properties);
    scenario.until = Duration::from_secs(600);
    let searched = search(&scenario, Search { cases: 32, seed: 1 }, &());
    assert_eq!((searched.found, searched.unjudged.as_slice()), (None, [0].as_slice()));
}

/// Stops after this many calls.
struct Impatient {
    asked: AtomicU64,
    most: u64,
}

impl Watch for Impatient {
    fn ran(&self, _: u64) {}
    fn shrinks(&self, _: u64, _: u64) {}
    fn stops(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.most
    }
}

#[test]
fn a_search_stops_within_a_world() {
    // The gate never opens: the world lasts 400 days, and has more steps than a test can run.
    let properties = "  - {never: {event: no such text}}";
    let analysis =
        USUAL.replace("interval: 1m", "interval: 10s").replace("threshold: 2", "threshold: 1000000");
    let mut scenario = release(&analysis, 403, properties);
    scenario.until = Duration::from_secs(400 * 86_400);
    let impatient = Impatient { asked: AtomicU64::new(0), most: 1_000 };
    let searched = search(&scenario, Search { cases: 1, seed: 1 }, &impatient);
    assert_eq!((searched.cases, searched.stopped, searched.found), (0, true, None));
    // Each core notices it once.
    assert!(impatient.asked.load(Ordering::Relaxed) < 1_100);
}

#[test]
fn what_the_worlds_reached_is_counted_up_to_the_one_that_breaks() {
    let reached =
        |properties: &str| search(&release(USUAL, 200, properties), Search { cases: 64, seed: 1 }, &()).fired;
    let all = reached("  - {never: {event: no such text}}");
    let has = |fired: &Fired, rule| fired.rules.contains(&rule);
    assert!(has(&all, Rule::Promoted) && has(&all, Rule::RolledBack), "{all:?}");
    assert!(!has(&all, Rule::Suspended) && all.never().contains(&Rule::Suspended));
    assert_eq!(all.rules.len() + all.never().len(), Rule::ALL.len());
    assert!(all.moves.contains(&(Phase::New, Phase::Initializing)), "{all:?}");
    assert!(all.moves.iter().all(|(from, to)| from != to));
    // The first world already breaks this.
    let first = reached("  - {never: {phase: Progressing}}");
    assert!(first.rules.is_subset(&all.rules) && first.moves.len() < all.moves.len(), "{first:?}");
}
