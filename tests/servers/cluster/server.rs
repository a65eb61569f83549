//! A server that ends when this process does, however the process ends.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Runs a program until it or the standard input ends, which happens after any panic or signal. The program is killed,
/// because an API server would wait a minute for its watches. The folder is removed with it, also when the whole group
/// gets the signal.
const GUARD: &str = r#"
folder=$1; shift
trap : HUP INT TERM
exec 3<&0
"$@" </dev/null 3<&- & program=$!
{ read -r line; kill -9 "$program"; } <&3 3<&- & guard=$!
exec 3<&-
wait "$program"; status=$?
while kill -0 "$program" 2>/dev/null; do wait "$program"; status=$?; done
kill "$guard" 2>/dev/null
rm -rf "$folder"
exit "$status"
"#;

/// A running program. Dropping it ends it and waits for that.
#[derive(Debug)]
pub(crate) struct Server {
    guard: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a program in a folder that is removed when the program ends. Its output is appended to the file `log`.
    pub(crate) fn start(program: &Path, arguments: &[String], folder: &Path, log: PathBuf) -> Self {
        fs::create_dir_all(folder).unwrap();
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let mut all: Vec<OsString> = vec!["guard".into(), folder.into(), program.into()];
        all.extend(arguments.iter().map(OsString::from));
        let guard = Command::new("sh")
            .args(["-c", GUARD])
            .args(all)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self { guard, log }
    }

    /// Its last output, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.guard.try_wait().unwrap()?;
        Some(format!("{status}\n{}", self.last_words()))
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It may have ended by itself.
        drop(self.guard.wait());
    }
}
