//! Runs the command with limits of time and memory, so that a test fails without harm to the machine.

use std::{
    ffi::OsStr,
    fs,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// The memory limit of a command, in KiB. A file of 1 MiB needs far less.
const MOST_KIB: u32 = 3 << 20;
/// The limit of processor seconds: far more than needed, even without optimisation and on a slow machine.
const MOST_SECONDS: u32 = 30;
/// Waiting needs no processor time. The limit is long because a machine may be busy.
const LONGEST_WAIT: Duration = Duration::from_secs(240);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None`: it was killed, by a limit or because of a fault.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Everything that was printed.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs `serin` with these arguments in a folder.
pub(crate) fn serin<I: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = I>) -> Ended {
    serin_reading(folder, args, Stdio::null())
}

/// The same with an input.
pub(crate) fn serin_reading<I: AsRef<OsStr>>(
    folder: &Path,
    args: impl IntoIterator<Item = I>,
    input: Stdio,
) -> Ended {
    let bounds = format!("ulimit -v {MOST_KIB}; ulimit -t {MOST_SECONDS}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &bounds, "sh", env!("CARGO_BIN_EXE_serin")]).args(args);
    // Each thread reserves its own memory.
    command.current_dir(folder).env_clear().env("LANG", "C.UTF-8").env("RAYON_NUM_THREADS", "2");
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (out, err) = printed(&mut child);
    let code = child.wait().unwrap().code();
    let ended = Ended { code, out, err };
    assert!(!ended.err.contains("panicked at"), "{ended:?}");
    ended
}

/// The output of a child until it ends; it is killed if it does not end.
fn printed(child: &mut Child) -> (String, String) {
    let (ends, ended) = mpsc::channel();
    let read = |mut pipe: Box<dyn Read + Send>| {
        let ends = ends.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).unwrap();
            let _ = ends.send(());
            String::from_utf8(bytes).unwrap()
        })
    };
    let out = read(Box::new(child.stdout.take().unwrap()));
    let err = read(Box::new(child.stderr.take().unwrap()));
    for _ in 0..2 {
        if ended.recv_timeout(LONGEST_WAIT).is_err() {
            child.kill().unwrap();
            panic!("serin does not end");
        }
    }
    (out.join().unwrap(), err.join().unwrap())
}

/// A folder with one file in it.
pub(crate) fn folder_with(name: &str, bytes: impl AsRef<[u8]>) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    folder
}

/// The arguments of a verb in addition to a scenario file.
pub(crate) const READERS: &[&[&str]] = &[
    &["replay"],
    &["explain"],
    &["check", "--cases", "1"],
    &["sweep", "--runs", "1", "--report", "report.html"],
    &["tune", "--runs", "1", "--goal", "missed<=5%", "--vary", "analysis.threshold=1,2"],
];

/// Every verb that reads a scenario refuses this one, reports `what`, and leaves no file behind.
pub(crate) fn refused_by_all(name: &str, bytes: impl AsRef<[u8]>, what: &str) {
    let folder = folder_with(name, bytes);
    for verb in READERS {
        let ended = serin(folder.path(), verb.iter().chain(&[name]));
        assert_eq!(ended.code, Some(2), "{verb:?} {ended:?}");
        assert!(ended.err.contains(what), "{verb:?} says not `{what}`: {:.2000}", ended.err);
        assert!(ended.err.starts_with(&format!("error: {name}")), "{verb:?} {:.2000}", ended.err);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left behind");
}

/// Lint cannot use a file, and reports `what`.
pub(crate) fn refused_by_lint(name: &str, bytes: impl AsRef<[u8]>, what: &str) {
    complained_by_lint(2, name, bytes, what);
}

/// Lint finds an error in a file, and reports `what`.
pub(crate) fn found_by_lint(name: &str, bytes: impl AsRef<[u8]>, what: &str) {
    complained_by_lint(1, name, bytes, what);
}

fn complained_by_lint(code: i32, name: &str, bytes: impl AsRef<[u8]>, what: &str) {
    let folder = folder_with(name, bytes);
    let ended = serin(folder.path(), ["lint", name]);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let told = ended.printed().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(what) && told.contains(name), "lint says not `{what}`: {told:.2000}");
}
