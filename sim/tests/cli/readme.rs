//! The examples of the README: its files are written into an empty folder, and its commands are run there in order.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use insta_cmd::get_cargo_bin;

/// Every command that the README shows on a line of its own, and how it ends.
const COMMANDS: &[(&str, i32)] = &[
    ("serin replay my-scenario.yaml", 0),
    ("serin explain my-scenario.yaml", 0),
    ("serin explain --at 11m my-scenario.yaml", 0),
    ("serin lint --rps 50 --errors 0.8% docs/shop.yaml", 0),
    // The property that breaks is marked `mayBreak`.
    ("serin check scenarios/everyday/bad-release-by-chance.yaml", 0),
    (
        "serin sweep scenarios/simulated/checkout.yaml --vary analysis.threshold=1,3,5 \
         --vary world.versions.v2.errors=0.8%,1.5%",
        0,
    ),
];

#[test]
fn every_example_of_the_readme_can_be_followed_from_an_empty_folder() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let shown: Vec<String> = commands(&readme);
    let expected: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    assert_eq!(shown, expected);
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files(&readme) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // Files that a clone contains.
    for part in ["docs", "scenarios"] {
        symlink(root.join(part), folder.path().join(part)).unwrap();
    }

    for (command, exit) in COMMANDS {
        let output = Command::new(get_cargo_bin("serin"))
            .args(command.split(' ').skip(1))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*exit), "{command}\n{said}");
    }
}

/// The YAML blocks whose first line is the name of a file.
fn files(readme: &str) -> Vec<(&str, &str)> {
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let named = blocks.filter_map(|block| Some((block.lines().next()?.strip_prefix("# ")?, block)));
    named.filter(|(name, _)| name.ends_with(".yaml")).collect()
}

/// The commands `serin` on lines of their own, without the comments after them.
fn commands(readme: &str) -> Vec<String> {
    let lines = readme.lines().filter_map(|line| {
        let line = line.strip_prefix("    ").or_else(|| line.strip_prefix("$ "))?;
        line.starts_with("serin ").then(|| line.split('#').next().unwrap_or_default().trim().to_string())
    });
    lines.collect()
}
