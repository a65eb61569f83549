//! Where tasks find their programs: as the load tester does itself, and `hey` in any case.

use std::{
    env,
    ffi::OsString,
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The name under which this program is the load generator.
pub const HEY: &str = "hey";

/// The search path of tasks.
#[derive(Debug)]
pub struct Tools {
    path: OsString,
    /// Where `hey` is a link to this program, while hey itself is not installed.
    _folder: Option<TempDir>,
}

impl Tools {
    /// The search path of this process, with a `hey` at its end if it has none.
    ///
    /// # Errors
    /// There is no place for a link to this program.
    pub fn find() -> io::Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        Self::on(path, &env::current_exe()?)
    }

    fn on(path: OsString, program: &Path) -> io::Result<Self> {
        let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
        if folders.iter().any(|folder| folder.join(HEY).is_file()) {
            return Ok(Self { path, _folder: None });
        }
        let folder = tempfile::Builder::new().prefix("serin-loadtester-").tempdir()?;
        symlink(program, folder.path().join(HEY))?;
        folders.push(folder.path().into());
        Ok(Self { path: env::join_paths(folders).map_err(io::Error::other)?, _folder: Some(folder) })
    }

    /// Lets a program find them.
    pub fn give(&self, program: &mut Command) {
        program.env("PATH", &self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn hey_on(tools: &Tools) -> Option<PathBuf> {
        env::split_paths(&tools.path).map(|folder| folder.join(HEY)).find(|file| file.is_file())
    }

    #[test]
    fn hey_is_the_one_that_is_installed_or_else_this_program() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("serin-loadtester");
        fs::write(&program, "").unwrap();
        let tools = Tools::on(folder.path().into(), &program).unwrap();
        assert_eq!(fs::read_link(hey_on(&tools).unwrap()).unwrap(), program);
        let installed = folder.path().join(HEY);
        fs::write(&installed, "").unwrap();
        let tools = Tools::on(folder.path().into(), &program).unwrap();
        assert_eq!(hey_on(&tools), Some(installed));
    }
}
