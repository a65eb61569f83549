//! Small files with a very large meaning.

use std::{fs::File, process::Stdio};

use crate::{
    STORY,
    bounded::{folder_with, refused_by_all, refused_by_lint, serin, serin_reading},
    story,
};

fn refused(text: impl AsRef<[u8]>, what: &str) {
    refused_by_all("a.yaml", &text, what);
    refused_by_lint("a.yaml", &text, what);
}

#[test]
fn a_hook_that_is_tried_without_end_ends_with_the_story() {
    let metrics = "      metrics:";
    let hook = "{name: bus, type: event, url: http://bus, retries: 4000000000}";
    let text = story(metrics, &format!("      webhooks: [{hook}]\n{metrics}"));
    let folder = folder_with("a.yaml", format!("{text}world: {{hooks: {{bus: [500]}}}}\n"));
    let ended = serin(folder.path(), ["replay", "a.yaml"]);
    // The story ends before any receiver gets the notices of its beginning.
    assert_eq!(ended.code, Some(1), "{ended:.2000?}");
    assert!(ended.out.contains("actual"), "{ended:.2000?}");
}

const LARGE: &str = "is too large once its aliases are replaced";

#[test]
fn aliases_of_aliases_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let below = vec![format!("*a{}", i - 1); 10].join(", ");
        text += &format!("a{i}: &a{i} [{below}]\n");
    }
    refused(&text, LARGE);
}

#[test]
fn a_long_text_that_occurs_many_times_is_refused() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(400_000), vec!["*a"; 100_000].join(", "));
    refused(&text, LARGE);
}

#[test]
fn a_long_number_that_occurs_many_times_is_refused() {
    let text = format!("a: &a 0.{}\nb: [{}]\n", "1".repeat(400_000), vec!["*a"; 100_000].join(", "));
    refused(&text, LARGE);
}

#[test]
fn a_number_that_no_type_can_hold_hides_no_later_aliases() {
    let text = format!(
        "a: 99999999999999999999\nb: -99999999999999999999\nc: &c {}\nd: [{}]\n",
        "x".repeat(400_000),
        vec!["*c"; 100_000].join(", ")
    );
    refused(&text, LARGE);
}

#[test]
fn mappings_that_are_merged_into_each_other_are_refused() {
    let fields: String = (0..50).map(|i| format!("k{i}: {}, ", "x".repeat(100))).collect();
    let mut text = format!("m0: &m0 {{{fields}}}\n");
    for i in 1..12 {
        let below = vec![format!("*m{}", i - 1); 10].join(", ");
        text += &format!("m{i}: &m{i} {{<<: [{below}], own{i}: 1}}\n");
    }
    refused(&text, LARGE);
}

#[test]
fn an_anchor_that_contains_itself_is_refused() {
    refused("a: &a [*a]\n", "is nested too deeply");
    refused("&a {a: *a}\n", "is nested too deeply");
}

#[test]
fn endless_nesting_is_refused() {
    let by_indentation: String = (0..1000).map(|i| " ".repeat(i) + "a:\n").collect();
    for text in [
        "[".repeat(200_000),
        "{a: ".repeat(200_000),
        "- ".repeat(200_000),
        "? ".repeat(200_000),
        by_indentation,
    ] {
        // Another check may already have refused it as a scenario.
        refused_by_all("a.yaml", &text, "a.yaml:");
        refused_by_lint("a.yaml", &text, "is nested too deeply");
    }
}

#[test]
fn a_file_of_a_gibibyte_is_refused_unread() {
    let folder = folder_with("small.yaml", STORY);
    File::create(folder.path().join("a.yaml")).unwrap().set_len(1 << 30).unwrap();
    for verb in ["replay", "explain", "check", "lint"] {
        let ended = serin(folder.path(), [verb, "a.yaml"]);
        assert_eq!(ended.code, Some(2), "{verb} {ended:?}");
        assert!(ended.printed().contains("is larger than 1 MiB"), "{verb} {ended:?}");
    }
    // With other files it is reported, and the others are checked.
    let ended = serin(folder.path(), ["replay", "."]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("a.yaml: is larger than 1 MiB"), "{ended:?}");
    assert!(ended.out.contains("1 as expected"), "{ended:?}");
}

#[test]
fn input_that_never_ends_is_refused() {
    let folder = folder_with("small.yaml", STORY);
    for verb in ["replay", "explain", "check", "lint"] {
        let ended = serin(folder.path(), [verb, "/dev/zero"]);
        assert_eq!(ended.code, Some(2), "{verb} {ended:?}");
        assert!(ended.printed().contains("is larger than 1 MiB"), "{verb} {ended:?}");
    }
    let ended = serin_reading(folder.path(), ["lint", "-"], Stdio::from(File::open("/dev/zero").unwrap()));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let ended = serin(folder.path(), ["sweep", "merge", "/dev/zero"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("/dev/zero: is larger than"), "{ended:?}");
}

#[test]
fn a_line_of_ten_mebibytes_is_refused() {
    refused(format!("scenario: {}\n", "x".repeat(10 << 20)), "is larger than 1 MiB");
}

#[test]
fn a_million_events_are_refused_and_as_many_as_fit_end() {
    let events =
        |count: usize| story("  - {at: 1m, deploy: v2}\n", &"  - {at: 1m, deploy: v2}\n".repeat(count));
    refused(events(1_000_000), "is larger than 1 MiB");

    let folder = folder_with("a.yaml", events(40_000));
    let ended = serin(folder.path(), ["replay", "--quiet", "a.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_fault_after_very_many_lists_in_a_line_is_found() {
    for lists in [format!(" [{}]", "[a], ".repeat(200_000)), "\n- [a]".repeat(150_000)] {
        let folder = folder_with("a.yaml", story("until: 1h", &format!("until: 1h\nuntill:{lists}")));
        let ended = serin(folder.path(), ["replay", "a.yaml"]);
        assert_eq!(ended.code, Some(2), "{:.2000}", ended.err);
        assert!(ended.err.starts_with("error: a.yaml:19:1: untill: "), "{:.2000}", ended.err);
    }
}

#[test]
fn a_manifest_of_two_thousand_canaries_is_checked() {
    let one = crate::manifest(STORY).replace("stepWeight: 20", "stepWeight: 70");
    let names = (0..2000).map(|i| one.replace("shop", &format!("shop-{i}")));
    let folder = folder_with("a.yaml", names.collect::<Vec<_>>().join("---\n"));
    let ended = serin(folder.path(), ["lint", "--quiet", "a.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The last of them is found at its place.
    let begins = (one.lines().count() + 1) * 1999;
    let line = ended.out.lines().rfind(|line| line.contains("  warning ")).unwrap();
    let at: usize = line.trim_start().split_once(':').unwrap().0.parse().unwrap();
    assert!(at > begins, "`{line}` is not behind line {begins}");
}

#[test]
fn a_tree_of_settings_is_refused_on_the_command_line_as_well() {
    let folder = folder_with("a.yaml", STORY);
    let deep = format!("analysis.threshold={}", "[".repeat(100_000));
    let ended = serin(folder.path(), ["sweep", "--runs", "1", "a.yaml", "--vary", &deep]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let many = "analysis.threshold=1..99999999999";
    let ended = serin(folder.path(), ["sweep", "--runs", "1", "a.yaml", "--vary", many]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
