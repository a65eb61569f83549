use serde_json::json;
use serin_core::spec::Identity;

use super::*;
use crate::{
    fixtures::{self, Cluster, add, edit, find, yaml},
    kinds::{CONFIG_MAP, DEPLOYMENT},
    object::{
        Key,
        change::{self, Change},
        metadata::MANAGED_BY,
    },
    settings::Settings,
};

const WEB: &str = include_str!("../../fixtures/deployment.yaml");

fn template(cluster: &Cluster) -> Value {
    find(cluster, DEPLOYMENT, "web").at("/spec/template").unwrap().clone()
}

fn write(subject: &Subject, cluster: &Cluster) -> Vec<Object> {
    let tracked = tracked(subject, &template(cluster), cluster).unwrap();
    written(subject, &tracked, cluster).unwrap()
}

#[test]
fn snap_the_copies() {
    let settings = Settings { include_label_prefix: vec!["app".into()], ..Settings::default() };
    let (subject, cluster) = fixtures::read_with(WEB, settings);
    insta::assert_snapshot!(yaml(&write(&subject, &cluster)));
}

#[test]
fn tracked_configuration_is_renamed_in_every_reference() {
    let (subject, cluster) = fixtures::read(WEB);
    let mut template = template(&cluster);
    let tracked = tracked(&subject, &template, &cluster).unwrap();
    assert_eq!(tracked.checksums().into_keys().collect::<Vec<_>>(), ["configmap/settings", "secret/keys"]);
    tracked.rename_in(&mut template);
    let names: Vec<_> = references::of(&template).into_iter().map(|reference| reference.name).collect();
    let renamed = [
        "settings-primary",
        "keys-primary",
        "keys-primary",
        "settings-primary",
        "token",
        "extra",
        "shared",
        "keys-primary",
    ];
    assert_eq!(names, renamed);
}

#[test]
fn an_optional_reference_counts_once_it_exists() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let count = |cluster: &Cluster| tracked(&subject, &template(cluster), cluster).unwrap().checksums().len();
    assert_eq!(count(&cluster), 2);
    add(&mut cluster, [Object::new(&Key::new(CONFIG_MAP, "test", "extra"))]);
    assert_eq!(count(&cluster), 3);
}

#[test]
fn both_kinds_of_data_count_and_empty_ones_do_not() {
    let config = |value: Value| {
        let mut object = Object::new(&Key::new(CONFIG_MAP, "test", "settings"));
        object.set("/data", value["data"].clone());
        object.set("/binaryData", value["binaryData"].clone());
        checksum_of(&object)
    };
    let sums = [
        config(json!({"data": {"a": "1"}})),
        config(json!({"data": {"a": "2"}})),
        config(json!({"binaryData": {"a": "1"}})),
        config(json!({"data": {"a": "1"}, "binaryData": {"a": "1"}})),
    ];
    assert_eq!(sums.iter().collect::<std::collections::BTreeSet<_>>().len(), sums.len());
    assert_eq!(config(json!({"data": {"a": "1"}, "binaryData": {}})), sums[0]);
}

#[test]
fn a_copy_that_two_canaries_share_is_left_alone_by_both() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let other = Subject {
        identity: Identity { name: "api".into(), uid: "uid-of-api".into(), ..subject.identity.clone() },
        ..subject.clone()
    };
    let objects = write(&subject, &cluster);
    add(&mut cluster, objects);
    let objects = write(&other, &cluster);
    add(&mut cluster, objects);
    let shared = find(&cluster, CONFIG_MAP, "settings-primary");
    let owners = shared.at("/metadata/ownerReferences").unwrap().as_array().unwrap();
    let owners: Vec<_> =
        owners.iter().map(|owner| (owner["name"].as_str().unwrap(), owner["controller"] == true)).collect();
    assert_eq!(owners, [("web", true), ("api", false)]);
    for subject in [&subject, &other] {
        for copy in write(subject, &cluster) {
            assert_eq!(copy, *cluster[&copy.key()]);
        }
    }
}

#[test]
fn an_immutable_copy_that_has_to_change_is_recreated() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let objects = write(&subject, &cluster);
    add(&mut cluster, objects);
    edit(&mut cluster, SECRET, "keys", |keys| keys.set("/data/s", "bmV3"));
    let keys = write(&subject, &cluster).into_iter().find(|copy| copy.name() == "keys-primary").unwrap();
    let there = find(&cluster, SECRET, "keys-primary");
    let Some(Change::Recreate(new)) = change::to(keys, Some(&there)) else { panic!("not recreated") };
    assert_eq!(new.at("/data"), Some(&json!({"s": "bmV3"})));
    assert_eq!(new.at("/metadata/ownerReferences"), there.at("/metadata/ownerReferences"));
    // Anything else can be changed in place.
    edit(&mut cluster, CONFIG_MAP, "settings", |settings| settings.set("/data/a", "1"));
    let settings = write(&subject, &cluster).remove(0);
    let there = find(&cluster, CONFIG_MAP, "settings-primary");
    assert!(matches!(change::to(settings, Some(&there)), Some(Change::Replace(_))));
}

#[test]
fn an_object_that_is_no_copy_is_not_overwritten() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let mut theirs = Object::new(&Key::new(CONFIG_MAP, "test", "settings-primary"));
    theirs.set("/data/a", "theirs");
    add(&mut cluster, [theirs]);
    let tracked = tracked(&subject, &template(&cluster), &cluster).unwrap();
    insta::assert_snapshot!(written(&subject, &tracked, &cluster).unwrap_err().to_string());
    // Equal contents can be overwritten without a loss.
    edit(&mut cluster, CONFIG_MAP, "settings-primary", |copy| {
        copy.set("/data/a", "0");
        copy.set("/binaryData/b", "AAEC");
    });
    let copy = write(&subject, &cluster).remove(0);
    assert_eq!(copy.label(MANAGED_BY.0), Some(MANAGED_BY.1));
}

#[test]
fn a_deleted_copy_is_recreated_and_an_existing_one_keeps_its_contents() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let mut primary = template(&cluster);
    tracked(&subject, &primary, &cluster).unwrap().rename_in(&mut primary);
    let objects = write(&subject, &cluster);
    add(&mut cluster, objects);
    cluster.remove(&subject.key(SECRET, "keys-primary"));
    assert_eq!(of_primary(&subject, &primary, &cluster).unwrap(), None);
    edit(&mut cluster, CONFIG_MAP, "settings", |settings| settings.set("/data/a", "1"));
    let objects = mended(&subject, &primary, &cluster).unwrap();
    add(&mut cluster, objects);
    assert_eq!(find(&cluster, SECRET, "keys-primary").text("/data/s"), "c2VjcmV0");
    assert_eq!(find(&cluster, CONFIG_MAP, "settings-primary").text("/data/a"), "0");
    assert!(of_primary(&subject, &primary, &cluster).unwrap().is_some());
}
