//! Why a text is not YAML: a message about the mistake instead of about the parser.

use std::path::Path;

use super::{locate::Place, parts::DocumentText};

/// The kind of a fault in the text of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is not YAML, or not an object.
    NotYaml,
    /// It is a template that was not rendered.
    Template,
    /// It has a merge conflict that is not resolved.
    Conflict,
    /// A key that its mapping already has.
    DuplicateKey,
}

/// A cause, its place in the file, and the message about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) cause: Cause,
    pub(super) at: Option<Place>,
    pub(super) what: String,
}

/// Why the library cannot read a document. `problem` is its message without the place, `at` the place, with lines
/// counted within the document.
pub(super) fn of(path: &Path, part: DocumentText<'_>, problem: &str, at: Option<Place>) -> Reason {
    let text = Text { part, at };
    let reason =
        text.conflict().or_else(|| language(path)).or_else(|| text.template()).or_else(|| text.tab());
    let reason = reason.or_else(|| text.syntax(problem));
    reason.map_or_else(|| unexpected(part, problem.into(), at), |reason| text.in_file_of(reason))
}

/// The kind of template that a document is, if it is one. `at` is a place in the file that cannot be read.
pub(super) fn template(part: DocumentText<'_>, at: Option<Place>) -> Option<Reason> {
    let at = at.and_then(|(line, column)| Some((line.checked_sub(part.lines_before)?, column)));
    let text = Text { part, at };
    text.template().map(|reason| text.in_file_of(reason))
}

/// A value that is valid YAML but has the wrong type.
pub(super) fn unexpected(part: DocumentText<'_>, what: String, at: Option<Place>) -> Reason {
    let text = Text { part, at };
    text.in_file_of(not_yaml(at, what))
}

fn not_yaml(at: Option<Place>, what: String) -> Reason {
    Reason { cause: Cause::NotYaml, at, what }
}

/// Signs of a Helm chart that are not used in Serin's own templates.
const HELM: [&str; 8] =
    [".Values", ".Release.", ".Chart.", ".Capabilities.", ".Files.", "include \"", "toYaml", "nindent"];

pub(crate) const RENDER_HELM: &str =
    "this is a Helm template, not a manifest: lint the output of `helm template`";

/// A file in a language that has to be evaluated first.
fn language(path: &Path) -> Option<Reason> {
    let (name, command) = match path.extension()?.to_str()? {
        "jsonnet" | "libsonnet" => ("Jsonnet", "jsonnet -y"),
        "cue" => ("CUE", "cue export"),
        "pkl" => ("Pkl", "pkl eval"),
        _ => return None,
    };
    let what = format!("this is {name}, not a manifest: lint the output of `{command}`");
    Some(Reason { cause: Cause::Template, at: None, what })
}

/// The column of a sign that only a Helm template has.
pub(crate) fn helm_sign(line: &str) -> Option<usize> {
    let begins = line.find("{{")?;
    let within = &line[begins..];
    let is_helm = HELM.iter().any(|sign| within.contains(sign)) || within.starts_with("{{/*");
    is_helm.then(|| line[..begins].chars().count() + 1)
}

/// A document, and the place where the library stopped.
struct Text<'a> {
    part: DocumentText<'a>,
    at: Option<Place>,
}

