//! The controller's program.

use std::path::Path;

use crate::{prometheus, server::Server, world};

/// Starts it.
pub(crate) fn start(program: &Path, kubeconfig: &Path) -> Server {
    let folder = world::folder("controller");
    let arguments = [
        format!("-kubeconfig={}", kubeconfig.display()),
        "-mesh-provider=gatewayapi:v1".into(),
        format!("-metrics-server=http://{}", prometheus::ADDRESS),
    ];
    Server::start(program, &arguments, &folder, folder.join("log"))
}
