//! Shares of requests by cell, computed once for each latency: a latency that is not drawn is the same for all seeds.

use std::{cell::RefCell, rc::Rc};

use super::buckets::Buckets;

/// Each thread needs its own.
#[derive(Debug)]
pub(crate) struct Shares {
    pub(super) buckets: Buckets,
    known: RefCell<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    p50: f64,
    p99: f64,
    shares: Rc<[f64]>,
}

/// More latencies than this are not stored, because they are drawn.
const MOST: usize = 8;

impl Shares {
    pub(crate) fn by(buckets: Buckets) -> Self {
        Self { buckets, known: RefCell::default() }
    }

    /// As [`Buckets::shares`].
    pub(super) fn of(&self, p50: f64, p99: f64) -> Rc<[f64]> {
        let mut all = self.known.borrow_mut();
        if let Some(known) = all.iter().find(|known| known.p50 == p50 && known.p99 == p99) {
            return Rc::clone(&known.shares);
        }
        let shares: Rc<[f64]> = self.buckets.shares(p50, p99).into();
        if all.len() < MOST {
            all.push(Known { p50, p99, shares: Rc::clone(&shares) });
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use serin_core::provider::RequestMetrics;

    use super::*;

    #[test]
    fn stored_shares_are_those_that_are_computed() {
        let shares = Shares::by(Buckets::of(RequestMetrics::of("istio", "Deployment")));
        for p50 in [1, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 9, 2].map(|place| f64::from(place) / 100.0) {
            assert_eq!(*shares.of(p50, 0.5), *shares.buckets.shares(p50, 0.5));
        }
        assert_eq!(shares.known.borrow().len(), MOST);
    }
}
