//! The console output in the documentation is what the command prints.
//!
//! Every fence of `console` in README.md and docs/: a line `$ serin …` is run from the root of the repository, and the
//! following lines, up to the next such line, are its output. `UPDATE_CONSOLE=1 cargo test` updates them.

use std::{fs, path::Path};

use crate::serin;

const FENCE: &str = "```console\n";

#[test]
fn documents_show_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<_> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    documents.push(root.join("README.md"));
    documents.sort();
    let mut shown = 0;
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let (printed, commands) = printed(&text);
        shown += commands;
        if std::env::var_os("UPDATE_CONSOLE").is_some() {
            fs::write(&document, &printed).unwrap();
        } else {
            pretty(&document, &text, &printed);
        }
    }
    assert!(shown > 0, "no document shows a command");
}

/// The document with the output of its commands, and the number of commands.
fn printed(text: &str) -> (String, usize) {
    let mut parts = text.split(FENCE);
    let mut printed: String = parts.next().unwrap_or_default().into();
    let mut commands = 0;
    for part in parts {
        let (session, rest) = part.split_once("```").unwrap();
        printed += FENCE;
        for line in session.lines().filter_map(|line| line.strip_prefix("$ serin ")) {
            commands += 1;
            printed += &format!("$ serin {line}\n{}\n", run(line));
        }
        printed = printed.trim_end().to_string() + "\n```" + rest;
    }
    (printed, commands)
}

fn run(line: &str) -> String {
    let words = line.split_whitespace().map(|word| word.trim_matches('\''));
    let output = serin().args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// The first line that differs, as a message.
fn pretty(document: &Path, shown: &str, printed: &str) {
    let mut lines = (1..).zip(shown.lines().zip(printed.lines()));
    if let Some((number, (shown, printed))) = lines.find(|(_, (shown, printed))| shown != printed) {
        panic!("{}:{number} shows\n  {shown}\nand what is printed is\n  {printed}", document.display());
    }
    assert_eq!(shown.lines().count(), printed.lines().count(), "{}", document.display());
}
