//! Spans of styled text, and how they are laid out in lines.

use std::fmt::Write as _;

use anstyle::Style;

use super::terminal::PLAIN;

/// Longer texts of the world (an error page, say) are cut.
const LONGEST: usize = 240;
/// So are sentences of ours that quote something longer.
const LONGEST_SENTENCE: usize = 1_000;

/// A text that stays on one line as long as it fits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    style: Style,
    text: String,
    /// Spaces between it and the span before.
    gap: usize,
    /// No line ends behind it.
    leads: bool,
}

impl Span {
    /// A span set off from the one before it.
    pub(crate) fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: cut(printable(&text.into()), LONGEST), gap: 2, leads: false }
    }

    /// Moves it so many spaces behind the span before.
    pub(crate) fn after(self, gap: usize) -> Self {
        Self { gap, ..self }
    }

    /// Keeps it on one line with the span that follows.
    pub(crate) fn leading(self) -> Self {
        Self { leads: true, ..self }
    }

    /// A text of the world, which may be broken between words.
    pub(crate) fn words(style: Style, text: &str) -> Vec<Self> {
        Self::words_up_to(LONGEST, style, text)
    }

    /// A sentence of ours, which may be broken between words; a list in it is shown whole.
    pub(crate) fn sentence(style: Style, sentence: &str) -> Vec<Self> {
        Self::words_up_to(LONGEST_SENTENCE, style, sentence)
    }

    fn words_up_to(longest: usize, style: Style, text: &str) -> Vec<Self> {
        let text = cut(printable(text), longest);
        text.split_whitespace().map(|word| Self::new(style, word).after(1)).collect()
    }

    /// What it says, without its style.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The columns that spans take on one line.
pub(crate) fn width(spans: &[Span]) -> usize {
    spans.iter().enumerate().map(|(i, span)| span.width() + if i > 0 { span.gap } else { 0 }).sum()
}

/// Columns by which the second line of a paragraph is set in.
const INDENT: usize = 2;

/// Lays a paragraph out in lines of at most `columns`. A span wider than that is broken.
pub(crate) fn lines(paragraph: &[Span], columns: usize) -> Vec<String> {
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

/// The columns of the line that so many lines end with.
fn room(lines: usize, columns: usize) -> usize {
    columns.saturating_sub(if lines > 1 { INDENT } else { 0 }).max(1)
}

/// Begins a line with a unit, and breaks what is wider than one.
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

/// One line; neighbours of one style share it.
pub(crate) fn styled(line: &[Span]) -> String {
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
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{}{text}{}", style.render(), reset(style))
}

fn reset(style: Style) -> String {
    style.render_reset().to_string()
}

/// A text of at most so many characters; a longer one ends behind a word, if one ends in its second half.
fn cut(mut text: String, longest: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(longest) {
        let word = text[..end].rfind(' ').filter(|word| *word > end / 2);
        text.truncate(word.unwrap_or(end));
        text.push_str("...");
    }
    text
}

/// Control characters would move the cursor or change colours: they become spaces.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::terminal::{BAD, GOOD};

    #[test]
    fn a_sentence_is_broken_between_words_and_set_in() {
        let sentence = Span::words(PLAIN, "the quick brown fox");
        assert_eq!(lines(&sentence, 9), ["the quick", "  brown", "  fox"]);
        assert_eq!(lines(&sentence, 100), ["the quick brown fox"]);
    }

    #[test]
    fn a_piece_stays_whole_while_it_fits() {
        let spans = [Span::new(PLAIN, "a b c"), Span::new(PLAIN, "d e f")];
        assert_eq!(lines(&spans, 9), ["a b c", "  d e f"]);
        assert_eq!(lines(&spans, 4), ["a b", "  c", "  d", "  e", "  f"]);
    }

    #[test]
    fn a_leading_piece_never_ends_a_line() {
        let spans =
            [Span::new(PLAIN, "seen"), Span::new(PLAIN, "→").leading(), Span::new(PLAIN, "done").after(1)];
        assert_eq!(lines(&spans, 8), ["seen", "  → done"]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken_anywhere() {
        assert_eq!(lines(&[Span::new(PLAIN, "abcdef")], 4), ["abcd", "  ef"]);
        assert_eq!(lines(&[Span::new(PLAIN, "äöü")], 0), ["ä", "  ö", "  ü"]);
    }

    #[test]
    fn neighbours_of_one_style_share_it() {
        let spans = [Span::new(GOOD, "a"), Span::new(GOOD, "b"), Span::new(BAD, "c")];
        assert_eq!(styled(&spans), "\u{1b}[32ma  b\u{1b}[0m  \u{1b}[31mc\u{1b}[0m");
    }

    #[test]
    fn what_the_world_says_neither_moves_the_cursor_nor_fills_the_screen() {
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
