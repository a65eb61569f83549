//! Scripted answers: one per call, the last one repeats.

use std::collections::BTreeMap;

use serin_core::revision::Text;

#[derive(Clone)]
pub(super) struct Answers<'a, T> {
    scripts: BTreeMap<&'a str, Script<'a, T>>,
}

#[derive(Clone)]
struct Script<'a, T> {
    answers: &'a [T],
    /// The number of answers that were used, by key: two metrics with one name count separately.
    taken: BTreeMap<Text, usize>,
}

impl<'a, T> Answers<'a, T> {
    pub(super) fn new(scripts: &'a BTreeMap<String, Vec<T>>) -> Self {
        let mut new = Self { scripts: BTreeMap::new() };
        new.change(scripts);
        new
    }

    /// From now on these answers, beginning with the first.
    pub(super) fn change(&mut self, scripts: &'a BTreeMap<String, Vec<T>>) {
        for (name, answers) in scripts {
            self.scripts.insert(name, Script { answers, taken: BTreeMap::new() });
        }
    }

    /// The next answer for this key, scripted under its key or its name; `None` if it is not scripted.
    pub(super) fn take(&mut self, key: &Text, name: &str) -> Option<&'a T> {
        let scripted = if self.scripts.contains_key(&**key) { &**key } else { name };
        let script = self.scripts.get_mut(scripted)?;
        let taken = script.taken.entry(key.clone()).or_default();
        let answer = script.answers.get(*taken).or(script.answers.last());
        *taken += 1;
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(text: &str) -> BTreeMap<String, Vec<u8>> {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn the_last_answer_repeats() {
        let scripts = scripts("{a: [1, 2]}");
        let mut answers = Answers::new(&scripts);
        let taken = [0; 4].map(|_| answers.take(&"a".into(), "a").copied());
        assert_eq!(taken, [Some(1), Some(2), Some(2), Some(2)]);
        assert_eq!(answers.take(&"b".into(), "b"), None);
    }

    #[test]
    fn two_with_one_name_count_separately() {
        let scripts = scripts("{a: [1, 2], \"b#2\": [9]}");
        let mut answers = Answers::new(&scripts);
        assert_eq!(answers.take(&"a".into(), "a"), Some(&1));
        assert_eq!(answers.take(&"a#2".into(), "a"), Some(&1));
        assert_eq!(answers.take(&"b#2".into(), "b"), Some(&9));
        assert_eq!(answers.take(&"b".into(), "b"), None);
    }

    #[test]
    fn new_answers_begin_at_their_first() {
        let (old, new) = (scripts("{a: [1, 2]}"), scripts("{a: [3, 4]}"));
        let mut answers = Answers::new(&old);
        answers.take(&"a".into(), "a");
        answers.change(&new);
        assert_eq!(answers.take(&"a".into(), "a"), Some(&3));
    }
}
