//! A command in a pseudo-terminal: its output, its screen, and keys.

use std::{
    ffi::OsStr,
    fs,
    io::{Read as _, Write},
    num::NonZero,
    path::Path,
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// No command of these tests takes this long, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) const CTRL_C: &[u8] = b"\x03";

/// More rows than any test prints, so that nothing scrolls off the screen.
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
        // The process id of an ended process may belong to another one.
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
            // On Linux, reading fails when the last program in the terminal has ended.
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

/// A terminal that reports no size still needs a screen.
fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap_or(NonZero::<u16>::MAX)
}

/// The processor time that a process has used, as Linux shows it.
fn processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program, in brackets, can contain blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let [user, system] = [fields.get(11)?, fields.get(12)?].map(|ticks| ticks.parse::<u64>());
    // A tick is a hundredth of a second.
    Some(Duration::from_millis(10 * (user.ok()? + system.ok()?)))
}

fn size(columns: u16) -> PtySize {
    PtySize { rows: ROWS, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Session {
    pub(crate) fn press(&mut self, keys: &[u8]) {
        // A program that has just ended reads no keys.
        let _ = self.keys.write_all(keys).and_then(|()| self.keys.flush());
    }

    pub(crate) fn resize(&mut self, columns: u16) {
        self.master.resize(size(columns)).unwrap();
        self.output.seen.lock().unwrap().screen.screen_mut().set_size(cells(ROWS), cells(columns));
    }

    /// Waits until this was printed, and fails after a deadline.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(text, |seen| String::from_utf8_lossy(&seen.bytes).contains(text));
    }

    /// Waits until this is on the screen, and fails after a deadline.
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

    /// Waits until the command has computed for this long from now on, so that it is in the middle of its work. Returns
    /// at once on systems that do not show this.
    #[expect(clippy::disallowed_methods, reason = "a test that waits for a program has to give up some time")]
    pub(crate) fn wait_for_work(&self, work: Duration) {
        let pid = self.child.0.process_id().unwrap();
        let Some(before) = processor_time(pid) else { return };
        let begin = Instant::now();
        while processor_time(pid).is_some_and(|now| now < before + work) {
            assert!(begin.elapsed() < DEADLINE, "it does not work");
            thread::yield_now();
        }
    }

    /// Presses a key repeatedly until the command ends; returns how often.
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

    /// Waits until the command has ended; after a deadline it is killed and the test fails.
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
