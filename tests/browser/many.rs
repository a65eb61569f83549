//! A page of many stories: the worst first, with a filter and a search.

use serde_json::{Value, json};

use crate::{reports, tab::Open};

/// The titles of the stories that are shown, from the top down.
const SHOWN: &str = "[...document.querySelectorAll('#stories > .story')].filter(story => getComputedStyle(story).display !== 'none').map(story => story.id || 'unusable')";

fn shown(open: &Open) -> Value {
    open.value(SHOWN)
}

#[test]
fn unexpected_stories_come_first_and_are_open() {
    let report = reports::many();
    let Some(open) = Open::page(&report.url()) else { return };
    assert_eq!(shown(&open), json!(["run-2", "run-3", "unusable", "run-1"]));
    let opened = open.value("[...document.querySelectorAll('.story[open]')].map(story => story.id)");
    assert_eq!(opened, json!(["run-2", "run-3"]));
    let banner =
        open.value("[...document.querySelectorAll('main > .verdict')].map(banner => banner.className)");
    assert_eq!(banner, json!(["verdict bad"]));
}

#[test]
fn the_filter_shows_stories_of_one_kind() {
    let report = reports::many();
    let Some(open) = Open::page(&report.url()) else { return };
    let choose = |name: &str| {
        open.value(&format!("document.getElementById('show-{name}').click() ?? 0"));
        shown(&open)
    };
    assert_eq!(choose("failed"), json!(["run-2", "run-3", "unusable"]));
    assert_eq!(choose("rolled-back").as_array().map(Vec::len), Some(3));
    assert_eq!(choose("all").as_array().map(Vec::len), Some(4));
}

#[test]
fn the_search_finds_words_in_titles_sentences_and_paths() {
    let report = reports::many();
    let Some(open) = Open::page(&report.url()) else { return };
    let search = |words: &str| {
        open.value(&format!(
            "(search => {{ search.value = {words:?}; search.dispatchEvent(new Event('input')); return 0; }})(document.getElementById('search'))"
        ));
        (shown(&open), open.value("document.getElementById('found').textContent"))
    };
    assert_eq!(search("EXPECTED succeed"), (json!(["run-2"]), json!("1 of 4 shown")));
    assert_eq!(search("no/such"), (json!(["unusable"]), json!("1 of 4 shown")));
    assert_eq!(search("no such word at all"), (json!([]), json!("0 of 4 shown")));
    assert_eq!(search("").0.as_array().map(Vec::len), Some(4));
    let visible = open.value("getComputedStyle(document.getElementById('search-label')).display !== 'none'");
    assert_eq!(visible, json!(true));
}
