//! The YAML files below a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Fault, InputError};

/// The given file, or every YAML file of a folder that `is_wanted`, sorted.
pub fn yaml_files(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, InputError> {
    let unreadable = |error: io::Error| Fault::of_file(path, format!("cannot be read: {error}"));
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut files = Vec::new();
    below(path, &mut files)?;
    files.retain(|file| is_wanted(file));
    files.sort();
    Ok(files)
}

/// The file itself, or every YAML file of a folder; the contents are not read.
#[must_use]
pub fn yaml_below(path: &Path) -> Vec<PathBuf> {
    yaml_files(path, |_| true).unwrap_or_else(|_| vec![path.into()])
}

/// All YAML files of a folder. Links to folders are not followed, so that the search ends.
fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let unreadable = |error: io::Error| Fault::of_file(folder, format!("cannot be read: {error}"));
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            below(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") && may_end(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether it is a file, or a broken link, which is reported later. Pipes and devices may never end.
fn may_end(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |found| found.is_file())
}
