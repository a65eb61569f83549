//! The controller's program. Cargo gives a test only the programs of its own package.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::process;

/// The timeout of a build.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// Variables that Cargo sets for a test about its package. Another Cargo would rebuild the packages that read them,
/// such as ring.
const OURS: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let given = env::var_os("SERIN_CONTROLLER").map(PathBuf::from);
    given.or_else(built).unwrap_or_else(build)
});

/// The program `$SERIN_CONTROLLER`, or else the one next to this test, built again if any of its sources has changed
/// since.
pub(crate) fn serin_controller() -> &'static Path {
    &PROGRAM
}

/// The options that the tests of a whole workspace were built with: other options would rebuild the dependencies of
/// both.
fn built() -> Option<PathBuf> {
    // target/debug/deps/traffic-0123
    let program = env::current_exe().ok()?.ancestors().nth(2)?.join("serin-controller");
    let since = fs::metadata(&program).ok()?.modified().ok()?;
    let sources = ["Cargo.lock", "adapter-k8s", "core"]
        .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name));
    sources.iter().all(|source| is_older(source, since)).then_some(program)
}

/// Whether a file, or everything in a folder, was changed before that moment.
fn is_older(path: &Path, than: SystemTime) -> bool {
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        return entries.into_iter().all(|entry| is_older(&entry.path(), than));
    }
    fs::metadata(path).and_then(|file| file.modified()).is_ok_and(|changed| changed < than)
}

fn build() -> PathBuf {
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
