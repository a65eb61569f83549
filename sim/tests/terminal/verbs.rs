//! Every verb, run to its end: on a terminal, in a pipe, without colours.

use std::fs;

use crate::{
    piped, plain,
    pty::{self, CTRL_C},
    text,
};

/// A command line for a verb, and the unit of its bar if it draws one.
struct Case {
    verb: &'static str,
    args: &'static [&'static str],
    bar: Option<&'static str>,
}

pub(crate) const RELEASE: &str = "scenarios/simulated/any-release.yaml";

const CASES: &[Case] = &[
    Case { verb: "replay", args: &["scenarios/conformance"], bar: Some("scenarios") },
    Case { verb: "replay", args: &["scenarios/everyday/weighted-bad.yaml"], bar: None },
    Case { verb: "explain", args: &["scenarios/regressions"], bar: Some("scenarios") },
    Case { verb: "lint", args: &["sim/tests/cli/lint/good"], bar: None },
    Case { verb: "init", args: &["docs/shop.yaml", "--out", "-"], bar: None },
    Case { verb: "check", args: &[RELEASE, "--cases", "64"], bar: Some("worlds") },
    Case { verb: "check", args: &[RELEASE, "--time", "1s"], bar: Some("worlds") },
    Case {
        verb: "sweep",
        args: &[RELEASE, "--runs", "300", "--vary", "analysis.threshold=1,2"],
        bar: Some("rollouts"),
    },
    Case { verb: "sweep", args: &["--exact", "sim/tests/cli/inputs/sweep-exact.yaml"], bar: Some("points") },
    Case {
        verb: "tune",
        args: &[RELEASE, "--goal", "missed<=60%", "--runs", "64", "--vary", "analysis.threshold=1,2"],
        bar: Some("rollouts"),
    },
    Case {
        verb: "diff",
        args: &[
            "sim/tests/cli/diff/release-old.yaml",
            "sim/tests/cli/diff/release-new.yaml",
            "--runs",
            "300",
        ],
        bar: Some("rollouts"),
    },
    Case { verb: "diff", args: &["docs/shop.yaml", "docs/shop.yaml"], bar: None },
    Case { verb: "schema", args: &["canary"], bar: None },
    Case { verb: "completions", args: &["bash"], bar: None },
    Case { verb: "man", args: &[], bar: None },
];

impl Case {
    fn line(&self) -> Vec<&'static str> {
        [&[self.verb], self.args].concat()
    }
}

/// Whether a bar with this unit and its rate is in the text.
pub(crate) fn shows_bar(text: &str, unit: &str) -> bool {
    let unit = format!(" {unit}, ");
    let rates = text.split(&unit).skip(1);
    rates
        .filter_map(|rest| rest.split_once("/s"))
        .any(|(rate, _)| rate.chars().all(|c| c.is_ascii_digit() || c == ','))
}

/// The verbs that the command has, as its help lists them.
pub(crate) fn verbs() -> Vec<String> {
    let help = text(piped(&["--help"], &[]).stdout);
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && line.as_bytes()[2] != b' ');
    names.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn every_verb_has_a_case() {
    for verb in verbs() {
        assert!(CASES.iter().any(|case| case.verb == verb), "add a case for `serin {verb}`");
    }
    assert_eq!(verbs().len(), CASES.chunk_by(|a, b| a.verb == b.verb).count(), "{:?}", verbs());
}

#[test]
fn every_verb_ends_on_a_terminal_and_leaves_no_bar_there() {
    for case in CASES {
        let ended = pty::serin(100, case.line()).end();
        assert_eq!(ended.code, 0, "{:?}: {}", case.line(), ended.screen);
        match case.bar {
            Some(unit) => {
                assert!(shows_bar(&ended.bytes, unit), "{:?}: {}", case.line(), ended.bytes);
                assert!(!shows_bar(&ended.screen, unit), "{}", ended.screen);
            }
            None => assert!(!ended.bytes.contains("/s, "), "{:?}: {}", case.line(), ended.bytes),
        }
        assert!(!ended.screen.trim().is_empty(), "{:?}", case.line());
    }
}

#[test]
fn a_terminal_and_a_pipe_get_the_same_words() {
    for case in CASES.iter().filter(|case| !case.args.contains(&"--time")) {
        let piped = piped(&case.line(), &[("COLUMNS", "100")]);
        assert_eq!(piped.status.code(), Some(0), "{:?}", case.line());
        let (out, err) = (text(piped.stdout), text(piped.stderr));
        assert!(!out.contains('\x1b') && err.is_empty(), "{:?}: {out} {err}", case.line());
        let ended = pty::serin(100, case.line()).end();
        // The screen has no bar any more. Output that is longer than the screen is compared as it was printed.
        let shown = if case.bar.is_some() { ended.screen } else { plain(&ended.bytes) };
        // A line that fills the screen is joined with the next one.
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(words(&shown), words(&out), "{:?}", case.line());
    }
}

