//! All times that a state contains, as one table: how each changes after the Canary was suspended, and when the clock
//! was set back.

use core::time::Duration;

use super::{Countdown, State, Trouble, Unready};
use crate::{phase::Phase, time::Timestamp};

/// The times of a state. A new one does not compile until it is decided how it is moved.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Times {
    due: Timestamp,
    goes_by_due: bool,
    canary_unready: Option<Unready>,
    primary_unready: Option<Unready>,
    ready_since: Option<Timestamp>,
    gate_closed: Option<Countdown>,
    unjudged: Option<Countdown>,
    away_since: Option<Timestamp>,
    stalled_since: Option<Timestamp>,
    suspended: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    repaired_at: Option<Timestamp>,
    command_again: Option<Timestamp>,
    owed_at: Option<Timestamp>,
}

impl Times {
    pub(crate) fn of(state: &State) -> Self {
        let run = &state.run;
        Self {
            due: state.due,
            goes_by_due: state.is_running() || state.phase == Phase::Waiting,
            canary_unready: run.canary_unready,
            primary_unready: run.primary_unready,
            ready_since: run.ready_since,
            gate_closed: run.gate_closed,
            unjudged: run.unjudged,
            away_since: run.away.map(|away| away.since),
            stalled_since: state.stall.as_ref().map(|stall| stall.since),
            suspended: state.suspended,
            failed_at: run.failure.as_ref().map(|failure| failure.at),
            repaired_at: state.repair.as_ref().map(|repair| repair.at),
            command_again: state.trouble.as_ref().map(|trouble| trouble.retry_at),
            owed_at: state.owed.first().map(|owed| owed.at),
        }
    }

    /// Moves every waiting time by `span`: time that passed while suspended does not count. The times of past events
    /// stay, and a failed command is tried again at the time that was reported.
    pub(crate) fn shifted(self, span: Duration) -> Self {
        let unready =
            |unready: Unready| Unready { count: unready.count.shifted(span), gave_up: None, ..unready };
        let later = |at: Timestamp| at + span;
        let Self { goes_by_due, suspended, failed_at, repaired_at, command_again, owed_at, .. } = self;
        Self {
            due: later(self.due),
            goes_by_due,
            canary_unready: self.canary_unready.map(unready),
            primary_unready: self.primary_unready.map(unready),
            ready_since: self.ready_since.map(later),
            gate_closed: self.gate_closed.map(|count| count.shifted(span)),
            unjudged: self.unjudged.map(|count| count.shifted(span)),
            away_since: self.away_since.map(later),
            stalled_since: self.stalled_since.map(later),
            suspended,
            failed_at,
            repaired_at,
            command_again,
            owed_at,
        }
    }

    /// Limits times ahead of `now` to the farthest that they can have been set: if the clock was set back, at most one
    /// period is lost.
    pub(crate) fn mended(self, now: Timestamp, interval: Duration) -> Self {
        let unready = |unready: Unready| Unready {
            count: unready.count.mended(now),
            gave_up: unready.gave_up.filter(|first| *first <= now),
            ..unready
        };
        let past = |at: Timestamp| at.min(now);
        let again = |at: Timestamp| if at > now + Trouble::LONGEST_WAIT { now } else { at };
        Self {
            due: if self.goes_by_due { self.due.min(now + interval) } else { self.due },
            goes_by_due: self.goes_by_due,
            canary_unready: self.canary_unready.map(unready),
            primary_unready: self.primary_unready.map(unready),
            ready_since: self.ready_since.map(past),
            gate_closed: self.gate_closed.map(|count| count.mended(now)),
            unjudged: self.unjudged.map(|count| count.mended(now)),
            away_since: self.away_since.map(past),
            stalled_since: self.stalled_since.map(past),
            suspended: self.suspended.map(past),
            failed_at: self.failed_at.map(past),
            // The next repair counts as the first again.
            repaired_at: self.repaired_at.filter(|at| *at <= now),
            command_again: self.command_again.map(again),
            owed_at: self.owed_at.map(again),
        }
    }

    /// Writes them back to the state they were taken from.
    pub(crate) fn put(self, state: &mut State) {
        let run = &mut state.run;
        state.due = self.due;
        run.canary_unready = self.canary_unready;
        run.primary_unready = self.primary_unready;
        run.ready_since = self.ready_since;
        run.gate_closed = self.gate_closed;
        run.unjudged = self.unjudged;
        set(run.away.as_mut().map(|away| &mut away.since), self.away_since);
        set(state.stall.as_mut().map(|stall| &mut stall.since), self.stalled_since);
        state.suspended = self.suspended;
        set(run.failure.as_mut().map(|failure| &mut failure.at), self.failed_at);
        state.repair = state.repair.take().filter(|_| self.repaired_at.is_some());
        set(state.trouble.as_mut().map(|trouble| &mut trouble.retry_at), self.command_again);
        set(state.owed.first_mut().map(|owed| &mut owed.at), self.owed_at);
    }
}

fn set(place: Option<&mut Timestamp>, at: Option<Timestamp>) {
    if let (Some(place), Some(at)) = (place, at) {
        *place = at;
    }
}
