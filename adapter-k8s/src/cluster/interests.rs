//! Which readers have to look again when an object changes: those that read it last time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::cache::{Changed, How};
use crate::object::{Key, Kind};

/// Something that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// One object.
    Object(Key),
    /// The objects of a kind that carry a label.
    Labelled {
        /// Their kind.
        kind: Kind,
        /// Their namespace.
        namespace: Arc<str>,
        /// The label.
        label: Arc<str>,
        /// Its value.
        value: Arc<str>,
    },
    /// The set of all objects of a kind.
    Members(Kind),
}

/// What each Canary read last time.
#[derive(Debug, Default)]
pub struct Interests {
    /// The readers of each interest.
    readers: BTreeSet<(Interest, Key)>,
    read: BTreeMap<Key, BTreeSet<Interest>>,
}

impl Interests {
    /// Replaces the interests of `reader`. Returns the objects that have no reader any more.
    pub fn note(&mut self, reader: &Key, read: BTreeSet<Interest>) -> Vec<Key> {
        let before = self.read.get(reader);
        if before == Some(&read) {
            return Vec::new();
        }
        let nothing = BTreeSet::new();
        let before = before.unwrap_or(&nothing);
        for interest in read.difference(before) {
            self.readers.insert((interest.clone(), reader.clone()));
        }
        let gone: Vec<Interest> = before.difference(&read).cloned().collect();
        self.read.insert(reader.clone(), read);
        self.drop_all(reader, gone)
    }

    /// Removes a reader. Returns the objects that have no reader any more.
    pub fn forget(&mut self, reader: &Key) -> Vec<Key> {
        let gone = self.read.remove(reader).into_iter().flatten().collect();
        self.drop_all(reader, gone)
    }

    fn drop_all(&mut self, reader: &Key, gone: Vec<Interest>) -> Vec<Key> {
        let mut unread = Vec::new();
        for interest in gone {
            self.readers.remove(&(interest.clone(), reader.clone()));
            if let Interest::Object(key) = &interest
                && self.readers_of(&interest).next().is_none()
            {
                unread.push(key.clone());
            }
        }
        unread
    }

    /// The readers of a changed object.
    #[must_use]
    pub fn of(&self, changed: &Changed) -> BTreeSet<Key> {
        let Changed { key, how, carried } = changed;
        let mut interests = vec![Interest::Object(key.clone())];
        match how {
            How::Came | How::Went => interests.push(Interest::Members(key.kind)),
            How::Altered => {}
        }
        interests.extend(carried.iter().map(|(label, value)| Interest::Labelled {
            kind: key.kind,
            namespace: key.namespace.clone(),
            label: label.clone(),
            value: value.clone(),
        }));
        interests.iter().flat_map(|interest| self.readers_of(interest)).cloned().collect()
    }

    fn readers_of<'a>(&'a self, interest: &Interest) -> impl Iterator<Item = &'a Key> + use<'a> {
        let interest = interest.clone();
        let all = self.readers.range((interest.clone(), Key::first())..);
        all.take_while(move |(of, _)| *of == interest).map(|(_, reader)| reader)
    }

    /// The readers of any object of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> BTreeSet<Key> {
        let concerns = |interest: &Interest| match interest {
            Interest::Object(key) => key.kind == kind,
            Interest::Labelled { kind: of, .. } | Interest::Members(of) => *of == kind,
        };
        let readers = self.readers.iter().filter(|(interest, _)| concerns(interest));
        readers.map(|(_, reader)| reader.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::CONFIG_MAP;

    fn changed(name: &str, label: &str) -> Changed {
        let carried = BTreeSet::from([("of".into(), label.into())]);
        Changed { key: Key::new(CONFIG_MAP, "n", name), how: How::Came, carried }
    }

    fn names(keys: BTreeSet<Key>) -> Vec<String> {
        keys.iter().map(|key| key.name.to_string()).collect()
    }

    #[test]
    fn only_readers_of_an_object_are_woken() {
        let (one, two) = (Key::new(CONFIG_MAP, "n", "one"), Key::new(CONFIG_MAP, "n", "two"));
        let object = |name| Interest::Object(Key::new(CONFIG_MAP, "n", name));
        let labelled = Interest::Labelled {
            kind: CONFIG_MAP,
            namespace: "n".into(),
            label: "of".into(),
            value: "x".into(),
        };
        let mut interests = Interests::default();
        interests.note(&one, BTreeSet::from([object("a")]));
        interests.note(&two, BTreeSet::from([object("b"), labelled]));
        assert_eq!(names(interests.of(&changed("a", "y"))), ["one"]);
        assert_eq!(names(interests.of(&changed("a", "x"))), ["one", "two"]);
        interests.note(&one, BTreeSet::from([object("b")]));
        assert_eq!(names(interests.of(&changed("a", "y"))), [""; 0]);
        assert_eq!(names(interests.of_kind(CONFIG_MAP)), ["one", "two"]);
        let key = |name| Key::new(CONFIG_MAP, "n", name);
        assert_eq!(interests.forget(&two), [], "the other reads it, too");
        assert_eq!(interests.note(&one, BTreeSet::from([object("a"), object("b")])), []);
        assert_eq!(interests.note(&one, BTreeSet::from([object("b")])), [key("a")]);
        assert_eq!(names(interests.of(&changed("b", "x"))), ["one"]);
        assert!(interests.readers.iter().all(|(_, reader)| *reader == one));
    }
}
