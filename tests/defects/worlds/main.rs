//! What `serin check` finds: which of the defects, in how many worlds, and how small the shrunk example is.
//!
//! It takes minutes, so it is run by its name: `cargo test -p serin-tests --test worlds`. It fails unless each defect
//! in the folder `worlds` is found, and each one whose patch says so; and if anything is found without a defect.

#![expect(clippy::unwrap_used, reason = "a program that cannot read its input has failed")]
#![expect(clippy::print_stdout, reason = "what was found is what is wanted")]

#[path = "../defect.rs"]
mod defect;
#[path = "../../support/process.rs"]
mod process;
#[path = "../workspace.rs"]
mod workspace;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use serde_json::Value;

use crate::{defect::Defect, workspace::Workspace};

/// Worlds in which a defect has to show.
const CASES: u64 = 200;

/// What the patch of a defect says about tests and worlds that find it.
const FOUND: &str = "Worlds show it, too.";

fn main() -> ExitCode {
    let mut defects = Defect::all_in("worlds");
    let only_here = defects.len();
    defects.extend(Defect::all_in("patches"));
    let workspace = Workspace::with(&defects, &["core", "template", "sim"], &["template", "sim"]);
    // A separate folder, because this `serin` must not replace ours.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds-target");
    let args = ["build", "--package=serin-sim", "--bin=serin", "--profile=test"];
    let serin = workspace.build("worlds", &target, &args);

    let mut wrong = Vec::new();
    if let Some(found) = check(&serin, None, &general(), CASES) {
        wrong.push(format!("nothing is planted, and this is found: {}", found["claim"]));
    }
    for (i, defect) in defects.iter().enumerate() {
        let is_expected = i < only_here || defect.text.contains(FOUND);
        let name = &*defect.name;
        match check(&serin, Some(name), &general(), CASES) {
            Some(found) => {
                println!("{name:<32} world {:>3}  {}: {}", found["case"], found["claim"], found["actual"]);
                wrong.extend(why_not_small(&serin, name, &found));
            }
            None if is_expected => {
                wrong.push(format!("{name}: none of {CASES} worlds shows it"));
            }
            None => println!("{name:<32} not found"),
        }
    }
    wrong.iter().for_each(|wrong| println!("WRONG: {wrong}"));
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Searches a scenario; returns the world that shows a failure, and the file of the shrunk scenario.
fn check(serin: &Path, planted: Option<&str>, scenario: &Path, cases: u64) -> Option<Value> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("found").join(planted.unwrap_or("none"));
    let mut command = Command::new(serin);
    command
        .args(["check", "--format", "json", "--cases", &cases.to_string()])
        .arg("--out")
        .arg(out)
        .arg(scenario);
    command.env_remove("SERIN_PLANTED").envs(planted.map(|name| ("SERIN_PLANTED", name)));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let line: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    Some(line["found"].clone()).filter(|found| !found.is_null())
}

/// The shrunk world shows the same failure, has no range left to draw from, and shows nothing without the defect.
fn why_not_small(serin: &Path, name: &str, found: &Value) -> Vec<String> {
    let file = PathBuf::from(found["file"].as_str().unwrap());
    let text = fs::read_to_string(&file).unwrap();
    let again = check(serin, Some(name), &file, 1);
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{name}: {what}, see {}", file.display()));
        }
    };
    expect(
        again.is_some_and(|again| again["claim"] == found["claim"]),
        "the small world shows something else",
    );
    expect(!text.contains(".."), "the small world has a range");
    expect(text.len() < fs::read_to_string(general()).unwrap().len(), "the small world is not small");
    expect(check(serin, None, &file, 1).is_none(), "the small world shows something without the defect");
    wrong
}

fn general() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("defects/general.yaml")
}
