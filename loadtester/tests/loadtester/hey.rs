//! The load generator by the name of hey, beside hey itself.

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{
    program::{PROGRAM, run},
    service::Service,
    tools::{self, Tool},
};

const HEY: Tool =
    Tool { name: "hey", module: "hey", package: "github.com/rakyll/hey", build: &[], too_old: "no version" };

/// The generator under the name of hey.
fn ours() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let hey = folder.path().join("hey");
    symlink(PROGRAM, &hey).unwrap();
    (folder, hey)
}

async fn output(hey: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(hey);
    command.args(words);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// A report without its numbers, and without what differs on purpose: the percentiles, of which hey leaves out the last
/// where there are few requests, and the details of a connection.
fn outline(report: &[u8]) -> Vec<String> {
    let differs = ["% in ", "%% in ", "DNS+dialup:", "DNS-lookup:", "req write:"];
    let lines = std::str::from_utf8(report).unwrap().lines();
    let lines = lines.filter(|line| !differs.iter().any(|part| line.contains(part)));
    let number = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let outline = |line: &str| {
        let line: String = line.chars().filter(|c| *c != '■').map(number).collect();
        line.replace("00", "0").replace("00", "0")
    };
    let mut lines: Vec<String> = lines.map(outline).collect();
    lines.retain(|line| !line.trim().is_empty());
    lines
}

#[test]
fn the_report_is_laid_out_as_that_of_hey_itself() {
    let Some([hey]) = tools::programs([&HEY]) else { return };
    run(async {
        let service = Service::start().await;
        let (_folder, ours) = ours();
        for path in ["/", "/status/404"] {
            let words = ["-n", "100", "-c", "5", &service.url(path)];
            let (ours, theirs) = (output(&ours, &words).await, output(&hey, &words).await);
            assert_eq!(outline(&ours.stdout), outline(&theirs.stdout));
            assert!(ours.status.success() && theirs.status.success());
        }
        assert_eq!(service.seen().requests, 400);
    });
}

#[test]
fn what_hey_refuses_is_refused_and_both_exit_with_1() {
    let theirs = tools::programs([&HEY]);
    run(async {
        let (_folder, ours) = ours();
        for words in [
            &["-n", "4", "-c", "8", "http://localhost/"][..],
            &["-z", "1m"],
            &["-H", "a", "http://localhost/"],
        ] {
            let ours = output(&ours, words).await;
            assert_eq!((ours.status.code(), ours.stdout.len()), (Some(1), 0), "{words:?}");
            if let Some([hey]) = &theirs {
                assert_eq!(output(hey, words).await.status.code(), Some(1), "{words:?}");
            }
        }
        let unsupported = output(&ours, &["-h2", "http://localhost/"]).await;
        let why = String::from_utf8(unsupported.stderr).unwrap();
        assert_eq!(why, "-h2: this load generator cannot do that; install hey itself\n");
    });
}

#[test]
fn requests_without_an_answer_are_counted_by_their_reason() {
    run(async {
        let (_folder, ours) = ours();
        // A port without a server.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let report = output(&ours, &["-n", "4", "-c", "2", &format!("http://127.0.0.1:{port}/")]).await;
        let report = String::from_utf8(report.stdout).unwrap();
        let errors = report.split("Error distribution:\n").nth(1).unwrap();
        assert_eq!(errors.trim_end(), "  [4]\tConnection refused (os error 111)");
    });
}
