//! The words of a query and their places, for limits and for the place of an error; the parser has its own lexer.

use super::parse::Fault;

/// A word of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    pub(super) kind: TokenKind,
}

/// The kind of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An opening bracket, and the bracket that closes it.
    Open(char),
    /// A closing bracket.
    Close(char),
    /// A name, a keyword, a number or a duration.
    Word,
    /// A quoted text.
    Text,
    /// An operator or a comma.
    Sign,
}

/// Splits a query into words, without comments and blanks.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = query[at..].chars().next() {
        let rest = &query[at..];
        let (length, kind) = match first {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '#' => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '(' => (1, TokenKind::Open(')')),
            '{' => (1, TokenKind::Open('}')),
            '[' => (1, TokenKind::Open(']')),
            ')' | '}' | ']' => (1, TokenKind::Close(first)),
            '"' | '\'' | '`' => match text(rest, first) {
                Some(length) => (length, TokenKind::Text),
                None => return Err(Fault { at, what: format!("a text is not closed with {first}") }),
            },
            c if is_in_word(c) => (rest.find(|c| !is_in_word(c)).unwrap_or(rest.len()), TokenKind::Word),
            '=' | '!' | '<' | '>' if rest[1..].starts_with(['=', '~']) => (2, TokenKind::Sign),
            c => (c.len_utf8(), TokenKind::Sign),
        };
        found.push(Token { at, end: at + length, kind });
        at += length;
    }
    Ok(found)
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':')
}

/// The length of a quoted text, if it ends.
fn text(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            '\n' if quote != '`' => return None,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}
