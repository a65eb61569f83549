//! The folders of Go modules, for the CRDs in them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process,
    tools::{BUILD, ToolError, is_go_here, or_skip},
};

/// The folders of the Go modules that `tests/servers/tools/{module}` requires, or `None` with a message if there is no
/// Go.
///
/// # Panics
///
/// If they cannot be downloaded, and with `CI=true` also without Go.
pub(crate) fn folders<const N: usize>(
    module: &'static str,
    paths: [&'static str; N],
) -> Option<[PathBuf; N]> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(module);
    or_skip(paths.iter().map(|path| module_folder(&folder, path)).collect::<Result<Vec<_>, _>>())?
        .try_into()
        .ok()
}

fn module_folder(folder: &Path, path: &'static str) -> Result<PathBuf, ToolError> {
    if !is_go_here() {
        return Err(ToolError::nowhere(path, "Go"));
    }
    let mut go = Command::new("go");
    go.current_dir(folder).env("GOWORK", "off").args(["mod", "download", "-json", path]);
    let failed = |why: String| ToolError::NotBuilt { name: path, folder: folder.into(), why };
    let said = process::run(&mut go, BUILD).map_err(failed)?;
    let said: serde_json::Value = serde_json::from_str(&said).map_err(|error| failed(error.to_string()))?;
    said["Dir"].as_str().map(PathBuf::from).ok_or_else(|| failed(said.to_string()))
}
