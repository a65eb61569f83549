//! The places of the fields of a text, found in one pass, however many are needed.
//!
//! The YAML library reports only the place of an error. So each key and each item fails once, which reports its place,
//! and the pass continues after it.

mod walk;

use std::{cell::Cell, cell::OnceCell, cell::RefCell, fmt, rc::Rc};

use serde::de::DeserializeSeed as _;

use self::walk::Walk;
use super::parts::{DocumentText, parts};

/// Line and column, counted from 1.
pub type Place = (usize, usize);

/// The places in one text. They are found when first needed, and then kept.
#[derive(Clone, Debug, Default)]
pub struct Places(Rc<OnceCell<Located>>);

/// A key that its mapping already has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// Its document.
    pub(crate) document: usize,
    /// Its path, with the key.
    pub(crate) field: String,
    /// Its first place.
    pub(crate) first: Option<Place>,
    /// Its second place.
    pub(crate) again: Option<Place>,
}

impl Places {
    /// Line and column of a field in this document, or of its closest existing parent. `text` is the same each time.
    pub(crate) fn locate(&self, text: &str, document: usize, field: &str) -> Option<Place> {
        let mut node = self.found(text).documents.get(document)?;
        let mut at = node.at;
        for step in steps(field) {
            let Some(below) = node.below(step) else { break };
            node = below;
            at = node.at.or(at);
        }
        at
    }

    /// The keys that are in a mapping twice, in the order of the text. `text` is the same each time.
    pub(crate) fn duplicates(&self, text: &str) -> &[Duplicate] {
        &self.found(text).duplicates
    }

    fn found(&self, text: &str) -> &Located {
        self.0.get_or_init(|| look(text))
    }
}

/// The result of the pass through a text.
#[derive(Debug, Default)]
struct Located {
    documents: Vec<Node>,
    duplicates: Vec<Duplicate>,
}

/// The maximum number of duplicates that are reported in one text.
const MOST_DUPLICATES: usize = 50;

/// The maximum number of fields that are located; for later fields the place of a parent is reported.
const MOST_FIELDS: usize = 1 << 19;

/// A value, and the place of the key or item it belongs to.
#[derive(Debug, Default)]
struct Node {
    at: Option<Place>,
    below: Below,
}

#[derive(Debug, Default)]
enum Below {
    #[default]
    Nothing,
    /// Sorted by name.
    Fields(Vec<(Box<str>, Node)>),
    Items(Vec<Node>),
}

impl Node {
    fn below(&self, step: PathStep<'_>) -> Option<&Self> {
        match (&self.below, step) {
            (Below::Fields(fields), PathStep::Key(key)) => {
                let at = fields.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
                Some(&fields[at].1)
            }
            (Below::Items(items), PathStep::Index(index)) => items.get(index),
            (Below::Nothing | Below::Fields(_) | Below::Items(_), PathStep::Key(_) | PathStep::Index(_)) => {
                None
            }
        }
    }

    /// The place of the first value in it.
    fn begins(&self) -> Option<Place> {
        match &self.below {
            Below::Nothing => self.at,
            Below::Fields(fields) => fields.iter().filter_map(|(_, node)| node.at).min(),
            Below::Items(items) => items.first().and_then(|item| item.at),
        }
    }
}

fn look(text: &str) -> Located {
    let (left, duplicates) = (Cell::new(MOST_FIELDS), RefCell::default());
    let mut documents = Vec::new();
    for (number, DocumentText { lines_before, text }) in parts(text).into_iter().enumerate() {
        let room = Room {
            left: &left,
            lines: text.lines().collect(),
            lines_before,
            number,
            duplicates: &duplicates,
        };
        let mut node = Node::default();
        if let Some(document) = serde_yaml::Deserializer::from_str(text).next() {
            // The places before a fault are still known.
            let _ = Walk { node: &mut node, room: &room, path: &Path::Root }.deserialize(document);
        }
        node.at = room.opening(node.begins());
        documents.push(node);
    }
    let mut duplicates = duplicates.into_inner();
    duplicates.sort_by_key(|duplicate: &Duplicate| duplicate.again);
    Located { documents, duplicates }
}

#[derive(Clone, Copy)]
enum PathStep<'a> {
    Key(&'a str),
    Index(usize),
}

/// `a.b[2].c` as a, b, 2, c; `a["b.c"].d` as a, b.c, d.
fn steps(field: &str) -> Vec<PathStep<'_>> {
    if let Some((before, rest)) = field.split_once("[\"")
        && let Some((key, after)) = rest.split_once("\"]")
    {
        return [steps(before), vec![PathStep::Key(key)], steps(after)].concat();
    }
    let mut steps = Vec::new();
    for part in field.split('.').filter(|part| !part.is_empty()) {
        let (key, indices) = part.split_once('[').unwrap_or((part, ""));
        if !key.is_empty() {
            steps.push(PathStep::Key(key));
        }
        let indices = indices.split('[').filter_map(|index| index.trim_end_matches(']').parse().ok());
        steps.extend(indices.map(PathStep::Index));
    }
    steps
}

