//! A policy as an automaton: what a rollout does between two checks, decided once for the worlds of all seeds.
//!
//! Where nothing but metrics is random (see [`fits()`]), a rollout continues from a check in one of a few ways. They depend
//! on the [`Situation`], and on which side of its bounds each metric is. A node is a situation in which the metrics are
//! measured. An edge leads from it for one reading of each metric, with everything that happens until the next check, or
//! until the end.
//!
//! Nothing is decided here. The first run that needs an edge makes it: the core decides in the ordinary loop, from one
//! check to the next, and what a simulation would be told is noted. All other runs tell their simulation what was noted,
//! and so draw the same numbers as in the ordinary loop.

mod fits;
mod situation;

use std::{collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use serin_core::{
    Phase, State,
    revision::Text,
    spec::{Metric, Side},
};

pub(super) use self::fits::fits;
use self::situation::Situation;
use super::{Drive, limits::MOST_MOMENTS, log::Nothing};
use crate::{
    reason::Reason,
    record::Outcome,
    scenario::{Measure, MetricAnswer, Scenario},
    world::{Canary, ClusterChange, Measured, SharedSetup, Simulation},
};

/// The situations and edges that runs have needed so far.
pub(super) struct Automaton<'a> {
    scenario: &'a Scenario,
    canary: Rc<Canary>,
    /// What the metrics measure, in list order; `None` for those that have the same value in every world.
    measured: Vec<Option<Measured>>,
    nodes: Vec<Node<'a>>,
    /// The nodes by the row of their situation.
    places: BTreeMap<(u8, u32, u32), Vec<usize>>,
    /// The first one leads from the beginning of the story to the first check.
    edges: Vec<Edge>,
    /// The values of the metrics at the current check, in list order.
    values: Vec<Option<f64>>,
}

/// A situation in which the metrics are measured.
struct Node<'a> {
    situation: Situation,
    /// A run that has stopped here.
    drive: Drive<'a, Nothing>,
    /// The edges that lead from here.
    edges: Vec<(Readings, usize)>,
}

/// What happens from a check to the next one. Times count from the check.
struct Edge {
    /// What a simulation is told.
    changes: Vec<(Duration, ClusterChange)>,
    takes: Duration,
    /// The times of the first and of the last release, if there is one.
    released: Option<(Duration, Duration)>,
    decisions: usize,
    to: Next,
}

enum Next {
    /// The check of this node.
    Check(usize),
    End(End),
    /// It is followed no further: only the ordinary loop knows how it continues.
    Unknown,
}

/// How a rollout ends.
struct End {
    phase: Phase,
    /// From the last check to the end of the story.
    takes: Duration,
    /// From the last check to the end of the rollout.
    ended: Option<Duration>,
    reason: Option<Reason>,
    promoted: Option<Text>,
    /// The revision of the target.
    shown: Option<Text>,
}

/// How a run in the world of a seed has gone.
pub(super) enum Followed {
    Ended(Outcome),
    /// `is_over` became true.
    Stopped,
    /// Only the ordinary loop knows how it continues.
    Left,
}

/// One reading of each metric, as the digits of a number.
type Readings = u64;

/// The maximum number of situations.
const MOST_NODES: usize = 10_000;

impl<'a> Automaton<'a> {
    /// The automaton of a scenario that fits, with the edge that leads to the first check.
    pub(super) fn of(scenario: &'a Scenario, common: &SharedSetup, status: &Arc<State>) -> Self {
        let drive = Drive::begin(scenario, common, Arc::clone(status), None, None, Nothing);
        let duration = Measure::duration(&scenario.canary);
        let measured = |metric| Measured::of(scenario.setting.simulated.as_ref()?, metric, duration);
        let mut automaton = Self {
            scenario,
            canary: Rc::clone(drive.world.canary()),
            measured: scenario.canary.metrics().iter().map(measured).collect(),
            nodes: Vec::new(),
            places: BTreeMap::new(),
            edges: Vec::new(),
            values: Vec::new(),
        };
        let first = automaton.explore(drive);
        automaton.edges.push(first);
        automaton
    }

    /// The number of situations so far.
    pub(super) fn situations(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it holds as many situations as it can.
    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() >= MOST_NODES
    }

    /// A run in the world of a simulation that has just begun.
    pub(super) fn follow(&mut self, simulation: &mut Simulation<'a>, is_over: &dyn Fn() -> bool) -> Followed {
        let mut run = Run::default();
        let mut place = 0;
        loop {
            if is_over() {
                return Followed::Stopped;
            }
            let edge = &self.edges[place];
            run.take(edge, simulation);
            if run.at > self.scenario.until || run.decisions >= MOST_MOMENTS {
                return Followed::Left;
            }
            match &edge.to {
                Next::Check(node) => {
                    let node = *node;
                    let readings = self.measure(run.at, simulation);
                    place = self.edge(node, readings);
                }
                Next::End(end) => return Followed::Ended(run.outcome(end, self.scenario, simulation)),
                Next::Unknown => return Followed::Left,
            }
        }
    }

    /// The readings of all metrics.
    fn measure(&mut self, at: Duration, simulation: &mut Simulation<'a>) -> Readings {
        self.values.clear();
        let mut readings = 0;
        for (metric, measured) in metrics(&self.canary).iter().zip(&self.measured) {
            let value = measured.as_ref().and_then(|measured| simulation.value(at, measured));
            readings = 4 * readings + digit(metric, value);
            self.values.push(value);
        }
        readings
    }

