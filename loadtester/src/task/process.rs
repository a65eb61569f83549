//! One process of a task, with everything that it starts: it ends in time, and its output is bounded.

use std::{
    fmt, io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serin_k8s::run::stop::stopped;
use tokio::{
    net::unix::pipe::Receiver,
    sync::watch,
    task::{JoinError, JoinHandle, spawn_blocking},
    time::{sleep, timeout},
};

use super::output::Output;

/// How long a process may take to end after SIGTERM, before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long output is waited for after the process has ended, that others still hold open.
const REST: Duration = Duration::from_secs(1);

/// What came of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// What it printed, standard output and standard error as they came.
    pub output: Output,
    /// How it ended.
    pub end: End,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It took longer than this, and was ended.
    TimedOut(Duration),
    /// The load tester stops, and ended it.
    Stopped,
    /// It did not start, for this reason.
    NotStarted(String),
}

impl End {
    /// Whether the task did what it was asked to.
    #[must_use]
    pub fn is_success(&self) -> bool {
        *self == Self::Exited(0)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Signalled(signal) => write!(f, "signal {signal}"),
            Self::TimedOut(limit) => write!(f, "not ended within {limit:?}"),
            Self::Stopped => f.write_str("the load tester stops"),
            Self::NotStarted(why) => f.write_str(why),
        }
    }
}

/// Runs a program for at most `limit`, or until a stop: until it has ended and everything that it started has closed its
/// output. What is left of that then is killed.
pub async fn run(program: Command, limit: Duration, mut stop: watch::Receiver<bool>) -> Ran {
    let mut running = match Running::start(program) {
        Ok(running) => running,
        Err(why) => return Ran { output: Output::default(), end: End::NotStarted(why) },
    };
    let cut = tokio::select! {
        () = running.ended() => None,
        () = sleep(limit) => Some(End::TimedOut(limit)),
        () = stopped(&mut stop) => Some(End::Stopped),
    };
    if cut.is_some() {
        running.signal(Signal::SIGTERM);
        timeout(GRACE, running.ended()).await.ok();
    }
    running.signal(Signal::SIGKILL);
    // A process that has left the group can hold the output open.
    timeout(REST, running.ended()).await.ok();
    let end = cut.or(running.end).unwrap_or(End::Signalled(Signal::SIGKILL as i32));
    Ran { output: running.output, end }
}

/// A process that was started, in a group of its own.
struct Running {
    /// It has the number of its first process.
    group: Pid,
    waiting: JoinHandle<io::Result<ExitStatus>>,
    end: Option<End>,
    pipe: Receiver,
    is_open: bool,
    output: Output,
}

impl Running {
    fn start(mut program: Command) -> Result<Self, String> {
        let name = program.get_program().to_string_lossy().into_owned();
        let mut start = || {
            let (reader, writer) = io::pipe()?;
            program.process_group(0).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
            Ok((program.spawn()?, Receiver::from_owned_fd(reader.into())?))
        };
        let (mut child, pipe) = start().map_err(|error: io::Error| format!("{name}: {error}"))?;
        let group = Pid::from_raw(child.id().cast_signed());
        // Our own end of the pipe, without which it would never be closed.
        drop(program);
        let waiting = spawn_blocking(move || child.wait());
        Ok(Self { group, waiting, end: None, pipe, is_open: true, output: Output::default() })
    }

    /// Waits for the end of the process and of its output, and keeps what it prints. May be cancelled and called again.
    async fn ended(&mut self) {
        while self.end.is_none() || self.is_open {
            tokio::select! {
                status = &mut self.waiting, if self.end.is_none() => self.end = Some(end(status)),
                is_open = read(&self.pipe, &mut self.output), if self.is_open => self.is_open = is_open,
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // There may be none left.
        killpg(self.group, signal).ok();
    }
}

/// Reads what is there; false once the pipe is closed.
async fn read(pipe: &Receiver, output: &mut Output) -> bool {
    if pipe.readable().await.is_err() {
        return false;
    }
    let mut bytes = [0; 16 * 1024];
    match pipe.try_read(&mut bytes) {
        Ok(0) => false,
        Ok(count) => {
            output.add(&bytes[..count]);
            true
        }
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

fn end(status: Result<io::Result<ExitStatus>, JoinError>) -> End {
    let status = match status {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return End::NotStarted(error.to_string()),
        Err(error) => return End::NotStarted(error.to_string()),
    };
    let signal = status.signal().unwrap_or_default();
    status.code().map_or(End::Signalled(signal), End::Exited)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    async fn run_for(script: &str, limit: Duration) -> (String, End) {
        let (_stop, stopped) = watch::channel(false);
        let ran = run(shell(script), limit, stopped).await;
        (ran.output.to_string(), ran.end)
    }

    #[tokio::test]
    async fn what_a_process_prints_and_how_it_ends_is_reported() {
        let printed = |text: &str| text.to_owned();
        assert_eq!(
            run_for("echo out; echo err >&2; exit 3", LONG).await,
            (printed("out\nerr\n"), End::Exited(3))
        );
        assert_eq!(run_for("kill -9 $$", LONG).await, (printed(""), End::Signalled(9)));
        assert!(run_for("true", LONG).await.1.is_success());
        let (_stop, stopped) = watch::channel(false);
        let ran = run(Command::new("no-such-program"), LONG, stopped).await;
        let why = "no-such-program: No such file or directory (os error 2)";
        assert_eq!(ran.end, End::NotStarted(why.into()));
    }

    #[tokio::test]
    async fn what_a_process_starts_in_the_background_is_waited_for() {
        assert_eq!(run_for("(read x < /dev/null; echo late) &", LONG).await.0, "late\n");
    }

    #[tokio::test]
    async fn a_process_that_never_ends_is_ended_with_all_it_started() {
        let limit = Duration::from_millis(300);
        // The first ends by SIGTERM; the second ignores it, and so does its child.
        let (printed, end) = run_for("echo $$; while :; do :; done", limit).await;
        assert_eq!(end, End::TimedOut(limit));
        assert!(is_gone(&printed).await, "{printed}");
        let (printed, end) = run_for("trap '' TERM; (while :; do :; done) & echo $!; wait", limit).await;
        assert_eq!(end, End::TimedOut(limit));
        assert!(is_gone(&printed).await, "{printed}");
    }

    /// Whether the process with the number in this text has ended, or ends now.
    async fn is_gone(number: &str) -> bool {
        let path = format!("/proc/{}/stat", number.trim());
        let ended = async {
            // Killed, it is there until its parent has noticed: as a zombie.
            while std::fs::read_to_string(&path).is_ok_and(|stat| !stat.contains(") Z ")) {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, ended).await.is_ok()
    }

    #[tokio::test]
    async fn a_process_that_prints_without_end_costs_no_memory() {
        let (printed, end) = run_for("head -c 1073741824 /dev/zero", LONG).await;
        assert_eq!(end, End::Exited(0));
        assert!(printed.len() < 70_000 && printed.contains(" bytes are left out "), "{}", printed.len());
    }

    #[tokio::test]
    async fn a_stop_ends_the_process() {
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(run(shell("while :; do :; done"), LONG, stopped));
        stop.send(true).unwrap();
        assert_eq!(running.await.unwrap().end, End::Stopped);
    }
}
