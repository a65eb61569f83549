//! A command in a pseudo-terminal: what it prints, what is on the screen, and keys to press.

use std::{
    ffi::OsStr,
    io::{Read as _, Write},
    num::NonZero,
    path::Path,
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// No command of these tests needs as long as this, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) const CTRL_C: &[u8] = b"\x03";

/// More rows than any test prints, so that nothing scrolls away.
const ROWS: u16 = 1_000;

/// A running command and its terminal.
pub(crate) struct Session {
    child: Running,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Arc<Output>,
    reader: thread::JoinHandle<()>,
}

/// The process in the terminal, which does not outlive its test.
struct Running(Box<dyn Child + Send + Sync>);

impl Drop for Running {
    fn drop(&mut self) {
        // The number of a process that has ended may be another one's.
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
        }
    }
}

/// Everything that was printed so far.
struct Output {
    seen: Mutex<Seen>,
    more: Condvar,
}

struct Seen {
    bytes: Vec<u8>,
    screen: vt100::Parser,
}

/// A command that has ended.
pub(crate) struct Ended {
    pub(crate) code: u32,
    /// All bytes, with escape sequences.
    pub(crate) bytes: String,
    /// What is on the screen.
    pub(crate) screen: String,
}

/// Runs a program from the root of the repository, in a terminal of this many columns.
pub(crate) fn run<S: AsRef<OsStr>>(
    columns: u16,
    program: &str,
    args: impl IntoIterator<Item = S>,
    variables: &[(&str, &str)],
) -> Session {
    let pair = native_pty_system().openpty(size(columns)).unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(args);
    command.cwd(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command.env_clear();
    let path = std::env::var("PATH").unwrap();
    let usual = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("PATH", path.as_str())];
    usual.iter().chain(variables).for_each(|(name, value)| command.env(name, value));
    let child = Running(pair.slave.spawn_command(command).unwrap());
    let screen = vt100::Parser::new(cells(ROWS), cells(columns), 0);
    let output =
        Arc::new(Output { seen: Mutex::new(Seen { bytes: Vec::new(), screen }), more: Condvar::new() });
    let mut source = pair.master.try_clone_reader().unwrap();
    let reader = thread::spawn({
        let output = output.clone();
        move || {
            let mut buffer = [0; 4096];
            // The terminal is gone with the last program in it, which is an error on Linux.
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                let mut seen = output.seen.lock().unwrap();
                seen.bytes.extend_from_slice(&buffer[..count]);
                seen.screen.process(&buffer[..count]);
                output.more.notify_all();
            }
        }
    });
    let keys = pair.master.take_writer().unwrap();
    Session { child, master: pair.master, keys, output, reader }
}

/// Runs the command `serin`.
pub(crate) fn serin<S: AsRef<OsStr>>(columns: u16, args: impl IntoIterator<Item = S>) -> Session {
    run(columns, env!("CARGO_BIN_EXE_serin"), args, &[])
}

/// A terminal that reports no size has a screen all the same.
fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap_or(NonZero::<u16>::MAX)
}

fn size(columns: u16) -> PtySize {
    PtySize { rows: ROWS, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Session {
    pub(crate) fn press(&mut self, keys: &[u8]) {
        // A program that has just ended takes no keys.
        let _ = self.keys.write_all(keys).and_then(|()| self.keys.flush());
    }

    pub(crate) fn resize(&mut self, columns: u16) {
        self.master.resize(size(columns)).unwrap();
        self.output.seen.lock().unwrap().screen.screen_mut().set_size(cells(ROWS), cells(columns));
    }

    /// Waits until this was printed, and fails where it is not in time.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(text, |seen| String::from_utf8_lossy(&seen.bytes).contains(text));
    }

    /// Waits until this is on the screen, and fails where it is not in time.
    pub(crate) fn wait_for_screen(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        self.wait(what, |seen| is_there(&seen.screen.screen().contents()));
    }

    /// What is on the screen now.
    pub(crate) fn screen(&self) -> String {
        self.output.seen.lock().unwrap().screen.screen().contents()
    }

    /// Waits until more bytes were printed than before.
    pub(crate) fn wait_for_more(&self) {
        let before = self.output.seen.lock().unwrap().bytes.len();
        self.wait("more", |seen| seen.bytes.len() > before);
    }

    fn wait(&self, what: &str, is_there: impl Fn(&Seen) -> bool) {
        let seen = self.output.seen.lock().unwrap();
        let (seen, timeout) =
            self.output.more.wait_timeout_while(seen, DEADLINE, |seen| !is_there(seen)).unwrap();
        assert!(!timeout.timed_out(), "no {what} on the screen:\n{}", seen.screen.screen().contents());
    }

    /// Presses a key again and again until the command ends; how often.
    #[expect(clippy::disallowed_methods, reason = "a test that waits for a program has to give up some time")]
    pub(crate) fn press_until_it_ends(&mut self, key: &[u8]) -> usize {
        let begin = Instant::now();
        for times in 1.. {
            self.press(key);
            let next = Instant::now() + Duration::from_millis(500);
            while Instant::now() < next {
                if self.child.0.try_wait().unwrap().is_some() {
                    return times;
                }
                thread::yield_now();
            }
            assert!(begin.elapsed() < DEADLINE, "it does not end");
        }
        unreachable!("the number of presses is bounded by the deadline")
    }

    /// Waits until the command has ended; one that does not end in time is killed and fails the test.
    pub(crate) fn end(self) -> Ended {
        let Self { mut child, master, keys, output, reader } = self;
        let mut killer = child.0.clone_killer();
        let (tell, told) = mpsc::channel::<ExitStatus>();
        let waiter = thread::spawn(move || {
            let _ = tell.send(child.0.wait().unwrap());
        });
        let status = told.recv_timeout(DEADLINE);
        if status.is_err() {
            killer.kill().unwrap();
        }
        waiter.join().unwrap();
        drop(keys);
        reader.join().unwrap();
        drop(master);
        let seen = output.seen.lock().unwrap();
        let bytes = String::from_utf8_lossy(&seen.bytes).into_owned();
        let status = status.unwrap_or_else(|_| panic!("it does not end; it has printed {bytes}"));
        Ended { code: status.exit_code(), bytes, screen: seen.screen.screen().contents() }
    }
}
