//! Tasks of hooks: a script in a shell, or a command of helm or kubectl.
//!
//! [`Task`] reads what a hook asks for, [`process`] runs it within its limits, [`runner`] runs each task once at a time and
//! remembers the results.

pub mod output;
pub mod process;
pub mod runner;
mod tools;

use std::{collections::BTreeMap, fmt, process::Command};

pub use self::tools::{HEY, Tools};

/// What a hook asks to be run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// How it is run, and whether the hook waits for it.
    pub kind: TaskKind,
    /// What it runs: a script, or the arguments of a program.
    pub command: String,
}

/// `metadata.type` of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// `cmd`, also where no type is given: a script of `sh`. The hook does not wait for it.
    Cmd,
    /// `bash`: a script of bash.
    Bash,
    /// `helm` and `helmv3`: arguments of helm, without a shell.
    Helm,
    /// `kubectl`: arguments of kubectl, without a shell.
    Kubectl,
}

/// Why a hook asks for no task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// As Flagger words it.
    #[error("metadata not found in payload")]
    NoMetadata,
    /// As Flagger words it.
    #[error("cmd not found in metadata")]
    NoCommand,
    /// As Flagger words it, with the types there are.
    #[error("unknown task type {0}: expected cmd, bash, helm or kubectl")]
    UnknownType(String),
    /// Arguments that cannot be separated.
    #[error("cmd has a quote that is not closed")]
    OpenQuote,
    /// No program can be given that.
    #[error("cmd has a NUL byte")]
    Nul,
}

impl Task {
    /// Reads a hook's metadata.
    ///
    /// # Errors
    /// It asks for nothing that could be run.
    pub fn read(metadata: &BTreeMap<String, String>) -> Result<Self, TaskError> {
        if metadata.is_empty() {
            return Err(TaskError::NoMetadata);
        }
        let kind = match metadata.get("type").map(String::as_str) {
            None | Some("" | "cmd") => TaskKind::Cmd,
            Some("bash") => TaskKind::Bash,
            Some("helm" | "helmv3") => TaskKind::Helm,
            Some("kubectl") => TaskKind::Kubectl,
            Some(other) => return Err(TaskError::UnknownType(other.chars().take(60).collect())),
        };
        let command = metadata.get("cmd").filter(|command| !command.trim().is_empty());
        let command = command.ok_or(TaskError::NoCommand)?.clone();
        if command.contains('\0') {
            return Err(TaskError::Nul);
        }
        let task = Self { kind, command };
        task.arguments().map(|_| task).ok_or(TaskError::OpenQuote)
    }

    /// Whether the hook waits until it has ended.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        match self.kind {
            TaskKind::Cmd => false,
            TaskKind::Bash | TaskKind::Helm | TaskKind::Kubectl => true,
        }
    }

    /// The program with its arguments.
    #[must_use]
    pub fn program(&self) -> Command {
        let mut program = Command::new(self.kind.program());
        program.args(self.arguments().unwrap_or_default());
        program
    }

    /// A script is one argument; other commands are split at spaces outside of quotes. `None` if a quote is not closed.
    fn arguments(&self) -> Option<Vec<String>> {
        match self.kind {
            TaskKind::Cmd | TaskKind::Bash => Some(vec!["-c".into(), self.command.clone()]),
            TaskKind::Helm | TaskKind::Kubectl => shlex::split(&self.command),
        }
    }
}

impl TaskKind {
    const fn program(self) -> &'static str {
        match self {
            Self::Cmd => "sh",
            Self::Bash => "bash",
            Self::Helm => "helm",
            Self::Kubectl => "kubectl",
        }
    }

    /// As hooks name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cmd => "cmd",
            Self::Bash => "bash",
            Self::Helm => "helm",
            Self::Kubectl => "kubectl",
        }
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(metadata: &[(&str, &str)]) -> Result<Task, TaskError> {
        Task::read(&metadata.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
    }

    fn line(kind: &str, command: &str) -> Vec<String> {
        let program = read(&[("type", kind), ("cmd", command)]).unwrap().program();
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        words.map(|word| word.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn only_types_that_ask_for_a_shell_get_one() {
        let command = "a 'b c' $(d); e";
        assert_eq!(line("cmd", command), ["sh", "-c", command]);
        assert_eq!(line("", command), ["sh", "-c", command]);
        assert_eq!(line("bash", command), ["bash", "-c", command]);
        for (kind, program) in [("helm", "helm"), ("helmv3", "helm"), ("kubectl", "kubectl")] {
            assert_eq!(line(kind, command), [program, "a", "b c", "$(d);", "e"]);
        }
    }

    #[test]
    fn a_hook_without_a_task_is_refused_with_the_reason() {
        for (metadata, why) in [
            (&[][..], TaskError::NoMetadata),
            (&[("type", "bash")], TaskError::NoCommand),
            (&[("type", "cmd"), ("cmd", " \n")], TaskError::NoCommand),
            (&[("type", "concord"), ("cmd", "a")], TaskError::UnknownType("concord".into())),
            (&[("type", "helm"), ("cmd", "test 'a")], TaskError::OpenQuote),
            (&[("cmd", "a\0b")], TaskError::Nul),
        ] {
            assert_eq!(read(metadata), Err(why));
        }
    }
}
