//! The servers of a control plane, each on a free port of loopback, with its own files.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{task, time};

use crate::{
    identity::{self, User},
    server::Server,
    tools::Tool,
};

pub(crate) const ETCD: Tool = tool("etcd", "go.etcd.io/etcd/server/v3", &[], "etcd Version: 2.");
pub(crate) const API_SERVER: Tool =
    tool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", VERSION, TOO_OLD);
pub(crate) const CONTROLLER_MANAGER: Tool =
    tool("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", VERSION, TOO_OLD);

/// Without this flag a server does not know its version.
const VERSION: &[&str] = &["-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"];
const TOO_OLD: &str = "Kubernetes v1.2";

const fn tool(
    name: &'static str,
    package: &'static str,
    build: &'static [&'static str],
    too_old: &'static str,
) -> Tool {
    Tool { name, module: "kubernetes", package, build, too_old }
}

/// How long the API server can take to be ready.
const READY: Duration = Duration::from_secs(180);

/// The time between two polls of a server that is starting.
const LOOK: Duration = Duration::from_millis(50);

/// The servers. They end with this process.
pub(crate) struct ControlPlane {
    folder: PathBuf,
    api_server: Mutex<Option<Server>>,
    start_api_server: Box<dyn Fn() -> Server + Send + Sync>,
    _etcd: Server,
    _controller_manager: Option<Server>,
}

impl ControlPlane {
    /// Starts them, and returns when the API server is ready.
    pub(crate) async fn start([etcd, api_server, controller_manager]: [PathBuf; 3]) -> Self {
        let folder = tempfile::Builder::new().prefix("serin-cluster-").tempdir().unwrap().keep();
        let [client, peer, port] = free_ports();
        identity::write(&folder, port);
        // All files are removed with etcd: no other server writes any.
        let etcd = Server::start(&etcd, &etcd_arguments(client, peer), &folder, folder.join("etcd.log"));
        let (place, log) = (folder.join("api-server"), folder.join("api-server.log"));
        let arguments = api_server_arguments(&folder, client, port);
        let start_api_server = Box::new(move || Server::start(&api_server, &arguments, &place, log.clone()));
        let mut plane = Self {
            api_server: Mutex::new(Some(start_api_server())),
            _etcd: etcd,
            _controller_manager: None,
            folder,
            start_api_server,
        };
        plane.wait_until_ready().await;
        // It waits ten seconds for an API server and ends.
        plane._controller_manager = Some(start_controller_manager(&controller_manager, &plane.folder));
        plane
    }

    /// The kubeconfig of a user.
    pub(crate) fn kubeconfig(&self, user: User) -> PathBuf {
        identity::kubeconfig(&self.folder, user)
    }

    /// The API server's address.
    pub(crate) fn address(&self) -> String {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig(User::Admin)).unwrap();
        kubeconfig.clusters[0].cluster.as_ref().unwrap().server.clone().unwrap()
    }

    /// A client of a user; it is valid as long as the runtime in which it is made.
    pub(crate) async fn client(&self, user: User) -> Client {
        Self::client_of(&self.kubeconfig(user)).await
    }

    /// The client for a kubeconfig.
    pub(crate) async fn client_of(kubeconfig: &Path) -> Client {
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let options = KubeConfigOptions::default();
        Client::try_from(Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap()).unwrap()
    }

    /// Ends the API server and starts it again with all stored objects; returns when it is ready.
    pub(crate) async fn restart_api_server(&self) {
        let running = self.with_api_server(Option::take);
        task::spawn_blocking(|| drop(running)).await.unwrap();
        self.with_api_server(|server| *server = Some((self.start_api_server)()));
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&self) {
        let client = self.client(User::Admin).await;
        let deadline = now() + READY;
        let ready = || http::Request::get("/readyz").body(Vec::new()).unwrap();
        while client.request_text(ready()).await.is_err() {
            self.with_api_server(|server| {
                let server = server.as_mut().unwrap();
                if let Some(words) = server.ended() {
                    panic!("kube-apiserver ended: {words}");
                }
                assert!(now() < deadline, "not ready after {READY:?}: {}", server.last_words());
            });
            time::sleep(LOOK).await;
        }
    }

    fn with_api_server<T>(&self, then: impl FnOnce(&mut Option<Server>) -> T) -> T {
        then(&mut self.api_server.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn etcd_arguments(client: u16, peer: u16) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    [
        "--data-dir=etcd".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // The data does not have to survive a loss of power.
        "--unsafe-no-fsync".into(),
    ]
    .into()
}

fn api_server_arguments(folder: &Path, etcd: u16, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (file(identity::CERTIFICATE), file(identity::KEY));
    [
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".into(),
        // It refuses to report a loopback address to others; this one is not used by others.
        "--advertise-address=192.0.2.1".into(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={certificate}"),
        format!("--tls-private-key-file={key}"),
        "--authorization-mode=RBAC".into(),
        format!("--token-auth-file={}", file(identity::TOKENS)),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={certificate}"),
        format!("--service-account-signing-key-file={key}"),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        // Pods are created at once, without an account of their own.
        "--disable-admission-plugins=ServiceAccount".into(),
    ]
    .into()
}

fn start_controller_manager(program: &Path, folder: &Path) -> Server {
    let arguments = [
        format!("--kubeconfig={}", identity::kubeconfig(folder, User::Admin).display()),
        format!("--service-account-private-key-file={}", folder.join(identity::KEY).display()),
        // There are no nodes and no cloud.
        "--controllers=*,-nodelifecycle,-nodeipam,-service-lb-controller,-cloud-node-lifecycle,-node-route-controller"
            .into(),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        "--kube-api-qps=400".into(),
        "--kube-api-burst=800".into(),
    ];
    Server::start(
        program,
        &arguments,
        &folder.join("controller-manager"),
        folder.join("controller-manager.log"),
    )
}

/// Ports that were free a moment ago.
fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until the last is found, so that they differ.
    let held = std::array::from_fn::<_, N, _>(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    held.map(|port| port.local_addr().unwrap().port())
}

#[expect(clippy::disallowed_methods, reason = "a real server takes real time")]
fn now() -> Instant {
    Instant::now()
}
