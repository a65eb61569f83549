//! What determines how a rollout continues after a check.

use std::time::Duration;

use serin_core::{
    State, Timestamp,
    question::{Asked, Question},
    state::{AnalysisRecord, Outbox, Unready},
    tick::Do,
};

use super::super::{Drive, log::Log, timeline::Due};
use crate::{reason::Reason, world::ClusterState};

/// A rollout in which all metrics are about to be measured. Two rollouts in the same situation continue alike if their
/// metrics have the same readings.
#[derive(Debug, PartialEq)]
pub(super) struct Situation {
    state: State,
    cluster: ClusterState,
    events: Vec<Due>,
    reason: Option<Reason>,
}

impl Situation {
    /// `None` if more than this determines it.
    pub(super) fn of<L: Log>(drive: &Drive<'_, L>) -> Option<Self> {
        let is_alone = drive.calls.are_none() && drive.ended.is_none() && drive.away.is_none();
        is_alone.then(|| Self {
            state: normal((*drive.saved).clone(), drive.world.now()),
            cluster: drive.world.state(),
            events: drive.timeline.from(drive.world.at()),
            reason: drive.reason.clone(),
        })
    }

    /// Situations with different rows are different.
    pub(super) fn row(&self) -> (u8, u32, u32) {
        (self.state.canary_weight, self.state.failed_checks, self.state.iterations)
    }
}

impl<L: Log> Drive<'_, L> {
    /// Whether all metrics of the Canary are about to be measured.
    pub(super) fn is_at_check(&self) -> bool {
        let (Do::Ask(questions), Ok(canary)) = (self.tick.next(), &**self.world.canary()) else {
            return false;
        };
        let is_of =
            |question: &Question, key| matches!(&question.id.of, Asked::Metric(asked) if asked == key);
        let mut pairs = questions.iter().zip(canary.metrics());
        !questions.is_empty()
            && questions.len() == canary.metrics().len()
            && pairs.all(|(question, metric)| is_of(question, &metric.key))
    }
}

/// The moment of every situation.
const NOW: Timestamp = Timestamp::from_millis(4_102_444_800_000);

/// The state as if it were [`NOW`], without what only names or records. What has been sent by now is as good as dropped.
fn normal(mut state: State, now: Timestamp) -> State {
    let span = NOW.since(now);
    let later = |at: &mut Timestamp| *at = *at + span;
    state.condition = None;
    state.last_transition = Timestamp::default();
    state.analysis = AnalysisRecord::default();
    state.outbox = Outbox::default();
    (state.seq, state.runs, state.check) = (0, 0, 0);
    later(&mut state.due);
    state.suspended.iter_mut().for_each(later);
    if let Some(stall) = &mut state.stall {
        later(&mut stall.since);
        stall.told.iter_mut().for_each(later);
    }
    if let Some(trouble) = &mut state.trouble {
        later(&mut trouble.since);
        later(&mut trouble.retry_at);
    }
    if let Some(repair) = &mut state.repair {
        later(&mut repair.at);
        repair.told.iter_mut().for_each(later);
    }
    state.owed.iter_mut().for_each(|owed| later(&mut owed.at));
    normal_run(&mut state, span);
    state
}

fn normal_run(state: &mut State, span: Duration) {
    let run = &mut state.run;
    let later = |at: &mut Timestamp| *at = *at + span;
    let unready = |unready: &mut Unready| {
        unready.count = unready.count.shifted(span);
        unready.gave_up.iter_mut().for_each(later);
    };
    // Its values are shown; no rule reads it.
    run.last_finding = None;
    run.canary_unready.iter_mut().for_each(unready);
    run.primary_unready.iter_mut().for_each(unready);
    run.unjudged = run.unjudged.map(|count| count.shifted(span));
    run.gate_closed = run.gate_closed.map(|count| count.shifted(span));
    run.ready_since.iter_mut().for_each(later);
    run.away.iter_mut().for_each(|away| later(&mut away.since));
    run.failure.iter_mut().for_each(|failure| later(&mut failure.at));
}
