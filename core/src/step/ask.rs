//! What a call has to find out before it can go on.

use alloc::vec;

use super::turn::{Flow, Outcome, Turn};
use crate::{
    phase::Phase,
    question::{Answer, Asked, Question, QuestionId},
    revision::Text,
    spec::{Hook, HookKind},
};

impl Turn<'_> {
    /// The hook's answer: what it said, as an error if it denied.
    pub(super) fn ask(&mut self, hook: &Hook) -> Flow<Result<Text, Text>> {
        let seen = self.seen;
        let state = self.state();
        match seen.answers.hook(state.run, state.check, &hook.key) {
            Some(answer) => {
                let (passed, said) = match answer {
                    Answer::Pass(said) => (true, said.clone()),
                    Answer::Deny(said) | Answer::Error(said) => (false, said.clone()),
                    Answer::Value(_) | Answer::NoData => (false, "answered as a metric would".into()),
                };
                self.hook = Some((hook.name.clone(), passed));
                Flow::Continue(if passed { Ok(said) } else { Err(said) })
            }
            None => {
                let question = self.question(Asked::Hook(hook.key.clone()));
                Flow::Break(Outcome::Ask(vec![Question { phase: self.told(hook), ..question }]))
            }
        }
    }

    /// The phase a hook is told. As Flagger has it: one that takes part in a run is told that it progresses, also while
    /// it waits for a promotion; one that may begin or end a run is told how things stand.
    fn told(&self, hook: &Hook) -> Phase {
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

    pub(super) fn question(&self, of: Asked) -> Question {
        let state = self.state();
        Question {
            id: QuestionId { run: state.run, check: state.check, of },
            phase: state.phase,
            weight: state.canary_weight,
            iterations: state.iterations,
            revision: state.applied.clone(),
        }
    }
}
