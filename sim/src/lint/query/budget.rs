//! How much is parsed in one run: a file of a megabyte can hold thousands of queries, each made to take long.

use std::cell::Cell;

/// Bytes that may still be parsed.
#[derive(Debug)]
pub(in crate::lint) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(2 << 20))
    }
}

impl Budget {
    /// Looking for the place of an error parses parts of the query again and again.
    pub(super) const LOCATING: usize = 50;

    /// Takes the cost of a query of this length; `false` if there is not enough left.
    pub(in crate::lint) fn takes(&self, length: usize) -> bool {
        let left = self.0.get().checked_sub(length);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}
