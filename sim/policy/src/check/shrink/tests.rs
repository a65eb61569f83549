//! What a smaller world keeps of the policy.

use super::*;

const STORY: &str = "
scenario: a release that is promoted
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: shop}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    analysis:
      interval: 1m
      threshold: 2
      stepWeight: 20
      maxWeight: 60
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
      webhooks:
        - {name: load-test, url: \"http://load\"}
        - {name: late, type: confirm-promotion, url: \"http://gate\"}
        - {name: open, type: confirm-promotion, url: \"http://gate\"}
        - {name: news, type: event, url: \"http://news\"}
      alerts: [{name: slack, severity: info, providerRef: {name: slack}}]
world:
  seed: 1
  traffic: {rps: 20}
  versions: {v2: {errors: 0%}}
  hooks: {load-test: [200], late: [403, 403, 200], open: [200]}
  receivers: {slack: [timeout]}
events: [{at: 5m, deploy: v2}]
properties: [{never: {promoted: v2}}]
";

#[test]
fn hooks_and_alerts_that_change_nothing_are_not_kept() {
    let tree = Tree { root: serde_yaml::from_str(STORY).unwrap(), path: "story.yaml".into() };
    let shrunk = shrink(tree, "never promoted: v2", &()).unwrap();
    let analysis = &shrunk.tree.root["canary"]["spec"]["analysis"];
    let names = |list: &str| {
        let items = analysis.get(list).and_then(Value::as_sequence).into_iter().flatten();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Without the gate that opens late the claim would break earlier: it is a part of the case.
    assert_eq!((names("webhooks"), names("alerts")), (vec!["late".to_owned()], Vec::new()));
    assert_eq!(shrunk.tree.root["world"]["hooks"].as_mapping().unwrap().len(), 1);
    // A metric decides, even if it passes in this world.
    assert_eq!(names("metrics"), ["request-success-rate"]);
}
