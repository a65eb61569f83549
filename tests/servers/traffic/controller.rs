//! The controller's program.

use std::path::Path;

use crate::{gateway, prometheus, server::Server, world};

/// Starts it.
pub(crate) fn start(program: &Path, kubeconfig: &Path) -> Server {
    let folder = world::folder("controller");
    let arguments = [
        format!("-kubeconfig={}", kubeconfig.display()),
        format!("-mesh-provider={}", gateway::PROVIDER),
        format!("-metrics-server=http://{}", prometheus::ADDRESS),
    ];
    Server::start(program, &arguments, &folder, folder.join("log"))
}
