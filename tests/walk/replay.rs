//! The same ways again, without normal form: times continue, saves and runs count up.
//!
//! Shows that the normal form forgets nothing that matters, and checks rules that need a sequence of saves.

use serin_core::{
    invariant::{Call, History},
    state::{Countdown, Outbox},
};

use crate::{
    decide::Decided,
    expand::{Node, Outcome, Then, Visitor, expand},
    graph::Graph,
    normal,
    search::Failures,
    slice::Slice,
    world::Deviation,
};

/// The number of ways of a slice that are walked again, spread over all of them.
const WAYS: u32 = 400;

pub(crate) fn check(slice: &Slice, graph: &mut Graph, failures: &mut Failures) {
    // Times long past are forgotten; a clock that is set back several times would show the difference.
    if slice.set_back {
        return;
    }
    let found = graph.len();
    let apart = found.div_ceil(WAYS).max(1);
    // The nodes reached last have the longest ways.
    for to in (0..found).rev().step_by(apart as usize) {
        go(slice, graph, to, failures);
    }
}

fn go(slice: &Slice, graph: &mut Graph, to: u32, failures: &mut Failures) {
    let way = graph.way(to);
    let Some((first, _)) = way.first() else { return };
    let mut node = graph.node(*first);
    let mut history = History::default();
    let ends = way.iter().skip(1).map(|(node, _)| *node).chain([to]);
    for ((from, successor), expected) in way.iter().zip(ends) {
        let mut again =
            Again { wanted: *successor, at: 0, next: None, history: &mut history, broken: Vec::new() };
        expand(slice, &node, &mut again);
        for what in again.broken {
            failures.note(&format!("history {}", what.split(':').next().unwrap_or_default()), *from, what);
        }
        let reached = again.next.map(|next| (graph.number(next.clone(), Some((*from, *successor))), next));
        match reached {
            Some((reached, next)) if reached == expected => node = next,
            other => {
                let differ = other.map(|(reached, _)| graph.differ(reached, expected)).unwrap_or_default();
                let what = format!("gone again with real times, it is another state: {differ}");
                failures.note("normal form", expected, what);
                return;
            }
        }
        normal::saturate(&mut node.state, node.now, &slice.periods());
        if !slice.unjudged {
            node.state.run.unjudged = node.state.run.unjudged.map(|_| Countdown::since(node.now));
        }
        if !slice.notices {
            node.state.outbox = Outbox::default();
        }
    }
}

/// Walks one step of a way again.
struct Again<'a> {
    wanted: u32,
    at: u32,
    next: Option<Node>,
    history: &'a mut History,
    broken: Vec<String>,
}

impl Visitor for Again<'_> {
    fn decided(&mut self, _: &Decided<'_>) {}

    fn reached(&mut self, call: &Decided<'_>, outcome: Outcome, _: Then, next: Node) {
        if self.at == self.wanted {
            if outcome == Outcome::Done {
                let Decided { canary, state, seen, now, plan, .. } = *call;
                let broken = self.history.note(&Call { canary, state, seen, now, plan });
                self.broken = broken.iter().map(|broken| format!("{broken}\n   at {call}")).collect();
            }
            self.next = Some(next);
        }
        self.at += 1;
    }

    fn broke(&mut self, _: &[Deviation], _: String) {}
}
