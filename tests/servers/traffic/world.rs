//! The servers that all tests share, in a network of their own.

use std::{
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError, mpsc},
    thread,
};

use kube::Client;
use tokio::runtime::{self, Runtime};

use crate::{
    control_plane::{API_SERVER, CONTROLLER_MANAGER, ControlPlane, ETCD},
    controller,
    gateway::{self, TRAEFIK},
    identity::User,
    kinds::{Kinds, give_rights},
    network::Network,
    objects, pods, program,
    prometheus::{self, PROMETHEUS},
    server::Server,
    tools,
};

/// All processes. They end with this process.
struct World {
    network: Network,
    plane: ControlPlane,
    controller: Mutex<Server>,
    _others: [Server; 2],
}

static WORLD: LazyLock<Option<World>> = LazyLock::new(start);

/// Runs a test in the network, with a client that can do everything. If there cannot be one, prints a message.
pub(crate) fn in_world(test: impl AsyncFnOnce(Client)) {
    let Some(world) = &*WORLD else { return };
    world.network.enter();
    runtime().block_on(async { test(world.plane.client(User::Admin).await).await });
}

/// The last lines of the controller's log.
pub(crate) fn last_words() -> String {
    let world = WORLD.as_ref().unwrap();
    world.controller.lock().unwrap_or_else(PoisonError::into_inner).last_words()
}

/// A folder for a server, which removes it.
pub(crate) fn folder(server: &str) -> PathBuf {
    tempfile::Builder::new().prefix(&format!("serin-traffic-{server}-")).tempdir().unwrap().keep()
}

fn start() -> Option<World> {
    let network = tools::or_skip(Network::make())?;
    let [etcd, api_server, controller_manager, prometheus] =
        tools::programs([&ETCD, &API_SERVER, &CONTROLLER_MANAGER, &PROMETHEUS])?;
    let traefik = tools::or_skip(TRAEFIK.find())?;
    let kinds = Kinds::find()?;
    let controller = program::serin_controller();
    // From here on nothing from outside is needed.
    let inside = thread::spawn(move || {
        network.enter();
        let plane = runtime().block_on(async {
            let plane = ControlPlane::start([etcd, api_server, controller_manager]).await;
            let client = plane.client(User::Admin).await;
            kinds.define(&client).await;
            give_rights(&client).await;
            pods::make_node(&client).await;
            for object in gateway::objects() {
                objects::create(&client, &object).await.unwrap();
            }
            plane
        });
        run_pods(plane.kubeconfig(User::Admin));
        let gateway = gateway::start(&traefik, &plane.kubeconfig(User::Admin));
        let controller = Mutex::new(controller::start(controller, &plane.kubeconfig(User::Controller)));
        World { network, plane, controller, _others: [gateway, prometheus::start(&prometheus)] }
    });
    Some(inside.join().unwrap())
}

/// Pods live as long as this process.
fn run_pods(kubeconfig: PathBuf) {
    let (told, heard) = mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let client = ControlPlane::client_of(&kubeconfig).await;
            told.send(()).unwrap();
            pods::run(client).await;
        });
    });
    heard.recv().unwrap();
}

fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