    /// The values of the current check as answers, by the key of the metric.
    fn answers(&self) -> Vec<(Text, MetricAnswer)> {
        let values = metrics(&self.canary).iter().zip(&self.measured).zip(&self.values);
        let simulated = values.filter(|((_, measured), _)| measured.is_some());
        let answer = |value: &Option<f64>| value.map_or(MetricAnswer::None, MetricAnswer::Value);
        simulated.map(|((metric, _), value)| (metric.key.clone(), answer(value))).collect()
    }

    /// The edge from a node for these readings. If no run has needed it before, it is made.
    fn edge(&mut self, node: usize, readings: Readings) -> usize {
        let known = self.nodes[node].edges.iter().find(|(of, _)| *of == readings);
        if let Some((_, place)) = known {
            return *place;
        }
        let mut drive = self.nodes[node].drive.clone();
        if let Some(journal) = drive.world.journal() {
            journal.set_answers(self.answers());
        }
        let edge = self.explore(drive);
        self.edges.push(edge);
        let place = self.edges.len() - 1;
        self.nodes[node].edges.push((readings, place));
        place
    }

    /// Runs from a check, or from the beginning, to the next check.
    fn explore(&mut self, mut drive: Drive<'a, Nothing>) -> Edge {
        let begin = drive.world.at();
        let since = |at: Duration| at.saturating_sub(begin);
        drive.until = begin.saturating_add(self.scenario.until);
        drive.first_released = None;
        let is_check = drive.reaches_check();
        let noted = drive.world.journal().map(|journal| journal.take()).unwrap_or_default();
        Edge {
            changes: noted.into_iter().map(|(at, change)| (since(at), change)).collect(),
            takes: since(drive.world.at()),
            released: drive.first_released.map(|first| (since(first), since(drive.released))),
            decisions: drive.decisions,
            to: if is_check {
                self.node(drive)
            } else if drive.rests {
                Next::End(End::of(&drive, begin))
            } else {
                Next::Unknown
            },
        }
    }

    /// The node of a run that is at a check.
    fn node(&mut self, mut drive: Drive<'a, Nothing>) -> Next {
        let Some(situation) = Situation::of(&drive) else { return Next::Unknown };
        let places = self.places.entry(situation.row()).or_default();
        if let Some(known) = places.iter().find(|place| self.nodes[**place].situation == situation) {
            return Next::Check(*known);
        }
        if self.nodes.len() >= MOST_NODES {
            return Next::Unknown;
        }
        places.push(self.nodes.len());
        drive.decisions = 0;
        drive.restless = Default::default();
        self.nodes.push(Node { situation, drive, edges: Vec::new() });
        Next::Check(self.nodes.len() - 1)
    }
}

impl Drive<'_, Nothing> {
    /// Runs to the next check, from a check or from the beginning; whether there is another.
    fn reaches_check(&mut self) -> bool {
        while self.goes_on() {
            if self.is_at_check() {
                return true;
            }
        }
        false
    }
}

fn metrics(canary: &Canary) -> &[Metric] {
    canary.as_ref().map_or(&[], |canary| canary.metrics())
}

/// The digit of a reading: on which side of its bounds a value is, or that there is none.
fn digit(metric: &Metric, value: Option<f64>) -> Readings {
    match value.filter(|value| !value.is_nan()) {
        None => 0,
        Some(value) => match metric.bounds.side(metric.compared(value)) {
            Side::Within => 1,
            Side::Below => 2,
            Side::Above => 3,
        },
    }
}

/// A run in progress.
#[derive(Default)]
struct Run {
    at: Duration,
    released: Duration,
    first_released: Option<Duration>,
    decisions: usize,
}

impl Run {
    /// Tells the simulation what happens on an edge.
    fn take(&mut self, edge: &Edge, simulation: &mut Simulation<'_>) {
        for (after, change) in &edge.changes {
            simulation.hear(self.at + *after, change);
        }
        if let Some((first, last)) = edge.released {
            self.first_released.get_or_insert(self.at + first);
            self.released = self.at + last;
        }
        self.at += edge.takes;
        self.decisions += edge.decisions;
    }

    fn outcome(self, end: &End, scenario: &Scenario, simulation: &mut Simulation<'_>) -> Outcome {
        let begin = self.at.saturating_sub(end.takes);
        Outcome {
            phase: end.phase,
            released: self.released,
            ended: end.ended.map(|ended| begin + ended),
            reason: end.reason.clone(),
            good: end.shown.as_ref().map(|shown| simulation.is_good(shown, &scenario.standard)),
            promoted: end.promoted.clone(),
            users: Some(simulation.finish(self.first_released.unwrap_or_default(), self.at)),
        }
    }
}

impl End {
    fn of(drive: &Drive<'_, Nothing>, begin: Duration) -> Self {
        let ended = drive.ended.map(|ended| ended.saturating_sub(begin));
        Self {
            phase: drive.saved.phase,
            takes: drive.world.at().saturating_sub(begin),
            ended,
            reason: drive.final_reason(),
            promoted: drive.world.primary_runs(),
            shown: drive.world.target_shows(),
        }
    }
}
