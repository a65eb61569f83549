//! A real Prometheus on loopback.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// The timeout for being ready, and for an answer.
const READY: Duration = Duration::from_secs(120);
const ANSWER: Duration = Duration::from_secs(20);

/// It runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    agent: ureq::Agent,
}

impl Server {
    /// On a free port, with the blocks in `folder`, where it stores everything that it writes.
    pub(crate) fn start(program: &Path, folder: &Path) -> Self {
        let config = folder.join("prometheus.yml");
        fs::write(&config, "global: {}\n").unwrap();
        let mut child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .args(["--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let log = lines(child.stderr.take().unwrap());
        let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWER)).proxy(None);
        let agent = agent.http_status_as_error(false).build().new_agent();
        // From here on it is ended if anything fails.
        let mut server = Self { child, url: String::new(), agent };
        server.wait_until_ready(&log);
        server
    }

    fn wait_until_ready(&mut self, log: &Receiver<String>) {
        let deadline = now() + READY;
        let mut told = Vec::new();
        while !self.is_ready() {
            // Checks again after each line of its log, or after a moment without one.
            if let Ok(line) = log.recv_timeout(Duration::from_millis(20)) {
                self.url = address(&line).unwrap_or(std::mem::take(&mut self.url));
                told.push(line);
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "prometheus ended: {ended:?}\n{}", told.join("\n"));
            assert!(now() < deadline, "prometheus is not ready after {READY:?}\n{}", told.join("\n"));
        }
    }

    fn is_ready(&self) -> bool {
        !self.url.is_empty()
            && self.agent.get(format!("{}/-/ready", self.url)).call().is_ok_and(|ready| ready.status() == 200)
    }

    /// The single value of an instant query, `None` if there is none.
    pub(crate) fn ask(&self, query: &str, time: &str) -> Option<f64> {
        let request = self.agent.get(format!("{}/api/v1/query", self.url));
        let request = request.query("query", query).query("time", time);
        let answer = request.call().and_then(|answer| answer.into_body().read_to_string());
        let answer = answer.unwrap_or_else(|error| panic!("{query}: {error}"));
        let parsed: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let result = parsed["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
        assert!(result.len() <= 1, "{query}: more than one value: {answer}");
        let value = result.first()?["value"][1].as_str()?;
        Some(value.parse().unwrap_or_else(|error| panic!("{error}: {answer}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// The lines of the log as they arrive. It is read to its end even without a receiver, so that it never blocks.
fn lines(log: ChildStderr) -> Receiver<String> {
    let (told, heard) = mpsc::channel();
    thread::spawn(move || {
        BufReader::new(log).lines().map_while(Result::ok).for_each(|line| drop(told.send(line)));
    });
    heard
}

/// Its address, if this line of the log contains it.
fn address(line: &str) -> Option<String> {
    let (_, address) = line.split_once("msg=\"Listening on\"")?.1.split_once("address=")?;
    Some(format!("http://{}", address.split_whitespace().next()?))
}

#[expect(clippy::disallowed_methods, reason = "a real server takes real time")]
fn now() -> Instant {
    Instant::now()
}
