//! The effects of a plan, one after another, and what can happen between them: failures, and stops of the controller.

use std::sync::Arc;

use serin_core::{
    Phase, Tick,
    decision::Rule,
    invariant::Call,
    state::Intent,
    tick::{Do, SaveError},
};

use super::{Decided, Drive, calls::Calls, deliver::Deliveries, limits::Pause, log::Log, store};
use crate::{
    reason::Reason,
    scenario::{SaveFault, StopAfter, What},
};

impl<L: Log> Drive<'_, L> {
    /// Carries out the next command.
    pub(super) fn apply(&mut self) {
        let Do::Apply(command) = self.tick.next() else { return };
        let outcome = self.world.carry_out(command);
        let failed = outcome.as_ref().err().map(|(class, error)| (*class, error.to_string()));
        let carried_out = failed.is_none();
        self.log.tried(command, failed);
        if carried_out && self.stops.commands() {
            self.opposite();
            self.stopped("after this command");
        } else if carried_out && (self.stops.takes(StopAfter::Command) || self.world.strikes(What::Crash)) {
            self.stopped("after this command");
        } else {
            self.tick.applied(outcome);
        }
    }

    /// Saves the plan's state.
    pub(super) fn save(&mut self) {
        if self.stops.before_save() {
            self.opposite();
            self.stopped("before this save");
            return;
        }
        match self.world.save_fault() {
            Some(SaveFault::Conflict) => {
                self.pause.grow(self.world.at(), 1);
                self.happened.push("the save conflicted: another controller saved first".into());
                self.tick.saved(Err(SaveError::Conflict));
                return;
            }
            Some(SaveFault::Retry) => {
                self.pause.grow(self.world.at(), 0);
                self.happened.push("the save failed".into());
                self.tick.saved(Err(SaveError::Failed));
                return;
            }
            None => self.pause = Pause::default(),
        }
        self.second.keep(&self.saved);
        self.note_save();
        self.second.may_act(&mut self.world);
        self.timeline.look(&self.saved, self.world.at());
        if self.stops.after_save() {
            self.opposite();
            self.stopped("after this save");
        } else if self.stops.takes(StopAfter::Save) || self.world.strikes(What::Crash) {
            self.stopped("after this save");
        } else if self.world.strikes(What::SaveAnswerLost) {
            // A retry conflicts, because this controller's first save succeeded.
            self.pause.grow(self.world.at(), 0);
            self.happened.push("the save succeeded, but its answer was lost".into());
            self.tick.saved(Err(SaveError::Conflict));
        } else {
            self.tick.saved(Ok(()));
        }
    }

    /// Stores the plan's state like an API server, and checks that nothing is lost.
    fn note_save(&mut self) {
        let Some(plan) = self.tick.plan() else { return };
        let Some(state) = &plan.state else { return };
        let mut violations = Vec::new();
        if let Some(Decided { canary, seen, now }) = &self.decided {
            let call = Call { canary, state: &self.saved, seen, now: *now, plan };
            violations.extend(self.history.note(&call).iter().map(ToString::to_string));
        }
        if state.seq != self.saved.seq + 1 {
            violations.push(format!("store: seq {} is saved over seq {}", state.seq, self.saved.seq));
        }
        self.saved = if L::WATCHES {
            store::kept(state).map(Arc::new).unwrap_or_else(|what| {
                violations.push(what);
                state.clone()
            })
        } else {
            state.clone()
        };
        if plan.decision.rule == Rule::PromotionFailed {
            self.reason = Some(Reason::primary_not_ready());
        } else if let Some(Intent::Rollback { cause, .. }) = &self.saved.run.intent {
            self.reason = Some(Reason::of(cause));
        }
        self.log.saved(&self.saved);
        let is_over = matches!(self.saved.phase, Phase::Succeeded | Phase::Failed);
        self.ended = self.ended.or_else(|| is_over.then(|| self.world.at())).filter(|_| is_over);
        for violation in violations {
            self.violate(violation);
        }
    }

    /// The controller is stopped and started: it knows only what was saved.
    pub(super) fn restart(&mut self) {
        self.log.restarted(self.decisions);
        self.tick = Tick::new();
        self.calls = Calls::default();
        self.deliveries = Deliveries::default();
        self.asked.clear();
        self.decided = None;
        self.wake_at = None;
        self.pause = Pause::default();
    }

    pub(super) fn stopped(&mut self, place: &str) {
        self.happened.push(format!("the controller was stopped {place} and started"));
        self.restart();
    }

    /// From now on every answer is the opposite, if the stop point says so.
    fn opposite(&mut self) {
        let opposite = self.stops.turns_round();
        self.world.metrics.opposite = opposite;
        self.world.hooks.opposite = opposite;
    }
}
