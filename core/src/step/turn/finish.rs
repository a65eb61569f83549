//! The end of a call: what every plan contains, and the state that is saved.

use alloc::{sync::Arc, vec, vec::Vec};
use core::time::Duration;

use super::{Ending, Turn, Wake, Why};
use crate::{
    command::Command,
    decision::{Decision, Rule, Standing},
    message::{Notice, NoticeId},
    request::Request,
    spec::{Invalid, Rollout},
    state::{Details, Origin, State},
    step::{Plan, Step},
};

/// Notices that were not delivered are sent again after this time, unless another call comes before.
const NOTICE_RETRY: Duration = Duration::from_secs(10);

impl Turn<'_> {
    pub(in crate::step) fn finish(mut self, ending: Ending) -> Step {
        let (mut rule, mut commands) = match ending {
            Ending::Ask(questions) => return Step::Ask(questions),
            Ending::Act { rule, commands } => (rule, commands),
        };
        if rule == Rule::HeldForNewerVersion {
            return self.plan(rule, commands);
        }
        self.settle_stall(rule);
        if rule != Rule::Released {
            self.settle_concern();
            if commands.is_empty() && self.draft.is_none() {
                (rule, commands) = self.tidy_up(rule);
            }
        }
        if let Some(trouble) = &self.state().trouble {
            let again = commands.iter().any(|command| command.repeats(&trouble.command));
            let early = self.now < trouble.retry_at;
            if again && early {
                return self.backs_off();
            }
            // It is tried again, or is no longer wanted at that time. A failure leads to the rule that notes it.
            if rule != Rule::CommandFailed && (!early || !commands.is_empty()) {
                self.edit().trouble = None;
            }
        }
        self.plan(rule, commands)
    }

    /// Nothing is kept except corrections of times and the time at which the rules are asked again.
    fn backs_off(self) -> Step {
        let Self { canary, old, seen, now, measured, hook, waits, .. } = self;
        let mut turn = Self { measured, hook, waits, ..Self::new(canary, old, seen, now) };
        turn.mend_clock();
        turn.plan(Rule::BackingOff, Vec::new())
    }

    fn plan(mut self, rule: Rule, commands: Vec<Command>) -> Step {
        let state = self.save();
        let notices = self.unsaved();
        let after = state.as_deref().unwrap_or(self.old);
        let wake = if state.is_some() || !commands.is_empty() {
            // A tick ends with a call that changes nothing.
            Some(Wake { at: self.now, why: Why::AtOnce })
        } else if matches!(after.origin, Origin::Newer(_)) {
            None
        } else {
            if !notices.is_empty() || !after.is_running() && !after.outbox.is_empty() {
                self.waits.add(self.now + NOTICE_RETRY, Why::Notices);
            }
            self.waits.earliest()
        };
        let after = standing(self.canary, after);
        let decision = Decision { rule, measured: self.measured, hook: self.hook, after };
        Step::Act(Plan { commands, state, notices, decision, wake })
    }

    /// Done when there is nothing else to do: consumed requests are removed, and so are delivered notices if no other
    /// save comes soon.
    fn tidy_up(&mut self, rule: Rule) -> (Rule, Vec<Command>) {
        let consumed = &self.old.consumed;
        let mut done = self.seen.requests.iter();
        let is_done = |request: &&Request| consumed.get(&request.kind) == Some(&request.value);
        if let Some(done) = done.find(is_done) {
            return (Rule::RequestCleared, vec![Command::ClearRequest(done.clone())]);
        }
        if !consumed.is_empty() {
            self.edit().consumed.clear();
            return (Rule::RequestCleared, Vec::new());
        }
        let quiet = !self.old.is_running();
        let sent = &self.seen.sent;
        if quiet && self.old.outbox.notices().iter().any(|notice| sent.contains(&notice.id)) {
            self.edit().outbox.drop_sent(sent);
            return (Rule::NoticesDropped, Vec::new());
        }
        (rule, Vec::new())
    }

    /// Messages that another controller's status cannot hold, unless they were sent already.
    fn unsaved(&mut self) -> Vec<Notice> {
        if self.old.origin != Origin::Flagger {
            return Vec::new();
        }
        let notices = self.notices.drain(..).map(|message| Notice {
            id: NoticeId::unsaved(&message),
            at: self.now,
            phase: self.old.phase,
            message,
        });
        notices.filter(|notice| !self.seen.sent.contains(&notice.id)).collect()
    }

    /// The changed state, with the parts that every save adds; `None` if nothing changed: then no notice is sent.
    fn save(&mut self) -> Option<Arc<State>> {
        // Another controller's status is not changed before it is taken over: it could not hold our fields.
        let mut saved =
            self.draft.take().filter(|state| **state != *self.old && state.origin != Origin::Flagger)?;
        let state = Arc::make_mut(&mut saved);
        state.seq = state.seq.saturating_add(1);
        state.outbox.drop_sent(&self.seen.sent);
        let (before, after) = (self.old.phase, state.phase);
        let told = self.notices.drain(..).map(|message| (message.sent_in(before, after), message));
        state.outbox.push(state.seq, self.now, told);
        state.last_transition = self.now.whole_second();
        let details = Details { canary: self.canary.as_ref().ok(), seen: self.seen };
        state.settle_condition(details, self.now);
        Some(saved)
    }
}

fn standing(canary: &Result<Rollout, Invalid>, state: &State) -> Standing {
    let budget = match canary {
        Ok(r) if state.phase.is_analysing() => {
            Some(r.policy().threshold.saturating_sub(1).saturating_sub(state.failed_checks))
        }
        Ok(_) | Err(_) => None,
    };
    Standing {
        phase: state.phase,
        weight: state.canary_weight,
        failed_checks: state.failed_checks,
        budget,
        iterations: state.iterations,
    }
}
