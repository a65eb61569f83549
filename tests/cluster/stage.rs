//! What a test plays on: one control plane for all of them, and a namespace for each.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{LazyLock, PoisonError, RwLock, mpsc},
    thread,
};

use kube::Client;
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

use crate::{
    control_plane::{API_SERVER, CONTROLLER_MANAGER, ControlPlane, ETCD},
    identity::User,
    modules, node, objects, tools,
};

/// A namespace of a test's own.
pub(crate) struct Stage {
    /// The servers.
    pub(crate) plane: &'static ControlPlane,
    /// A client that may do everything.
    pub(crate) client: Client,
    /// The namespace.
    pub(crate) namespace: String,
}

/// The servers that all tests share.
static PLANE: LazyLock<Option<ControlPlane>> = LazyLock::new(start);

/// Who disturbs the servers waits until nobody else needs them.
static SHARED: RwLock<()> = RwLock::new(());

/// Runs a test in a namespace of that name, in a control plane that knows our kinds, Istio's and those of the Gateway
/// API. Where there is none, it says so.
pub(crate) fn on_stage(namespace: &str, test: impl AsyncFnOnce(Stage)) {
    let shared = SHARED.read().unwrap_or_else(PoisonError::into_inner);
    play(namespace, test);
    drop(shared);
}

/// The same for a test that disturbs the servers: no other runs at the same time.
pub(crate) fn alone_on_stage(namespace: &str, test: impl AsyncFnOnce(Stage)) {
    let alone = SHARED.write().unwrap_or_else(PoisonError::into_inner);
    play(namespace, test);
    drop(alone);
}

fn play(namespace: &str, test: impl AsyncFnOnce(Stage)) {
    let Some(plane) = &*PLANE else { return };
    runtime().block_on(async {
        let client = plane.client(User::Admin).await;
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        objects::create(&client, &object).await.unwrap();
        test(Stage { plane, client, namespace: namespace.into() }).await;
    });
}

fn start() -> Option<ControlPlane> {
    let programs = tools::programs([&ETCD, &API_SERVER, &CONTROLLER_MANAGER])?;
    let folders = modules::folders("kubernetes", ["istio.io/api", "sigs.k8s.io/gateway-api"])?;
    let plane = runtime().block_on(async {
        let plane = ControlPlane::start(programs).await;
        let client = plane.client(User::Admin).await;
        define_kinds(&client, folders.each_ref().map(AsRef::as_ref)).await;
        for file in ["namespace.yaml", "rbac.yaml"] {
            for object in read(&deploy().join(file)) {
                objects::create(&client, &object).await.unwrap();
            }
        }
        plane
    });
    let kubeconfig = plane.kubeconfig(User::Admin);
    let (told, heard) = mpsc::channel();
    // The nodes live as long as this process.
    thread::spawn(move || {
        runtime().block_on(async {
            let client = ControlPlane::client_of(&kubeconfig).await;
            told.send(()).unwrap();
            node::run(client).await;
        });
    });
    heard.recv().unwrap();
    Some(plane)
}

async fn define_kinds(client: &Client, [istio, gateway_api]: [&Path; 2]) {
    const GATEWAY_API: [&str; 3] = ["gatewayclasses", "gateways", "httproutes"];
    const ISTIO: [&str; 3] = ["destinationrules", "gateways", "virtualservices"];
    let mut definitions = read(&deploy().join("crds.yaml"));
    let all = read(&istio.join("kubernetes/customresourcedefinitions.gen.yaml"));
    let is_needed = |definition: &Value| {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default();
        ISTIO.iter().any(|plural| name == format!("{plural}.networking.istio.io"))
    };
    definitions.extend(all.into_iter().filter(is_needed));
    for plural in GATEWAY_API {
        let file = format!("config/crd/standard/gateway.networking.k8s.io_{plural}.yaml");
        definitions.extend(read(&gateway_api.join(file)));
    }
    assert_eq!(definitions.len(), 3 + ISTIO.len() + GATEWAY_API.len());
    for definition in &definitions {
        objects::create(client, definition).await.unwrap();
    }
    for definition in &definitions {
        objects::until_served(client, definition).await;
    }
}

/// The folder with everything that a cluster needs.
fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// The documents of a YAML file.
fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    objects::documents(&text)
}

/// Where a test runs.
pub(crate) fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
