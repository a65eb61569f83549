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
use serin_k8s::{
    crd,
    rights::{self, Right},
    run::options::Options,
};

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

/// What the rules of a file allow, as `verb plural.group` or `verb plural/part.group`.
fn allowed(file: &str) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for role in documents(file) {
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

/// The same of what the controller does.
fn needed(rights: &[Right]) -> BTreeSet<String> {
    let needed = rights.iter().flat_map(|right| {
        let part = if right.part.is_empty() { String::new() } else { format!("/{}", right.part) };
        let resource = format!("{}{part}.{}", right.kind.plural, right.kind.group);
        right.verbs.iter().map(move |verb| format!("{verb} {resource}"))
    });
    needed.collect()
}

/// Every router that has rights, by the name of its file.
fn routers() -> BTreeSet<String> {
    rights::of_routers().into_keys().map(str::to_owned).collect()
}

fn is_exact(file: &str, rights: &[Right]) {
    let (needed, allowed) = (needed(rights), allowed(file));
    let refused: Vec<&String> = needed.difference(&allowed).collect();
    assert!(refused.is_empty(), "deploy/{file} does not allow {refused:?}");
    let unused: Vec<&String> = allowed.difference(&needed).collect();
    assert!(
        unused.is_empty(),
        "deploy/{file} allows {unused:?}, which adapter-k8s/src/rights.rs does not list"
    );
}

#[test]
fn what_the_controller_does_is_allowed_and_nothing_else() {
    is_exact("rbac.yaml", &rights::of_controller());
    for (router, rights) in rights::of_routers() {
        is_exact(&format!("rbac/{router}.yaml"), &rights);
    }
}

#[test]
fn the_rights_for_a_router_are_in_a_file_that_can_be_left_out() {
    let files = fs::read_dir(place("../deploy/rbac")).unwrap().map(|file| file.unwrap().path());
    let named = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    assert_eq!(files.map(named).collect::<BTreeSet<_>>(), routers());
    let kustomization = documents("kustomization.yaml");
    for router in routers() {
        let file = format!("rbac/{router}.yaml");
        assert!(texts(&kustomization[0]["resources"]).any(|listed| listed == file), "{file} is not applied");
        let [role, binding] = &documents(&file)[..] else { panic!("{file} has a role and its binding") };
        let name = format!("serin-controller-{router}");
        assert_eq!([&role["kind"], &binding["kind"]], ["ClusterRole", "ClusterRoleBinding"]);
        for object in [role, binding] {
            assert_eq!(object["metadata"]["name"], name.as_str());
            assert_eq!(object["metadata"]["labels"]["serin.flagger.app/router"], router.as_str());
        }
        assert_eq!(binding["roleRef"]["name"], name.as_str());
    }
}

#[test]
fn every_kind_the_sources_name_has_its_rights() {
    let all = rights::of_controller().into_iter().chain(rights::of_routers().into_values().flatten());
    let listed: BTreeSet<String> =
        all.map(|right| format!("{}.{}", right.kind.plural, right.kind.group)).collect();
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

#[test]
fn the_image_is_built_from_every_member_of_the_workspace() {
    let dockerfile = fs::read_to_string(place("../deploy/Dockerfile")).unwrap();
    let manifest = fs::read_to_string(place("../Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let members: Vec<String> = serde_json::from_str(members).unwrap();

    let folders: BTreeSet<&str> = members.iter().filter_map(|member| member.split('/').next()).collect();

    let copied = |folder: &str| dockerfile.lines().any(|line| line == format!("COPY {folder} {folder}"));
    let missing: Vec<&str> = folders.into_iter().filter(|folder| !copied(folder)).collect();
    assert_eq!(missing, [""; 0]);
}
