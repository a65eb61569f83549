//! One call until it is decided, for every combination of answers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serin_core::{
    Observation, Plan, Rollout, State, Step, Timestamp,
    question::{Answer, Asked, Question},
    spec::Invalid,
    step,
};

use crate::world::Deviation;

/// A call that was decided, and its questions and answers.
pub(crate) struct Decided<'a> {
    pub(crate) deviations: &'a [Deviation],
    pub(crate) answers: &'a Answered,
    pub(crate) canary: &'a Result<Rollout, Invalid>,
    pub(crate) state: &'a State,
    pub(crate) seen: &'a Observation,
    pub(crate) now: Timestamp,
    pub(crate) plan: &'a Plan,
}

/// The questions and answers, in order.
pub(crate) type Answered = [(Question, Answer)];

/// The input of the call, the possible answers, and the visitor of decisions.
pub(crate) struct Calls<'a, 'b> {
    pub(crate) canary: &'a Result<Rollout, Invalid>,
    pub(crate) state: &'a State,
    pub(crate) now: Timestamp,
    pub(crate) alternatives: &'a dyn Fn(&Asked) -> Vec<Answer>,
    pub(crate) act: &'b mut dyn FnMut(&Plan, &Observation, &Answered),
}

impl Calls<'_, '_> {
    /// Decides, or says why there is no decision.
    pub(crate) fn decide(&mut self, seen: &Observation) -> Result<(), String> {
        self.decide_after(seen, &mut Vec::new())
    }

    fn decide_after(
        &mut self,
        seen: &Observation,
        answers: &mut Vec<(Question, Answer)>,
    ) -> Result<(), String> {
        let called = catch_unwind(AssertUnwindSafe(|| step(self.canary, self.state, seen, self.now)));
        let questions = match called.map_err(|_| String::from("it panicked"))? {
            Step::Act(plan) => {
                (self.act)(&plan, seen, answers);
                return Ok(());
            }
            Step::Ask(questions) => questions,
        };
        let was_answered = |asked: &&Question| answers.iter().any(|(known, _)| known.id == asked.id);
        if let Some(again) = questions.iter().find(was_answered) {
            return Err(format!("it asks {} again", again.id));
        }
        let Some(question) = questions.first() else { return Err("it asks nothing".into()) };
        // One at a time: the others are asked for again.
        for answer in (self.alternatives)(&question.id.of) {
            let mut seen = seen.clone();
            seen.answers.add(question.id.clone(), answer.clone());
            answers.push((question.clone(), answer));
            let result = self.decide_after(&seen, answers);
            answers.pop();
            result?;
        }
        Ok(())
    }
}
