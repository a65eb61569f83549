//! Non-breaking spaces instead of plain spaces, from text that was copied from a web page. YAML does not accept them.

use std::{borrow::Cow, ops::Range};

use super::locate::Place;

const NON_BREAKING: char = '\u{a0}';
const BLANKS: [char; 2] = [' ', NON_BREAKING];

/// The text with plain spaces instead of non-breaking ones where they cannot be part of a value: in the indentation,
/// before a comment and at the end of a line. Columns do not change.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(NON_BREAKING) {
        return text.into();
    }
    let lines = text.split_inclusive('\n').flat_map(|line| {
        let blanks = blanks(line);
        line.char_indices().map(move |(at, c)| match c {
            NON_BREAKING if blanks.iter().any(|blank| blank.contains(&at)) => ' ',
            c => c,
        })
    });
    lines.collect::<String>().into()
}

/// The first space that [`plain`] replaces.
pub fn first(text: &str) -> Option<Place> {
    text.lines().enumerate().find_map(|(line, text)| {
        let blanks = blanks(text);
        let mut chars = text.char_indices().enumerate();
        let found =
            chars.find(|(_, (at, c))| *c == NON_BREAKING && blanks.iter().any(|blank| blank.contains(at)));
        found.map(|(column, _)| (line + 1, column + 1))
    })
}

/// Where blanks of a line have no meaning except distance.
fn blanks(line: &str) -> [Range<usize>; 3] {
    let line = line.trim_end_matches(['\n', '\r']);
    let text = line.trim_start_matches(BLANKS);
    let mut comments = line.match_indices('#').map(|(at, _)| at);
    let comment = comments.find(|at| line[..*at].ends_with(BLANKS)).unwrap_or(0);
    let before = line[..comment].trim_end_matches(BLANKS);
    [0..line.len() - text.len(), before.len()..comment, line.trim_end_matches(BLANKS).len()..line.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_in_indentation_and_before_comments_become_plain() {
        let text = "a:\n\u{a0} b: 1 \u{a0}# why\u{a0}so \u{a0}\n\u{a0}\u{a0}c: d\u{a0}e#f\u{a0}\r\n";
        assert_eq!(plain(text), "a:\n  b: 1  # why\u{a0}so  \n  c: d\u{a0}e#f \r\n");
        assert_eq!(first(text), Some((2, 1)));
        assert_eq!(first("a: 1 \u{a0}# b"), Some((1, 6)));
    }

    #[test]
    fn a_space_within_a_text_is_not_changed() {
        let text = "a: 10\u{a0}000\n#\u{a0}b\n";
        assert_eq!((plain(text), first(text)), (text.into(), None));
    }
}
