//! The pass through a document: a visitor that notes the place of each key and each item.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::{Below, Node, Path, Place, Room};

/// Notes the fields below a node.
pub(super) struct Walk<'a> {
    pub(super) node: &'a mut Node,
    pub(super) room: &'a Room<'a>,
    pub(super) path: &'a Path<'a>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { node, room, path } = self;
        let scalar = Cell::new(false);
        let walked = deserializer.deserialize_any(Value { node, room, path, scalar: &scalar });
        match walked {
            Err(error) if scalar.get() => {
                node.at = node.at.or_else(|| room.place(&error));
                Ok(())
            }
            walked => walked,
        }
    }
}

struct Value<'a> {
    node: &'a mut Node,
    room: &'a Room<'a>,
    path: &'a Path<'a>,
    /// Becomes true if the error is our own, and nothing is left unread.
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
            while let Some((name, at)) = entries.next_key_seed(Key(self.room))? {
                self.room.note()?;
                fields.push((name, Node { at, below: Below::Nothing }));
                let Some((name, node)) = fields.last_mut() else { break };
                let path = &Path::Key(self.path, name);
                entries.next_value_seed(Walk { node, room: self.room, path })?;
            }
            Ok(())
        };
        let walked = walk();
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.room.note_duplicates(&fields, self.path);
        // A duplicate field has the place of the first.
        fields.dedup_by(|(later, _), (first, _)| later == first);
        self.node.below = Below::Fields(fields);
        walked
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        let walked = loop {
            let mut node = Node::default();
            let path = &Path::Item(self.path, items.len());
            let walked = list.next_element_seed(Walk { node: &mut node, room: self.room, path });
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
    /// An error, which is reported with its place.
    fn fail<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar.set(true);
        Err(E::custom("here"))
    }
}

/// A key: its name and its place.
struct Key<'a>(&'a Room<'a>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = (Box<str>, Option<Place>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let name = Cell::new(None);
        let read = deserializer.deserialize_str(Name(&name));
        match (name.into_inner(), read) {
            (Some(name), Err(error)) => Ok((name, self.0.place(&error))),
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
