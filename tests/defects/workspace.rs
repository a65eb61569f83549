//! A workspace with a copy of the core that contains all defects. A process plants one of them, or none.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use crate::{defect::Defect, process};

/// The timeout of a build.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// Variables that Cargo sets for a test about its package. Another Cargo would rebuild the packages that read them.
const OURS: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// The version of its packages. Cargo distinguishes packages by name, version and place in their workspace, wherever
/// that is: with our version, a package that is built here could be used as the shipped one.
const VERSION: &str = "0.0.0";

/// The files of a workspace, by their path.
pub(crate) struct Workspace(BTreeMap<String, Vec<u8>>);

impl Workspace {
    /// The core with these defects, in a workspace with these members and these files and folders of ours.
    pub(crate) fn with(defects: &[Defect], members: &[&str], paths: &[&str]) -> Self {
        let mut workspace = Self(BTreeMap::new());
        for path in ["Cargo.toml", "Cargo.lock", "core"].iter().chain(paths) {
            workspace.read(path);
        }
        let lines = workspace.text("Cargo.toml").unwrap().lines().map(|line| match line.split_once(" = ") {
            Some(("members", _)) => format!("members = {members:?}"),
            Some(("version", _)) => format!("version = {VERSION:?}"),
            Some(_) | None => line.into(),
        });
        let manifest = lines.collect::<Vec<String>>().join("\n");
        workspace.put("Cargo.toml", &manifest);
        let library = format!("{}\nmod planted;\n", workspace.text("core/src/lib.rs").unwrap());
        workspace.put("core/src/lib.rs", &library);
        workspace.put("core/src/planted.rs", include_str!("planted.rs"));
        for defect in defects {
            defect.apply_to(&mut workspace);
        }
        workspace
    }

    /// A text file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(|text| std::str::from_utf8(text).unwrap())
    }

    /// Adds a file, or replaces it.
    pub(crate) fn put(&mut self, path: &str, text: &str) {
        self.0.insert(path.into(), text.into());
    }

    /// Builds it in a folder of this name; returns the program that Cargo makes with these arguments.
    pub(crate) fn build(&self, folder: &str, target: &Path, args: &[&str]) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        self.write(&folder);
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(args).args(["--offline", "--quiet", "--message-format=json-render-diagnostics"]);
        cargo.arg("--target-dir").arg(target).current_dir(folder);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| OURS.iter().any(|prefix| name.starts_with(prefix))) {
                cargo.env_remove(name);
            }
        }
        let said = process::run(&mut cargo, BUILD);
        let said = said.unwrap_or_else(|why| panic!("the core with the defects cannot be built: {why}"));
        let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut programs = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
        programs.next_back().unwrap()
    }

    fn read(&mut self, path: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        if !file.is_dir() {
            self.0.insert(path.into(), fs::read(file).unwrap());
            return;
        }
        for entry in fs::read_dir(file).unwrap() {
            let name = entry.unwrap().file_name();
            self.read(&format!("{path}/{}", name.to_str().unwrap()));
        }
    }

    /// Updates a folder to these files. Files that are already equal are left alone, so that Cargo compiles only the
    /// others.
    fn write(&self, folder: &Path) {
        self.remove_others(folder, "");
        for (path, content) in &self.0 {
            let file = folder.join(path);
            if !fs::read(&file).is_ok_and(|there| there == *content) {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, content).unwrap();
            }
        }
    }

    fn remove_others(&self, folder: &Path, prefix: &str) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                self.remove_others(&entry.path(), &format!("{path}/"));
            } else if !self.0.contains_key(&path) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}
