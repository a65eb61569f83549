use serde_json::json;
use serin_core::observation::{self, Fact, Primary, Readiness, Target, Unseen};

use super::*;
use crate::{
    fixtures::{self, Cluster, add, edit, find, yaml},
    kinds::{CONFIG_MAP, SECRET, SERVICE},
    object::{change, metadata::MANAGED_BY},
    settings::Settings,
};

const DEPLOYMENT_YAML: &str = include_str!("../fixtures/deployment.yaml");
const DAEMON_SET_YAML: &str = include_str!("../fixtures/daemon_set.yaml");
const SERVICE_YAML: &str = include_str!("../fixtures/service.yaml");
const ALL: ReadyThresholds = ReadyThresholds { primary: 100, canary: 100 };

fn workload(subject: &Subject) -> &'static dyn TargetKind {
    of(&subject.setup.target_api_version, &subject.topology.kind).unwrap()
}

fn ensure(subject: &Subject, cluster: &mut Cluster) {
    add(cluster, workload(subject).ensured(subject, cluster).unwrap());
}

fn promote(subject: &Subject, run: u32, cluster: &mut Cluster) {
    add(cluster, workload(subject).promoted(subject, run, cluster).unwrap());
}

fn target(subject: &Subject, cluster: &Cluster) -> Target {
    let revision = workload(subject).shows(subject, cluster).unwrap().unwrap();
    let pods = workload(subject).canary_pods(subject, ALL, cluster).unwrap().unwrap();
    let serves = Fact::Known(observation::serves(None, pods.available, &pods.readiness));
    Target { revision, replicas: pods.wanted, readiness: pods.readiness, serves }
}

fn primary(subject: &Subject, cluster: &Cluster) -> Primary {
    let runs = workload(subject).runs(subject, cluster).unwrap().unwrap();
    let pods = workload(subject).primary_pods(subject, ALL, cluster).unwrap().unwrap();
    let serves = Fact::Known(observation::serves(None, pods.available, &pods.readiness));
    Primary { runs, readiness: pods.readiness, serves }
}

fn is_promoted(subject: &Subject, cluster: &Cluster) -> bool {
    let runs = primary(subject, cluster).runs;
    runs.is_some() && target(subject, cluster).revision.known() == runs.as_ref()
}

/// Asserts that nothing is left to write.
fn is_at_rest(objects: &[Object], cluster: &Cluster) -> bool {
    objects
        .iter()
        .all(|object| change::to(object.clone(), cluster.get(&object.key()).map(|seen| &**seen)).is_none())
}

fn new_image(cluster: &mut Cluster) {
    edit(cluster, DEPLOYMENT, "web", |web| web.set("/spec/template/metadata/annotations/version", "2"));
}

#[test]
fn snap_the_primary_of_a_deployment_is_created() {
    let (subject, cluster) = fixtures::read(DEPLOYMENT_YAML);
    insta::assert_snapshot!(yaml(&workload(&subject).ensured(&subject, &cluster).unwrap()));
}

#[test]
fn snap_the_primary_of_a_daemon_set_is_created() {
    let (subject, cluster) = fixtures::read(DAEMON_SET_YAML);
    insta::assert_snapshot!(yaml(&workload(&subject).ensured(&subject, &cluster).unwrap()));
}

#[test]
fn snap_the_services_of_a_service_are_created() {
    let (subject, cluster) = fixtures::read(SERVICE_YAML);
    insta::assert_snapshot!(yaml(&workload(&subject).ensured(&subject, &cluster).unwrap()));
}

#[test]
fn an_ensured_or_promoted_primary_needs_no_further_write() {
    for text in [DEPLOYMENT_YAML, DAEMON_SET_YAML, SERVICE_YAML] {
        let (subject, mut cluster) = fixtures::read(text);
        ensure(&subject, &mut cluster);
        let ensured = workload(&subject).ensured(&subject, &cluster).unwrap();
        assert!(is_at_rest(&ensured, &cluster), "{}", subject.display());
        assert!(is_promoted(&subject, &cluster), "{}", subject.display());
        promote(&subject, 1, &mut cluster);
        let promoted = workload(&subject).promoted(&subject, 1, &cluster).unwrap();
        assert!(is_at_rest(&promoted, &cluster), "{}", subject.display());
        let ensured = workload(&subject).ensured(&subject, &cluster).unwrap();
        assert!(is_at_rest(&ensured, &cluster), "{}", subject.display());
    }
}

