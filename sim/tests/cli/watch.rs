//! `--watch`: runs again after each change, and ends with 0 at Ctrl-C. Its terminal is tested with the other pty tests.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use insta_cmd::get_cargo_bin;
use tempfile::TempDir;

use crate::{Running, serin};

/// Nothing takes nearly this long, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// The output of a program.
struct Output {
    parts: Receiver<String>,
    /// All output so far, up to the last text that was waited for.
    seen: String,
}

impl Output {
    fn of(mut reader: Box<dyn Read + Send>) -> Self {
        let (sender, parts) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        Self { parts, seen: String::new() }
    }

    /// Waits for this text; returns everything up to its end.
    fn until(&mut self, wanted: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(wanted) {
                let rest = self.seen.split_off(at + wanted.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            match self.parts.recv_timeout(LONGEST) {
                Ok(part) => self.seen += &part,
                Err(error) => panic!("{wanted:?} did not come ({error}) in\n{}", self.seen),
            }
        }
    }
}

struct Watching {
    child: Running,
    output: Output,
}

impl Watching {
    fn begin(folder: &Path, args: &[&str]) -> Self {
        // Both streams go into one pipe, in the order in which they are written.
        let mut sh = Command::new("env");
        // A process that is started in the background ignores Ctrl-C, and so would this one.
        sh.args(["--default-signal=INT", "sh", "-c", "exec \"$0\" \"$@\" 2>&1"])
            .arg(get_cargo_bin("serin"))
            .args(args);
        sh.current_dir(folder).env("LANG", "C.UTF-8").stdout(Stdio::piped());
        let mut child = Running(sh.spawn().unwrap());
        let out = child.0.stdout.take().unwrap();
        Self { child, output: Output::of(Box::new(out)) }
    }

    /// Presses Ctrl-C; the exit code.
    fn stop(mut self) -> Option<i32> {
        let kill = Command::new("kill").args(["-INT", &self.child.0.id().to_string()]).status();
        assert!(kill.unwrap().success());
        self.child.0.wait().unwrap().code()
    }
}

const WATCHING: &str = "Press Ctrl-C to stop.\n";

const CANARY: &str = "\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: prod}
spec:
  provider: istio
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  service: {port: 80}
  analysis:
    interval: 1m
    threshold: 2
    stepWeight: 25
    maxWeight: 50
    metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}]
";

fn desk() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::create_dir(desk.path().join("deploy")).unwrap();
    fs::write(desk.path().join("deploy/shop.yaml"), CANARY).unwrap();
    let scenario = "scenario: a release\ncanary: ../deploy/shop.yaml\nevents: [{at: 10m, deploy: v2}]\n\
                    expect: [{weights: {exactly: [0, 25, 50, 0]}}]\n";
    fs::create_dir(desk.path().join("rollouts")).unwrap();
    fs::write(desk.path().join("rollouts/shop.yaml"), scenario).unwrap();
    desk
}

#[test]
fn lint_runs_again_when_a_file_changes_is_replaced_or_is_new() {
    let desk = desk();
    let file = |name: &str| desk.path().join("deploy").join(name);
    let mut watching = Watching::begin(desk.path(), &["lint", "--quiet", "--watch", "deploy"]);
    let shown = watching.output.until(WATCHING);
    assert!(shown.contains("1 file: nothing found\n") && shown.contains("Watching 1 file. "), "{shown}");

    fs::write(file("shop.yaml"), CANARY.replace("interval: 1m\n", "interval: 1q\n")).unwrap();
    watching.output.until("deploy/shop.yaml changed.\n");
    assert!(watching.output.until(WATCHING).contains("spec.analysis.interval"));

    // Editors save in this way: the file is missing for a moment.
    fs::rename(file("shop.yaml"), file("shop.yaml~")).unwrap();
    fs::write(file("new"), CANARY).unwrap();
    fs::rename(file("new"), file("shop.yaml")).unwrap();
    assert!(watching.output.until(WATCHING).contains("1 file: nothing found\n"));

    fs::write(file("cart.yaml"), CANARY.replace("name: shop", "name: cart")).unwrap();
    watching.output.until("deploy/cart.yaml changed.\n");
    assert!(watching.output.until(WATCHING).contains("2 files: nothing found\n"));
    assert_eq!(watching.stop(), Some(0));
}

#[test]
fn replay_runs_again_when_a_file_changes_that_a_scenario_names() {
    let desk = desk();
    let canary = desk.path().join("deploy/shop.yaml");
    let mut watching = Watching::begin(desk.path(), &["replay", "--quiet", "--watch", "rollouts/shop.yaml"]);
    let shown = watching.output.until(WATCHING);
    assert!(shown.contains("1 scenario: 1 as expected") && shown.contains("Watching 2 files. "), "{shown}");

    fs::write(&canary, CANARY.replace("stepWeight: 25", "stepWeight: 10")).unwrap();
    watching.output.until("deploy/shop.yaml changed.\n");
    assert!(watching.output.until(WATCHING).contains("1 failed"));

    // A file that cannot be used does not end it: it is about to be changed.
    fs::write(&canary, "spec: [").unwrap();
    assert!(watching.output.until(WATCHING).contains("1 not usable"));
    fs::remove_file(&canary).unwrap();
    assert!(watching.output.until(WATCHING).contains("cannot be read"));
    fs::write(&canary, CANARY).unwrap();
    assert!(watching.output.until(WATCHING).contains("1 as expected"));
    assert_eq!(watching.stop(), Some(0));
}

#[test]
fn unwatchable_input_is_refused() {
    for (path, says) in [
        ("-", "error: --watch: standard input cannot be watched\n"),
        ("no/such.yaml", "error: no/such.yaml: cannot be read: No such file or directory (os error 2)\n"),
    ] {
        let output = serin().args(["lint", "--watch", path]).stdin(Stdio::null()).output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()),
            (Some(2), says)
        );
    }
}

#[test]
fn watching_ends_when_the_pipe_is_closed() {
    let desk = desk();
    let mut serin = serin();
    serin.current_dir(desk.path()).args(["lint", "--watch", "deploy"]).stdout(Stdio::piped());
    let mut child = Running(serin.stderr(Stdio::piped()).spawn().unwrap());
    drop(child.0.stdout.take());
    let mut err = Output::of(Box::new(child.0.stderr.take().unwrap()));
    // The first run may have ended before the reader closed the pipe.
    if child.0.try_wait().unwrap().is_none() {
        fs::write(desk.path().join("deploy/shop.yaml"), CANARY.replace("25", "10")).unwrap();
    }
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
    while let Ok(part) = err.parts.recv_timeout(LONGEST) {
        err.seen += &part;
    }
    assert!(!err.seen.contains("error"), "{}", err.seen);
}
