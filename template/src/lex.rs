//! Splits a template into pieces: text, and the words of each action.

use serde_json::{Number, Value};

use super::{TemplateError, fault};

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// Text, which is printed unchanged, and its offset.
    Text(String, usize),
    /// The words between `{{` and `}}`, and the offset of the action.
    Action(Vec<Word>, usize),
}

/// A word of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) token: Token,
    /// Whether it follows the word before without a space: `variables.path` is one operand, `eq .A` are two.
    pub(super) joined: bool,
    /// Its offset.
    pub(super) at: usize,
}

/// The kind of a word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `if`, `eq`, `namespace`.
    Name(String),
    /// `.Status`, without the dot.
    Field(String),
    /// `$value`, without the sign; empty for `$` alone.
    Variable(String),
    /// `.` alone.
    Dot,
    /// A number or a quoted text.
    Constant(Value),
    /// `|`, `(`, `)`, `,`, `:=` or `=`.
    Sign(&'static str),
}

/// Splits a template into pieces.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut found = Vec::new();
    let (mut rest, mut trim) = (text, false);
    loop {
        let begins = text.len() - rest.len();
        let opens = rest.find("{{");
        let mut said = &rest[..opens.unwrap_or(rest.len())];
        let mut at = begins;
        if trim {
            let trimmed = said.trim_start_matches(BLANKS);
            at += said.len() - trimmed.len();
            said = trimmed;
        }
        let Some(opens) = opens else {
            add_text(&mut found, said, at);
            return Ok(found);
        };
        let mut action = &rest[opens + "{{".len()..];
        if let Some(trimmed) = action.strip_prefix('-').filter(|rest| rest.starts_with(BLANKS)) {
            said = said.trim_end_matches(BLANKS);
            action = trimmed;
        }
        add_text(&mut found, said, at);
        let opens = begins + opens;
        let mut lexer = Lexer { text, opens, rest: action, words: Vec::new() };
        if action.trim_start_matches(BLANKS).starts_with("/*") {
            trim = lexer.comment()?;
        } else {
            trim = lexer.action()?;
            found.push(Piece::Action(lexer.words, opens));
        }
        rest = lexer.rest;
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

fn add_text(found: &mut Vec<Piece>, text: &str, at: usize) {
    if !text.is_empty() {
        found.push(Piece::Text(text.into(), at));
    }
}

struct Lexer<'a> {
    text: &'a str,
    /// The offset of the action.
    opens: usize,
    rest: &'a str,
    words: Vec<Word>,
}

impl<'a> Lexer<'a> {
    /// The offset of `rest`.
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Skips a comment; returns whether the text after it loses its whitespace.
    fn comment(&mut self) -> Result<bool, TemplateError> {
        let Some((_, rest)) = self.rest.split_once("*/") else {
            return fault(self.opens, "a comment is not closed with `*/}}`");
        };
        self.rest = rest;
        match self.end() {
            Some(trim) => Ok(trim),
            None => fault(self.at(), "a comment has to end with `*/}}`"),
        }
    }

    /// Reads words up to `}}`; returns whether the text after it loses its whitespace.
    fn action(&mut self) -> Result<bool, TemplateError> {
        loop {
            if let Some(trim) = self.end() {
                return Ok(trim);
            }
            let blank = self.rest.len() - self.rest.trim_start_matches(BLANKS).len();
            self.rest = &self.rest[blank..];
            if let Some(trim) = self.end() {
                return Ok(trim);
            }
            let joined = blank == 0 && !self.words.is_empty();
            let at = self.at();
            let token = self.token()?;
            self.words.push(Word { token, joined, at });
        }
    }

    /// Consumes `}}` or ` -}}`, if that comes next.
    fn end(&mut self) -> Option<bool> {
        let blank = self.rest.trim_start_matches(BLANKS);
        let trims = blank.strip_prefix("-}}").filter(|_| blank.len() < self.rest.len());
        let (rest, trim) = match trims {
            Some(rest) => (rest, true),
            None => (self.rest.strip_prefix("}}")?, false),
        };
        self.rest = rest;
        Some(trim)
    }

    fn token(&mut self) -> Result<Token, TemplateError> {
        let Some(first) = self.rest.chars().next() else {
            return fault(self.opens, "an action is not closed with `}}`");
        };
        let second = self.rest[first.len_utf8()..].chars().next();
        let begins_name = |c: char| c.is_alphabetic() || c == '_';
        match first {
            '"' | '`' | '\'' => self.quoted(first),
            '$' => {
                self.rest = &self.rest[1..];
                Ok(Token::Variable(self.take(is_in_name).into()))
            }
            '.' if second.is_some_and(begins_name) => {
                self.rest = &self.rest[1..];
                Ok(Token::Field(self.take(is_in_name).into()))
            }
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => {
                self.rest = &self.rest[1..];
                Ok(Token::Dot)
            }
            c if begins_name(c) => Ok(Token::Name(self.take(is_in_name).into())),
            c if c.is_ascii_digit() || "+-.".contains(c) => self.number(),
            '}' => fault(self.at(), "an action ends with `}}`, here is a single `}`"),
            _ => self.sign(first),
        }
    }

    fn sign(&mut self, first: char) -> Result<Token, TemplateError> {
        for sign in [":=", "=", "|", "(", ")", ","] {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return Ok(Token::Sign(sign));
            }
        }
        fault(self.at(), format!("`{first}` is not expected here"))
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn number(&mut self) -> Result<Token, TemplateError> {
        let at = self.at();
        let text = self.take(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
        let plain = text.replace('_', "");
        let hex = plain.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
        let whole = hex.or_else(|| plain.parse().ok()).map(Number::from);
        match whole.or_else(|| plain.parse().ok().and_then(Number::from_f64)) {
            Some(number) => Ok(Token::Constant(Value::Number(number))),
            None => fault(at, format!("`{text}` is no number")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Token, TemplateError> {
        let begins = self.at();
        let mut said = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[at + c.len_utf8()..];
                    return constant(quote, said, begins);
                }
                '\n' if quote != '`' => break,
                '\\' if quote != '`' => {
                    let Some(escaped) = chars.next().and_then(|(_, c)| escape(c, &mut chars)) else {
                        return fault(begins, "a quoted string contains an invalid escape");
                    };
                    said.push(escaped);
                }
                c => said.push(c),
            }
        }
        fault(begins, format!("a text is not closed with {quote}"))
    }
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A string; a character in single quotes is its number, as in Go.
fn constant(quote: char, said: String, at: usize) -> Result<Token, TemplateError> {
    if quote != '\'' {
        return Ok(Token::Constant(said.into()));
    }
    let mut chars = said.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Token::Constant(u32::from(c).into())),
        _ => fault(at, format!("'{said}' is no single character; quote texts with \"")),
    }
}

fn escape(c: char, chars: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    let mut code = |digits: usize| {
        let digits: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
    };
    match c {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        '\\' | '\'' | '"' => Some(c),
        'x' => code(2),
        'u' => code(4),
        'U' => code(8),
        _ => None,
    }
}
