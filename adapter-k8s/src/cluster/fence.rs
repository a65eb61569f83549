//! Who may write: whoever leads, for as long as nobody else can have taken over.

use std::{
    sync::Mutex,
    sync::PoisonError,
    time::{Duration, Instant},
};

use crate::clock;

/// Lets writes pass while the lease is surely ours.
///
/// It holds until a moment that was computed before the renewal was sent, on a clock that goes on while the process is
/// stopped: a leader that wakes after another has taken over finds it closed.
#[derive(Debug)]
pub struct Fence(Mutex<Term>);

#[derive(Clone, Copy, Debug)]
enum Term {
    /// Nobody else can lead.
    Unlimited,
    /// We do not lead.
    Over,
    /// We lead until then.
    Until(Instant),
}

impl Fence {
    /// Without leader election every write passes.
    #[must_use]
    pub fn open() -> Self {
        Self(Mutex::new(Term::Unlimited))
    }

    /// Closed until the lease is ours.
    #[must_use]
    pub fn closed() -> Self {
        Self(Mutex::new(Term::Over))
    }

    /// The lease was renewed by a request sent at `sent`; it can be taken from us `term` later.
    pub fn renewed(&self, sent: Instant, term: Duration) {
        self.set(Term::Until(sent + term));
    }

    /// The lease is not ours any more.
    pub fn close(&self) {
        self.set(Term::Over);
    }

    /// Whether a write may be sent now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Term::Unlimited => true,
            Term::Over => false,
            Term::Until(end) => clock::monotonic() < end,
        }
    }

    fn set(&self, term: Term) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = term;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_ran_out_lets_nothing_pass() {
        let fence = Fence::closed();
        assert!(!fence.is_open());
        let sent = clock::monotonic();
        fence.renewed(sent, Duration::from_secs(3600));
        assert!(fence.is_open());
        fence.renewed(sent - Duration::from_secs(2), Duration::from_secs(1));
        assert!(!fence.is_open());
    }
}
