//! The controller, as it is built.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use crate::{process, prometheus, server::Server, world};

/// The longest build that is waited for.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// The program `$SERIN_CONTROLLER`, or else what is built beside this test, where it most often is already.
pub(crate) fn program() -> PathBuf {
    env::var_os("SERIN_CONTROLLER").map_or_else(build, PathBuf::from)
}

fn build() -> PathBuf {
    // target/debug/deps/traffic-0123
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--package=serin-k8s", "--bin=serin-controller", "--message-format=json", "--quiet"])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .arg("--target-dir")
        .arg(target);
    let said = process::run(&mut cargo, BUILD).unwrap();
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().unwrap()
}

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
