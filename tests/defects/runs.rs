//! Runs of a test program, each with one defect planted or none.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// The timeout of a run. A test that does not end has found something, too.
const LONGEST: Duration = Duration::from_secs(60);

/// The cases of each property: more cases find no more defects.
const CASES: &str = "300";

/// How a run ended.
pub(crate) struct Run {
    /// The first test that failed; `None`: all passed.
    pub(crate) found_by: Option<String>,
    pub(crate) took: Duration,
}

/// Runs the tests until the first one fails.
#[expect(clippy::disallowed_methods, reason = "a program takes real time")]
pub(crate) fn run(program: &Path, planted: Option<&str>) -> Run {
    let begun = Instant::now();
    let mut child = command(program, planted).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (told, lines) = mpsc::channel();
    thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
    let mut found_by = None;
    let mut last = String::from("none");
    while found_by.is_none() {
        match lines.recv_timeout(LONGEST.saturating_sub(begun.elapsed())) {
            Ok(line) => {
                found_by = test_of(&line, "FAILED").map(String::from);
                last = test_of(&line, "ok").map_or(last, String::from);
            }
            Err(RecvTimeoutError::Timeout) => found_by = Some(format!("no end of the test after {last}")),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if found_by.is_some() {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    if found_by.is_none() && !status.success() {
        found_by = Some(format!("{status} in the test after {last}"));
    }
    Run { found_by, took: begun.elapsed() }
}

/// The same cases in the same order each time, so that it is always the same test that fails first.
fn command(program: &Path, planted: Option<&str>) -> Command {
    let mut command = Command::new(program);
    command.env("PROPTEST_CASES", CASES).env_remove("PROPTEST_RNG_SEED");
    command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    command.env("RUST_TEST_THREADS", "1").env("INSTA_UPDATE", "no");
    command.env_remove("SERIN_PLANTED").envs(planted.map(|name| ("SERIN_PLANTED", name)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The name of the test that failed.
fn test_of<'a>(line: &'a str, result: &str) -> Option<&'a str> {
    line.strip_prefix("test ")?.strip_suffix(result)?.strip_suffix(" ... ")
}
