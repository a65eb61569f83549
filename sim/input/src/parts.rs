//! Splits a text into documents before the YAML library reads them, so that a broken document does not hide the others.

/// One document of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DocumentText<'a> {
    /// The number of lines before it.
    pub(super) lines_before: usize,
    /// Its text, including the line `---` at its beginning.
    pub(super) text: &'a str,
}

/// All documents, in order. A text without a line `---` is one document. Comments and directives before the first `---`
/// are not a document.
pub(super) fn parts(text: &str) -> Vec<DocumentText<'_>> {
    let mut parts = Vec::new();
    let mut part = Open::default();
    let mut at = 0;
    for (line, with_end) in text.split_inclusive('\n').enumerate() {
        let content = with_end.trim_end_matches(['\n', '\r']);
        if is_marker(content, "---") {
            if part.is_document {
                parts.extend(part.close(text, at));
                part = Open { begins: at, line, is_document: true };
            }
            part.is_document = true;
        } else if is_marker(content, "...") {
            parts.extend(part.close(text, at));
            part = Open { begins: at + with_end.len(), line: line + 1, is_document: false };
        } else if !content.trim_start().is_empty() && !content.starts_with(['#', '%']) {
            part.is_document = true;
        }
        at += with_end.len();
    }
    parts.extend(part.close(text, at));
    parts
}

/// A document whose end is not known yet.
#[derive(Default)]
struct Open {
    begins: usize,
    line: usize,
    is_document: bool,
}

impl Open {
    fn close<'a>(&self, text: &'a str, end: usize) -> Option<DocumentText<'a>> {
        self.is_document.then(|| DocumentText { lines_before: self.line, text: &text[self.begins..end] })
    }
}

/// Whether a line begins or ends a document. In YAML no scalar can hold such a line.
fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(usize, &str)> {
        parts(text).iter().map(|part| (part.lines_before, part.text)).collect()
    }

    #[test]
    fn each_document_keeps_its_lines() {
        assert_eq!(of("a: 1\n---\nb: 2\n"), [(0, "a: 1\n"), (1, "---\nb: 2\n")]);
        assert_eq!(of("---\na: 1\n---\n---\nb: 2"), [(0, "---\na: 1\n"), (2, "---\n"), (3, "---\nb: 2")]);
        assert_eq!(of("a: 1\n...\n# end\n"), [(0, "a: 1\n")]);
        assert_eq!(of("a: 1\r\n--- \r\nb: 2\r\n"), [(0, "a: 1\r\n"), (1, "--- \r\nb: 2\r\n")]);
    }

    #[test]
    fn comments_and_directives_before_the_first_document_belong_to_it() {
        assert_eq!(of("# a\n%YAML 1.2\n---\na: 1\n"), [(0, "# a\n%YAML 1.2\n---\na: 1\n")]);
        assert_eq!(of("# nothing\n\n"), []);
    }

    #[test]
    fn dashes_within_a_line_or_a_scalar_separate_nothing() {
        for text in ["a: |\n  ---\n  b\n", "a: ---\n", "----\n", "---a: 1\n"] {
            assert_eq!(of(text), [(0, text)]);
        }
    }
}
