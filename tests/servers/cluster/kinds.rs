//! The kinds that a control plane of the tests knows, and the controller's rights there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kube::Client;
use serde_json::Value;

use crate::{modules, objects};

/// The modules that define the kinds of other projects.
pub(crate) struct Kinds {
    istio: PathBuf,
    gateway_api: PathBuf,
}

impl Kinds {
    /// `None` with a message if there is no Go.
    pub(crate) fn find() -> Option<Self> {
        let [istio, gateway_api] =
            modules::folders("kubernetes", ["istio.io/api", "sigs.k8s.io/gateway-api"])?;
        Some(Self { istio, gateway_api })
    }

    /// Defines our kinds, some of Istio's and those of the Gateway API; returns when they are served.
    pub(crate) async fn define(&self, client: &Client) {
        let mut definitions = read(&deploy().join("crds.yaml"));
        definitions.extend(self.istio());
        definitions.extend(self.gateway_api());
        for definition in &definitions {
            objects::create(client, definition).await.unwrap();
        }
        for definition in &definitions {
            objects::until_served(client, definition).await;
        }
    }

    fn istio(&self) -> Vec<Value> {
        const NEEDED: [&str; 3] = ["destinationrules", "gateways", "virtualservices"];
        let mut all = read(&self.istio.join("kubernetes/customresourcedefinitions.gen.yaml"));
        all.retain(|definition| {
            let name = definition["metadata"]["name"].as_str().unwrap_or_default();
            NEEDED.iter().any(|plural| name == format!("{plural}.networking.istio.io"))
        });
        assert_eq!(all.len(), NEEDED.len());
        all
    }

    /// All of them, because a gateway waits for each kind that it can serve.
    fn gateway_api(&self) -> Vec<Value> {
        let files = fs::read_dir(self.gateway_api.join("config/crd/standard")).unwrap();
        let mut all: Vec<Value> = files.flat_map(|file| read(&file.unwrap().path())).collect();
        all.retain(|object| object["kind"] == "CustomResourceDefinition");
        assert!(all.len() > 3, "{} kinds", all.len());
        all
    }
}

/// Gives the controller's account its rights.
pub(crate) async fn give_rights(client: &Client) {
    for file in ["namespace.yaml", "rbac.yaml"] {
        for object in read(&deploy().join(file)) {
            objects::create(client, &object).await.unwrap();
        }
    }
}

/// The folder with the manifests for a cluster.
pub(crate) fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// The documents of a YAML file.
pub(crate) fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    objects::documents(&text)
}
