//! The controller as a process: started, killed, stopped and woken, with its log and its decisions.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use http_body_util::{BodyExt as _, Empty};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::{identity::User, objects, program::serin_controller, stage::Stage};

/// Kills the controller when the standard input ends, which happens after any panic or signal.
const GUARD: &str = "read -r line || kill -9 $1";

/// A running controller for one namespace. Dropping it kills it, and so does the end of this process.
#[derive(Debug)]
pub(crate) struct Controller {
    child: Child,
    guard: Child,
    folder: PathBuf,
}

impl Controller {
    /// Starts one for the stage's namespace, with all rights that it can need.
    pub(crate) fn start(stage: &Stage, flags: &[&str]) -> Self {
        Self::start_as(stage, User::Admin, flags)
    }

    /// Starts one that uses the API server as that user.
    pub(crate) fn start_as(stage: &Stage, user: User, flags: &[&str]) -> Self {
        Self::start_by(stage, &stage.plane.kubeconfig(user), flags)
    }

    /// Starts one with that kubeconfig.
    pub(crate) fn start_by(stage: &Stage, kubeconfig: &Path, flags: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("serin-controller-").tempdir().unwrap().keep();
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        let namespace = format!("--namespace={}", stage.namespace);
        let record = format!("--record={}", folder.join("record").display());
        let child = Command::new(serin_controller())
            .args([&kubeconfig, &namespace, &record])
            .args(["--port=0", "--mesh-provider=istio", "--zap-encoding=console", "--log-level=debug"])
            .args(flags)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", serin_controller().display()));
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard", &child.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, guard, folder }
    }

    /// Sends a signal, such as `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Kills it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "it had ended before: {}", self.log());
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        objects::until("the controller ends", async || self.child.try_wait().unwrap()).await
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until its log contains these words.
    pub(crate) async fn until_said(&self, words: &str) {
        objects::until(words, async || self.log().contains(words).then_some(())).await;
    }

    /// Its whole log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its answer at a path of its own server, with the status; `accept` is the header of that name.
    pub(crate) async fn ask(&self, path: &str, accept: &str) -> (u16, String) {
        // `started version="…" provider="istio" address="[::]:1234"`
        let port = objects::until("its address", async || {
            let log = self.log();
            let address = log.split("address=\"").nth(1)?.split('"').next()?;
            address.rsplit(':').next()?.parse::<u16>().ok()
        });
        let port = port.await;
        let answer = async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
            tokio::spawn(connection);
            let request = http::Request::get(path).header("Host", "controller").header("Accept", accept);
            let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.ok()?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.ok()?.to_bytes();
            Some((status, String::from_utf8(body.into()).unwrap()))
        };
        answer.await.unwrap_or_default()
    }

    /// Its metrics.
    pub(crate) async fn metrics(&self) -> String {
        self.ask("/metrics", "text/plain").await.1
    }

    /// Waits until a series with these words has that value.
    pub(crate) async fn until_measured(&self, words: &[&str], value: &str) {
        let is_so = |line: &str| {
            words.iter().all(|word| line.contains(word)) && line.rsplit(' ').next() == Some(value)
        };
        let measured = async || self.metrics().await.lines().any(is_so).then_some(());
        objects::until(&format!("{words:?} {value}"), measured).await;
    }

    /// Waits until it has decided for the first time.
    pub(crate) async fn until_decided(&self) {
        const COUNT: &str = "serin_decision_duration_seconds_count ";
        let has_decided = |line: &str| line.strip_prefix(COUNT).is_some_and(|count| count != "0");
        let decided = async || self.metrics().await.lines().any(has_decided).then_some(());
        objects::until("its first decision", decided).await;
    }

    /// Waits until it is ready, or is not; returns the answer.
    pub(crate) async fn until_ready(&self, ready: bool) -> String {
        let status = if ready { 200 } else { 503 };
        let answered = async || {
            let (answered, said) = self.ask("/readyz", "*/*").await;
            (answered == status).then_some(said)
        };
        objects::until(&format!("/readyz {status}"), answered).await
    }

    /// All its decisions. A line that was incomplete when it was killed is left out.
    pub(crate) fn decisions(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("record")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Drop for Controller {
    #[expect(clippy::print_stderr, reason = "the log helps to explain a failure")]
    fn drop(&mut self) {
        // First, so that it never kills another process with that id.
        drop(self.guard.kill());
        drop(self.guard.wait());
        if std::thread::panicking() {
            eprintln!("the controller said:\n{}", self.log());
        }
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}
