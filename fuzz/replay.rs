//! Passes the inputs that the fuzzer kept to the function of their target, on the stable toolchain. Tests of the workspace
//! include this file; `README.md` says how the inputs are made.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use rayon::prelude::*;
use tar::Archive;

/// Passes every kept input of a target to `check`.
///
/// # Panics
/// `check` panics; the names of all such inputs are listed.
pub(crate) fn passes(target: &str, check: fn(&[u8])) {
    let inputs = corpus(target);
    assert!(inputs.len() > 100, "the corpus of {target} is gone");
    let failed = inputs.par_iter().filter(|(_, bytes)| catch_unwind(|| check(bytes)).is_err());
    let failed: Vec<&PathBuf> = failed.map(|(name, _)| name).collect();
    assert_eq!(failed, Vec::<&PathBuf>::new());
}

/// The kept inputs of a target by name: those of its archive, and the files that once showed a fault.
fn corpus(target: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let archive = File::open(folder.join(target).with_extension("tar.gz")).unwrap();
    let mut archive = Archive::new(GzDecoder::new(archive));
    let packed = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().into_owned(), bytes)
    });
    let mut inputs: BTreeMap<_, _> = packed.collect();
    for file in fs::read_dir(folder.join(target)).into_iter().flatten() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        inputs.insert(path, bytes);
    }
    inputs
}
