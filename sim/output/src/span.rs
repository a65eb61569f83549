//! Spans of styled text, and their layout in lines.

use std::fmt::Write as _;

use anstyle::Style;

use super::terminal::PLAIN;

/// Longer texts of the world, such as an error page, are truncated.
const LONGEST: usize = 240;
/// So are our own sentences that quote a longer text.
const LONGEST_SENTENCE: usize = 1_000;

/// A text that stays on one line if it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    style: Style,
    text: String,
    /// The number of spaces before it.
    gap: usize,
    /// No line ends after it.
    leads: bool,
}

impl Span {
    /// A span with a space before it.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: cut(printable(&text.into()), LONGEST), gap: 2, leads: false }
    }

    /// Puts this number of spaces before it.
    pub fn after(self, gap: usize) -> Self {
        Self { gap, ..self }
    }

    /// Keeps it on one line with the span that follows.
    pub fn leading(self) -> Self {
        Self { leads: true, ..self }
    }

    /// A text of the world, which can wrap between words.
    pub fn words(style: Style, text: &str) -> Vec<Self> {
        Self::words_up_to(LONGEST, style, text)
    }

    /// Our own sentence, which can wrap between words; a list in it is shown in full.
    pub fn sentence(style: Style, sentence: &str) -> Vec<Self> {
        Self::words_up_to(LONGEST_SENTENCE, style, sentence)
    }

    fn words_up_to(longest: usize, style: Style, text: &str) -> Vec<Self> {
        let text = cut(printable(text), longest);
        text.split_whitespace().map(|word| Self::new(style, word).after(1)).collect()
    }

    /// Its text, without the style.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The width of spans on one line.
pub fn width(spans: &[Span]) -> usize {
    spans.iter().enumerate().map(|(i, span)| span.width() + if i > 0 { span.gap } else { 0 }).sum()
}

/// The indentation of the second line of a paragraph.
const INDENT: usize = 2;

/// Lays out a paragraph in lines of at most `columns`. A wider span is broken.
pub fn lines(paragraph: &[Span], columns: usize) -> Vec<String> {
    let mut lines: Vec<Vec<Span>> = Vec::new();
    for unit in paragraph.split_inclusive(|span| !span.leads) {
        let room = room(lines.len(), columns);
        match lines.last_mut() {
            Some(line) if width(line) + unit[0].gap + width(unit) <= room => line.extend_from_slice(unit),
            Some(_) | None => add(&mut lines, unit, columns),
        }
    }
    let indent = |i: usize| if i == 0 { String::new() } else { " ".repeat(INDENT) };
    lines.iter().enumerate().map(|(i, line)| indent(i) + &styled(line)).collect()
}

/// The width of the line after this number of spans at its end.
fn room(lines: usize, columns: usize) -> usize {
    columns.saturating_sub(if lines > 1 { INDENT } else { 0 }).max(1)
}

/// Begins a line with a unit, and breaks it if it is wider than a line.
fn add(lines: &mut Vec<Vec<Span>>, unit: &[Span], columns: usize) {
    lines.push(Vec::new());
    for span in unit {
        let mut rest = Some(span.clone());
        while let Some(span) = rest {
            let room = room(lines.len(), columns);
            let Some(line) = lines.last_mut() else { return };
            let used = if line.is_empty() { 0 } else { width(line) + span.gap };
            let (head, tail) = span.broken(room.saturating_sub(used).max(1));
            line.push(head);
            if tail.is_some() {
                lines.push(Vec::new());
            }
            rest = tail;
        }
    }
}

impl Span {
    /// The part that fits, up to a space if there is one, and the rest.
    fn broken(self, columns: usize) -> (Self, Option<Self>) {
        let Some((end, _)) = self.text.char_indices().nth(columns) else { return (self, None) };
        let (head, tail) = self.text.split_at(end);
        let at = if tail.starts_with(' ') { Some(end) } else { head.rfind(' ') };
        let (head, tail) = self.text.split_at(at.filter(|at| *at > 0).unwrap_or(end));
        let tail = tail.trim_start();
        let rest = (!tail.is_empty()).then(|| Self { text: tail.into(), ..self.clone() });
        (Self { text: head.into(), ..self }, rest)
    }
}

/// One line; adjacent spans of one style are merged.
pub fn styled(line: &[Span]) -> String {
    let mut text = String::new();
    let mut style = PLAIN;
    for (i, span) in line.iter().enumerate() {
        let gap = " ".repeat(if i > 0 { span.gap } else { 0 });
        if span.style == style {
            // Writing to a `String` never fails.
            let _ = write!(text, "{gap}{}", span.text);
        } else {
            let _ = write!(text, "{}{gap}{}{}", reset(style), span.style.render(), span.text);
            style = span.style;
        }
    }
    text.push_str(&reset(style));
    text
}

/// A text in a style.
pub fn paint(style: Style, text: &str) -> String {
    format!("{}{text}{}", style.render(), reset(style))
}

fn reset(style: Style) -> String {
    style.render_reset().to_string()
}

/// A text of at most this number of characters; a longer one ends after a word, if one ends in its second half.
fn cut(mut text: String, longest: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(longest) {
        let word = text[..end].rfind(' ').filter(|word| *word > end / 2);
        text.truncate(word.unwrap_or(end));
        text.push_str("...");
    }
    text
}

/// Control characters would move the cursor or change colours: they become spaces.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{BAD, GOOD};

    #[test]
    fn a_sentence_wraps_between_words_and_is_indented() {
        let sentence = Span::words(PLAIN, "the quick brown fox");
        assert_eq!(lines(&sentence, 9), ["the quick", "  brown", "  fox"]);
        assert_eq!(lines(&sentence, 100), ["the quick brown fox"]);
    }

    #[test]
    fn a_span_that_fits_is_not_broken() {
        let spans = [Span::new(PLAIN, "a b c"), Span::new(PLAIN, "d e f")];
        assert_eq!(lines(&spans, 9), ["a b c", "  d e f"]);
        assert_eq!(lines(&spans, 4), ["a b", "  c", "  d", "  e", "  f"]);
    }

    #[test]
    fn a_leading_span_never_ends_a_line() {
        let spans =
            [Span::new(PLAIN, "seen"), Span::new(PLAIN, "→").leading(), Span::new(PLAIN, "done").after(1)];
        assert_eq!(lines(&spans, 8), ["seen", "  → done"]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken() {
        assert_eq!(lines(&[Span::new(PLAIN, "abcdef")], 4), ["abcd", "  ef"]);
        assert_eq!(lines(&[Span::new(PLAIN, "äöü")], 0), ["ä", "  ö", "  ü"]);
    }

    #[test]
    fn adjacent_spans_of_one_style_share_it() {
        let spans = [Span::new(GOOD, "a"), Span::new(GOOD, "b"), Span::new(BAD, "c")];
        assert_eq!(styled(&spans), "\u{1b}[32ma  b\u{1b}[0m  \u{1b}[31mc\u{1b}[0m");
    }

    #[test]
    fn text_of_the_world_neither_moves_the_cursor_nor_fills_the_screen() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a [2Jb c");
        let long = Span::words(PLAIN, &"x".repeat(1000));
        assert_eq!(width(&long), LONGEST + 3);
    }

    #[test]
    fn a_list_is_never_cut_within_a_word() {
        let list = vec!["gatewayapi:v1beta1"; 20].join(", ");
        assert_eq!(width(&Span::sentence(PLAIN, &list)), list.len());
        let words = Span::words(PLAIN, &list);
        assert_eq!(words.last().map(Span::text), Some("gatewayapi:v1beta1,..."));
    }
}