#[test]
fn a_new_template_is_a_new_revision_until_it_is_promoted() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    ensure(&subject, &mut cluster);
    let before = find(&cluster, DEPLOYMENT, "web-primary");
    new_image(&mut cluster);
    assert!(!is_promoted(&subject, &cluster));
    ensure(&subject, &mut cluster);
    assert_eq!(find(&cluster, DEPLOYMENT, "web-primary"), before);
    promote(&subject, 1, &mut cluster);
    assert!(is_promoted(&subject, &cluster));
}

#[test]
fn each_run_starts_new_pods_and_its_repeat_none() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    let id = |cluster: &Cluster| {
        let primary = find(cluster, DEPLOYMENT, "web-primary");
        primary.text("/spec/template/metadata/annotations/flagger-id").to_owned()
    };
    promote(&subject, 1, &mut cluster);
    let first = id(&cluster);
    promote(&subject, 1, &mut cluster);
    assert_eq!(id(&cluster), first);
    promote(&subject, 2, &mut cluster);
    assert_ne!(id(&cluster), first);
}

#[test]
fn fields_that_others_wrote_on_the_primary_stay() {
    let (mut subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    ensure(&subject, &mut cluster);
    edit(&mut cluster, DEPLOYMENT, "web-primary", |primary| {
        primary.set_annotation("note", "theirs");
        primary.set_label("cost", "theirs");
        primary.set("/spec/paused", false);
    });
    subject.settings =
        Settings { include_label_prefix: vec!["own".into(), "tier".into()], ..Settings::default() }.into();
    edit(&mut cluster, DEPLOYMENT, "web", |web| web.set_annotation("owner", "other"));
    promote(&subject, 1, &mut cluster);
    let primary = find(&cluster, DEPLOYMENT, "web-primary");
    assert_eq!(primary.annotation("note"), Some("theirs"));
    assert_eq!(primary.annotation("owner"), Some("other"));
    assert_eq!((primary.label("cost"), primary.label("tier")), (Some("theirs"), Some("front")));
    assert_eq!(primary.at("/spec/paused"), Some(&json!(false)));
    assert_eq!(primary.labels().filter(|(key, _)| key.contains("fluxcd")).count(), 0);
}

#[test]
fn an_existing_primary_is_not_marked_as_ours() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    let mut theirs = find(&cluster, DEPLOYMENT, "web");
    theirs.set("/metadata/name", "web-primary");
    theirs.set("/metadata/uid", "theirs");
    theirs.set("/spec/selector/matchLabels/app", "web-primary");
    theirs.set("/spec/template/metadata/labels/app", "web-primary");
    theirs.set_label(MANAGED_BY.0, "Helm");
    add(&mut cluster, [theirs.clone()]);
    ensure(&subject, &mut cluster);
    assert_eq!(find(&cluster, DEPLOYMENT, "web-primary"), theirs);
    promote(&subject, 1, &mut cluster);
    let promoted = find(&cluster, DEPLOYMENT, "web-primary");
    assert_eq!(promoted.label(MANAGED_BY.0), Some("Helm"));
    assert_eq!(promoted.at("/metadata/ownerReferences"), None);
}

#[test]
fn a_target_without_pods_does_not_scale_the_primary_down() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    ensure(&subject, &mut cluster);
    edit(&mut cluster, DEPLOYMENT, "web", |web| web.set("/spec/replicas", 0));
    promote(&subject, 1, &mut cluster);
    assert_eq!(find(&cluster, DEPLOYMENT, "web-primary").number("/spec/replicas"), Some(2));
}

#[test]
fn a_deployment_is_scaled_from_and_to_zero_or_to_its_primary() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    ensure(&subject, &mut cluster);
    edit(&mut cluster, DEPLOYMENT, "web-primary", |primary| primary.set("/spec/replicas", 5));
    let scaled = |to, cluster: &Cluster| workload(&subject).scaled(&subject, to, cluster).unwrap().unwrap();
    assert_eq!(scaled(Scale::Up, &cluster), find(&cluster, DEPLOYMENT, "web"));
    let like_primary = scaled(Scale::ToPrimary, &cluster);
    assert_eq!(like_primary.number("/spec/replicas"), Some(5));
    let down = scaled(Scale::Down, &cluster);
    assert_eq!(down.number("/spec/replicas"), Some(0));
    add(&mut cluster, [down]);
    assert_eq!(target(&subject, &cluster).replicas, 0);
    assert_eq!(scaled(Scale::Up, &cluster).number("/spec/replicas"), Some(5));
    edit(&mut cluster, DEPLOYMENT, "web", |web| web.set("/spec/replicas", 7));
    assert_eq!(scaled(Scale::ToPrimary, &cluster).number("/spec/replicas"), Some(7));
}

