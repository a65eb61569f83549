//! Text of a file does not move the cursor, change colours or set the title of the window.

use crate::{
    STORY,
    bounded::{Ended, READERS, folder_with, serin},
    manifest,
};

/// An escape, a bell, a backspace, the start of a control sequence in one character, and lines that overwrite.
const HOSTILE: &str = r"\e[31m\e]0;title\a\b\x9b31m\r\n\v\f";

fn shown(ended: &Ended) {
    for text in [&ended.out, &ended.err] {
        let control = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{ended:?}");
    }
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_screen() {
    let places = [
        ("scenario: a release", format!("scenario: \"a {HOSTILE} release\"")),
        (
            "{name: shop, namespace: test}",
            format!("{{name: \"shop{HOSTILE}\", namespace: \"test{HOSTILE}\"}}"),
        ),
        ("kind: Deployment, name: shop", format!("kind: Deployment, name: \"{HOSTILE}\"")),
        ("deploy: v2", format!("deploy: \"v2{HOSTILE}\"")),
        ("stepWeight: 20", format!("\"stepWeight{HOSTILE}\": 20")),
        ("until: 1h", format!("\"until{HOSTILE}\": 1h")),
        ("phase: Succeeded", format!("event: \"{HOSTILE}\"")),
        ("interval: 30s", format!("interval: \"{HOSTILE}\"")),
        ("name: request-success-rate", format!("name: \"{HOSTILE}\", query: \"{HOSTILE}\"")),
        (
            "      threshold: 2\n",
            format!(
                "      threshold: 2\n      webhooks: [{{name: \"a{HOSTILE}\", url: \"http://a/{HOSTILE}\"}}]\n"
            ),
        ),
        ("until: 1h", format!("until: 1h\nworld: {{hooks: {{\"{HOSTILE}\": []}}}}")),
    ];
    for (part, other) in places {
        let text = crate::story(part, &other);
        let folder = folder_with("a.yaml", &text);
        for verb in READERS {
            shown(&serin(folder.path(), verb.iter().chain(&["a.yaml"])));
        }
        let folder = folder_with("a.yaml", manifest(&text));
        shown(&serin(folder.path(), ["lint", "a.yaml"]));
    }
}

#[test]
fn control_characters_of_a_path_do_not_reach_the_screen() {
    let name = "a\u{1b}[31m\u{7}\n.yaml";
    for text in [STORY.to_owned(), String::new()] {
        let folder = folder_with(name, &text);
        for verb in READERS {
            shown(&serin(folder.path(), verb.iter().chain(&[name])));
        }
        shown(&serin(folder.path(), ["lint", name]));
        shown(&serin(folder.path(), ["replay", "."]));
    }
}

#[test]
fn very_long_names_are_read_or_refused_and_end() {
    let long = "x".repeat(500_000);
    for (part, other) in [
        ("scenario: a release", format!("scenario: {long}")),
        ("{name: shop, namespace: test}", format!("{{name: {long}, namespace: test}}")),
        ("deploy: v2", format!("deploy: {long}")),
        ("deploy: v2", format!("{long}: v2")),
        ("phase: Succeeded", format!("phase: {long}")),
        ("name: request-success-rate", format!("name: {long}")),
    ] {
        let folder = folder_with("a.yaml", crate::story(part, &other));
        let ended = serin(folder.path(), ["replay", "--quiet", "a.yaml"]);
        assert!(matches!(ended.code, Some(0..=2)), "{part} {:?}", ended.code);
    }
}
