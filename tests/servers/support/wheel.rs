//! A program from a Python package.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    process,
    tools::{self, ToolError},
};

/// A program from the package in `tests/servers/tools/{name}/requirements.txt`.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The name of the program, and of the folder.
    pub(crate) name: &'static str,
    /// The argument that prints its version.
    pub(crate) version: &'static str,
    /// If that prints this, the program is too old to be used where it is found.
    pub(crate) too_old: &'static str,
}

/// The timeout of an installation.
const INSTALL: Duration = Duration::from_secs(10 * 60);

impl Wheel {
    /// The path of the program; it is installed if it is not found.
    ///
    /// # Errors
    ///
    /// There is no Python, or the package is not available.
    pub(crate) fn find(&self) -> Result<PathBuf, ToolError> {
        if let Some(program) = tools::on_machine(self.name, self.version, self.too_old) {
            return Ok(program);
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(self.name);
        let failed = |why: String| ToolError::NotBuilt { name: self.name, folder: folder.clone(), why };
        let requirements = folder.join("requirements.txt");
        let pins = fs::read(&requirements).map_err(|error| failed(error.to_string()))?;
        let mut hasher = DefaultHasher::new();
        pins.hash(&mut hasher);
        let file = format!("{}-{:016x}", self.name, hasher.finish());
        tools::cached(self.name, &file, failed, |program| self.install(&requirements, program, failed))
    }

    fn install(
        &self,
        requirements: &Path,
        program: &Path,
        failed: impl Fn(String) -> ToolError,
    ) -> Result<(), ToolError> {
        if Command::new("python3")
            .args(["-m", "pip", "--version"])
            .output()
            .is_ok_and(|pip| pip.status.success())
        {
            tools::say(&format!("installing {} with pip into {}", self.name, program.display()));
        } else {
            return Err(ToolError::nowhere(self.name, "Python with pip"));
        }
        let half = program.with_extension("installing");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"])
            .args(["--upgrade", "--disable-pip-version-check", "--root-user-action=ignore"])
            .arg("--target")
            .arg(&half)
            .arg("--requirement")
            .arg(requirements);
        process::run(&mut pip, INSTALL).map_err(&failed)?;
        // A renamed file is never half written.
        let moved = fs::rename(half.join("bin").join(self.name), program);
        moved.and_then(|()| fs::remove_dir_all(half)).map_err(|error| failed(error.to_string()))
    }
}
