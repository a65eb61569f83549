//! Completion in the shells: files where a file is expected, words where a word is expected.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{piped, pty, text};

/// Whether a shell is installed. If it is not, its tests are skipped, except in CI.
fn has(shell: &str) -> bool {
    let found = env::split_paths(&env::var_os("PATH").unwrap()).any(|folder| folder.join(shell).is_file());
    assert!(found || env::var_os("CI").is_none_or(|ci| ci != "true"), "{shell} is not installed");
    if !found {
        let message = format!("SKIPPED: completion in {shell}, which is not installed\n");
        std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes()).unwrap();
    }
    found
}

/// A folder with a few files, and the script of a shell.
fn desk(shell: &str) -> (tempfile::TempDir, PathBuf) {
    let desk = tempfile::tempdir().unwrap();
    for name in ["one.yaml", "two.yaml"] {
        fs::write(desk.path().join(name), "").unwrap();
    }
    // A single one would be completed at once.
    for name in ["left", "right"] {
        fs::create_dir(desk.path().join(name)).unwrap();
    }
    let script = desk.path().join(".script");
    fs::write(&script, piped(&["completions", shell], &[]).stdout).unwrap();
    (desk, script)
}

const FILES: &[&str] = &["left", "right", "one.yaml", "two.yaml"];

/// A line, words that must be offered after it, and words that must not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    ("", &["replay", "sweep", "completions"], FILES),
    ("replay ", FILES, &["--format", "json"]),
    ("replay one.yaml ", FILES, &["--format", "json"]),
    ("explain ", FILES, &["--at"]),
    ("check ", FILES, &["--cases"]),
    ("tune ", FILES, &["--goal"]),
    ("lint ", FILES, &["--strict"]),
    ("sweep ", &["merge", "one.yaml", "two.yaml"], &["--vary"]),
    ("sweep merge ", FILES, &["--format"]),
    ("replay --report ", FILES, &["--format"]),
    ("check --out ", &["left", "right"], &["one.yaml"]),
    ("replay --format ", &["text", "json"], FILES),
    ("sweep --format ", &["text", "json", "csv"], FILES),
    ("replay --color ", &["auto", "always", "never"], FILES),
    ("check --faults ", &["all", "busyCluster", "metricsDown"], FILES),
    ("lint --provider ", &["istio", "nginx", "kubernetes"], FILES),
    ("schema ", &["scenario", "canary"], FILES),
    ("completions ", &["bash", "zsh", "fish", "elvish", "powershell"], FILES),
    ("replay --", &["--format", "--quiet", "--report"], FILES),
];

fn words(offered: &str) -> Vec<&str> {
    offered.split(|c: char| c.is_whitespace() || c == '/').collect()
}

fn judge(shell: &str, line: &str, offered: &str, wanted: &[&str], unwanted: &[&str]) {
    let words = words(offered);
    for word in wanted {
        assert!(words.contains(word), "{shell} offers no {word} behind `serin {line}`: {offered}");
    }
    for word in unwanted {
        assert!(!words.contains(word), "{shell} offers {word} behind `serin {line}`: {offered}");
    }
}

#[test]
fn fish_completes_files_and_words() {
    if !has("fish") {
        return;
    }
    let (desk, script) = desk("fish");
    for (line, wanted, unwanted) in CASES {
        let ask = format!("source {}; complete -C 'serin {line}'", script.display());
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &ask]).current_dir(desk.path()).env("HOME", desk.path());
        let offered = text(fish.output().unwrap().stdout);
        judge("fish", line, &offered, wanted, unwanted);
    }
}

#[test]
fn bash_completes_files_and_words() {
    if !has("bash") {
        return;
    }
    let (desk, script) = desk("bash");
    let begin = format!(
        "cd {}; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; \
         bind 'set completion-query-items 0'; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; \
         source {}; PS1='ready> '",
        desk.path().display(),
        script.display()
    );
    for (line, wanted, unwanted) in CASES {
        let offered =
            in_terminal("bash", &["--norc", "--noprofile", "-i"], desk.path(), &begin, line, wanted);
        judge("bash", line, &offered, wanted, unwanted);
    }
}

#[test]
fn zsh_completes_files_and_words() {
    if !has("zsh") {
        return;
    }
    let (desk, script) = desk("zsh");
    let begin = format!(
        "cd {}; PS1='ready> '; unsetopt PROMPT_SP BEEP; setopt AUTO_LIST NO_LIST_AMBIGUOUS NO_AUTO_MENU; LISTMAX=1000; \
         autoload -U compinit; compinit -u -D; zstyle ':completion:*' verbose no; source {}",
        desk.path().display(),
        script.display()
    );
    for (line, wanted, unwanted) in CASES {
        let offered = in_terminal("zsh", &["-f", "-i"], desk.path(), &begin, line, wanted);
        judge("zsh", line, &offered, wanted, unwanted);
    }
}

/// The completions that a shell lists after Tab, when it lists the expected ones.
fn in_terminal(shell: &str, args: &[&str], home: &Path, begin: &str, line: &str, wanted: &[&str]) -> String {
    let home = home.to_str().unwrap();
    let mut session = pty::run(200, shell, args, &[("HOME", home), ("INPUTRC", "/dev/null")]);
    session.press(format!("{begin}\n").as_bytes());
    session.wait_for_screen("prompt", |screen| screen.lines().any(|line| line.trim() == "ready>"));
    session.press(format!("serin {line}\t").as_bytes());
    let offered = |screen: &str| {
        let list = screen.lines().skip_while(|shown| !shown.starts_with("ready> serin")).skip(1);
        list.filter(|line| !line.starts_with("ready>")).map(|line| format!("{line}\n")).collect::<String>()
    };
    session.wait_for_screen(&format!("{wanted:?} behind `serin {line}` in {shell}"), |screen| {
        let offered = offered(screen);
        wanted.iter().all(|word| words(&offered).contains(word))
    });
    // Ctrl-U empties the line.
    let screen = session.screen();
    session.press(b"\x15exit\n");
    session.end();
    offered(&screen)
}
