//! The servers: a control plane, pods that are ready at once, metrics that are good, and the controller.

use std::{
    path::{Path, PathBuf},
    thread,
};

use kube::Client;
use serde_json::json;
use tokio::runtime::{self, Runtime};

use crate::{
    control_plane::{API_SERVER, CONTROLLER_MANAGER, ControlPlane, ETCD},
    identity::User,
    kinds::{Kinds, give_rights},
    metrics, node, objects,
    program::serin_controller,
    server::Server,
    tools,
};

/// The namespace of everything that is measured.
pub(crate) const NAMESPACE: &str = "load";

/// The API server counts requests by the flow rule that applies; this one is the controller's.
pub(crate) const FLOW: &str = "serin-load";

/// All processes. They end with this process.
pub(crate) struct Stage {
    /// A client that can do everything.
    pub(crate) client: Client,
    /// The programs of etcd, API server and controller manager.
    pub(crate) programs: [PathBuf; 3],
    /// The folder that contains the folders of all servers.
    pub(crate) folder: PathBuf,
    _plane: ControlPlane,
    _controller: Server,
}

/// The programs, and the kinds to define.
pub(crate) fn programs() -> Option<([PathBuf; 3], Kinds)> {
    Some((tools::programs([&ETCD, &API_SERVER, &CONTROLLER_MANAGER])?, Kinds::find()?))
}

impl Stage {
    /// Starts everything.
    pub(crate) async fn set((programs, kinds): ([PathBuf; 3], Kinds)) -> Self {
        let controller = serin_controller();
        let plane = ControlPlane::start(programs.clone()).await;
        let client = plane.client(User::Admin).await;
        kinds.define(&client).await;
        give_rights(&client).await;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        for object in [namespace, flow()] {
            objects::create(&client, &object).await.unwrap();
        }
        let kubeconfig = plane.kubeconfig(User::Admin);
        let folder = kubeconfig.parent().unwrap().to_owned();
        // The nodes have a thread of their own: their work must not delay what is measured here.
        thread::spawn(move || {
            runtime().block_on(async { node::run(ControlPlane::client_of(&kubeconfig).await).await });
        });
        let prometheus = metrics::serve().await;
        let controller = start(controller, &plane.kubeconfig(User::Controller), &folder, &prometheus);
        Self { client, programs, folder, _plane: plane, _controller: controller }
    }
}

fn start(program: &Path, kubeconfig: &Path, folder: &Path, prometheus: &str) -> Server {
    let arguments = [
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--metrics-server={prometheus}"),
        "--mesh-provider=istio".into(),
        "--port=0".into(),
        "--log-level=warn".into(),
    ];
    Server::start(program, &arguments, &folder.join("controller"), folder.join("controller.log"))
}

/// The flow rule that a cluster has for its important controllers. Otherwise they would share their turns with all
/// other accounts.
fn flow() -> serde_json::Value {
    let (namespace, name) =
        User::Controller.name().trim_start_matches("system:serviceaccount:").split_once(':').unwrap();
    let anything = json!({
        "subjects": [{"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": name}}],
        "resourceRules": [{
            "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"],
        }],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    });
    json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": FLOW},
        "spec": {
            "matchingPrecedence": 100, "priorityLevelConfiguration": {"name": "workload-high"}, "rules": [anything],
        },
    })
}

/// The folder for everything of this process.
pub(crate) fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
