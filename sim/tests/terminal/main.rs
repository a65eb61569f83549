//! The command on a terminal: every verb ends there, shows its progress, stops at Ctrl-C and fits the screen.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod completed;
mod pty;
mod stopped;
mod verbs;
mod width;
mod within;

use std::{
    path::Path,
    process::{Command, Output},
};

/// The command, run from the root of the repository, with pipes instead of a terminal.
fn piped(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serin"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).env_clear().env("LANG", "C.UTF-8");
    command.args(args).envs(variables.iter().copied()).output().unwrap()
}

/// As it was written, without escape sequences: a terminal ends its lines with a carriage return.
fn plain(bytes: &str) -> String {
    anstream::adapter::strip_str(bytes).to_string().replace('\r', "")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
