//! What a call has to find out before it can decide.

use alloc::vec;

use super::{
    schedule,
    turn::{Ending, Flow, Turn},
};
use crate::{
    phase::Phase,
    question::{Asked, HookResult, Question, QuestionId},
    revision::Text,
    spec::{Hook, HookKind},
    time::Timestamp,
};

impl Turn<'_> {
    /// The hook's answer: its text, as an error if it denied.
    pub(super) fn ask(&mut self, hook: &Hook) -> Flow<Result<Text, Text>> {
        let seen = self.seen;
        let state = self.state();
        match seen.answers.hook(state.runs, state.check, &hook.key) {
            Some(answer) => {
                self.late = seen.answers.given_up(state.runs, state.check, &hook.key);
                let (passed, said) = match answer {
                    HookResult::Pass(said) => (true, said.clone()),
                    HookResult::Deny(said) | HookResult::Error(said) => (false, said.clone()),
                };
                self.hook = Some((hook.name.clone(), passed));
                Flow::Continue(if passed { Ok(said) } else { Err(said) })
            }
            None => {
                let question = self.question(Asked::Hook(hook.key.clone()));
                let (phase, until) = (self.phase_for(hook), self.given_up_at(hook));
                Flow::Break(Ending::Ask(vec![Question { phase, until, ..question }]))
            }
        }
    }

    /// The phase that a hook gets. As in Flagger, a hook that takes part in a run gets Progressing, also while the run
    /// waits for promotion; a hook that can begin or end a run gets the current phase.
    fn phase_for(&self, hook: &Hook) -> Phase {
        let state = self.state();
        match hook.kind {
            HookKind::ConfirmRollout | HookKind::RollbackTrigger | HookKind::Event => state.phase,
            HookKind::PreRollout
            | HookKind::Rollout
            | HookKind::ConfirmTrafficIncrease
            | HookKind::ConfirmPromotion => Phase::Progressing,
            HookKind::PostRollout | HookKind::RollbackAction => {
                let owed = state.owed.iter().find(|owed| owed.hook == hook.key);
                owed.map_or(state.phase, |owed| owed.phase)
            }
        }
    }

    /// A gate that does not answer is asked again in the next check. Other hooks, which do some work, may take longer.
    fn given_up_at(&self, hook: &Hook) -> Option<Timestamp> {
        let r = self.canary.as_ref().ok()?;
        match hook.kind {
            HookKind::ConfirmRollout
            | HookKind::ConfirmTrafficIncrease
            | HookKind::ConfirmPromotion
            | HookKind::RollbackTrigger => {}
            HookKind::PreRollout
            | HookKind::Rollout
            | HookKind::PostRollout
            | HookKind::RollbackAction
            | HookKind::Event => return None,
        }
        let is_run = self.state().phase.is_analysing();
        Some(if is_run { schedule::next_due(self, r) } else { self.now + r.policy().interval })
    }

    pub(super) fn question(&self, of: Asked) -> Question {
        let state = self.state();
        Question {
            id: QuestionId { run: state.runs, check: state.check, of },
            phase: state.phase,
            weight: state.canary_weight,
            iterations: state.iterations,
            revision: state.applied.clone(),
            until: None,
        }
    }
}
