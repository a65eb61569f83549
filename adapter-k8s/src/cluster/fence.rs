//! The right to write: the leader has it as long as no other replica can have taken over.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::clock;

/// Allows writes while the lease is certainly ours.
///
/// It is open until a moment that was computed before the renewal was sent, on a clock that continues while the process
/// is stopped and while the machine sleeps: a leader that wakes after another replica has taken over finds it closed. A
/// write may take no longer than the time that is [left](Self::left).
#[derive(Debug)]
pub struct Fence(Mutex<Term>);

#[derive(Clone, Copy, Debug)]
enum Term {
    /// No other replica can lead.
    Unlimited,
    /// We do not lead.
    Over,
    /// We lead until then, counted from the start of the machine.
    Until(Duration),
}

impl Fence {
    /// Without leader election every write is allowed.
    #[must_use]
    pub fn open() -> Self {
        Self(Mutex::new(Term::Unlimited))
    }

    /// Closed until the lease is ours.
    #[must_use]
    pub fn closed() -> Self {
        Self(Mutex::new(Term::Over))
    }

    /// The lease was renewed by a request sent at `sent`, by [`clock::since_boot`]; another replica can take it `term`
    /// later.
    pub fn renewed(&self, sent: Duration, term: Duration) {
        self.set(Term::Until(sent.saturating_add(term)));
    }

    /// The lease is no longer ours.
    pub fn close(&self) {
        self.set(Term::Over);
    }

    /// Whether a write may be sent now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.left().is_zero()
    }

    /// How long a write that is sent now may take; zero if none may be sent.
    #[must_use]
    pub fn left(&self) -> Duration {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Term::Unlimited => Duration::MAX,
            Term::Over => Duration::ZERO,
            Term::Until(end) => end.saturating_sub(clock::since_boot()),
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
    fn an_expired_lease_allows_no_write() {
        let fence = Fence::closed();
        assert!(!fence.is_open());
        let sent = clock::since_boot();
        fence.renewed(sent, Duration::from_secs(3600));
        assert!(fence.is_open());
        fence.renewed(sent.saturating_sub(Duration::from_secs(2)), Duration::from_secs(1));
        assert!(!fence.is_open());
    }

    #[test]
    fn a_write_may_take_as_long_as_the_lease_is_valid() {
        let fence = Fence::closed();
        fence.renewed(clock::since_boot(), Duration::from_secs(10));
        assert!(fence.left() <= Duration::from_secs(10) && fence.left() > Duration::from_secs(5));
        assert_eq!(Fence::open().left(), Duration::MAX);
    }
}
