//! What the README shows is what is printed.

use serin_sim::{
    replay::replay,
    report::{Look, Page, WIDTH, text},
};

use crate::root;

const SHOWN: &str = "scenarios/everyday/weighted-bad.yaml";

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();

    let printed = printed();

    assert!(readme.contains(printed.trim_end()), "paste this into README.md:\n{printed}");
}

/// What `serin replay` prints of the story where nothing is coloured.
fn printed() -> String {
    let replayed = replay(&root().join(SHOWN)).unwrap();
    let page = Page {
        path: SHOWN,
        title: &replayed.title,
        canary: &replayed.canary,
        story: &replayed.story,
        verdict: &replayed.verdict,
    };
    anstream::adapter::strip_str(&text(&page, &Look::new(WIDTH, false))).to_string()
}
