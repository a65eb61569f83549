//! The inputs that the fuzzer kept of what the controller reads, on the stable toolchain.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

#[path = "../../fuzz/replay.rs"]
mod replay;

#[expect(unreachable_pub, reason = "the same file is a part of the fuzzer's library")]
#[path = "../../fuzz/src/controller.rs"]
mod targets;

use self::replay::passes;

#[test]
fn every_template_of_the_corpus_passes() {
    passes("template", targets::template);
}

#[test]
fn every_answer_of_the_corpus_passes() {
    passes("answer", targets::answer);
}
