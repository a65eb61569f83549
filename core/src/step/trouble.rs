//! A command that failed: noted, reported once, and tried again at growing intervals.

use alloc::{string::ToString, vec::Vec};
use core::time::Duration;

use super::turn::{Flow, Turn, Why};
use crate::{decision::Rule, message::Message, observation::FailureClass, revision::Text, state::Trouble};

/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// After a command whose input had changed, a new observation is enough.
const MOVED_WAIT: Duration = Duration::from_secs(1);

pub(super) fn note(t: &mut Turn<'_>) -> Flow {
    if let Some(trouble) = &t.state().trouble {
        let retry_at = trouble.retry_at;
        t.until(retry_at, Why::Retry);
    }
    let Some(failure) = &t.seen.failed else { return Flow::Continue(()) };
    let now = t.now;
    let old = t.state().trouble.clone().filter(|trouble| trouble.command.repeats(&failure.command));
    // It is not tried before its time, so an earlier failure is the one already noted.
    if old.as_ref().is_some_and(|trouble| now < trouble.retry_at) {
        return Flow::Continue(());
    }
    let mut trouble = old.unwrap_or_else(|| Trouble {
        command: failure.command.clone(),
        error: Text::default(),
        class: failure.class,
        since: now,
        attempts: 0,
        retry_at: now,
        alerted: false,
    });
    trouble.error = failure.error.clone();
    trouble.class = failure.class;
    trouble.attempts = trouble.attempts.saturating_add(1);
    trouble.retry_at = now + wait(failure.class, trouble.attempts);
    if trouble.attempts == 1 && failure.class != FailureClass::Moved {
        t.tell(Message::CommandFailed {
            command: trouble.command.to_string().into(),
            error: trouble.error.clone(),
            class: trouble.class,
        });
    }
    let lasts = now.since(trouble.since) >= t.deadline();
    if lasts && !trouble.alerted {
        trouble.alerted = true;
        t.tell(Message::CommandStillFails {
            command: trouble.command.to_string().into(),
            error: trouble.error.clone(),
        });
    }
    t.edit().trouble = Some(trouble);
    // The command failed, so its rule was reached: the earlier obstacle is gone.
    t.act(Rule::CommandFailed, Vec::new())
}

fn wait(class: FailureClass, attempts: u32) -> Duration {
    let first = match class {
        FailureClass::Moved => MOVED_WAIT,
        FailureClass::Retry | FailureClass::Refused => FIRST_WAIT,
    };
    (first * 2_u32.pow(attempts.saturating_sub(1).min(10))).min(Trouble::LONGEST_WAIT)
}
