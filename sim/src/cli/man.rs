//! `serin man`: the manual, generated from the text of `--help`.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _, ValueHint};
use clap_mangen::Man;

use super::{Cli, Exit, exit::long_help, written};

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES]))]
pub(crate) struct Args {
    /// Write serin.1, serin-replay.1 and so on into this folder; it is created if it does not exist
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Read the page:
    serin man | man -l -
  Install all pages:
    serin man --out ~/.local/share/man/man1";

/// Prints to `out` or writes files, and reports errors to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let serin = Cli::command();
    match &args.out {
        None => written(page(serin).and_then(|page| out.write_all(&page)).and_then(|()| out.flush()), err),
        Some(folder) => match pages(serin, folder) {
            Ok(()) => Exit::AsExpected,
            Err(error) => {
                // Standard error may be closed as well; the exit status remains.
                let _ = writeln!(err, "error: {}: cannot be written: {error}", folder.display());
                Exit::Unusable
            }
        },
    }
}

/// One page for the command, and one for each of its verbs.
fn pages(mut serin: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // This names its verbs `serin-replay` and so on.
    serin.build();
    for command in [&serin].into_iter().chain(serin.get_subcommands()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        fs::write(folder.join(format!("{name}.1")), page(command.clone())?)?;
    }
    Ok(())
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(unfilled(&String::from_utf8_lossy(&page)).into_bytes())
}

/// Examples and tables are in their own section, whose lines must not be filled.
fn unfilled(page: &str) -> String {
    let Some((before, details)) = page.split_once(".SH EXTRA\n") else { return page.into() };
    let (details, rest) = details.find("\n.SH ").map_or((details, ""), |end| details.split_at(end));
    format!("{before}.SH DETAILS\n.nf\n{details}\n.fi{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_tables_keep_their_lines() {
        let page = ".SH NAME\nserin\n.SH EXTRA\na  b\n.SH VERSION\nv1\n";
        assert_eq!(unfilled(page), ".SH NAME\nserin\n.SH DETAILS\n.nf\na  b\n.fi\n.SH VERSION\nv1\n");
        assert_eq!(unfilled(".SH NAME\nserin\n"), ".SH NAME\nserin\n");
    }
}
