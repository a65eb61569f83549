//! Ctrl-C: the first stops long work, and the results so far are printed; the second ends the command.

use std::{fs, process::Command};

use crate::{
    pty::{self, CTRL_C, Ended, Session},
    verbs::{RELEASE, shows_bar},
};

/// Starts long work, and returns when its bar shows some progress.
fn started(args: &[&str], unit: &str) -> Session {
    let session = pty::serin(100, args);
    let is_under_way = |screen: &str| {
        let bar = screen.lines().find(|line| line.contains(unit));
        bar.is_some_and(|bar| !bar.contains(" 0 of ") && !bar.contains(&format!(" 0 {unit}")))
    };
    session.wait_for_screen(unit, is_under_way);
    session
}

fn stopped(args: &[&str], unit: &str) -> Ended {
    interrupted(started(args, unit), args, unit)
}

/// Presses Ctrl-C once; the command ends as it is documented, and its bar is cleared.
pub(crate) fn interrupted(mut session: Session, args: &[&str], unit: &str) -> Ended {
    session.press(CTRL_C);
    let ended = session.end();
    assert_eq!(ended.code, 130, "{args:?}: {}", ended.screen);
    assert!(!shows_bar(&ended.screen, unit), "the bar is left behind: {}", ended.screen);
    ended
}

/// The number after these words.
fn number(text: &str, words: &str) -> u64 {
    let rest = text.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {text}")).1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

const ENDLESS: &str = "1000000000";

#[test]
fn a_sweep_stops_with_the_runs_that_were_made() {
    let vary = ["--vary", "analysis.threshold=1,2"];
    let ended = stopped(&[&["sweep", RELEASE, "--runs", ENDLESS][..], &vary].concat(), "rollouts");
    let made = number(&ended.screen, "stopped after ");
    assert!(made > 0 && ended.screen.contains(&format!("stopped after {made} of 2000000000 runs")));
    let row = |first: &str| {
        let mut rows = ended.screen.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        rows.find(|row| row.first() == Some(&first)).unwrap_or_default()
    };
    let (first, second) = (row("1"), row("2"));
    assert_eq!(first[..2], ["1", &made.to_string()], "{}", ended.screen);
    // A point without a run has no results.
    assert_eq!(second[..4], ["2", "0", "–", "–"], "{}", ended.screen);
}

#[test]
fn a_sweep_as_json_says_how_many_runs_were_made() {
    let ended = stopped(&["sweep", RELEASE, "--runs", ENDLESS, "--format", "json"], "rollouts");
    let made = number(&ended.screen, "stopped after ");
    let json = ended.screen.replace('\n', "");
    assert!(json.contains(&format!("\"stopped\":{{\"made\":{made},\"of\":{ENDLESS}}}")), "{json}");
    assert!(json.contains(&format!("\"runs\":{made},")), "{json}");
}

#[test]
fn a_report_of_a_sweep_that_was_stopped_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("sweep.html");
    let to = ["--report", report.to_str().unwrap()];
    stopped(&[&["sweep", RELEASE, "--runs", ENDLESS][..], &to].concat(), "rollouts");
    assert!(fs::read_to_string(report).unwrap().contains("Stopped"));
}

#[test]
fn a_search_for_a_policy_stops_with_its_results_so_far() {
    let args = ["tune", RELEASE, "--goal", "missed<=5%", "--runs", ENDLESS];
    let ended = stopped(&args, "rollouts");
    let made = number(&ended.screen, "stopped after ");
    assert!(ended.screen.contains(" of at most ") && made > 0, "{}", ended.screen);
    // The first round has not reached the second policy.
    assert_eq!(number(&ended.screen, "rollouts; "), 1, "{}", ended.screen);
    assert!(ended.screen.contains(&format!(", {made} run")), "{}", ended.screen);
}

#[test]
fn a_comparison_stops_with_the_worlds_that_were_run() {
    let ended = stopped(&["diff", RELEASE, RELEASE, "--runs", ENDLESS], "rollouts");
    let made = number(&ended.screen, "Stopped after ");
    assert!(made > 0 && ended.screen.contains(&format!("of {ENDLESS} worlds")), "{}", ended.screen);
    assert!(ended.screen.contains("The results are the same."), "{}", ended.screen);
}

#[test]
fn a_check_stops_with_the_worlds_that_were_run() {
    let ended = stopped(&["check", "scenarios/simulated/checkout.yaml", "--cases", ENDLESS], "worlds");
    let made = number(&ended.screen, "stopped after ");
    assert!(
        made > 0 && ended.screen.contains(&format!("stopped after {made} of {ENDLESS} worlds; {made} world")),
        "{}",
        ended.screen
    );
}

#[test]
fn replays_stop_with_those_that_were_made() {
    for verb in ["replay", "explain"] {
        let args: Vec<&str> = [verb].into_iter().chain(["scenarios"; 200]).collect();
        let ended = stopped(&args, "scenarios");
        let made = number(&ended.screen, "stopped after ");
        assert!(made > 0 && ended.screen.contains(" scenarios"), "{}", ended.screen);
        if verb == "replay" {
            let scenarios = if made == 1 { "scenario" } else { "scenarios" };
            assert!(ended.screen.contains(&format!("\n{made} {scenarios}: ")), "{}", ended.screen);
        }
    }
}

#[test]
fn a_resize_disturbs_nothing() {
    let mut session = started(&["sweep", RELEASE, "--runs", ENDLESS], "rollouts");
    for columns in [60, 160, 80] {
        session.resize(columns);
        session.wait_for_more();
    }
    session.press(CTRL_C);
    let ended = session.end();
    assert_eq!(ended.code, 130);
    assert!(ended.screen.contains("stopped after "), "{}", ended.screen);
    assert!(!shows_bar(&ended.screen, "rollouts"), "{}", ended.screen);
}

#[test]
fn a_second_ctrl_c_ends_the_command_although_its_output_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let line =
        format!("exec {} replay --format json scenarios > {}", env!("CARGO_BIN_EXE_serin"), pipe.display());
    let mut session = pty::run(80, "/bin/sh", ["-c", &line], &[]);
    // It is open but never read: when it is full, the command waits in the middle of a write.
    let _reader = fs::File::open(&pipe).unwrap();
    session.wait_for("scenarios, ");
    assert!(session.press_until_it_ends(CTRL_C) >= 1);
    let ended = session.end();
    assert_eq!(ended.code, 130);
}
