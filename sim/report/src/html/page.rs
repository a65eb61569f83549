//! The page around a report.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::chart::definitions;

const STYLE: &str = include_str!("style.css");

/// A whole page. `kind` is the kind of report; a `script` can make it easier to use, but the page can be read without
/// it.
pub(super) fn page(kind: &str, title: &str, body: &Markup, script: Option<&'static str>) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(script));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " · serin " (kind) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "To the report" }
                (definitions())
                header.top { span.brand { "serin" } " " span.quiet { (kind) } }
                main #main { (body) }
                footer { p.quiet { "Made by serin " (env!("CARGO_PKG_VERSION")) ". The same input gives the same page." } }
                @if let Some(script) = script { script { (PreEscaped(script)) } }
            }
        }
    };
    harmless(&markup.into_string())
}

/// A heading of a level from 2 on, so that no level is skipped.
pub(super) fn heading(level: u8, text: &str) -> Markup {
    match level {
        0..=2 => html! { h2 { (text) } },
        3 => html! { h3 { (text) } },
        4.. => html! { h4 { (text) } },
    }
}

/// Nothing may be loaded or sent; the hashes of the style sheet and the script are allowed.
fn policy(script: Option<&str>) -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    let style = hash(STYLE);
    let script = script.map_or_else(|| "'none'".into(), |script| format!("'sha256-{}'", hash(script)));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src {script}; base-uri 'none'; form-action 'none'"
    )
}

/// Without control characters, and without characters that change the direction of text.
fn harmless(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if (c.is_control() && c != '\n') || turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_nothing_and_keeps_the_direction_of_text() {
        let page = page("replay", "<script>\u{202e}\u{1b}[2J", &html! { p { "a\nb" } }, None);
        assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"), "{page}");
        assert!(page.contains("<title>&lt;script&gt;\u{fffd}\u{fffd}[2J · serin replay</title>"), "{page}");
        assert!(page.contains("<p>a\nb</p>"));
    }

    #[test]
    fn the_style_sheet_loads_nothing() {
        for word in ["url(", "@import", "http", "</style"] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
