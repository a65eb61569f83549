//! A second controller with an old state: another replica that still believes to be the leader, and reads the status
//! from a cache that lags.
//!
//! It behaves like the first one, except for the status: it observes the cluster as it is, puts questions, and carries
//! out what follows from an old status. Its effects on the cluster remain. Its save conflicts, because the status was
//! saved since, and then it stops. The first controller has to detect and repair its effects.

use std::{collections::VecDeque, time::Duration};

use serin_core::{
    State, Tick,
    invariant::{self, Call},
    question::{Answer, Asked},
    tick::Do,
};

use super::{Drive, log::Log};
use crate::{
    scenario::{Action, MOST_SAVES_BEHIND, Row, Scenario, What},
    world::{self, World},
};

/// Old states, and when the second controller acts on one of them.
#[derive(Clone, Default)]
pub(super) struct StaleReplica {
    /// Whether there can be one.
    exists: bool,
    /// The newest first.
    old: VecDeque<State>,
    due: Option<(Duration, State)>,
}

/// A tick has fewer steps than this.
const MOST_STEPS: usize = 1_000;

impl StaleReplica {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let is_told = scenario.events.iter().any(|event| matches!(event.action, Action::SecondController(_)));
        let exists = is_told || scenario.has_trouble(What::SecondController);
        Self { exists, ..Self::default() }
    }

    /// When it acts next.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.as_ref().map(|(at, _)| *at)
    }

    /// This status is about to be replaced.
    pub(super) fn keep(&mut self, old: &State) {
        if self.exists {
            self.old.truncate(MOST_SAVES_BEHIND - 1);
            self.old.push_front(old.clone());
        }
    }

    /// A status was saved: another replica may not have seen it yet.
    pub(super) fn may_act(&mut self, world: &mut World<'_>) {
        if !self.exists || self.due.is_some() || self.old.is_empty() {
            return;
        }
        let Some(strike) = world.strike(What::SecondController) else { return };
        let behind = (strike.place * self.old.len() as f64) as usize;
        self.due = Some((world.at().saturating_add(strike.by), self.old[behind].clone()));
    }

    /// The status from this many saves ago, or the oldest that is stored.
    fn behind(&self, saves: usize) -> Option<State> {
        self.old.get(saves - 1).or(self.old.back()).cloned()
    }
}

impl<L: Log> Drive<'_, L> {
    /// The second controller acts if it is due.
    pub(super) fn second_is_due(&mut self) {
        let at = self.world.at();
        if let Some((_, old)) = self.second.due.take_if(|(due, _)| *due <= at) {
            self.second_acts(&old);
        }
    }

    /// The story lets it act on the status from this many saves ago.
    pub(super) fn second_is_told(&mut self, behind: usize) {
        if let Some(old) = self.second.behind(behind) {
            self.second_acts(&old);
        }
    }

    fn second_acts(&mut self, old: &State) {
        let Row(phase, weight, failed, iterations) = Row::of(old);
        self.happened.push(format!(
            "another controller acts on an old status: {phase}, weight {weight}, {failed} failed checks, {iterations} iterations"
        ));
        let canary = self.world.canary().clone();
        let mut tick = Tick::new();
        for _ in 0..MOST_STEPS {
            match tick.next() {
                Do::Observe => {
                    let (mut seen, now) = (self.world.observe(), self.world.now());
                    let Some(plan) = tick.observed(&canary, old, &mut seen, now) else { continue };
                    let call = Call { canary: &canary, state: old, seen: &seen, now, plan };
                    let broken = if L::WATCHES { invariant::check(&call) } else { Vec::new() };
                    broken.iter().for_each(|violation| self.violate(violation.to_string()));
                }
                Do::Ask(questions) => {
                    let asked: Vec<_> = questions.iter().map(|question| question.id.clone()).collect();
                    for id in asked {
                        let answer = answer(&mut self.world, &canary, &id.of);
                        tick.answered(id, answer);
                    }
                }
                Do::Apply(command) => {
                    let command = command.clone();
                    let outcome = self.world.carry_out(&command);
                    let failed = outcome.as_ref().err().map(|(_, why)| format!(", and fails: {why}"));
                    self.happened
                        .push(format!("another controller: {command}{}", failed.unwrap_or_default()));
                    self.changed = true;
                    tick.applied(outcome);
                }
                Do::Save(state) => {
                    if state.seq > self.saved.seq {
                        self.violate(format!("store: an old status is saved as seq {}", state.seq));
                    }
                    self.happened.push("another controller: its save conflicts".into());
                    return;
                }
                // Its notices were sent, or will be sent.
                Do::Send(_) | Do::Sleep(_) => return,
            }
        }
        self.violate("another controller does not settle".into());
    }
}

/// The second controller gets an answer at once.
fn answer(world: &mut World<'_>, canary: &world::Canary, asked: &Asked) -> Answer {
    let gone = || Answer::error(asked, "it was removed from the Canary");
    let Ok(canary) = canary else { return gone() };
    match asked {
        Asked::Metric(key) => {
            let metric = canary.metrics().iter().find(|metric| metric.key == *key);
            metric.map_or_else(gone, |metric| world::answer(&world.measure(metric)))
        }
        Asked::Hook(key) => {
            let hook = canary.hooks().iter().find(|hook| hook.key == *key);
            hook.map_or_else(gone, |hook| world.attempt(hook).answer)
        }
    }
}
