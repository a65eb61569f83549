//! The states that a walk has found, each once.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use serin_core::State;

use crate::{
    expand::Node,
    fingerprint,
    normal::{self, NOW, Periods},
    world::World,
};

/// Nodes by number, in the order in which they were found: a smaller number is never farther from the beginning.
pub(crate) struct Graph {
    periods: Periods,
    states: Interned<State>,
    worlds: Interned<World>,
    nodes: Vec<(u32, u32)>,
    numbers: BTreeMap<(u32, u32), u32>,
    /// The node from which a node was first reached, and the index among its successors; beginnings lead to themselves.
    parents: Vec<(u32, u32)>,
}

impl Graph {
    pub(crate) fn new(periods: Periods) -> Self {
        let (states, worlds) = (Interned::default(), Interned::default());
        Self { periods, states, worlds, nodes: Vec::new(), numbers: BTreeMap::new(), parents: Vec::new() }
    }

    /// From now on a repair can have no effect.
    pub(crate) fn let_repairs_wait(&mut self, wait: bool) {
        self.periods.repairs_wait = wait;
    }

    /// The number of a node; `from` is kept if it is new.
    pub(crate) fn number(&mut self, mut node: Node, from: Option<(u32, u32)>) -> u32 {
        normal::shift(&mut node.state, node.now, &self.periods);
        let state = self.states.number(fingerprint::of_state(&node.state, &self.periods), node.state);
        let world = self.worlds.number(fingerprint::of_world(&node.world), node.world);
        let next = small(self.nodes.len());
        let number = *self.numbers.entry((state, world)).or_insert(next);
        if number == next {
            self.nodes.push((state, world));
            self.parents.push(from.unwrap_or((next, 0)));
        }
        number
    }

    pub(crate) fn len(&self) -> u32 {
        small(self.nodes.len())
    }

    pub(crate) fn state(&self, number: u32) -> &State {
        &self.states.items[self.nodes[number as usize].0 as usize]
    }

    pub(crate) fn world(&self, number: u32) -> &World {
        &self.worlds.items[self.nodes[number as usize].1 as usize]
    }

    pub(crate) fn node(&self, number: u32) -> Node {
        Node { state: self.state(number).clone(), world: self.world(number).clone(), now: NOW }
    }

    /// Forgets the nodes from this number on.
    pub(crate) fn forget_from(&mut self, number: u32) {
        for node in self.nodes.drain(number as usize..) {
            self.numbers.remove(&node);
        }
        self.parents.truncate(number as usize);
    }

    /// How many states and worlds there are, and how many states there would be without each field: candidates for the
    /// normal form.
    pub(crate) fn spread(&self) -> String {
        let fields: Vec<_> = self.states.items.iter().map(fields).collect();
        let names: BTreeSet<_> = fields.iter().flat_map(BTreeMap::keys).collect();
        let mut without: Vec<_> = names.iter().map(|name| (distinct_without(&fields, name), *name)).collect();
        without.sort();
        let (states, worlds) = (self.states.items.len(), self.worlds.items.len());
        let helps = without.iter().take(8).map(|(left, name)| format!("{left} without {name}"));
        format!("{states} states in {worlds} worlds; {}", helps.collect::<Vec<_>>().join(", "))
    }

    /// The fields in which the states of two nodes differ.
    pub(crate) fn differ(&self, one: u32, other: u32) -> String {
        let [one, other] = [one, other].map(|node| fields(self.state(node)));
        let differ = one.iter().filter(|(name, value)| other.get(*name) != Some(*value));
        let said = differ.map(|(name, value)| format!("{name} {value} for {:?}", other.get(name)));
        said.collect::<Vec<_>>().join(", ")
    }

    /// The way from a beginning: each node with the index of the successor that was taken.
    pub(crate) fn way(&self, to: u32) -> Vec<(u32, u32)> {
        let mut way = Vec::new();
        let mut at = to;
        while self.parents[at as usize].0 != at {
            let (parent, successor) = self.parents[at as usize];
            way.push((parent, successor));
            at = parent;
        }
        way.reverse();
        way
    }
}

/// A state's fields by name, as they are printed.
fn fields(state: &State) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in format!("{state:#?}").lines() {
        match line.strip_prefix("    ").and_then(|line| line.split_once(':')) {
            Some((name, value)) if !name.starts_with(' ') => {
                last = name.into();
                fields.insert(last.clone(), value.into());
            }
            _ => fields.entry(last.clone()).or_default().push_str(line),
        }
    }
    fields
}

fn distinct_without(states: &[BTreeMap<String, String>], field: &str) -> usize {
    let rest = |state: &BTreeMap<String, String>| {
        let mut hasher = DefaultHasher::new();
        state.iter().filter(|(name, _)| *name != field).for_each(|both| both.hash(&mut hasher));
        hasher.finish()
    };
    states.iter().map(rest).collect::<BTreeSet<_>>().len()
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a slice has fewer than 2^32 states")
}

/// Values by number, each once.
struct Interned<T> {
    items: Vec<T>,
    numbers: BTreeMap<u64, u32>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { items: Vec::new(), numbers: BTreeMap::new() }
    }
}

impl<T> Interned<T> {
    fn number(&mut self, print: u64, item: T) -> u32 {
        let next = small(self.items.len());
        let number = *self.numbers.entry(print).or_insert(next);
        if number == next {
            self.items.push(item);
        }
        number
    }
}
