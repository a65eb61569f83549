//! The load tester as a process, and what it answers.

use std::{
    env,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_serin-loadtester");
/// The longest wait for anything that happens.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running load tester. Dropping it kills it.
pub(crate) struct LoadTester {
    child: Child,
    folder: TempDir,
    client: Client,
    address: String,
}

impl LoadTester {
    /// Starts one on a free port, and waits until it listens.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (log, tools) = (folder.path().join("log"), folder.path().join("tools"));
        fs::create_dir(&tools).unwrap();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(tools).chain(env::split_paths(&path))).unwrap();
        let child = Command::new(PROGRAM)
            .args(["-port=0", "-zap-encoding=console"])
            .args(flags)
            .env("NO_COLOR", "1")
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let mut started = Self { child, folder, client, address: String::new() };
        // `started version="…" address="[::]:1234"`
        let port = until("it listens", async || {
            let log = started.log();
            let port = log.split("address=\"").nth(1)?.split('"').next()?.rsplit(':').next()?.to_owned();
            Some(port)
        });
        started.address = format!("127.0.0.1:{}", port.await);
        started
    }

    /// Its address: a host and a port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Everything it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A folder for the files of a test.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Installs a program that prints its arguments, each between brackets.
    pub(crate) fn install(&self, name: &str) {
        let file = self.folder.path().join("tools").join(name);
        fs::write(&file, "#!/bin/sh\nprintf '[%s]' \"$@\"\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    }

    /// A request that is still to be sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Posts a body; the status and the text of the answer.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
        let answer = self.request(Method::POST, path).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Posts the hook of the Canary `web.prod`, as the controller does.
    pub(crate) async fn hook(&self, path: &str, metadata: Value) -> (u16, String) {
        let hook = json!({
            "name": "web", "namespace": "prod", "phase": "Progressing", "checksum": "1", "metadata": metadata,
        });
        self.post(path, hook.to_string()).await
    }

    /// The text of a path.
    pub(crate) async fn text(&self, path: &str) -> String {
        self.request(Method::GET, path).send().await.unwrap().text().await.unwrap()
    }

    /// Waits until a line of the metrics is this one.
    pub(crate) async fn until_measured(&self, line: &str) {
        until(line, async || self.text("/metrics").await.lines().any(|it| it == line).then_some(())).await;
    }

    /// Ends it by SIGTERM; the exit code.
    pub(crate) async fn end(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        until("it ends", async || self.child.try_wait().unwrap()).await.code()
    }
}

impl Drop for LoadTester {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until something is there.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

/// Runs a test in a runtime of its own.
pub(crate) fn run(test: impl Future<Output = ()>) {
    // For the client of the test. A second test finds one installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}
