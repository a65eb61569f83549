//! Canaries whose services would select each other's pods: each would send users to the other's application.

use std::collections::{BTreeMap, BTreeSet};

use serin_core::revision::Text;

use crate::{object::Key, workload::reach::Reach};

/// The labels that the services of each Canary select by, and those that its pods carry.
#[derive(Debug, Default)]
pub(super) struct Overlaps {
    of: BTreeMap<Key, Reach>,
    by_label: BTreeMap<Place, Users>,
    /// Those whose neighbours have changed since the last query.
    disturbed: BTreeSet<Key>,
}

/// A label within a namespace.
type Place = [Text; 3];

#[derive(Debug, Default)]
struct Users {
    /// Canaries with a service that selects by it.
    selecting: BTreeSet<Key>,
    /// Canaries with pods that carry it.
    carrying: BTreeSet<Key>,
}

impl Overlaps {
    /// Notes the reach of a Canary. Returns the others that share pods with it, each with the shared label.
    pub(super) fn note(&mut self, canary: &Key, reach: Reach) -> Vec<(Key, Text)> {
        if self.of.get(canary) == Some(&reach) {
            return self.others(canary);
        }
        self.forget(canary);
        for (place, selects) in places(canary, &reach) {
            let users = self.by_label.entry(place).or_default();
            let side = if selects { &mut users.selecting } else { &mut users.carrying };
            side.insert(canary.clone());
        }
        self.of.insert(canary.clone(), reach);
        let others = self.others(canary);
        self.disturbed.extend(others.iter().map(|(other, _)| other.clone()));
        others
    }

    /// Removes a Canary.
    pub(super) fn forget(&mut self, canary: &Key) {
        let others = self.others(canary);
        self.disturbed.extend(others.into_iter().map(|(other, _)| other));
        let Some(reach) = self.of.remove(canary) else { return };
        for (place, selects) in places(canary, &reach) {
            let Some(users) = self.by_label.get_mut(&place) else { continue };
            let side = if selects { &mut users.selecting } else { &mut users.carrying };
            side.remove(canary);
            if users.selecting.is_empty() && users.carrying.is_empty() {
                self.by_label.remove(&place);
            }
        }
    }

    /// Those whose neighbours have changed: they have to look again.
    pub(super) fn take_disturbed(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.disturbed)
    }

    /// The Canaries that share pods with this one, each with the shared label.
    pub(super) fn others(&self, canary: &Key) -> Vec<(Key, Text)> {
        let Some(reach) = self.of.get(canary) else { return Vec::new() };
        let mut found = BTreeMap::new();
        for (place, selects) in places(canary, reach) {
            let Some(users) = self.by_label.get(&place) else { continue };
            let side = if selects { &users.carrying } else { &users.selecting };
            for other in side.iter().filter(|other| *other != canary) {
                found.entry(other.clone()).or_insert_with(|| format!("{}={}", place[1], place[2]).into());
            }
        }
        found.into_iter().collect()
    }
}

/// The labels of a reach, and whether they are selected by.
fn places(canary: &Key, reach: &Reach) -> impl Iterator<Item = (Place, bool)> {
    let all = reach.selects.iter().map(|label| (label, true));
    let all = all.chain(reach.carries.iter().map(|label| (label, false)));
    let namespace: Text = canary.namespace.as_ref().into();
    all.map(move |(label, selects)| {
        ([namespace.clone(), label.key.as_str().into(), label.value.as_str().into()], selects)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kinds::CANARY, workload::selector::Label};

    fn labels(all: &[&str]) -> BTreeSet<Label> {
        let label = |text: &&str| {
            let (key, value) = text.split_once('=').unwrap();
            Label { key: key.into(), value: value.into() }
        };
        all.iter().map(label).collect()
    }

    fn reach(selects: &[&str], carries: &[&str]) -> Reach {
        Reach { selects: labels(selects), carries: labels(carries) }
    }

    fn of_app(app: &str) -> Reach {
        let both = [format!("app={app}"), format!("app={app}-primary")];
        let both: Vec<&str> = both.iter().map(String::as_str).collect();
        reach(&both, &both)
    }

    fn key(name: &str) -> Key {
        let (name, namespace) = name.split_once('.').unwrap();
        Key::new(CANARY, namespace, name)
    }

    fn said(others: &[(Key, Text)]) -> Vec<String> {
        others.iter().map(|(other, by)| format!("{other} by {by}")).collect()
    }

    #[test]
    fn both_canaries_are_reported_while_their_services_select_each_others_pods() {
        let mut overlaps = Overlaps::default();
        assert_eq!(said(&overlaps.note(&key("a.n"), of_app("shop"))), [""; 0]);
        assert_eq!(said(&overlaps.note(&key("a.m"), of_app("shop"))), [""; 0], "another namespace");
        assert_eq!(overlaps.take_disturbed(), [].into());
        assert_eq!(said(&overlaps.note(&key("b.n"), of_app("shop"))), ["Canary a.n by app=shop"]);
        assert_eq!(overlaps.take_disturbed(), [key("a.n")].into());
        assert_eq!(said(&overlaps.note(&key("a.n"), of_app("shop"))), ["Canary b.n by app=shop"]);
        assert_eq!(overlaps.take_disturbed(), [].into(), "nothing has changed");
        assert_eq!(said(&overlaps.note(&key("b.n"), of_app("cart"))), [""; 0]);
        assert_eq!(overlaps.take_disturbed(), [key("a.n")].into());
        overlaps.note(&key("b.n"), of_app("shop"));
        overlaps.take_disturbed();
        overlaps.forget(&key("b.n"));
        assert_eq!(overlaps.take_disturbed(), [key("a.n")].into());
        assert_eq!(said(&overlaps.note(&key("a.n"), of_app("shop"))), [""; 0]);
        overlaps.forget(&key("a.n"));
        overlaps.forget(&key("a.m"));
        assert!(overlaps.by_label.is_empty() && overlaps.of.is_empty());
    }

    #[test]
    fn pods_that_only_carry_a_label_by_which_another_selects_are_found_from_both_sides() {
        let mut overlaps = Overlaps::default();
        let selects = || reach(&["app=shop"], &["app=shop"]);
        let carries = || reach(&["name=cart"], &["name=cart", "app=shop"]);
        overlaps.note(&key("a.n"), selects());
        assert_eq!(said(&overlaps.note(&key("b.n"), carries())), ["Canary a.n by app=shop"]);
        assert_eq!(said(&overlaps.note(&key("a.n"), selects())), ["Canary b.n by app=shop"]);
    }
}
