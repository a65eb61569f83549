//! The exit status of a command: one table for every verb.

use std::process::ExitCode;

/// How a command ended; the worst is last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything is as expected.
    AsExpected,
    /// An expectation does not hold.
    Failed,
    /// A file or an argument cannot be used, there was nothing to check, or the output could not be written.
    Unusable,
    /// Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::AsExpected => 0,
            Exit::Failed => 1,
            // As clap ends on a wrong argument.
            Exit::Unusable => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// The same table as text. Every `--help` ends with it.
pub(super) const EXIT_STATUS: &str = "\
Exit status, the same for every command:
  0    success: no errors, and everything is as expected
  1    failure: an error in a manifest, an expectation or a property that does
       not hold or has nothing to judge, two replays that differ, no policy that
       meets the goals; with --strict also a warning, with --fail-on-worse a
       policy that is worse
  2    unusable: a wrong argument, a file that cannot be read, parsed or
       written, or nothing to check
  130  stopped by Ctrl-C; the results so far are printed";

/// The text that `--help` prints below the options: sections, and the exit status last.
pub(super) fn long_help(sections: &[&str]) -> String {
    let sections = sections.iter().copied().chain([EXIT_STATUS]);
    sections.collect::<Vec<_>>().join("\n\n")
}
