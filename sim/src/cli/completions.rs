//! `serin completions`: what a shell needs to complete the command line.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, Exit, written};

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  serin completions bash > ~/.local/share/bash-completion/completions/serin
  serin completions zsh > \"${fpath[1]}/_serin\"
  serin completions fish > ~/.config/fish/completions/serin.fish";

/// Prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    // The generator panics where it cannot write: it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "serin", &mut text);
    written(out.write_all(&text).and_then(|()| out.flush()), err)
}
