//! `serin schema`: prints JSON schemas.

use std::io::{self, ErrorKind, Write};

use serin_sim::schema::Kind;

use super::{Exit, exit::long_help};

/// Print the JSON schema of a kind of file
///
/// Editors and other tools use it to complete and check files. What a schema cannot express, such as that a scripted
/// metric is one of the Canary's metrics, is reported when the file is used.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// The kind of file
    #[arg(value_name = "KIND", default_value = "scenario", ignore_case = true)]
    kind: Kind,
}

const EXAMPLES: &str = "\
Examples:
  The schema of scenario files:
    serin schema > scenario.schema.json
  The first line of a scenario file that uses it:
    # yaml-language-server: $schema=scenario.schema.json
  The schema of a Canary manifest:
    serin schema canary > canary.schema.json";

const DETAILS: &str = "\
The schemas use draft 2020-12 of JSON Schema. They refuse fields that are not
known, which a cluster drops, and durations without a unit. The CRDs are less
strict.";

/// Prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    match writeln!(out, "{:#}", args.kind.schema()).and_then(|()| out.flush()) {
        Ok(()) => Exit::AsExpected,
        // The reader has stopped reading.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::AsExpected,
        Err(error) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = writeln!(err, "error: cannot write: {error}");
            Exit::Unusable
        }
    }
}

/// Prints to the standard streams: the same bytes on every terminal.
pub(super) fn run_here(args: &Args) -> Exit {
    run(args, &mut io::stdout(), &mut io::stderr())
}
