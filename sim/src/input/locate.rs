//! Where the fields of a text stand: found in one walk through it, however many are asked for.
//!
//! The YAML library tells the place of an error alone. So each key and each item fails once, which tells its place, and
//! the walk goes on behind it.

use std::{cell::Cell, cell::OnceCell, fmt, rc::Rc};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};

/// Line and column, counted from 1.
pub(crate) type Place = (usize, usize);

/// The places in one text; looked up when first asked for, and then kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Rc<OnceCell<Vec<Node>>>);

impl Places {
    /// Line and column of a field in this document, or of its closest parent that is there. `text` is the same each time.
    pub(crate) fn locate(&self, text: &str, document: usize, field: &str) -> Option<Place> {
        let mut node = self.0.get_or_init(|| documents(text)).get(document)?;
        let mut at = node.at;
        for step in steps(field) {
            let Some(below) = node.below(step) else { break };
            node = below;
            at = node.at.or(at);
        }
        at
    }
}

/// More fields than this are not looked for; those behind them are told at a parent.
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
    fn below(&self, step: Step<'_>) -> Option<&Self> {
        match (&self.below, step) {
            (Below::Fields(fields), Step::Key(key)) => {
                let at = fields.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
                Some(&fields[at].1)
            }
            (Below::Items(items), Step::Index(index)) => items.get(index),
            (Below::Nothing | Below::Fields(_) | Below::Items(_), Step::Key(_) | Step::Index(_)) => None,
        }
    }

    /// The place of the first thing in it.
    fn begins(&self) -> Option<Place> {
        match &self.below {
            Below::Nothing => self.at,
            Below::Fields(fields) => fields.iter().filter_map(|(_, node)| node.at).min(),
            Below::Items(items) => items.first().and_then(|item| item.at),
        }
    }
}

fn documents(text: &str) -> Vec<Node> {
    let room = Room { left: Cell::new(MOST_FIELDS), lines: text.lines().collect() };
    let mut nodes = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let mut node = Node::default();
        let walked = Walk { node: &mut node, room: &room }.deserialize(document);
        node.at = room.opening(node.begins());
        nodes.push(node);
        // Behind a broken document the library gives the same error without end.
        if walked.is_err() {
            break;
        }
    }
    nodes
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// `a.b[2].c` as a, b, 2, c; `a["b.c"].d` as a, b.c, d.
fn steps(field: &str) -> Vec<Step<'_>> {
    if let Some((before, rest)) = field.split_once("[\"")
        && let Some((key, after)) = rest.split_once("\"]")
    {
        return [steps(before), vec![Step::Key(key)], steps(after)].concat();
    }
    let mut steps = Vec::new();
    for part in field.split('.').filter(|part| !part.is_empty()) {
        let (key, indices) = part.split_once('[').unwrap_or((part, ""));
        if !key.is_empty() {
            steps.push(Step::Key(key));
        }
        let indices = indices.split('[').filter_map(|index| index.trim_end_matches(']').parse().ok());
        steps.extend(indices.map(Step::Index));
    }
    steps
}

/// Where the walk goes.
struct Room<'a> {
    lines: Vec<&'a str>,
    /// How many fields may still be noted.
    left: Cell<usize>,
}

impl Room<'_> {
    fn note<E: serde::de::Error>(&self) -> Result<(), E> {
        self.left.set(self.left.get().checked_sub(1).ok_or_else(|| E::custom("too many fields"))?);
        Ok(())
    }

    /// The bracket just before what is first in a mapping or a list, if there is one.
    fn opening(&self, first: Option<Place>) -> Option<Place> {
        /// A line with very many lists in it is not looked through for each of them.
        const LONG: usize = 1 << 12;
        let (line, column) = first?;
        let text = self.lines.get(line.checked_sub(1)?)?;
        if text.len() > LONG {
            return first;
        }
        let (end, _) = text.char_indices().nth(column.checked_sub(1)?)?;
        let before = text[..end].trim_end();
        let bracket = before.ends_with(['[', '{']);
        Some((line, if bracket { before.chars().count() } else { column }))
    }
}

/// Notes what stands below a node.
struct Walk<'a> {
    node: &'a mut Node,
    room: &'a Room<'a>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { node, room } = self;
        let scalar = Cell::new(false);
        let walked = deserializer.deserialize_any(Value { node, room, scalar: &scalar });
        match walked {
            Err(error) if scalar.get() => {
                node.at = node.at.or_else(|| place(&error));
                Ok(())
            }
            walked => walked,
        }
    }
}

