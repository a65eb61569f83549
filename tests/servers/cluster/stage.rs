//! The environment of a test: a control plane that all share, another one for tests that disturb it, and a namespace
//! for each.

use std::{
    sync::{LazyLock, Mutex, PoisonError, mpsc},
    thread,
};

use kube::Client;
use serde_json::json;
use tokio::runtime::{self, Runtime};

use crate::{
    control_plane::{API_SERVER, CONTROLLER_MANAGER, ControlPlane, ETCD},
    identity::User,
    kinds::{Kinds, give_rights},
    node, objects, tools,
};

/// The namespace of one test.
pub(crate) struct Stage {
    /// The servers.
    pub(crate) plane: &'static ControlPlane,
    /// A client that can do everything.
    pub(crate) client: Client,
    /// The namespace.
    pub(crate) namespace: String,
}

impl Stage {
    /// Another namespace in the same control plane.
    pub(crate) async fn beside(&self, namespace: &str) -> Self {
        Self::in_namespace(self.plane, self.client.clone(), namespace).await
    }

    async fn in_namespace(plane: &'static ControlPlane, client: Client, namespace: &str) -> Self {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        objects::create(&client, &object).await.unwrap();
        Self { plane, client, namespace: namespace.into() }
    }
}

/// The servers that all tests share.
static SHARED: LazyLock<Option<ControlPlane>> = LazyLock::new(start);

/// Servers for tests that disturb them, one test at a time.
static DISTURBED: LazyLock<Option<ControlPlane>> = LazyLock::new(start);
static TURN: Mutex<()> = Mutex::new(());

/// Runs a test in a namespace of that name, in a control plane that knows our kinds, Istio's and those of the Gateway
/// API. If there is none, prints a message.
pub(crate) fn on_stage(namespace: &str, test: impl AsyncFnOnce(Stage)) {
    play(&SHARED, namespace, test);
}

/// The same for a test that disturbs the servers: no other test uses them at the same time.
pub(crate) fn alone_on_stage(namespace: &str, test: impl AsyncFnOnce(Stage)) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    play(&DISTURBED, namespace, test);
    drop(turn);
}

fn play(plane: &'static Option<ControlPlane>, namespace: &str, test: impl AsyncFnOnce(Stage)) {
    let Some(plane) = plane else { return };
    runtime().block_on(async {
        let client = plane.client(User::Admin).await;
        test(Stage::in_namespace(plane, client, namespace).await).await;
    });
}

fn start() -> Option<ControlPlane> {
    let programs = tools::programs([&ETCD, &API_SERVER, &CONTROLLER_MANAGER])?;
    let kinds = Kinds::find()?;
    let plane = runtime().block_on(async {
        let plane = ControlPlane::start(programs).await;
        let client = plane.client(User::Admin).await;
        kinds.define(&client).await;
        give_rights(&client).await;
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

/// Where a test runs.
pub(crate) fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
