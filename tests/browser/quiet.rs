//! A report loads and runs without messages.

use crate::{reports, tab::Open};

#[test]
fn a_report_sends_no_request_and_logs_nothing() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        assert_eq!(open.asked(), [report.url()], "{name}");
        assert_eq!(open.said(), Vec::<String>::new(), "{name}");
        assert_eq!(
            open.value("[document.compatMode, document.scripts.length]"),
            // A page of many stories can be searched.
            serde_json::json!(["CSS1Compat", u8::from(name == "many")])
        );
    }
}

#[test]
fn texts_of_a_scenario_stay_text() {
    let report = reports::many();
    let Some(open) = Open::page(&report.url()) else { return };
    let found = open.value(
        "document.querySelectorAll('img, script, iframe, object, [onerror], [onload], [onclick]').length",
    );
    // The script is the page's own.
    assert_eq!(found, 1);
    // The hostile texts are in the page, as text.
    let text = open.value("document.body.textContent");
    let text = text.as_str().unwrap();
    for word in
        ["<script>alert('title')</script>", "\"><svg onload=alert(1)>", "<img src=x onerror=alert(1)>"]
    {
        assert!(text.contains(word), "{word}");
    }
    assert_eq!(open.value("document.title"), "4 scenarios · serin replay");
}

#[test]
fn a_screen_reader_can_use_a_report() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        let one = open.value("[document.querySelectorAll('h1').length, document.querySelectorAll('main').length, document.documentElement.lang]");
        assert_eq!(one, serde_json::json!([1, 1, "en"]), "{name}");
        // Every chart has a name, a description and its numbers as a table; every table has headings.
        let without = open.value(
            "[...document.querySelectorAll('figure.chart')].filter(figure => { \
               const svg = figure.querySelector('svg.drawing'); \
               const named = svg.getAttribute('aria-labelledby').split(' ').map(id => document.getElementById(id)); \
               return named.some(part => !part || !part.textContent) || !figure.querySelector('table tbody tr'); \
             }).map(figure => figure.id)",
        );
        assert_eq!(without, serde_json::json!([]), "{name}");
        let bare = open.value("[...document.querySelectorAll('table')].filter(table => !table.querySelector('thead th[scope=col]') || !table.querySelector('tbody th[scope=row]')).length");
        assert_eq!(bare, 0, "{name}");
        let levels =
            open.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(heading => +heading.tagName[1])");
        let levels: Vec<u64> = serde_json::from_value(levels).unwrap();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
        let ids = open.value(
            "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))",
        );
        assert_eq!(ids, 0, "{name}: an id occurs twice");
        // Areas that scroll can be reached with the keyboard.
        let unreachable = open.value("[...document.querySelectorAll('.scroll, pre.manifest')].filter(box => box.tabIndex !== 0).length");
        assert_eq!(unreachable, 0, "{name}");
    }
}
