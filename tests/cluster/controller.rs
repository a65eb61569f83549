//! The controller as people run it: the program, as its own user, until the test is over.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::Value;

use crate::{identity::User, process, server::Server, stage::Stage, tools::BUILD};

/// The program, built once.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(build);

/// A running controller that looks at one namespace. Dropping it ends it; its log stays.
pub(crate) struct Controller {
    server: Server,
    log: PathBuf,
}

impl Controller {
    /// Starts one for the namespace of a stage, with these flags more.
    pub(crate) fn start(stage: &Stage, flags: &[&str]) -> Self {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("controller-{}.log", stage.namespace));
        // There is none the first time.
        drop(fs::remove_file(&log));
        let mut arguments = vec![
            format!("-kubeconfig={}", stage.plane.kubeconfig(User::Controller).display()),
            format!("-namespace={}", stage.namespace),
            "-event-webhook=".into(),
            "-slack-url=".into(),
            "-port=0".into(),
            "-zap-encoding=console".into(),
        ];
        arguments.extend(flags.iter().map(ToString::to_string));
        let folder = tempfile::Builder::new().prefix("serin-controller-").tempdir().unwrap().keep();
        Self { server: Server::start(&PROGRAM, &arguments, &folder, log.clone()), log }
    }

    /// Where its log is, and the end of it.
    pub(crate) fn last_words(&mut self) -> String {
        let ended = self.server.ended().map(|_| "the controller has ended\n").unwrap_or_default();
        format!("{ended}{}:\n{}", self.log.display(), self.server.last_words())
    }
}

/// What Cargo tells a test of its package. Told to another Cargo, it would build anew all that asks for it, such as ring.
const OURS: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Cargo gives a test the programs of its own package alone.
fn build() -> PathBuf {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package=serin-k8s", "--bin=serin-controller"]);
    cargo.arg("--message-format=json-render-diagnostics").current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| OURS.iter().any(|prefix| name.starts_with(prefix))) {
            cargo.env_remove(name);
        }
    }
    let said = process::run(&mut cargo, BUILD).unwrap_or_else(|why| panic!("{why}"));
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().unwrap()
}