#[test]
fn a_daemon_set_is_scaled_by_its_node_selector_which_is_no_revision() {
    let (subject, mut cluster) = fixtures::read(DAEMON_SET_YAML);
    let down = target(&subject, &cluster);
    let up = workload(&subject).scaled(&subject, Scale::Up, &cluster).unwrap().unwrap();
    add(&mut cluster, [up]);
    let up = target(&subject, &cluster);
    assert_eq!((down.replicas, up.replicas), (0, 1));
    assert_eq!(down.revision, up.revision);
}

#[test]
fn the_status_of_a_deployment_says_whether_it_is_ready() {
    let (subject, cluster) = fixtures::read(DEPLOYMENT_YAML);
    let say = |pointer: &str, value: serde_json::Value| {
        let mut cluster = cluster.clone();
        edit(&mut cluster, DEPLOYMENT, "web", |web| web.set(pointer, value));
        let ready = ReadyThresholds { primary: 100, canary: 50 };
        match workload(&subject).canary_pods(&subject, ready, &cluster).unwrap().unwrap().readiness {
            Readiness::NotReady { why, stalled } => {
                format!("{}{why}", if stalled { "stalled: " } else { "" })
            }
            other @ (Readiness::Ready | Readiness::Missing) => format!("{other:?}"),
        }
    };
    let gave_up = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    let said = [
        say("/status/availableReplicas", 1.into()),
        say("/status/availableReplicas", 0.into()),
        say("/status/replicas", 3.into()),
        say("/status/updatedReplicas", 1.into()),
        say("/status/conditions", gave_up),
        say("/metadata/generation", 4.into()),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    Ready
    0 of 2 (readyThreshold 50%) pods are available
    waiting for rollout to finish: 1 old replicas are pending termination
    waiting for rollout to finish: 1 out of 2 new replicas have been updated
    stalled: deployment "web" exceeded its progress deadline
    waiting for rollout to finish: observed deployment generation less than desired generation
    "#);
}

#[test]
fn the_status_of_a_daemon_set_says_whether_it_is_ready() {
    let (subject, cluster) = fixtures::read(DAEMON_SET_YAML);
    let say = |wanted: u32, updated: u32, available: u32| {
        let mut cluster = cluster.clone();
        edit(&mut cluster, DAEMON_SET, "agent", |agent| {
            agent.set("/status/desiredNumberScheduled", wanted);
            agent.set("/status/updatedNumberScheduled", updated);
            agent.set("/status/numberAvailable", available);
        });
        target(&subject, &cluster).readiness.why_not().map_or("ready".into(), |why| why.to_string())
    };
    insta::assert_snapshot!([say(3, 3, 3), say(3, 2, 3), say(3, 3, 2)].join("\n"), @r"
    ready
    waiting for rollout to finish: 2 out of 3 new pods have been scheduled
    2 of 3 (readyThreshold 100%) pods are available
    ");
}

#[test]
fn unsupported_targets_are_refused_with_the_remedy() {
    let (subject, cluster) = fixtures::read(DEPLOYMENT_YAML);
    let refused = |cluster: &Cluster| workload(&subject).shows(&subject, cluster).unwrap_err().to_string();
    let mut other_label = cluster.clone();
    edit(&mut other_label, DEPLOYMENT, "web", |web| {
        web.set("/spec/selector/matchLabels", json!({"run": "web"}));
    });
    let (agent, mut by_hand) = fixtures::read(DAEMON_SET_YAML);
    edit(&mut by_hand, DAEMON_SET, "agent", |agent| agent.set("/spec/updateStrategy/type", "OnDelete"));
    let empty = Cluster::new();
    let said = [
        refused(&other_label),
        workload(&agent).shows(&agent, &by_hand).unwrap_err().to_string(),
        workload(&subject).ensured(&subject, &empty).unwrap_err().to_string(),
    ];
    assert!(workload(&subject).shows(&subject, &empty).unwrap().is_none());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn missing_configuration_makes_only_the_revision_unknown() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    cluster.remove(&subject.key(CONFIG_MAP, "settings"));
    let target = target(&subject, &cluster);
    assert_eq!(target.readiness, Readiness::Ready);
    let why = "ConfigMap settings.test does not exist, but Deployment web.test reads it: create it, or mark the reference optional";
    assert_eq!(target.revision, Fact::Unknown(Unseen::Unreadable(why.into())));
}

#[test]
fn untracked_configuration_is_not_part_of_a_revision() {
    let off = Settings { config_tracking: false, ..Settings::default() };
    let (subject, mut cluster) = fixtures::read_with(DEPLOYMENT_YAML, off);
    cluster.remove(&subject.key(CONFIG_MAP, "settings"));
    ensure(&subject, &mut cluster);
    assert!(is_promoted(&subject, &cluster));
    let revision = primary(&subject, &cluster).runs.unwrap();
    assert!(revision.configs.is_empty());
    let primary = find(&cluster, DEPLOYMENT, "web-primary");
    assert_eq!(primary.text("/spec/template/spec/volumes/1/secret/secretName"), "keys");
}

#[test]
fn a_promotion_that_stopped_after_its_copies_still_starts_new_pods() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    ensure(&subject, &mut cluster);
    edit(&mut cluster, CONFIG_MAP, "settings", |settings| settings.set("/data/a", "1"));
    assert!(!is_promoted(&subject, &cluster));
    let objects = workload(&subject).promoted(&subject, 1, &cluster).unwrap();
    let (copies, rest): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| object.kind() != DEPLOYMENT);
    add(&mut cluster, copies);
    assert_eq!(primary(&subject, &cluster).runs, None);
    add(&mut cluster, rest);
    assert!(is_promoted(&subject, &cluster));
}

