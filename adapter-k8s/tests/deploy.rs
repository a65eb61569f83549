//! What is in `deploy/` fits the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot begin has failed")]

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use serde::Deserialize as _;
use serde_json::Value;
use serin_k8s::{crd, rights, run::options::Options};

/// The documents of a file in `deploy/`.
fn documents(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(place("../deploy").join(file)).unwrap();
    serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect()
}

fn place(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[test]
fn the_crds_are_those_of_the_types() {
    let is_same = documents("crds.yaml") == crd::all();
    assert!(is_same, "deploy/crds.yaml is not what the types say: cargo run -p serin-k8s --example crds");
}

/// What the rules allow, as `verb plural.group` or `verb plural/part.group`.
fn allowed() -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for role in documents("rbac.yaml") {
        for rule in role["rules"].as_array().into_iter().flatten() {
            for (group, resource) in texts(&rule["apiGroups"])
                .flat_map(|group| texts(&rule["resources"]).map(move |it| (group, it)))
            {
                allowed.extend(texts(&rule["verbs"]).map(|verb| format!("{verb} {resource}.{group}")));
            }
        }
    }
    allowed
}

#[test]
fn what_the_controller_does_is_allowed_and_nothing_else() {
    let needed = rights::all().into_iter().flat_map(|right| {
        let part = if right.part.is_empty() { String::new() } else { format!("/{}", right.part) };
        let resource = format!("{}{part}.{}", right.kind.plural, right.kind.group);
        right.verbs.iter().map(move |verb| format!("{verb} {resource}"))
    });
    let needed: BTreeSet<String> = needed.collect();
    let allowed = allowed();
    let refused: Vec<&String> = needed.difference(&allowed).collect();
    assert!(refused.is_empty(), "deploy/rbac.yaml does not allow {refused:?}");
    let unused: Vec<&String> = allowed.difference(&needed).collect();
    assert!(
        unused.is_empty(),
        "deploy/rbac.yaml allows {unused:?}, which adapter-k8s/src/rights.rs does not list"
    );
}

#[test]
fn every_kind_the_sources_name_has_its_rights() {
    let listed = rights::all().into_iter().map(|right| format!("{}.{}", right.kind.plural, right.kind.group));
    let listed: BTreeSet<String> = listed.collect();
    let named = kinds_in(&place("src"));
    assert!(named.len() > 10, "{named:?}");
    let without: Vec<&String> = named.difference(&listed).collect();
    assert!(without.is_empty(), "adapter-k8s/src/rights.rs does not list {without:?}");
}

/// The kinds that the sources name, as `plural.group`.
fn kinds_in(folder: &Path) -> BTreeSet<String> {
    let one_line =
        Regex::new(r#"Kind::names(?:_in_cluster)?\(\s*("[^"]*"|GROUP),\s*"[^"]*",\s*"[^"]*",\s*"([^"]+)""#)
            .unwrap();
    let in_full = Regex::new(r#"Names \{\s*group: ("[^"]*"),[^}]*plural: "([^"]+)""#).unwrap();
    let group_of = Regex::new(r#"const GROUP: &str = ("[^"]*")"#).unwrap();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(kinds_in(&path));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // Kinds that a test makes up need no rights.
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let named = group_of.captures(text).map_or("", |group| group.get(1).unwrap().as_str());
        for kind in one_line.captures_iter(text).chain(in_full.captures_iter(text)) {
            let group = if &kind[1] == "GROUP" { named } else { &kind[1] };
            found.insert(format!("{}.{}", &kind[2], group.trim_matches('"')));
        }
    }
    found
}

#[test]
fn the_deployment_passes_flags_that_there_are_and_leads_where_it_may() {
    let files = documents("controller.yaml");
    let container = &files[0]["spec"]["template"]["spec"]["containers"][0];
    let line = texts(&container["command"]).chain(texts(&container["args"])).map(OsString::from);
    let options = Options::read(line).unwrap();
    assert!(options.enable_leader_election);
    let roles = documents("rbac.yaml");
    let role = roles.iter().find(|role| role["kind"] == "Role").unwrap();
    assert_eq!(role["metadata"]["namespace"], options.leader_election_namespace.as_str());
    assert_eq!(container["ports"][0]["containerPort"], options.port);
}

#[test]
fn all_files_of_the_kustomization_are_there_and_name_one_account() {
    let kustomization = documents("kustomization.yaml");
    let mut accounts = BTreeSet::new();
    for file in texts(&kustomization[0]["resources"]) {
        for object in documents(file) {
            let account = match object["kind"].as_str().unwrap() {
                "ServiceAccount" => &object["metadata"]["name"],
                "ClusterRoleBinding" | "RoleBinding" => &object["subjects"][0]["name"],
                "Deployment" => &object["spec"]["template"]["spec"]["serviceAccountName"],
                _ => continue,
            };
            accounts.insert(account.as_str().unwrap().to_owned());
        }
    }
    assert_eq!(accounts, BTreeSet::from(["serin-controller".to_owned()]));
}