/// Whether a text has a sequence that sets a colour or a weight.
fn has_style(text: &str) -> bool {
    let sequences = text.split("\x1b[").skip(1);
    sequences
        .filter_map(|rest| rest.find(|c: char| c.is_alphabetic()).map(|end| &rest[end..=end]))
        .any(|end| end == "m")
}

#[test]
fn no_color_is_respected_on_a_terminal() {
    let failing = ["replay", "sim/tests/cli/inputs/not-as-expected.yaml"];
    let wrong = ["replay", "--wrong"];
    let help = ["--help"];
    let lines = CASES.iter().map(Case::line).chain([failing.to_vec(), wrong.to_vec(), help.to_vec()]);
    for line in lines {
        let ended = pty::run(100, env!("CARGO_BIN_EXE_serin"), &line, &[("NO_COLOR", "1")]).end();
        assert!(!has_style(&ended.bytes), "{line:?}: {:?}", ended.bytes);
    }
    assert!(has_style(&pty::serin(100, failing).end().bytes));
    assert!(has_style(&pty::serin(100, wrong).end().bytes));
}

#[test]
fn colours_and_bars_are_separate_for_each_stream() {
    // Only standard error is the terminal: the bar is there, and the file gets plain text.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let line =
        format!("exec {} replay scenarios/conformance > {}", env!("CARGO_BIN_EXE_serin"), file.display());
    let ended = pty::run(80, "/bin/sh", ["-c", &line], &[]).end();
    let out = fs::read_to_string(&file).unwrap();
    assert_eq!(ended.code, 0);
    assert!(shows_bar(&ended.bytes, "scenarios") && ended.screen.trim().is_empty(), "{}", ended.screen);
    assert!(!out.contains('\x1b') && out.ends_with("as expected\n"), "{out}");
}

#[test]
fn a_dumb_terminal_gets_no_bar() {
    let line = ["replay", "scenarios/conformance"];
    let ended = pty::run(80, env!("CARGO_BIN_EXE_serin"), line, &[("TERM", "dumb")]).end();
    assert!(!shows_bar(&ended.bytes, "scenarios"), "{}", ended.bytes);
}

#[test]
fn messages_do_not_tear_the_bar() {
    let files = ["replay", "sim/tests/cli/inputs", "scenarios/conformance"];
    let ended = pty::serin(100, files).end();
    assert_eq!(ended.code, 2);
    let errors = ended.screen.lines().filter(|line| line.contains("error: "));
    let torn: Vec<&str> = errors.filter(|line| !line.starts_with("error: ")).collect();
    assert!(torn.is_empty(), "{torn:?}");
    assert!(!shows_bar(&ended.screen, "scenarios"), "{}", ended.screen);
}

#[test]
fn init_writes_a_scenario_that_replays_on_the_same_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml").display().to_string();
    let init = ["init", "docs/shop.yaml", "--out", &file];
    let ended = pty::serin(100, init).end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert!(!ended.bytes.contains("\x1b["), "{:?}", ended.bytes);
    let words = |text: &str| text.split_whitespace().collect::<String>();
    let expected = format!("wrote {file}\n\nReplay it:\n  serin replay {file}\n");
    assert_eq!(words(&ended.screen), words(&expected));
    let replayed = pty::serin(100, ["replay", &file]).end();
    assert_eq!(replayed.code, 0, "{}", replayed.screen);

    let again = pty::serin(100, init).end();
    assert_eq!(again.code, 2, "{}", again.screen);
    assert!(again.screen.starts_with("error: "), "{}", again.screen);
}

#[test]
fn watching_clears_the_terminal_before_each_run_and_ends_at_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let canary = "\
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
    fs::write(&file, canary).unwrap();
    let mut session = pty::serin(100, ["lint", "--watch", folder.path().to_str().unwrap()]);
    let shows = |weights: &'static str| {
        move |screen: &str| screen.contains(weights) && screen.contains("Press Ctrl-C to stop.")
    };
    session.wait_for_screen("the first plan", shows("25 50 %"));
    fs::write(&file, canary.replace("stepWeight: 25", "stepWeight: 10")).unwrap();
    session.wait_for_screen("the second plan", shows("10 20 30 40 50 %"));
    assert!(!session.screen().contains("25 50 %"), "{}", session.screen());

    session.press(CTRL_C);
    let ended = session.end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert_eq!(ended.bytes.matches("\x1b[2J\x1b[H").count(), 2, "{:?}", ended.bytes);
}