#[test]
fn a_primary_that_flagger_left_has_the_targets_revision() {
    let (subject, mut cluster) = fixtures::read(DEPLOYMENT_YAML);
    ensure(&subject, &mut cluster);
    // Flagger writes neither our label nor our annotation, and leaves out `binaryData` and `immutable`.
    for (kind, name) in
        [(CONFIG_MAP, "settings-primary"), (SECRET, "keys-primary"), (DEPLOYMENT, "web-primary")]
    {
        edit(&mut cluster, kind, name, |object| {
            object.remove("/metadata/labels/app.kubernetes.io~1managed-by");
            object.remove_annotation("serin.flagger.app/configs");
            object.remove("/binaryData");
            object.remove("/immutable");
        });
    }
    let id = "/spec/template/metadata/annotations/flagger-id";
    edit(&mut cluster, DEPLOYMENT, "web-primary", |primary| primary.set(id, "0d8e47e6-random"));
    let left = find(&cluster, DEPLOYMENT, "web-primary");
    assert!(is_promoted(&subject, &cluster));
    ensure(&subject, &mut cluster);
    assert!(is_promoted(&subject, &cluster));
    let mended = find(&cluster, DEPLOYMENT, "web-primary");
    assert_eq!(mended.at("/spec"), left.at("/spec"));
    let copy = find(&cluster, CONFIG_MAP, "settings-primary");
    assert_eq!(copy.at("/binaryData"), Some(&json!({"b": "AAEC"})));
}

#[test]
fn the_primary_of_a_service_changes_with_promotions_and_the_canarys_with_the_target() {
    let (subject, mut cluster) = fixtures::read(SERVICE_YAML);
    ensure(&subject, &mut cluster);
    edit(&mut cluster, SERVICE, "pages-primary", |primary| primary.set("/spec/clusterIP", "10.0.0.9"));
    edit(&mut cluster, SERVICE, "pages", |pages| pages.set("/spec/selector", json!({"version": "v2"})));
    assert!(!is_promoted(&subject, &cluster));
    ensure(&subject, &mut cluster);
    let selected = |cluster: &Cluster, name: &str| {
        find(cluster, SERVICE, name).text("/spec/selector/version").to_owned()
    };
    assert_eq!([selected(&cluster, "pages-canary"), selected(&cluster, "pages-primary")], ["v2", "v1"]);
    promote(&subject, 1, &mut cluster);
    assert!(is_promoted(&subject, &cluster));
    let primary = find(&cluster, SERVICE, "pages-primary");
    assert_eq!((primary.text("/spec/selector/version"), primary.text("/spec/clusterIP")), ("v2", "10.0.0.9"));
}

#[test]
fn unsupported_kinds_are_unknown() {
    let known = |api_version: &str, kind: &str| of(api_version, kind).is_some();
    assert!(known("apps/v1", "Deployment") && known("apps/v1", "DaemonSet") && known("v1", "Service"));
    assert!(!known("serving.knative.dev/v1", "Service") && !known("apps/v1", "StatefulSet"));
}
