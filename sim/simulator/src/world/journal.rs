//! What a simulation would be told of the cluster, noted in its place: once, for the worlds of many seeds.

use std::time::Duration;

use serin_core::{revision::Text, spec::Metric};

use super::simulated::{ClusterChange, Copies};
use crate::scenario::{Delay, MetricAnswer, Simulated};

/// Notes changes of the cluster. Metrics answer what was set, and pods take as long in every world.
#[derive(Clone)]
pub(crate) struct Journal<'a> {
    simulated: &'a Simulated,
    changes: Vec<(Duration, ClusterChange)>,
    /// The copies as they were noted last, if nothing was noted since.
    copies: Option<Copies>,
    answers: Vec<(Text, MetricAnswer)>,
}

impl<'a> Journal<'a> {
    pub(super) fn new(simulated: &'a Simulated) -> Self {
        Self { simulated, changes: Vec::new(), copies: None, answers: Vec::new() }
    }

    /// From now on metrics, by key, have these answers.
    pub(crate) fn set_answers(&mut self, answers: Vec<(Text, MetricAnswer)>) {
        self.answers = answers;
    }

    /// The changes since the last call, with the time of each since the beginning of the story.
    pub(crate) fn take(&mut self) -> Vec<(Duration, ClusterChange)> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn answer(&self, metric: &Metric) -> Option<MetricAnswer> {
        let answer = self.answers.iter().find(|(key, _)| *key == metric.key);
        answer.map(|(_, answer)| answer.clone())
    }

    /// Notes a change, unless the copies are as they were. Returns how long pods take that are started.
    pub(super) fn note(&mut self, at: Duration, change: ClusterChange) -> Option<Delay> {
        let copies = if let ClusterChange::Copies(copies) = &change { Some(copies.clone()) } else { None };
        if copies.is_some() && copies == self.copies {
            return None;
        }
        self.copies = copies;
        let takes = match &change {
            ClusterChange::CanaryStarts(revision) | ClusterChange::PrimaryStarts(revision) => {
                self.simulated.version(revision).always_takes()
            }
            ClusterChange::Copies(_) | ClusterChange::LoadTest(_, _) => None,
        };
        self.changes.push((at, change));
        takes
    }
}
