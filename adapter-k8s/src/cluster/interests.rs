//! Who has to look again when an object changes: whoever read it last time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{cache::Changed, shelf::Packed};
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
    /// Which objects of a kind there are.
    Members(Kind),
}

/// What each Canary read last time.
#[derive(Debug, Default)]
pub struct Interests {
    /// Who read what, by what was read.
    readers: BTreeSet<(Interest, Key)>,
    read: BTreeMap<Key, BTreeSet<Interest>>,
    /// Labels that anyone asked by, so that a change is looked up by those alone.
    labels: BTreeMap<(Kind, Arc<str>), usize>,
}

impl Interests {
    /// Puts what `reader` has read in place of what it read before.
    pub fn note(&mut self, reader: &Key, read: BTreeSet<Interest>) {
        let before = self.read.remove(reader).unwrap_or_default();
        for interest in read.difference(&before) {
            self.readers.insert((interest.clone(), reader.clone()));
            if let Interest::Labelled { kind, label, .. } = interest {
                *self.labels.entry((*kind, label.clone())).or_default() += 1;
            }
        }
        for interest in before.difference(&read) {
            self.drop_one(interest, reader);
        }
        self.read.insert(reader.clone(), read);
    }

    /// Forgets a reader.
    pub fn forget(&mut self, reader: &Key) {
        for interest in self.read.remove(reader).into_iter().flatten() {
            self.drop_one(&interest, reader);
        }
    }

    fn drop_one(&mut self, interest: &Interest, reader: &Key) {
        self.readers.remove(&(interest.clone(), reader.clone()));
        if let Interest::Labelled { kind, label, .. } = interest
            && let Some(times) = self.labels.get_mut(&(*kind, label.clone()))
        {
            *times -= 1;
            if *times == 0 {
                self.labels.remove(&(*kind, label.clone()));
            }
        }
    }

    /// Who read what has changed.
    #[must_use]
    pub fn of(&self, changed: &Changed) -> BTreeSet<Key> {
        let mut interests = vec![Interest::Object(changed.key.clone())];
        if changed.before.is_none() != changed.after.is_none() {
            interests.push(Interest::Members(changed.key.kind));
        }
        for packed in [&changed.before, &changed.after].into_iter().flatten() {
            interests.extend(self.labels_of(changed.key.kind, packed));
        }
        interests.iter().flat_map(|interest| self.readers_of(interest)).cloned().collect()
    }

    fn readers_of<'a>(&'a self, interest: &Interest) -> impl Iterator<Item = &'a Key> + use<'a> {
        let interest = interest.clone();
        let all = self.readers.range((interest.clone(), Key::first())..);
        all.take_while(move |(of, _)| *of == interest).map(|(_, reader)| reader)
    }

    /// Who read anything of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> BTreeSet<Key> {
        let concerns = |interest: &Interest| match interest {
            Interest::Object(key) => key.kind == kind,
            Interest::Labelled { kind: of, .. } | Interest::Members(of) => *of == kind,
        };
        let readers = self.readers.iter().filter(|(interest, _)| concerns(interest));
        readers.map(|(_, reader)| reader.clone()).collect()
    }

    fn labels_of(&self, kind: Kind, packed: &Packed) -> Vec<Interest> {
        let mut asked =
            self.labels.range((kind, "".into())..).take_while(|((of, _), _)| *of == kind).peekable();
        if asked.peek().is_none() {
            return Vec::new();
        }
        let object = packed.open();
        let namespace = Arc::<str>::from(object.namespace());
        let carried = asked.filter_map(|((_, label), _)| Some((label.clone(), object.label(label)?.into())));
        let interest =
            |(label, value)| Interest::Labelled { kind, namespace: namespace.clone(), label, value };
        carried.map(interest).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{kinds::CONFIG_MAP, object::Object};

    fn changed(name: &str, label: &str) -> Changed {
        let metadata = json!({"name": name, "namespace": "n", "labels": {"of": label}});
        let object = Object::read(CONFIG_MAP, json!({ "metadata": metadata }));
        Changed { key: object.key(), before: None, after: Some(Packed::of(&object)) }
    }

    fn names(keys: BTreeSet<Key>) -> Vec<String> {
        keys.iter().map(|key| key.name.to_string()).collect()
    }

    #[test]
    fn only_who_read_it_is_woken() {
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
        interests.forget(&two);
        assert_eq!(names(interests.of(&changed("b", "x"))), ["one"]);
        assert!(interests.labels.is_empty());
    }
}