impl Text<'_> {
    fn in_file_of(&self, reason: Reason) -> Reason {
        Reason { at: reason.at.map(|(line, column)| (self.in_file(line), column)), ..reason }
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.part.text.lines().enumerate().map(|(line, text)| (line + 1, text))
    }

    fn line(&self, number: usize) -> &str {
        number.checked_sub(1).and_then(|line| self.part.text.lines().nth(line)).unwrap_or_default()
    }

    /// The number of a line in the file.
    fn in_file(&self, line: usize) -> usize {
        line + self.part.lines_before
    }

    fn conflict(&self) -> Option<Reason> {
        let is_marker = |line: &str| {
            ["<<<<<<<", "|||||||", ">>>>>>>"].iter().any(|marker| {
                line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        };
        let (line, _) = self.lines().find(|(_, line)| is_marker(line) || line.trim_end() == "=======")?;
        let what = "a merge conflict is not resolved here: keep one side, and remove the lines with `<<<<<<<`, \
                    `=======` and `>>>>>>>`";
        Some(Reason { cause: Cause::Conflict, at: Some((line, 1)), what: what.into() })
    }

    fn template(&self) -> Option<Reason> {
        let reason =
            |at, what: &str| Some(Reason { cause: Cause::Template, at: Some(at), what: what.into() });
        let helm = self.lines().find_map(|(line, text)| helm_sign(text).map(|column| (line, column)));
        if let Some(at) = helm {
            return reason(at, RENDER_HELM);
        }
        let jinja = self.lines().find_map(|(line, text)| text.find("{%").map(|at| (line, at + 1)));
        if let Some(at) = jinja {
            return reason(at, "this is a template with `{% %}`, not a manifest: lint the rendered template");
        }
        // Texts of a manifest may contain `{{ target }}`; if a value begins with it, YAML reads it as brackets.
        let (stopped, _) = self.at?;
        let lines = [stopped, stopped.saturating_sub(1)];
        let at = lines.into_iter().find_map(|line| value_in_braces(self.line(line)).map(|at| (line, at)))?;
        reason(
            at,
            "a value that begins with `{{` needs quotes; if this is a Helm template, lint the output of `helm template`",
        )
    }

    fn tab(&self) -> Option<Reason> {
        let (stopped, _) = self.at?;
        let tab = |line: usize| {
            let text = self.line(line);
            let indentation = &text[..text.len() - text.trim_start().len()];
            indentation.find('\t').map(|at| (line, at + 1))
        };
        let at = tab(stopped).or_else(|| tab(stopped.saturating_sub(1)))?;
        Some(not_yaml(Some(at), "is indented with a tab; YAML allows only spaces there".into()))
    }

    fn syntax(&self, problem: &str) -> Option<Reason> {
        let (line, column) = self.at?;
        let (problem, context) = problem.split_once(", while ").unwrap_or((problem, ""));
        let (context, begins) = place_in(context);
        let text = self.line(line);
        let indentation = indentation_of(text);
        let (at, what) = match (problem, context) {
            ("did not find expected key", "parsing a block mapping") => {
                // The message has no place if it is the beginning of the document.
                let (first, begins_at) = begins.unwrap_or((1, 1));
                let what = if indentation + 1 == begins_at || indentation + 1 < column {
                    "the previous value has already ended: put a value with special characters in one pair of \
                     quotes"
                        .into()
                } else {
                    format!(
                        "is indented by {}, neither by {} like the line above it nor by {} like the fields from line {} on",
                        spaces(indentation),
                        self.above(line).map_or(0, |above| indentation_of(self.line(above))),
                        begins_at - 1,
                        self.in_file(first),
                    )
                };
                (self.at, what)
            }
            ("did not find expected '-' indicator", _) => {
                let (first, begins_at) = begins?;
                let (first, items) = (self.in_file(first), spaces(begins_at - 1));
                let what = format!(
                    "is not an item of the list that begins on line {first}, whose items are indented by {items}: \
                     indent it further if it belongs to the previous item"
                );
                (self.at, what)
            }
            ("mapping values are not allowed in this context", _) => {
                (self.at, self.unexpected_mapping(line, column, indentation))
            }
            ("could not find expected ':'", _) => {
                (begins.or(self.at), "is not `key: value`: there is no `:` after the key".into())
            }
            ("found character that cannot start any token", _) => {
                let found = text.chars().nth(column.checked_sub(1)?)?;
                (self.at, format!("a value that begins with `{found}` needs quotes"))
            }
            ("found unexpected end of stream", "scanning a quoted scalar") => {
                (begins, "the quotation mark is never closed".into())
            }
            ("did not find expected ',' or '}'", _) => (self.at, self.not_closed('{', '}', begins?)),
            ("did not find expected ',' or ']'", _) => (self.at, self.not_closed('[', ']', begins?)),
            ("did not find expected node content", _) => (self.at, "a value is missing here".into()),
            ("did not find expected <document start>", _) => (
                self.at,
                "the previous document has already ended: separate two documents by a line `---`".into(),
            ),
            ("block sequence entries are not allowed in this context", _) => (
                self.at,
                "a list cannot begin here: write each item on a line of its own below the key".into(),
            ),
            ("did not find expected alphabetic or numeric character", "scanning an alias") => {
                (begins, "a value that begins with `*` needs quotes".into())
            }
            ("did not find expected alphabetic or numeric character", "scanning an anchor") => {
                (begins, "a value that begins with `&` needs quotes".into())
            }
            ("found unknown escape character", _) => (
                self.at,
                "in double quotes a backslash is written `\\\\`; in single quotes it stays as it is".into(),
            ),
            _ => return None,
        };
        Some(not_yaml(at, what))
    }

    /// A colon that is not allowed: after another one, or on a line that continues the previous one.
    fn unexpected_mapping(&self, line: usize, column: usize, indentation: usize) -> String {
        let before: String = self.line(line).chars().take(column.saturating_sub(1)).collect();
        if before.contains(": ") {
            return "has a second `: `: put the value in quotes".into();
        }
        let Some(above) = self.above(line) else { return "a mapping cannot begin here".into() };
        let number = self.in_file(above);
        if self.line(above).contains(':') {
            format!(
                "is indented by {}, but line {number} above it already has a value and cannot have fields",
                spaces(indentation)
            )
        } else {
            format!("line {number} above it is not `key: value`: there is no `:` after the key")
        }
    }

    /// The previous line that is not blank.
    fn above(&self, line: usize) -> Option<usize> {
        (1..line).rev().find(|above| !self.line(*above).trim().is_empty())
    }

    fn not_closed(&self, open: char, close: char, (line, column): Place) -> String {
        format!(
            "the `{open}` in line {}, column {column} is not closed: expected `,` or `{close}` here",
            self.in_file(line)
        )
    }
}

fn indentation_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn spaces(count: usize) -> String {
    if count == 1 { "1 space".into() } else { format!("{count} spaces") }
}

/// The column of a value that begins with two braces and no quote.
fn value_in_braces(line: &str) -> Option<usize> {
    let at = line.find("{{")?;
    let before = line[..at].trim_end();
    let begins = before.is_empty() || before.ends_with([':', '-', ',', '[']);
    begins.then(|| line[..at].chars().count() + 1)
}

/// A context such as `parsing a block mapping at line 6 column 3`, and its place.
fn place_in(context: &str) -> (&str, Option<Place>) {
    let Some((what, at)) = context.rsplit_once(" at line ") else { return (context, None) };
    let place =
        at.split_once(" column ").and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    (what, place)
}

#[cfg(test)]
mod tests {
    use super::{super::Source, *};

    /// The message about a text that follows a first document of three lines.
    fn told(text: &str) -> String {
        let text = format!("a: 1\nb: 2\n---\n{text}");
        let source = Source::new(&text, Path::new("a.yaml"));
        let (found, broken) = source.documents();
        assert_eq!(found.len(), 1, "the first document is read: {text}");
        let told: Vec<String> = broken.iter().map(|broken| broken.fault.to_string()).collect();
        told.join("\n")
    }

    #[test]
    fn every_mistake_is_reported_with_its_place() {
        for (text, expected) in [
            (
                "a:\n  b: 1\n c: 2\n",
                "6:2: is indented by 1 space, neither by 2 like the line above it nor by 0 like the fields from line 4 on",
            ),
            ("a: \"x\" y\n", "4:8: the previous value has already ended"),
            (
                "a:\n  - b: 1\n  c: 2\n",
                "6:3: a: is not an item of the list that begins on line 5, whose items are indented by 2",
            ),
            ("a: b: c\n", "4:5: has a second `: `: put the value in quotes"),
            ("a: b\n  c: d\n", "5:4: is indented by 2 spaces, but line 4 above it already has a value"),
            (
                "metadata\n  name: a\n",
                "5:7: line 4 above it is not `key: value`: there is no `:` after the key",
            ),
            ("a: 1\nbc\nd: 2\n", "5:1: is not `key: value`: there is no `:` after the key"),
            ("a:\n\tb: 1\n", "5:1: a: is indented with a tab; YAML allows only spaces there"),
            ("a: @b\n", "4:4: a: a value that begins with `@` needs quotes"),
            ("a: *.example.com\n", "4:4: a: a value that begins with `*` needs quotes"),
            ("a: 1\nb: \"c\nd: e\n", "5:4: b: the quotation mark is never closed"),
            (
                "a: {b: 1\nc: 2\n",
                "5:2: a: the `{` in line 4, column 4 is not closed: expected `,` or `}` here",
            ),
            ("a: [b\nc: 2\n", "the `[` in line 4, column 4 is not closed: expected `,` or `]` here"),
            ("{a: 1}\n{b: 2}\n", "5:1: the previous document has already ended"),
            (
                "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> topic\n",
                "5:1: a merge conflict is not resolved here",
            ),
            (
                "a: {{ .Values.a }}-b\n",
                "4:4: this is a Helm template, not a manifest: lint the output of `helm template`",
            ),
            ("{{- if .Values.a }}\na: 1\n{{- end }}\n", "4:1: this is a Helm template"),
            ("a: 1\n{% if b %}\nb: 1\n{% endif %}\n", "5:1: this is a template with `{% %}`"),
            ("a: {{ target }}-b\n", "4:4: a value that begins with `{{` needs quotes"),
        ] {
            let told = told(text);
            assert!(told.contains(expected), "{text}\n{told}\n{expected}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }

    #[test]
    fn a_file_in_another_language_is_reported_as_such() {
        let source = Source::new("local name = 'shop';\n{ kind: 'Canary' }\n", Path::new("shop.jsonnet"));
        let told = source.documents().1[0].fault.to_string();
        assert_eq!(told, "shop.jsonnet: this is Jsonnet, not a manifest: lint the output of `jsonnet -y`");
    }

    #[test]
    fn braces_within_a_text_are_not_a_template() {
        assert!(!told("query: |\n  {{ target }}\na:\n  b: 1\n c: 2\n").contains("template"));
    }
}
