//! The controller's program. Cargo gives a test the programs of its own package alone.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    time::Duration,
};

use serde_json::Value;

use crate::process;

/// The longest build that is waited for.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// What Cargo tells a test of its package. Told to another Cargo, it would build anew all that asks for it, such as ring.
const OURS: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

static PROGRAM: LazyLock<PathBuf> =
    LazyLock::new(|| env::var_os("SERIN_CONTROLLER").map_or_else(build, PathBuf::from));

/// The program `$SERIN_CONTROLLER`, or else what is built beside this test, where it most often is already.
pub(crate) fn serin_controller() -> &'static Path {
    &PROGRAM
}

fn build() -> PathBuf {
    // target/debug/deps/traffic-0123
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package=serin-k8s", "--bin=serin-controller", "--quiet"]);
    cargo.arg("--message-format=json-render-diagnostics").arg("--target-dir").arg(target);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| OURS.iter().any(|prefix| name.starts_with(prefix))) {
            cargo.env_remove(name);
        }
    }
    let said = process::run(cargo.current_dir(env!("CARGO_MANIFEST_DIR")), BUILD);
    let said = said.unwrap_or_else(|why| panic!("{why}"));
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().unwrap()
}