/// The position in the pass.
struct Room<'a> {
    lines: Vec<&'a str>,
    /// The lines of the file before this document.
    lines_before: usize,
    /// The document's number in the file.
    number: usize,
    /// The number of fields that can still be noted.
    left: &'a Cell<usize>,
    duplicates: &'a RefCell<Vec<Duplicate>>,
}

/// The path from the top of a document to a value.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) if key.contains(['.', '[', ']']) => write!(f, "{parent}[\"{key}\"]"),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Room<'_> {
    fn note<E: serde::de::Error>(&self) -> Result<(), E> {
        self.left.set(self.left.get().checked_sub(1).ok_or_else(|| E::custom("too many fields"))?);
        Ok(())
    }

    /// The bracket just before the first item of a mapping or a list, if there is one.
    fn opening(&self, first: Option<Place>) -> Option<Place> {
        /// A line with many lists is not searched again for each of them.
        const LONG: usize = 1 << 12;
        let (line, column) = first?;
        let text = self.lines.get(line.checked_sub(self.lines_before + 1)?)?;
        if text.len() > LONG {
            return first;
        }
        let (end, _) = text.char_indices().nth(column.checked_sub(1)?)?;
        let before = text[..end].trim_end();
        let bracket = before.ends_with(['[', '{']);
        Some((line, if bracket { before.chars().count() } else { column }))
    }

    /// The place in the message of an error.
    fn place(&self, error: &impl fmt::Display) -> Option<Place> {
        let text = error.to_string();
        // The message has no place if it is the beginning of the document.
        let Some((_, at)) = text.rsplit_once(" at line ") else { return Some((self.lines_before + 1, 1)) };
        let (line, column) = at.split_once(" column ")?;
        Some((line.parse::<usize>().ok()? + self.lines_before, column.parse().ok()?))
    }

    /// Notes the duplicate keys of a mapping; `fields` are sorted by name, in the order of the text.
    fn note_duplicates(&self, fields: &[(Box<str>, Node)], path: &Path<'_>) {
        let mut found = self.duplicates.borrow_mut();
        for same in fields.chunk_by(|(a, _), (b, _)| a == b).filter(|same| same.len() > 1) {
            for (name, node) in &same[1..] {
                if found.len() < MOST_DUPLICATES {
                    let (field, first) = (Path::Key(path, name).to_string(), same[0].1.at);
                    found.push(Duplicate { document: self.number, field, first, again: node.at });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nlist:\n  - x: 1\n  - y:\n      z: [1, 2]\n---\na: 2\nb: 3\n";

    fn locate(text: &str, document: usize, field: &str) -> Option<Place> {
        Places::default().locate(text, document, field)
    }

    #[test]
    fn a_field_is_found_at_its_place() {
        assert_eq!(locate(TEXT, 0, "a"), Some((1, 1)));
        assert_eq!(locate(TEXT, 0, "list[1]"), Some((4, 5)));
        assert_eq!(locate(TEXT, 0, "list[1].y.z"), Some((5, 7)));
        assert_eq!(locate(TEXT, 0, "list[1].y.z[1]"), Some((5, 14)));
        assert_eq!(locate(TEXT, 1, "b"), Some((8, 1)));
        assert_eq!(locate("a:\n  b.c/d: {e: 1}\n", 0, "a[\"b.c/d\"].e"), Some((2, 11)));
    }

    #[test]
    fn a_missing_field_has_the_place_of_its_parent() {
        assert_eq!(locate(TEXT, 0, "list[0].missing.deeper"), locate(TEXT, 0, "list[0]"));
        assert_eq!(locate(TEXT, 0, "missing"), Some((1, 1)));
        assert_eq!(locate(TEXT, 2, "a"), None);
    }

    #[test]
    fn documents_after_a_broken_one_have_places() {
        assert_eq!(locate("a: [\n---\nb: 1\n", 1, "b"), Some((3, 1)));
    }

    #[test]
    fn duplicate_keys_are_found_with_both_places() {
        let text = "---\na: 1\n---\nlist:\n  - x: 1\n    y: {z: 1, z: 2}\n    x: 2\n";
        let duplicate = |field: &str, first, again| Duplicate {
            document: 1,
            field: field.into(),
            first: Some(first),
            again: Some(again),
        };
        let expected = [duplicate("list[0].y.z", (6, 9), (6, 15)), duplicate("list[0].x", (5, 5), (7, 5))];
        assert_eq!(Places::default().duplicates(text), expected);
    }

    #[test]
    fn every_kind_of_value_has_a_place_and_so_has_the_next_one() {
        let text = "- 1\n- -1\n- 1.5\n- true\n- ~\n- text\n- 'quoted'\n- [[a]]\n- {b: c}\n- []\n\
                    - 99999999999999999999\n- -99999999999999999999\n- 1e999\n- end\n";
        let lines = (0..14).map(|i| locate(text, 0, &format!("[{i}]")).map_or(0, |(line, _)| line));
        // An empty value has no place of its own, so it has that of its parent.
        assert_eq!(lines.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 11, 12, 13, 14]);
    }

    #[test]
    fn the_target_of_an_alias_is_found_at_its_own_place() {
        assert_eq!(locate("a: &a {b: 1}\nc: *a\n", 0, "c.b"), Some((1, 8)));
    }
}
