//! The walk: breadth first over all successors, with every call checked.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serin_core::{Phase, State, state::Stage};

use crate::{
    check,
    decide::Decided,
    expand::{Node, Outcome, Then, Visitor, expand},
    fair,
    graph::Graph,
    normal::NOW,
    path, replay,
    slice::{Slice, Start},
    world::{Deviation, Followed, World},
};

/// If there are more, the slice has to be cut.
const MOST: u32 = 1_000_000;

/// What a walk found.
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) states: u32,
    pub(crate) calls: u64,
    pub(crate) transitions: BTreeSet<(Phase, Phase)>,
    pub(crate) stages: BTreeSet<(Stage, Stage)>,
    /// For each error: one line that describes it, and the shortest way to it.
    pub(crate) failures: Vec<String>,
}

/// Walks a slice to its end.
pub(crate) fn walk(slice: &Slice) -> Report {
    let mut graph = Graph::new(slice.periods());
    for node in beginnings(slice) {
        graph.number(node, None);
    }
    let mut walker = Walker::new(&mut graph);
    while walker.at < walker.graph.len() && walker.graph.len() <= MOST {
        let node = walker.graph.node(walker.at);
        walker.phases.insert(node.state.phase);
        walker.successor = 0;
        if !(slice.beyond)(&node) {
            expand(slice, &node, &mut walker);
        }
        walker.at += 1;
    }
    let Walker { calls, phases, transitions, stages, mut failures, .. } = walker;
    let states = graph.len();
    if states > MOST {
        failures.note("too many states", states - 1, graph.spread());
    } else {
        replay::check(slice, &mut graph, &mut failures);
        fair::check(slice, &mut graph, &mut failures);
    }
    let mut failures = failures.describe(slice, &graph);
    if phases != slice.phases.iter().copied().collect() {
        failures.push(format!("it visits {phases:?}, expected {:?}", slice.phases));
    }
    Report { name: slice.name, states, calls, transitions, stages, failures }
}

/// The nodes that a slice begins with.
fn beginnings(slice: &Slice) -> Vec<Node> {
    let at = |(state, world)| Node { state, world, now: NOW };
    let mut nodes: Vec<Node> = match &slice.start {
        Start::New => vec![at((State::default(), World::untouched()))],
        Start::Settled => vec![fair::settled(slice, at((State::default(), World::untouched())))],
        Start::At(nodes) => nodes.iter().cloned().map(at).collect(),
    };
    for node in nodes.iter_mut().filter(|_| slice.follows) {
        let shown = node.world.shown().cloned().unwrap_or_default();
        node.world.followed = Some(Followed { shown, tried: false });
    }
    nodes
}

struct Walker<'a> {
    graph: &'a mut Graph,
    at: u32,
    successor: u32,
    calls: u64,
    phases: BTreeSet<Phase>,
    transitions: BTreeSet<(Phase, Phase)>,
    stages: BTreeSet<(Stage, Stage)>,
    failures: Failures,
}

impl<'a> Walker<'a> {
    fn new(graph: &'a mut Graph) -> Self {
        let (phases, transitions, stages) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let failures = Failures::default();
        Self { graph, at: 0, successor: 0, calls: 0, phases, transitions, stages, failures }
    }
}

impl Visitor for Walker<'_> {
    fn decided(&mut self, call: &Decided<'_>) {
        self.calls += 1;
        if let Some(state) = &call.plan.state {
            self.transitions.insert((call.state.phase, state.phase));
            self.stages.insert((call.state.run.stage, state.run.stage));
        }
        for what in check::check(call) {
            let kind =
                format!("{} {:?}", what.split(':').next().unwrap_or_default(), call.plan.decision.rule);
            self.failures.note(&kind, self.at, format!("{what}\n   at {call}"));
        }
    }

    fn reached(&mut self, _: &Decided<'_>, _: Outcome, _: Then, next: Node) {
        self.graph.number(next, Some((self.at, self.successor)));
        self.successor += 1;
    }

    fn broke(&mut self, deviations: &[Deviation], what: String) {
        let kind = what.clone();
        self.failures.note(&kind, self.at, format!("{what}, with {deviations:?}"));
    }
}

/// The errors, the first of each kind.
#[derive(Default)]
pub(crate) struct Failures(BTreeMap<String, Failure>);

struct Failure {
    node: u32,
    what: String,
    times: u64,
}

impl Failures {
    /// Notes an error at a node.
    pub(crate) fn note(&mut self, kind: &str, node: u32, what: String) {
        match self.0.get_mut(kind) {
            Some(known) => known.times += 1,
            None => {
                self.0.insert(kind.into(), Failure { node, what, times: 1 });
            }
        }
    }

    fn describe(&self, slice: &Slice, graph: &Graph) -> Vec<String> {
        let mut failures: Vec<_> = self.0.iter().collect();
        failures.sort_by_key(|(_, failure)| failure.node);
        failures.into_iter().map(|(kind, failure)| failure.describe(kind, slice, graph)).collect()
    }
}

impl Failure {
    fn describe(&self, kind: &str, slice: &Slice, graph: &Graph) -> String {
        let mut text = format!("{}: {kind} ({} times)\n", slice.name, self.times);
        // Writing to a String cannot fail.
        let _ = write!(text, "{}   {}", path::describe(slice, graph, self.node), self.what);
        text
    }
}
