//! The shortest way to a node, step by step.

use std::fmt::Write;

use crate::{
    decide::Decided,
    describe::{Brief, passed},
    expand::{Node, Outcome, Then, Visitor, expand},
    graph::Graph,
    slice::Slice,
    world::Deviation,
};

/// One line per call, after a line for the beginning.
pub(crate) fn describe(slice: &Slice, graph: &Graph, to: u32) -> String {
    let way = graph.way(to);
    let mut text = String::new();
    for (i, (node, successor)) in way.iter().enumerate() {
        let from = graph.node(*node);
        if i == 0 {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "   0. {}", Brief(&from.state));
        }
        let mut step = OneStep { wanted: *successor, at: 0, found: None };
        expand(slice, &from, &mut step);
        let (line, _) = step.found.unwrap_or_else(|| (String::from("?"), from));
        let _ = writeln!(text, "   {}. {line}", i + 1);
    }
    text
}

/// Finds one successor of a node.
pub(crate) struct OneStep {
    pub(crate) wanted: u32,
    pub(crate) at: u32,
    pub(crate) found: Option<(String, Node)>,
}

impl Visitor for OneStep {
    fn decided(&mut self, _: &Decided<'_>) {}

    fn reached(&mut self, call: &Decided<'_>, outcome: Outcome, then: Then, next: Node) {
        if self.at == self.wanted {
            let line = format!("{call}{outcome}{}", passed(then, call.now, next.now));
            self.found = Some((line, next));
        }
        self.at += 1;
    }

    fn broke(&mut self, _: &[Deviation], _: String) {}
}
