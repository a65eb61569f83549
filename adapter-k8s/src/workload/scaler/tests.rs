use super::{hpa::HORIZONTAL_POD_AUTOSCALER, keda::SCALED_OBJECT, *};
use crate::fixtures::{self, Cluster, add, edit, find, yaml};

fn scalers(kind: Kind) -> (Subject, Cluster) {
    let text = include_str!("../../fixtures/scalers.yaml");
    fixtures::read(&text.replace("KIND_VERSION", &kind.api_version()).replace("KIND", kind.kind))
}

#[test]
fn snap_the_primarys_autoscalers() {
    let both = [HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT].map(|kind| {
        let (subject, cluster) = scalers(kind);
        ensured(&subject, &cluster).unwrap().unwrap()
    });
    insta::assert_snapshot!(yaml(&both));
}

#[test]
fn the_primarys_autoscaler_changes_only_with_a_promotion() {
    // KEDA reads annotations, so those of the target are copied each time.
    for (kind, field, note) in [
        (HORIZONTAL_POD_AUTOSCALER, "/spec/minReplicas", "theirs"),
        (SCALED_OBJECT, "/spec/minReplicaCount", "a"),
    ] {
        let (subject, mut cluster) = scalers(kind);
        let objects = ensured(&subject, &cluster).unwrap();
        add(&mut cluster, objects);
        edit(&mut cluster, kind, "web", |scaler| scaler.set(field, 4));
        edit(&mut cluster, kind, "web-primary", |primary| primary.set_annotation("note", "theirs"));
        let current = find(&cluster, kind, "web-primary");
        assert_eq!(ensured(&subject, &cluster).unwrap(), Some(current));
        let objects = promoted(&subject, &cluster).unwrap();
        add(&mut cluster, objects);
        let follows = find(&cluster, kind, "web-primary");
        assert_eq!((follows.number(field), follows.annotation("note")), (Some(4), Some(note)));
        assert_eq!(promoted(&subject, &cluster).unwrap(), Some(follows));
    }
}

#[test]
fn the_primary_gets_the_query_that_was_given_for_it() {
    let (mut subject, cluster) = scalers(SCALED_OBJECT);
    let setup = Arc::make_mut(&mut subject.setup);
    setup.autoscaler.as_mut().unwrap().primary_queries = [("s".into(), "up".into())].into();
    let primary = ensured(&subject, &cluster).unwrap().unwrap();
    assert_eq!(primary.at("/spec/triggers").unwrap()[0]["metadata"]["query"], "up");
    assert_eq!(primary.at("/spec/triggers").unwrap()[1].get("metadata").unwrap().get("query"), None);
}

#[test]
fn only_a_scaled_object_can_be_stopped() {
    let (subject, cluster) = scalers(HORIZONTAL_POD_AUTOSCALER);
    assert_eq!(paused(&subject, true, &cluster).unwrap(), None);
    let (subject, mut cluster) = scalers(SCALED_OBJECT);
    let resumed = paused(&subject, false, &cluster).unwrap().unwrap();
    assert_eq!(resumed.annotation("autoscaling.keda.sh/paused-replicas"), None);
    add(&mut cluster, [resumed]);
    let stopped = paused(&subject, true, &cluster).unwrap().unwrap();
    assert_eq!(stopped.annotation("autoscaling.keda.sh/paused-replicas"), Some("0"));
}

#[test]
fn a_canary_starts_with_the_fewest_pods_its_autoscaler_allows() {
    for (kind, count) in [(HORIZONTAL_POD_AUTOSCALER, 2), (SCALED_OBJECT, 3)] {
        let (subject, mut cluster) = scalers(kind);
        assert_eq!(fewest(&subject, &cluster).unwrap(), Some(count));
        cluster.remove(&subject.key(kind, "web"));
        assert_eq!(fewest(&subject, &cluster).unwrap(), Some(1));
    }
}

#[test]
fn an_autoscaler_that_is_missing_is_named_with_the_remedy() {
    let (subject, _) = scalers(SCALED_OBJECT);
    insta::assert_snapshot!(ensured(&subject, &Cluster::new()).unwrap_err().to_string());
}
