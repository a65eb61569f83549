//! The place of a syntax error: the parser reports what is wrong, but not where.
//!
//! A query is valid up to some word: the part before it can be completed to a query that can be parsed. That word is
//! found with a binary search and a few ways to complete.

use promql_parser::parser;

use super::{
    parse::Fault,
    tokens::{Token, TokenKind},
};

/// The message of the parser about a query that does not follow the grammar.
const NOT_PARSED: &str = "invalid promql query";

/// Endings that can complete a valid beginning; brackets are closed after them.
const ENDINGS: [&str; 15] = [
    "", " x", "(x)", " (a)", " (a) x", " (a)(x)", " 1m", " 1", " (x)", "a=\"b\"", "=\"b\"", "\"b\"",
    ",a=\"b\"", ":1m", " start()",
];

/// The fault that the parser reports as `error`.
pub(super) fn fault(query: &str, words: &[Token], error: &str) -> Fault {
    let text = |word: &Token| &query[word.at..word.end];
    if error != NOT_PARSED && is_read(query) {
        // It can be parsed, but its meaning is invalid.
        let last = first(words.len(), |count| reports(query, words, count, error));
        let named = words[..last.min(words.len())].iter().rev().find(|word| names(error, text(word)));
        let at = named.or(words.get(last.saturating_sub(1))).map_or(0, |word| word.at);
        return Fault { at, what: error.to_owned() };
    }
    let count = first(words.len(), |count| !is_right(query, words, count));
    match words.get(count.saturating_sub(1)) {
        Some(word) if count <= words.len() => {
            let what = match error {
                NOT_PARSED => format!("`{}` is unexpected here", text(word)),
                _ if error.starts_with("unexpected") => format!("`{}` is unexpected here", text(word)),
                error => error.to_owned(),
            };
            Fault { at: word.at, what }
        }
        _ => {
            let last = words.last();
            let what = last.map_or_else(String::new, |last| format!(" after `{}`", text(last)));
            Fault { at: last.map_or(0, |last| last.at), what: format!("the query is incomplete{what}") }
        }
    }
}

/// The smallest count for which it holds; one more than `most` if it holds for none. It has to hold from there on.
fn first(most: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut fails, mut behind) = (0, most + 1);
    while behind - fails > 1 {
        let middle = fails + (behind - fails) / 2;
        if holds(middle) {
            behind = middle;
        } else {
            fails = middle;
        }
    }
    behind
}

/// Whether the words so far can be completed to a query.
fn is_right(query: &str, words: &[Token], count: usize) -> bool {
    completed(query, words, count).any(|query| is_read(&query) && !is_refused(&query))
}

/// Whether the words so far are refused for the same reason, with an ending that is valid for others.
fn reports(query: &str, words: &[Token], count: usize, error: &str) -> bool {
    completed(query, words, count).any(|query| parser::parse(&query).is_err_and(|other| other == error))
}

fn completed<'a>(query: &'a str, words: &'a [Token], count: usize) -> impl Iterator<Item = String> + 'a {
    let so_far = &words[..count];
    let mut open = Vec::new();
    for word in so_far {
        match word.kind {
            TokenKind::Open(close) => open.push(close),
            TokenKind::Close(_) => {
                open.pop();
            }
            TokenKind::Word | TokenKind::Text | TokenKind::Sign => {}
        }
    }
    let closing: String = open.into_iter().rev().collect();
    let text = &query[..so_far.last().map_or(0, |word| word.end)];
    ENDINGS.iter().map(move |ending| format!("{text}{ending}{closing}"))
}

/// Whether it consists of the language's words.
fn is_read(query: &str) -> bool {
    parser::lexer(query).is_ok()
}

fn is_refused(query: &str) -> bool {
    parser::parse(query).is_err_and(|error| error == NOT_PARSED)
}

/// Whether an error names a word, in quotes or at its end.
fn names(error: &str, word: &str) -> bool {
    let plain = word.trim_matches(['"', '\'', '`']);
    error.contains(&format!("'{word}'"))
        || (word.len() > plain.len() && error.ends_with(&format!(" {plain}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_has_one_message_for_all_syntax_errors() {
        for query in ["a b", "sum(", "a{b}c"] {
            assert!(parser::parse(query).is_err(), "{query}");
        }
        assert_eq!(parser::parse("a b"), Err(NOT_PARSED.to_owned()));
    }
}
