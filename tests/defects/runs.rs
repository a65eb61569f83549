//! Runs of a test program, each with one defect planted or none.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The longest run that is waited for. A test that does not end has found something, too.
const LONGEST: Duration = Duration::from_secs(60);

/// The cases of each property: more find nothing more.
const CASES: &str = "300";

/// How a run ended.
pub(crate) struct Run {
    /// The first test that failed; `None`: all passed.
    pub(crate) found_by: Option<String>,
    pub(crate) took: Duration,
}

/// Runs the tests until the first one fails.
pub(crate) fn run(program: &Path, planted: Option<&str>) -> Run {
    let begun = Instant::now();
    let mut command = Command::new(program);
    command.env("PROPTEST_CASES", CASES).env("PROPTEST_MAX_SHRINK_ITERS", "0");
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true").env("INSTA_UPDATE", "no");
    // In the order of their names, so that it is always the same test that fails first.
    command.env("RUST_TEST_THREADS", "1");
    command.env_remove("SERIN_PLANTED").envs(planted.map(|name| ("SERIN_PLANTED", name)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (told, lines) = mpsc::channel();
    thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
    let mut found_by = None;
    let mut last = String::from("nothing");
    while found_by.is_none() {
        match lines.recv_timeout(LONGEST.saturating_sub(begun.elapsed())) {
            Ok(line) => {
                if let Some(test) = test_of(&line, "FAILED") {
                    found_by = Some(test.into());
                } else if let Some(test) = test_of(&line, "ok") {
                    last = test.into();
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                found_by = Some(format!("no end of the test after {last}"))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
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

fn test_of<'a>(line: &'a str, result: &str) -> Option<&'a str> {
    line.strip_prefix("test ")?.strip_suffix(result)?.strip_suffix(" ... ")
}
