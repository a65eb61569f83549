//! `--report FILE`: an HTML report in addition to the output.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use clap::ValueHint;
use tempfile::NamedTempFile;

/// The path of a report, the same for every verb that writes one.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ReportTo {
    /// Also write an HTML report to this file: one page, without other files
    #[arg(long = "report", id = "report", value_name = "FILE", value_hint = ValueHint::FilePath)]
    path: Option<PathBuf>,
}

impl ReportTo {
    /// Whether a report is written.
    pub(super) fn is_wanted(&self) -> bool {
        self.path.is_some()
    }

    /// Checks that the report can be written, before the work begins. Leaves no file behind.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub(super) fn try_out(&self) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        beside(&target(path)?).map(|_| ()).map_err(|error| failed(path, &error))
    }

    /// Writes the whole page or nothing; replaces an existing file.
    ///
    /// # Errors
    /// Why it could not be written.
    pub(super) fn write(&self, page: impl FnOnce() -> String) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let target = target(path)?;
        let put = || {
            let mut file = beside(&target)?;
            file.write_all(page().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&target).map_err(|error| error.error)?;
            Ok(())
        };
        put().map_err(|error: io::Error| failed(path, &error))
    }
}

/// The target of the path if it is a link.
fn target(path: &Path) -> Result<PathBuf, String> {
    match fs::canonicalize(path) {
        Ok(known) => {
            let of = fs::metadata(&known).map_err(|error| failed(path, &error))?;
            if !of.is_file() {
                return Err(format!(
                    "{}: the report cannot be written there: it is not a file",
                    path.display()
                ));
            }
            if of.permissions().readonly() {
                return Err(failed(path, &ErrorKind::PermissionDenied.into()));
            }
            Ok(known)
        }
        Err(error) if error.kind() == ErrorKind::NotFound && path.file_name().is_some() => Ok(path.into()),
        Err(error) => Err(failed(path, &error)),
    }
}

/// A new file in the same folder, with the usual permissions of new files.
pub(super) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".serin-report-");
    if let Some(permissions) = usual() {
        builder.permissions(permissions);
    }
    builder.tempfile_in(folder)
}

#[cfg(unix)]
fn usual() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    // The user's umask removes bits from it.
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn usual() -> Option<Permissions> {
    None
}

fn failed(path: &Path, error: &io::Error) -> String {
    // The error may name the path of a temporary file, which means nothing to the user.
    format!("{}: the report cannot be written there: {}", path.display(), error.kind())
}

/// Output whose pipe may be closed early, while there is still other work to do.
pub(super) struct Patient<'a> {
    out: &'a mut dyn Write,
    gone: bool,
}

impl<'a> Patient<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, gone: false }
    }

    fn unless_gone<T>(
        &mut self,
        done: T,
        write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.gone {
            return Ok(done);
        }
        match write(self.out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(done)
            }
            result => result,
        }
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), |out| out.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(path: &Path) -> ReportTo {
        ReportTo { path: Some(path.into()) }
    }

    #[test]
    fn a_report_replaces_an_existing_file_and_leaves_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        fs::write(&path, "old and much longer than the new one").unwrap();
        to(&path).try_out().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old and much longer than the new one");
        to(&path).write(|| "new".into()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let is_refused = |path: &Path| to(path).try_out().unwrap_err();
        assert!(is_refused(folder.path()).ends_with("it is not a file"));
        assert!(is_refused(&folder.path().join("no/such/report.html")).ends_with("entity not found"));
        assert!(is_refused(Path::new("")).contains("cannot be written there"));
        assert!(!ReportTo { path: None }.is_wanted());
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real.html"), folder.path().join("link.html"));
        fs::write(&path, "old").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, &link).unwrap();
        #[cfg(not(unix))]
        fs::hard_link(&path, &link).unwrap();
        to(&link).write(|| "new".into()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), if cfg!(unix) { "new" } else { "old" });
    }
}
