//! The manifests of `docs/routers.md`, each as a case of its own, and one more for each ability of its router.

use std::{fs, path::Path};

use serde_json::{Value, json};
use serin_core::provider::{Abilities, ROUTERS, Router};

use crate::{objects, proofs::PROOFS};

/// A Canary, and what its manifest has besides.
pub(super) struct Case {
    /// The name of the Canary and of its target.
    pub(super) name: String,
    /// The objects that are written for its router: API version and kind of each.
    pub(super) kinds: &'static [[&'static str; 2]],
    /// The objects of the manifest.
    pub(super) objects: Vec<Value>,
}

impl Case {
    /// Its Canary.
    pub(super) fn canary(&self) -> &Value {
        self.objects.iter().find(|object| object["kind"] == "Canary").unwrap()
    }

    /// A manifest for this provider, which takes ten seconds for a step.
    fn new(manifest: &str, name: &str, provider: &str, namespace: &str) -> Self {
        let mut objects = objects::documents(&manifest.replace("shop", namespace).replace("web", name));
        let canary = objects.iter_mut().find(|object| object["kind"] == "Canary").unwrap();
        canary["spec"]["provider"] = provider.into();
        canary["spec"]["analysis"]["interval"] = "10s".into();
        let proof = PROOFS.iter().find(|proof| proof.provider == provider).unwrap();
        Self { name: name.into(), kinds: proof.kinds, objects }
    }

    /// The same manifest with other fields in its analysis.
    fn with(manifest: &str, name: &str, provider: &str, namespace: &str, fields: &Value) -> Self {
        let mut case = Self::new(manifest, name, provider, namespace);
        let canary = case.objects.iter_mut().find(|object| object["kind"] == "Canary").unwrap();
        let analysis = canary["spec"]["analysis"].as_object_mut().unwrap();
        analysis
            .retain(|field, _| !["stepWeight", "maxWeight", "iterations", "match"].contains(&field.as_str()));
        analysis.extend(fields.as_object().cloned().unwrap());
        case
    }
}

/// Every case in this namespace: for each router that is supported, its manifests, or the one of another version of it.
pub(super) fn cases(namespace: &str) -> Vec<Case> {
    let manifests = manifests();
    let mut cases = Vec::new();
    for router in ROUTERS.iter().filter(|router| router.driven) {
        let mut own = manifests.iter().filter(|manifest| provider_of(manifest) == router.name);
        let of_family =
            || manifests.iter().find(|manifest| family(&provider_of(manifest)) == family(router.name));
        let first = own.next().or_else(of_family);
        let first = first.unwrap_or_else(|| panic!("docs/routers.md has no manifest for {}", router.name));
        cases.extend(of_router(first, router, namespace));
        for (others, manifest) in own.enumerate() {
            let name = format!("{}-{}", slug(router), others + 2);
            cases.push(Case::new(manifest, &name, router.name, namespace));
        }
    }
    cases
}

/// The manifest as it is, and with each of the router's abilities.
fn of_router(manifest: &str, router: &Router, namespace: &str) -> Vec<Case> {
    let name = slug(router);
    let mut cases = vec![Case::new(manifest, &name, router.name, namespace)];
    let Abilities { weights: _, matches, weights_of_matches: _, mirror, affinity } = router.can;
    let tester = json!([{"headers": {"x-test": {"exact": "1"}}}]);
    let abilities = [
        (matches, "match", json!({"iterations": 2, "match": tester})),
        (mirror, "mirror", json!({"iterations": 2, "mirror": true, "mirrorWeight": 30})),
        (
            affinity,
            "sticky",
            json!({"stepWeight": 50, "maxWeight": 50, "sessionAffinity": {"cookieName": "version"}}),
        ),
    ];
    for (_, ability, fields) in abilities.into_iter().filter(|(can, ..)| *can) {
        cases.push(Case::with(manifest, &format!("{name}-{ability}"), router.name, namespace, &fields));
    }
    cases
}

/// The manifests of the page that have a Canary.
fn manifests() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routers.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.filter(|block| block.contains("kind: Canary")).map(str::to_owned).collect()
}

fn provider_of(manifest: &str) -> String {
    let objects = objects::documents(manifest);
    let canary = objects.iter().find(|object| object["kind"] == "Canary").unwrap();
    canary["spec"]["provider"].as_str().unwrap().to_owned()
}

fn family(provider: &str) -> &str {
    provider.split(':').next().unwrap()
}

/// The router's name, as an object can have it.
fn slug(router: &Router) -> String {
    router.name.replace(':', "-")
}
