//! Converts an offset in a field's text to a place in the file, for each YAML style: plain, quoted, literal (`|`) and
//! folded (`>`).

use serin_input::Place;

/// Line and column, counted from 1, of an offset in a text. `key` is the place of the field's name in the file, `value`
/// its text, `at` the offset in bytes. `None` if the file and the text do not match, as with an alias.
///
/// Blanks are skipped on both sides, so that folding and indentation do not matter.
pub(crate) fn place(file: &str, key: Place, value: &str, at: usize) -> Option<Place> {
    let begins = offset(file, key)?;
    let (mut rest, quote) = behind_key(&file[begins..])?;
    let mut chars = value.char_indices().filter(|(_, c)| !c.is_whitespace());
    loop {
        let next = chars.next();
        rest = skip_blanks(rest, quote);
        match next {
            Some((place, c)) if place < at => rest = skip(rest, quote, c)?,
            Some(_) | None => return Some(line_and_column(file, file.len() - rest.len())),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Quote {
    None,
    Single,
    Double,
}

/// Where a value begins, and its quotes.
fn behind_key(text: &str) -> Option<(&str, Quote)> {
    let first = text.chars().next()?;
    let key = match first {
        '"' | '\'' => text[1..].find(first)? + 2,
        _ => text.find(':')?,
    };
    let mut rest = text[key..].trim_start().strip_prefix(':')?.trim_start();
    while rest.starts_with(['&', '!']) {
        rest = rest[rest.find(char::is_whitespace)?..].trim_start();
    }
    match rest.chars().next()? {
        '|' | '>' => Some((&rest[rest.find('\n')?..], Quote::None)),
        '\'' => Some((&rest[1..], Quote::Single)),
        '"' => Some((&rest[1..], Quote::Double)),
        _ => Some((rest, Quote::None)),
    }
}

fn skip_blanks(mut rest: &str, quote: Quote) -> &str {
    loop {
        rest = rest.trim_start();
        let escaped = rest.strip_prefix('\\').filter(|_| quote == Quote::Double);
        match escaped.and_then(|rest| rest.strip_prefix(['n', 't', 'r', ' ', '\n', '\t'])) {
            Some(behind) => rest = behind,
            None => return rest,
        }
    }
}

/// Skips a written character; `None` if it is a different one.
fn skip(rest: &str, quote: Quote, c: char) -> Option<&str> {
    let plain = rest.strip_prefix(c);
    match (quote, c) {
        (Quote::Single, '\'') => rest.strip_prefix("''"),
        (Quote::Double, '"' | '\\') => rest.strip_prefix('\\')?.strip_prefix(c),
        (Quote::Double, '/') => plain.or_else(|| rest.strip_prefix("\\/")),
        (Quote::None | Quote::Single | Quote::Double, _) => plain,
    }
}

fn offset(text: &str, (line, column): Place) -> Option<usize> {
    let mut begins = 0;
    for _ in 1..line {
        begins += text[begins..].find('\n')? + 1;
    }
    let (at, _) = text[begins..].char_indices().nth(column.checked_sub(1)?)?;
    Some(begins + at)
}

fn line_and_column(text: &str, at: usize) -> Place {
    let before = &text[..at];
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    (1 + before.matches('\n').count(), 1 + before[line..].chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of `@` in the value, and the text there in the file.
    fn placed<'a>(file: &'a str, value: &str, at: &str) -> Option<(Place, &'a str)> {
        let line = file.lines().position(|line| line.contains("query"))? + 1;
        let column = file.lines().nth(line - 1)?.find("query")? + 1;
        let column = if file.contains("\"query\"") { column - 1 } else { column };
        let place = place(file, (line, column), value, value.find(at)?)?;
        Some((place, &file[offset(file, place)?..]))
    }

    #[test]
    fn a_place_is_found_in_every_style_of_text() {
        for (file, value, at) in [
            ("spec:\n  query: sum(a) @\n", "sum(a) @", (2, 17)),
            ("spec:\n  query: |\n    sum(\n      @)\n", "sum(\n  @)\n", (4, 7)),
            ("spec:\n  query: |2-\n     sum(\n      @)\n", " sum(\n  @)", (4, 7)),
            ("spec:\n  query: >\n    sum(a)\n\n    / @\n", "sum(a)\n/ @\n", (5, 7)),
            ("spec:\n  query: &q !!str | # comment\n    sum(\n    @)\n", "sum(\n@)\n", (4, 5)),
            ("- {name: a, query: 'it''s @ b'}\n", "it's @ b", (1, 27)),
            ("- {name: a, query: \"a\\\"b\\n @\"}\n", "a\"b\n @", (1, 28)),
            ("{\"query\": \"sum\\/\\t@\"}\n", "sum/\t@", (1, 19)),
            ("query:\n  sum(ä)\n  /   @\n", "sum(ä) / @", (3, 7)),
        ] {
            let found = placed(file, value, "@");
            assert_eq!(found.map(|(place, _)| place), Some(at), "{file}");
            assert!(found.unwrap().1.starts_with('@'), "{file}");
        }
    }

    #[test]
    fn a_text_from_elsewhere_has_no_place() {
        assert_eq!(placed("a: &a x @\nquery: *a\n", "x @", "@"), None);
        assert_eq!(place("query:", (1, 1), "x", 0), None);
        assert_eq!(place("query: x", (7, 1), "x", 0), None);
    }
}
