//! `serin schema`: prints JSON schemas.

use std::io::{self, ErrorKind, Write};

use serin_sim::schema::Kind;

use super::Exit;

/// Print the JSON schema of a kind of file
///
/// Editors complete and check files with it, and so do other tools. What a schema cannot say, such as that a scripted
/// metric is one of the Canary's, is told when the file is used.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{DETAILS}"))]
pub(crate) struct Args {
    /// The kind of file
    #[arg(value_name = "KIND", default_value = "scenario", ignore_case = true)]
    kind: Kind,
}

const EXAMPLES: &str = "\
Examples:
  serin schema > scenario.schema.json       for a first line in a scenario file:
                                            # yaml-language-server: $schema=scenario.schema.json
  serin schema canary > canary.schema.json  the same for a Canary's manifest";

const DETAILS: &str = "\
The schemas:
  They are of JSON Schema's draft 2020-12 and refuse fields that are not known, which a cluster
  drops, and durations without a unit. The CRDs are less strict.

Exit status:
  0  the schema is printed
  2  the kind is not known, or the schema cannot be written";

/// Prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    match writeln!(out, "{:#}", args.kind.schema()).and_then(|()| out.flush()) {
        Ok(()) => Exit::AsExpected,
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::AsExpected,
        Err(error) => {
            // Standard error may be gone as well; the exit status tells.
            let _ = writeln!(err, "error: cannot write: {error}");
            Exit::Unusable
        }
    }
}

/// Prints to the standard streams: the same bytes on every screen.
pub(super) fn run_here(args: &Args) -> Exit {
    run(args, &mut io::stdout().lock(), &mut io::stderr().lock())
}
