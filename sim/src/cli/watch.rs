//! `--watch`: repeats the work whenever a file changes, until Ctrl-C.
//!
//! Files are polled: that works on every file system, also in containers.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind, IsTerminal as _, Write},
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, SystemTime},
};

use serin_input as input;

use super::{Exit, complaint};

/// The time between two polls.
const PAUSE: Duration = Duration::from_millis(300);
/// An editor that saves by renaming removes the file for a moment. A file that is missing in this many polls is gone.
const GONE: usize = 4;

/// Does the work on `paths`, and repeats it after each change of a file there or of a file that `named` returns;
/// `named` is called before each run. Ends with 0 at Ctrl-C, or when the reader of `out` has closed it.
pub(super) fn watch(
    paths: &[PathBuf],
    named: impl Fn() -> Vec<PathBuf>,
    mut work: impl FnMut(&mut dyn Write, &mut dyn Write),
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    if let Err(what) = can_be_watched(paths) {
        // Standard error may be closed as well; the exit status remains.
        let _ = err.write_all(complaint(&what).as_bytes());
        return Exit::Unusable;
    }
    // Ctrl-C is the only way to end watching, so it is a success. Later work cannot set its own handler. A command that
    // was started in the background ignores Ctrl-C, and continues to ignore it.
    let _ = ctrlc::try_set_handler(|| process::exit(0));
    let mut out = Reader { out, is_gone: false };
    loop {
        let named = named();
        let before = Stamps::of(paths, &named);
        clear(&mut out);
        work(&mut out, err);
        if out.is_gone {
            return Exit::AsExpected;
        }
        let count = before.0.len();
        let noun = if count == 1 { "file" } else { "files" };
        let _ = writeln!(err, "\nWatching {count} {noun}. Press Ctrl-C to stop.").and_then(|()| err.flush());
        let changed = changed(&before, || {
            pause();
            Stamps::of(paths, &named)
        });
        let _ = writeln!(err, "\n{} changed.", changed.display());
    }
}

#[expect(clippy::disallowed_methods, reason = "files are polled: there is no condition to wait for")]
fn pause() {
    thread::sleep(PAUSE);
}

fn can_be_watched(paths: &[PathBuf]) -> Result<(), String> {
    for path in paths {
        if path == Path::new("-") {
            return Err("--watch: standard input cannot be watched".into());
        }
        if let Err(error) = fs::metadata(path) {
            return Err(format!("{}: cannot be read: {error}", path.display()));
        }
    }
    Ok(())
}

/// A terminal shows only the newest results.
fn clear(out: &mut dyn Write) {
    if io::stdout().is_terminal() {
        let _ = out.write_all(b"\x1b[2J\x1b[H");
    }
}

/// Polls until something is different and stays the same for two polls; returns the first changed file by name.
fn changed(before: &Stamps, mut terminal: impl FnMut() -> Stamps) -> PathBuf {
    let mut last = before.clone();
    let mut different = 0;
    loop {
        let now = terminal();
        let is_resting = now == last;
        last = now;
        let Some(changed) = last.difference(before) else {
            different = 0;
            continue;
        };
        different += 1;
        if is_resting && (last.has_all_of(before) || different > GONE) {
            return changed;
        }
    }
}

/// The time and length of each file; `None` for a file that does not exist.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamps(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl Stamps {
    fn of(paths: &[PathBuf], named: &[PathBuf]) -> Self {
        let below = paths.iter().flat_map(|path| input::yaml_below(path));
        let files = below.chain(named.iter().cloned());
        let stamp = |path: &PathBuf| {
            let found = fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len()))
        };
        Self(files.map(|path| (path.clone(), stamp(&path))).collect())
    }

    /// The first file that has changed.
    fn difference(&self, before: &Self) -> Option<PathBuf> {
        let here = |path: &PathBuf, of: &Self| of.0.get(path).copied().flatten();
        let mut files = self.0.keys().chain(before.0.keys());
        files.find(|path| here(path, self) != here(path, before)).cloned()
    }

    /// Whether every file that existed still exists.
    fn has_all_of(&self, before: &Self) -> bool {
        let mut there = before.0.iter().filter(|(_, stamp)| stamp.is_some());
        there.all(|(path, _)| self.0.get(path).is_some_and(Option::is_some))
    }
}

/// Output whose reader can close it.
struct Reader<'a> {
    out: &'a mut dyn Write,
    is_gone: bool,
}

impl Reader<'_> {
    fn noting<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_gone |= result.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        result
    }
}

impl Write for Reader<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.noting(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.noting(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(files: &[(&str, u64)]) -> Stamps {
        let stamp = |(path, length): &(&str, u64)| {
            (PathBuf::from(path), (*length > 0).then_some((SystemTime::UNIX_EPOCH, *length)))
        };
        Stamps(files.iter().map(stamp).collect())
    }

    /// The number of polls, and the file that is reported as changed.
    fn looks(before: &[(&str, u64)], looks: &[&[(&str, u64)]]) -> (usize, PathBuf) {
        let mut count = 0;
        let changed = changed(&stamps(before), || {
            count += 1;
            stamps(looks[(count - 1).min(looks.len() - 1)])
        });
        (count, changed)
    }

    #[test]
    fn a_change_is_reported_when_the_file_no_longer_changes() {
        let before = &[("a", 1), ("b", 1)][..];
        assert_eq!(looks(before, &[before, &[("a", 1), ("b", 2)]]), (3, "b".into()));
        let growing: &[&[_]] = &[&[("a", 2), ("b", 1)], &[("a", 3), ("b", 1)], &[("a", 4), ("b", 1)]];
        assert_eq!(looks(before, growing), (4, "a".into()));
    }

    #[test]
    fn a_new_file_is_a_change() {
        assert_eq!(looks(&[("a", 1)], &[&[("a", 1), ("b", 1)]]), (2, "b".into()));
    }

    #[test]
    fn a_file_that_is_missing_for_a_moment_is_not_a_change() {
        let before = &[("a", 1)][..];
        let away = &[("a", 0)][..];
        assert_eq!(looks(before, &[away, away, away, &[("a", 2)]]), (5, "a".into()));
        assert_eq!(looks(before, &[away, away, before, before, &[("a", 2)]]), (6, "a".into()));
        assert_eq!(looks(before, &[&[]]), (5, "a".into()));
    }
}
