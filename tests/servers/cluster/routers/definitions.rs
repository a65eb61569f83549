//! The kinds of routers: from their own modules where they can be had, else without a schema.

use std::{collections::BTreeMap, path::Path};

use kube::Client;
use serde_json::{Value, json};

use crate::{
    kinds, modules, objects,
    proofs::{PROOFS, Schema},
};

/// A kind of Gloo's that leads to the RouteTables, and which nobody but a manifest names.
const GLOO_ROUTE: [&str; 2] = ["gateway.solo.io/v1", "VirtualService"];

/// Every definition that the control plane of the tests lacks; `None` without Go, which is reported.
pub(super) fn all() -> Option<Vec<Value>> {
    let mut all = BTreeMap::new();
    for proof in PROOFS {
        if let Schema::Module { path, files } = proof.schema {
            let [folder] = modules::folders("routers", [path])?;
            let files = files.iter().map(|file| folder.join(file));
            all.extend(
                files.flat_map(|file| of_file(&file)).map(|definition| (name_of(&definition), definition)),
            );
        }
    }
    let without = PROOFS.iter().filter(|proof| matches!(proof.schema, Schema::Nowhere));
    for kind in without.flat_map(|proof| proof.kinds).chain([&GLOO_ROUTE]) {
        let open = open(*kind);
        all.entry(name_of(&open)).and_modify(|known| add_version(known, &open)).or_insert(open);
    }
    Some(all.into_values().collect())
}

/// Defines kinds; returns when they are served.
pub(super) async fn define(client: &Client, definitions: &[Value]) {
    for definition in definitions {
        objects::create(client, definition).await.unwrap();
    }
    for definition in definitions {
        objects::until_served(client, definition).await;
    }
}

/// The definition of a kind in a namespace, by its API version and its name, that takes any fields.
pub(super) fn open([api_version, kind]: [&str; 2]) -> Value {
    let (group, version) = api_version.split_once('/').unwrap();
    let singular = kind.to_lowercase();
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{singular}s.{group}")},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": format!("{singular}s"), "singular": singular},
            "versions": [
                {"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    })
}

/// The definitions in a file. Versions that their router no longer serves are served: Canaries can name them.
fn of_file(file: &Path) -> Vec<Value> {
    let mut definitions = kinds::read(file);
    definitions.retain(|object| object["kind"] == "CustomResourceDefinition");
    for version in definitions.iter_mut().flat_map(versions) {
        version["served"] = true.into();
    }
    definitions
}

fn add_version(known: &mut Value, other: &Value) {
    let mut version = other["spec"]["versions"][0].clone();
    version["storage"] = false.into();
    known["spec"]["versions"].as_array_mut().unwrap().push(version);
}

fn versions(definition: &mut Value) -> impl Iterator<Item = &mut Value> {
    definition["spec"]["versions"].as_array_mut().unwrap().iter_mut()
}

fn name_of(definition: &Value) -> String {
    definition["metadata"]["name"].as_str().unwrap().to_owned()
}
