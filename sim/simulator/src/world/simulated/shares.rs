//! Shares of requests by cell, computed once for each latency: a latency that is not drawn is the same for all seeds.

use std::{cell::RefCell, rc::Rc};

use super::buckets::Buckets;

/// Each thread needs its own.
#[derive(Debug)]
pub(crate) struct Shares {
    /// The cells in which requests are counted.
    pub(super) buckets: Buckets,
    /// The cells that people see, if they are finer.
    pub(super) fine: Option<Buckets>,
    known: RefCell<Vec<(f64, f64, CellShares)>>,
}

/// The share of requests in each cell, for a latency.
#[derive(Clone, Debug)]
pub(super) struct CellShares {
    counted: Rc<[f64]>,
    fine: Option<Rc<[f64]>>,
}

/// More latencies than this are not stored, because they are drawn.
const MOST: usize = 8;

impl Shares {
    /// Requests are counted in the cells of `buckets`; `fine` ones are part of them.
    pub(crate) fn by(buckets: Buckets, fine: Option<Buckets>) -> Self {
        Self { buckets, fine, known: RefCell::default() }
    }

    /// The finest cells.
    pub(super) fn finest(&self) -> &Buckets {
        self.fine.as_ref().unwrap_or(&self.buckets)
    }

    /// As [`Buckets::shares`].
    pub(super) fn of(&self, p50: f64, p99: f64) -> CellShares {
        let mut all = self.known.borrow_mut();
        if let Some((_, _, known)) = all.iter().find(|known| (known.0, known.1) == (p50, p99)) {
            return known.clone();
        }
        let of = |buckets: &Buckets| buckets.shares(p50, p99).into();
        let shares = CellShares { counted: of(&self.buckets), fine: self.fine.as_ref().map(of) };
        if all.len() < MOST {
            all.push((p50, p99, shares.clone()));
        }
        shares
    }
}

impl CellShares {
    /// By the cells in which requests are counted, or by the fine ones: those of which there are this many.
    pub(super) fn by(&self, cells: usize) -> &[f64] {
        self.fine.as_ref().filter(|fine| fine.len() == cells).unwrap_or(&self.counted)
    }
}

#[cfg(test)]
mod tests {
    use serin_core::provider::RequestMetrics;

    use super::*;

    #[test]
    fn stored_shares_are_those_that_are_computed() {
        let all = Buckets::of(RequestMetrics::of("istio", "Deployment"));
        let shares = Shares::by(Buckets::none(), Some(all.clone()));
        for p50 in [1, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 9, 2].map(|place| f64::from(place) / 100.0) {
            assert_eq!(*shares.of(p50, 0.5).by(all.count()), *all.shares(p50, 0.5));
            assert_eq!(*shares.of(p50, 0.5).by(1), [1.0]);
        }
        assert_eq!(shares.known.borrow().len(), MOST);
    }
}
