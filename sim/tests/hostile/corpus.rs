//! The inputs that the fuzzer kept, on the stable toolchain: `fuzz/README.md` says how they are made.

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

#[expect(unreachable_pub, reason = "the same file is the library of the fuzzer")]
#[path = "../../../fuzz/src/lib.rs"]
pub(crate) mod targets;

/// The kept inputs of a target, sorted.
fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn passes(target: &str, terminal: fn(&[u8])) {
    let files = corpus(target);
    assert!(files.len() > 10, "the corpus of {target} is gone");
    let failed = files.par_iter().filter(|file| {
        let bytes = fs::read(file).unwrap();
        catch_unwind(|| terminal(&bytes)).is_err()
    });
    assert_eq!(failed.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

#[test]
fn every_scenario_of_the_corpus_passes() {
    passes("scenario", targets::scenario);
}

#[test]
fn every_manifest_of_the_corpus_passes() {
    passes("manifest", targets::manifest);
}

#[test]
fn every_status_of_the_corpus_passes() {
    passes("status", targets::status);
}

#[test]
fn every_variation_of_the_corpus_passes() {
    passes("vary", targets::vary);
}
