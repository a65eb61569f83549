//! Manifests pasted from a web page, with non-breaking spaces as indentation.

use std::fs;

use crate::{
    STORY,
    bounded::{Ended, READERS, folder_with, serin},
    manifest, story,
};

/// As a browser copies it: each space of the indentation is a non-breaking one.
fn pasted(text: &str) -> String {
    let set_in = |line: &str| {
        let rest = line.trim_start_matches(' ');
        "\u{a0}".repeat(line.len() - rest.len()) + rest + "\n"
    };
    text.lines().map(set_in).collect()
}

#[test]
fn a_pasted_manifest_is_checked_with_a_warning() {
    let folder = folder_with("a.yaml", pasted(&manifest(STORY)));
    let Ended { code, out, err } = serin(folder.path(), ["lint", "a.yaml"]);
    assert_eq!((code, &*err), (Some(0), ""), "{out}");
    assert!(out.contains("5:1  warning  non-breaking-space"), "{out}");
    assert!(out.contains("replace each U+00A0 by a plain space"), "{out}");

    let plain = folder_with("a.yaml", manifest(STORY));
    let plain = serin(plain.path(), ["lint", "a.yaml"]).out;
    let plan = |text: &str| text[text.find("shop.test").unwrap()..text.rfind("\n\n").unwrap()].to_owned();
    assert_eq!(plan(&out), plan(&plain), "it is not read as what it means");
    assert_eq!(serin(folder.path(), ["lint", "--strict", "a.yaml"]).code, Some(1));
}

/// The additions that a sweep needs.
const WORLD: &str = "\
world:
  traffic: {rps: 100}
  versions: {v2: {errors: 0%..5%}}
";

#[test]
fn a_pasted_manifest_is_replayed() {
    let canary = STORY.split_once("canary:\n").unwrap().1.split_once("events:").unwrap().0;
    let folder =
        folder_with("story.yaml", story(&format!("canary:\n{canary}"), "canary: canary.yaml\n") + WORLD);
    fs::write(folder.path().join("canary.yaml"), pasted(&manifest(STORY))).unwrap();
    fs::write(folder.path().join("pasted.yaml"), pasted(&(STORY.to_owned() + WORLD))).unwrap();
    for verb in READERS {
        for file in ["story.yaml", "pasted.yaml"] {
            let ended = serin(folder.path(), verb.iter().chain(&[file]));
            // The expectations of the story may not hold in a random world, and one run does not decide a goal.
            assert!(matches!(ended.code, Some(0..=1)), "{verb:?} {ended:?}");
        }
    }
}

#[test]
fn a_manifest_that_lost_its_indentation_is_refused_with_its_line() {
    let flat: String = manifest(STORY).lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    let folder = folder_with("a.yaml", flat);
    let ended = serin(folder.path(), ["lint", "a.yaml"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("    4:1  error spec  wrong-type"), "{ended:?}");
    assert!(ended.out.contains("did you mean `spec.targetRef`?"), "{ended:?}");
}

#[test]
fn a_space_within_a_value_is_kept() {
    let folder = folder_with("a.yaml", story("a release", "a\u{a0}release"));
    let ended = serin(folder.path(), ["replay", "--quiet", "--format", "json", "a.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("a\u{a0}release"), "{ended:?}");
}
