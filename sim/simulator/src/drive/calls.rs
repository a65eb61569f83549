//! Questions without an answer yet, and answers that are not used yet.

use std::{fmt, time::Duration};

use serin_core::{
    question::{Answer, Asked, Question, QuestionId},
    retry,
    time::Timestamp,
};

use super::log::Log;
use crate::{
    scenario::{HookOutcome, MetricAnswer},
    world::{self, Attempt, World},
};

/// The pending calls. They are lost when the controller stops.
#[derive(Clone, Default)]
pub(super) struct Calls(Vec<Flight>);

#[derive(Clone)]
struct Flight {
    id: QuestionId,
    /// When it is abandoned if there is no answer.
    until: Option<Timestamp>,
    began: Duration,
    /// Its index in the record.
    call: usize,
    stage: Stage,
}

#[derive(Clone)]
enum Stage {
    /// An attempt that ends at this time.
    Attempt { attempt: Attempt, number: u32, ends: Duration },
    /// The next attempt is made at this time.
    Waiting { number: u32, until: Duration },
    /// The answer, its text, and its time.
    Answered(Answer, Said, Duration),
}

/// The scripted answer.
#[derive(Clone)]
enum Said {
    Metric(MetricAnswer),
    Hook(HookOutcome),
    Nothing,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(answer) => fmt::Display::fmt(answer, f),
            Self::Hook(outcome) => fmt::Display::fmt(outcome, f),
            Self::Nothing => f.write_str(TAKEN_OFF),
        }
    }
}

const TAKEN_OFF: &str = "it was removed from the Canary";

impl Calls {
    /// Puts a question, unless it is already pending.
    pub(super) fn put(
        &mut self,
        question: &Question,
        moment: usize,
        world: &mut World<'_>,
        log: &mut impl Log,
    ) {
        if self.0.iter().any(|flight| flight.id == question.id) {
            return;
        }
        let at = world.at();
        let mut flight = Flight {
            id: question.id.clone(),
            until: question.until,
            began: at,
            call: log.put(at, moment, question),
            stage: Stage::Waiting { number: 1, until: at },
        };
        flight.go_on(world, log);
        self.0.push(flight);
    }

    /// Continues the calls that are due.
    pub(super) fn go_on(&mut self, world: &mut World<'_>, log: &mut impl Log) {
        for flight in &mut self.0 {
            flight.go_on(world, log);
        }
    }

    /// When a call continues next.
    pub(super) fn next(&self) -> Option<Duration> {
        let times = self.0.iter().filter_map(|flight| match &flight.stage {
            Stage::Attempt { ends, .. } => Some(*ends),
            Stage::Waiting { until, .. } => Some(*until),
            Stage::Answered(_, _, _) => None,
        });
        times.min()
    }

    /// Whether no call is pending.
    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer to a question and how long it took, if there is one.
    pub(super) fn take(&mut self, id: &QuestionId, log: &mut impl Log) -> Option<(Answer, Duration)> {
        let answered = |flight: &Flight| flight.id == *id && matches!(flight.stage, Stage::Answered(_, _, _));
        let found = self.0.iter().position(answered)?;
        let Flight { began, stage, call, .. } = self.0.remove(found);
        match stage {
            Stage::Answered(answer, said, at) => {
                log.answered(call, &said);
                Some((answer, at.saturating_sub(began)))
            }
            Stage::Attempt { .. } | Stage::Waiting { .. } => None,
        }
    }

    /// Calls whose time is over end without an answer.
    pub(super) fn give_up(&mut self, now: Timestamp, log: &mut impl Log) {
        self.0.retain(|flight| {
            let is_late = flight.until.is_some_and(|until| until <= now);
            if is_late {
                log.answered(flight.call, &HookOutcome::Timeout);
            }
            !is_late
        });
    }

    /// Removes answers that were not used.
    pub(super) fn forget_answers(&mut self) {
        self.0.retain(|flight| !matches!(flight.stage, Stage::Answered(_, _, _)));
    }
}

impl Flight {
    fn go_on(&mut self, world: &mut World<'_>, log: &mut impl Log) {
        let now = world.at();
        loop {
            self.stage = match &self.stage {
                Stage::Waiting { number, until } if *until <= now => self.begin(*number, *until, world),
                Stage::Attempt { attempt, number, ends } if *ends <= now => {
                    self.end(attempt, *number, *ends, world, log)
                }
                Stage::Waiting { .. } | Stage::Attempt { .. } | Stage::Answered(_, _, _) => return,
            };
        }
    }

    /// Starts a call; a metric answers at once.
    fn begin(&self, number: u32, at: Duration, world: &mut World<'_>) -> Stage {
        let canary = world.canary().clone();
        let canary = canary.as_ref().as_ref().ok();
        let gone = || Stage::Answered(Answer::error(&self.id.of, TAKEN_OFF), Said::Nothing, at);
        match &self.id.of {
            Asked::Metric(key) => {
                let mut metrics = canary.iter().flat_map(|canary| canary.metrics());
                let Some(metric) = metrics.find(|metric| metric.key == *key) else { return gone() };
                let answer = world.measure(metric);
                Stage::Answered(world::answer(&answer), Said::Metric(answer), at)
            }
            Asked::Hook(key) => {
                let mut hooks = canary.iter().flat_map(|canary| canary.hooks());
                let Some(hook) = hooks.find(|hook| hook.key == *key) else { return gone() };
                let attempt = world.attempt(hook);
                let ends = at.saturating_add(attempt.takes);
                Stage::Attempt { attempt, number, ends }
            }
        }
    }

    /// The attempt has ended: its answer is used, or another attempt follows.
    fn end(
        &self,
        attempt: &Attempt,
        number: u32,
        at: Duration,
        world: &World<'_>,
        log: &mut impl Log,
    ) -> Stage {
        let canary = world.canary().as_ref().as_ref().ok();
        let hook = canary.and_then(|canary| match &self.id.of {
            Asked::Hook(key) => canary.hooks().iter().find(|hook| hook.key == *key),
            Asked::Metric(_) => None,
        });
        let retries = hook.map_or(0, |hook| hook.retries);
        if attempt.outcome.is_worth_a_retry() && number <= retries {
            log.answered(self.call, &attempt.outcome);
            let until = at.saturating_add(retry::backoff(number - 1));
            return Stage::Waiting { number: number + 1, until };
        }
        Stage::Answered(attempt.answer.clone(), Said::Hook(attempt.outcome), at)
    }
}
