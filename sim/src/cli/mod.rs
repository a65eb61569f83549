//! The command line of `serin`. Each verb is one file.

mod check;
mod completions;
mod diff;
mod exit;
mod explain;
mod formats;
mod goals;
mod init;
mod lint;
mod long_work;
mod man;
mod replay;
mod report_file;
mod router_name;
mod schema;
mod screen;
mod sweep;
mod tune;
mod watch;

use std::io;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::exit::Exit;
use self::exit::long_help;

/// Progressive delivery for Kubernetes: replay, explain, check and tune rollouts without a cluster
#[derive(Debug, Parser)]
#[command(name = "serin", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(max_term_width = 100, after_long_help = long_help(&[ENVIRONMENT]))]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const ENVIRONMENT: &str = "\
Environment:
  NO_COLOR  if set, --color auto uses no colours
  COLUMNS   the width of the output if there is no terminal [default: 100]";

#[derive(Debug, Subcommand)]
enum Verb {
    Replay(replay::Args),
    Explain(explain::Args),
    Lint(lint::Args),
    Init(init::Args),
    Check(check::Args),
    Sweep(Box<sweep::Args>),
    Tune(Box<tune::Args>),
    Diff(diff::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Cli {
    /// Runs the verb.
    pub(crate) fn run(&self) -> Exit {
        match &self.verb {
            Verb::Lint(args) => {
                let screen = args.screen;
                lint::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Init(args) => {
                let screen = args.screen;
                init::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Replay(args) => {
                let screen = args.screen;
                replay::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Sweep(args) => {
                let screen = args.screen();
                sweep::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Tune(args) => {
                let screen = args.screen;
                tune::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Diff(args) => {
                let screen = args.screen;
                diff::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Schema(args) => schema::run_here(args),
            Verb::Explain(args) => {
                let screen = args.screen;
                explain::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
            Verb::Completions(args) => completions::run(args, &mut io::stdout(), &mut io::stderr()),
            Verb::Man(args) => man::run(args, &mut io::stdout(), &mut io::stderr()),
            Verb::Check(args) => {
                let screen = args.screen;
                check::run(args, screen.terminal(), &mut screen.out(), &mut screen.err())
            }
        }
    }
}

/// The reader of a verb's output: people, or programs (JSON Lines).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The exit of a verb whose output was written with this result. A closed pipe is not an error.
fn written(outcome: io::Result<()>, err: &mut dyn io::Write) -> Exit {
    match outcome {
        Ok(()) => Exit::AsExpected,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::AsExpected,
        Err(error) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = writeln!(err, "error: cannot write: {error}");
            Exit::Unusable
        }
    }
}

/// A message for standard error. Control characters would move the cursor: they become spaces.
fn complaint(message: &str) -> String {
    let mut text = String::new();
    for line in message.lines() {
        let lead = if line.starts_with(' ') { "" } else { "error: " };
        text += lead;
        text.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
