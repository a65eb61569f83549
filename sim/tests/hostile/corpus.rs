//! The inputs that the fuzzer kept of what the command reads, on the stable toolchain.

#[path = "../../../fuzz/replay.rs"]
mod replay;

#[expect(unreachable_pub, reason = "the same file is a part of the fuzzer's library")]
#[path = "../../../fuzz/src/files.rs"]
pub(crate) mod targets;

use self::replay::passes;

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
