//! Paths that are not files.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use tempfile::TempDir;

use crate::{
    STORY,
    bounded::{Ended, READERS, folder_with, serin},
    story,
};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The verbs of a scenario and lint; each refuses the path and names it.
fn refused(folder: &TempDir, path: &str, what: &str) {
    let lint: &[&str] = &["lint"];
    for verb in READERS.iter().chain([&lint]) {
        refused_by(verb, folder, path, what);
    }
}

fn refused_by(verb: &[&str], folder: &TempDir, path: &str, what: &str) {
    let ended = serin(folder.path(), verb.iter().chain(&[path]));
    assert_eq!(ended.code, Some(2), "{verb:?} {ended:?}");
    let printed = ended.printed();
    assert!(printed.contains(path) && printed.contains(what), "{verb:?} {ended:?}");
}

#[test]
fn a_missing_path_is_reported() {
    let folder = TempDir::new().unwrap();
    refused(&folder, "none.yaml", "cannot be read");
    symlink("none.yaml", folder.path().join("to-none.yaml")).unwrap();
    refused(&folder, "to-none.yaml", "cannot be read");
    symlink("itself.yaml", folder.path().join("itself.yaml")).unwrap();
    refused(&folder, "itself.yaml", "cannot be read");
}

#[test]
fn an_empty_folder_is_reported() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("nothing")).unwrap();
    refused(&folder, "nothing", "");
}

#[test]
fn circular_links_are_not_followed_without_end() {
    let folder = folder_with("a.yaml", STORY);
    symlink(".", folder.path().join("round")).unwrap();
    symlink("..", folder.path().join("up.yaml")).unwrap();
    let ended = serin(folder.path(), ["replay", "--quiet", "."]);
    assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{ended:?}");
}

#[test]
fn a_pipe_in_a_folder_is_skipped() {
    let folder = folder_with("a.yaml", STORY);
    pipe(&folder.path().join("b.yaml"));
    let ended = serin(folder.path(), ["replay", "--quiet", "."]);
    assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{ended:?}");
}

#[test]
fn a_scenario_can_only_refer_to_files() {
    let canary = STORY.split_once("canary:\n").unwrap().1.split_once("events:").unwrap().0;
    let named = |name: &str| story(&format!("canary:\n{canary}"), &format!("canary: {name}\n"));
    let folder = folder_with("pipe.yaml", named("pipe"));
    pipe(&folder.path().join("pipe"));
    fs::write(folder.path().join("device.yaml"), named("/dev/zero")).unwrap();
    fs::write(folder.path().join("folder.yaml"), named(".")).unwrap();
    let trace =
        format!("{STORY}world: {{traffic: {{trace: /dev/zero}}, versions: {{v1: {{}}, v2: {{}}}}}}\n");
    fs::write(folder.path().join("trace.yaml"), trace).unwrap();
    for file in ["pipe.yaml", "device.yaml", "folder.yaml", "trace.yaml"] {
        for verb in READERS {
            refused_by(verb, &folder, file, "is not a regular file");
        }
    }
}

#[test]
fn a_file_without_permission_is_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder_with("a.yaml", STORY);
    let path = folder.path().join("a.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser can read everything.
    if fs::read(&path).is_err() {
        refused(&folder, "a.yaml", "cannot be read");
    }
}

#[test]
fn a_report_that_cannot_be_written_leaves_no_file() {
    let folder = folder_with("a.yaml", STORY);
    for at in ["no/such/folder/report.html", ".", "/dev/full"] {
        let Ended { code, out, err } = serin(folder.path(), ["replay", "a.yaml", "--report", at]);
        assert_eq!(code, Some(2), "{at}: {err}");
        assert!(err.starts_with("error: ") && err.contains(at), "{at}: {err}{out}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left behind");
    }
}