/// The place that an error tells.
fn place(error: &impl fmt::Display) -> Option<Place> {
    let text = error.to_string();
    // The very beginning is told by saying nothing.
    let Some((_, at)) = text.rsplit_once(" at line ") else { return Some((1, 1)) };
    let (line, column) = at.split_once(" column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

struct Value<'a> {
    node: &'a mut Node,
    room: &'a Room<'a>,
    /// Becomes true where the error is our own, and nothing is left unread.
    scalar: &'a Cell<bool>,
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut fields = Vec::new();
        let mut walk = || -> Result<(), A::Error> {
            while let Some((name, at)) = entries.next_key_seed(Key)? {
                self.room.note()?;
                fields.push((name, Node { at, below: Below::Nothing }));
                let Some((_, node)) = fields.last_mut() else { break };
                entries.next_value_seed(Walk { node, room: self.room })?;
            }
            Ok(())
        };
        let walked = walk();
        // Of a key that is there twice the first is told.
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.dedup_by(|(later, _), (first, _)| later == first);
        self.node.below = Below::Fields(fields);
        walked
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        let walked = loop {
            let mut node = Node::default();
            let walked = list.next_element_seed(Walk { node: &mut node, room: self.room });
            if let Ok(None) = walked {
                break Ok(());
            }
            node.at = node.at.or_else(|| self.room.opening(node.begins()));
            items.push(node);
            if let Err(error) = walked.and_then(|_| self.room.note()) {
                break Err(error);
            }
        };
        self.node.below = Below::Items(items);
        walked
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.fail()
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.fail()
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.fail()
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.fail()
    }
    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<(), E> {
        self.fail()
    }
    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<(), E> {
        self.fail()
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.fail()
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.fail()
    }
}

impl Value<'_> {
    /// An error, which is told with its place.
    fn fail<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar.set(true);
        Err(E::custom("here"))
    }
}

/// A key: its name and its place.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = (Box<str>, Option<Place>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let name = Cell::new(None);
        let read = deserializer.deserialize_str(Name(&name));
        match (name.into_inner(), read) {
            (Some(name), Err(error)) => Ok((name, place(&error))),
            (_, Err(error)) => Err(error),
            (_, Ok(())) => Err(D::Error::custom("no key")),
        }
    }
}

struct Name<'a>(&'a Cell<Option<Box<str>>>);

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<(), E> {
        self.0.set(Some(key.into()));
        Err(E::custom("here"))
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
    fn a_field_is_found_where_it_stands() {
        assert_eq!(locate(TEXT, 0, "a"), Some((1, 1)));
        assert_eq!(locate(TEXT, 0, "list[1]"), Some((4, 5)));
        assert_eq!(locate(TEXT, 0, "list[1].y.z"), Some((5, 7)));
        assert_eq!(locate(TEXT, 0, "list[1].y.z[1]"), Some((5, 14)));
        assert_eq!(locate(TEXT, 1, "b"), Some((8, 1)));
        assert_eq!(locate("a:\n  b.c/d: {e: 1}\n", 0, "a[\"b.c/d\"].e"), Some((2, 11)));
    }

    #[test]
    fn a_missing_field_is_told_at_its_parent() {
        assert_eq!(locate(TEXT, 0, "list[0].missing.deeper"), locate(TEXT, 0, "list[0]"));
        assert_eq!(locate(TEXT, 0, "missing"), Some((1, 1)));
        assert_eq!(locate(TEXT, 2, "a"), None);
    }

    #[test]
    fn every_sort_of_value_has_a_place_and_so_has_what_follows_it() {
        let text = "- 1\n- -1\n- 1.5\n- true\n- ~\n- text\n- 'quoted'\n- [[a]]\n- {b: c}\n- []\n\
                    - 99999999999999999999\n- -99999999999999999999\n- 1e999\n- end\n";
        let lines = (0..14).map(|i| locate(text, 0, &format!("[{i}]")).map_or(0, |(line, _)| line));
        // What holds nothing has no place of its own: it is told at its parent.
        assert_eq!(lines.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 11, 12, 13, 14]);
    }

    #[test]
    fn what_an_alias_stands_for_is_found_where_it_is_written() {
        assert_eq!(locate("a: &a {b: 1}\nc: *a\n", 0, "c.b"), Some((1, 8)));
    }
}
