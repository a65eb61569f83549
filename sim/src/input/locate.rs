//! Where a field stands in a text: the YAML library tells the place of an error, so one is made there.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Line and column of the field, or of its closest parent that is there.
pub(crate) fn locate(text: &str, document: usize, field: &str) -> Option<(usize, usize)> {
    let steps = steps(field);
    let document = || serde_yaml::Deserializer::from_str(text).nth(document);
    (0..=steps.len()).rev().find_map(|depth| {
        let error = Walk(&steps[..depth]).deserialize(document()?).err()?;
        // Another error than ours would be a place as well, but there is none in a text that was read before.
        error.location().map(|at| (at.line(), at.column()))
    })
}

#[derive(Clone, Copy, PartialEq)]
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

/// Goes down the steps and fails there.
#[derive(Clone, Copy)]
struct Walk<'a>(&'a [Step<'a>]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.0.split_first() else { return Err(A::Error::custom("here")) };
        let Step::Key(wanted) = first else { return skip(entries) };
        while let Some(found) = entries.next_key_seed(Key { wanted, last: rest.is_empty() })? {
            if found {
                entries.next_value_seed(Walk(rest))?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.0.split_first() else { return Err(A::Error::custom("here")) };
        let mut index = 0;
        loop {
            let found = *first == Step::Index(index);
            index += 1;
            let more = if found {
                items.next_element_seed(Walk(rest))?.is_some()
            } else {
                items.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
        }
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
}

impl Walk<'_> {
    fn scalar<E: serde::de::Error>(self) -> Result<(), E> {
        if self.0.is_empty() { Err(E::custom("here")) } else { Ok(()) }
    }
}

fn skip<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
    while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A key: whether it is the wanted one. The last of a path is itself the place.
struct Key<'a> {
    wanted: &'a str,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match (key == self.wanted, self.last) {
            (true, true) => Err(E::custom("here")),
            (found, _) => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nlist:\n  - x: 1\n  - y:\n      z: [1, 2]\n---\na: 2\nb: 3\n";

    #[test]
    fn a_field_is_found_where_it_stands() {
        assert_eq!(locate(TEXT, 0, "a"), Some((1, 1)));
        assert_eq!(locate(TEXT, 0, "list[1].y.z"), Some((5, 7)));
        assert_eq!(locate(TEXT, 0, "list[1].y.z[1]"), Some((5, 14)));
        assert_eq!(locate(TEXT, 1, "b"), Some((8, 1)));
        assert_eq!(locate("a:\n  b.c/d: {e: 1}\n", 0, "a[\"b.c/d\"].e"), Some((2, 11)));
    }

    #[test]
    fn a_missing_field_is_told_at_its_parent() {
        assert_eq!(locate(TEXT, 0, "list[0].missing.deeper"), locate(TEXT, 0, "list[0]"));
        assert_eq!(locate(TEXT, 2, "a"), None);
    }
}
