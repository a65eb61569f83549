//! What is recorded of a run: everything for people, or only how it ended.

use std::time::Duration;

use serin_core::{
    Command, State, message::Notice, observation::FailureClass, question::Question, step::Plan,
};

use crate::record::{Asked, Call, Delivery, Effect, Moment, Story};

/// Records what happens.
pub(super) trait Log {
    /// Whether invariants are checked in every call, and states are serialized and parsed.
    const WATCHES: bool;

    /// A plan was decided, after these events and answers.
    fn decided(&mut self, at: Duration, happened: &mut Vec<String>, asked: &mut Vec<Asked>, plan: &Plan);
    /// A question was put for the plan with this number; returns the call's index.
    fn put(&mut self, at: Duration, moment: usize, question: &Question) -> usize;
    /// An attempt of a call has ended and is used; `said` is the scripted answer.
    fn answered(&mut self, call: usize, said: &dyn ToString);
    /// A command of the last plan was tried.
    fn tried(&mut self, command: &Command, failed: Option<(FailureClass, String)>);
    /// The state of the last plan was saved.
    fn saved(&mut self, state: &State);
    /// Notices were delivered.
    fn sent(&mut self, notices: &[Notice]);
    /// A notice was sent to a receiver.
    fn told(&mut self, _: Delivery) {}
    /// The controller was stopped and started; the next moment has this number.
    fn restarted(&mut self, moment: usize);
    /// An invariant does not hold.
    fn violated(&mut self, moment: usize, what: String);
}

impl Log for Story {
    const WATCHES: bool = true;

    fn decided(&mut self, at: Duration, happened: &mut Vec<String>, asked: &mut Vec<Asked>, plan: &Plan) {
        self.moments.push(Moment {
            at,
            happened: std::mem::take(happened),
            asked: std::mem::take(asked),
            decision: plan.decision.clone(),
            commands: Vec::new(),
            saved: None,
            sent: Vec::new(),
            wake: plan.wake,
        });
    }

    fn put(&mut self, at: Duration, moment: usize, question: &Question) -> usize {
        self.calls.push(Call { at, moment, question: question.clone(), answers: Vec::new() });
        self.calls.len() - 1
    }

    fn answered(&mut self, call: usize, said: &dyn ToString) {
        self.calls[call].answers.push(said.to_string());
    }

    fn tried(&mut self, command: &Command, failed: Option<(FailureClass, String)>) {
        if let Some(moment) = self.moments.last_mut() {
            moment.commands.push(Effect { command: command.clone(), failed });
        }
    }

    fn saved(&mut self, state: &State) {
        if let Some(moment) = self.moments.last_mut() {
            moment.saved = Some(state.clone());
        }
    }

    /// A notice is shown with the decision that created it, if that was at the same time: then it waits only for the
    /// rest of the tick. A controller that was stopped in between delivers it again, and that is shown with its own
    /// decision.
    fn sent(&mut self, notices: &[Notice]) {
        let Some(now) = self.moments.last().map(|moment| moment.at) else { return };
        let begun = self.restarts.last().map_or(0, |first| (*first).min(self.moments.len()));
        for notice in notices {
            let bore =
                |moment: &Moment| moment.saved.as_ref().is_some_and(|saved| saved.seq == notice.id.seq);
            let since = self.moments[begun..].iter().rev();
            let mut of_now = since.take_while(|moment| moment.at == now);
            let moment = match of_now.position(bore) {
                Some(back) => self.moments.iter_mut().nth_back(back),
                None => self.moments.last_mut(),
            };
            if let Some(moment) = moment {
                moment.sent.push(notice.clone());
            }
        }
    }

    fn told(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    fn restarted(&mut self, moment: usize) {
        self.restarts.push(moment);
    }

    fn violated(&mut self, moment: usize, what: String) {
        self.violations.push((moment, what));
    }
}

/// Records nothing, for many runs of which only the ends matter.
#[derive(Clone, Default)]
pub(super) struct Nothing;

impl Log for Nothing {
    const WATCHES: bool = false;

    fn decided(&mut self, _: Duration, happened: &mut Vec<String>, asked: &mut Vec<Asked>, _: &Plan) {
        happened.clear();
        asked.clear();
    }

    fn put(&mut self, _: Duration, _: usize, _: &Question) -> usize {
        0
    }

    fn answered(&mut self, _: usize, _: &dyn ToString) {}
    fn tried(&mut self, _: &Command, _: Option<(FailureClass, String)>) {}
    fn saved(&mut self, _: &State) {}
    fn sent(&mut self, _: &[Notice]) {}
    fn restarted(&mut self, _: usize) {}
    fn violated(&mut self, _: usize, _: String) {}
}
