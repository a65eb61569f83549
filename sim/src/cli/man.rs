//! `serin man`: the manual, made of the same words as `--help`.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::{Cli, Exit, written};

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Write serin.1, serin-replay.1 and so on into this folder, which is made where it is missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  serin man | man -l -                       read it
  serin man --out ~/.local/share/man/man1    install all pages";

/// Prints to `out` or writes files, complains to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let serin = Cli::command();
    match &args.out {
        None => written(page(serin).and_then(|page| out.write_all(&page)).and_then(|()| out.flush()), err),
        Some(folder) => match pages(serin, folder) {
            Ok(()) => Exit::AsExpected,
            Err(error) => {
                // Standard error may be gone as well; the exit status tells.
                let _ = writeln!(err, "error: {}: cannot be written: {error}", folder.display());
                Exit::Unusable
            }
        },
    }
}

/// One page for the command, and one for each of its verbs.
fn pages(serin: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(serin, folder)
}

fn page(serin: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(serin).render(&mut page)?;
    Ok(page)
}
