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

    /// Takes what it costs to parse a query; `false` if there is not enough left.
    pub(in crate::lint) fn parses(&self, query: &str) -> bool {
        /// Repetitions and classes of characters, which take a regular expression long to compile.
        const LARGE: usize = 2_000;
        let bytes = query.as_bytes();
        let is_large = |pair: &&[u8]| {
            matches!(
                pair,
                [b'{', b'0'..=b'9'] | [b'\\', b'w' | b'W' | b'd' | b'D' | b's' | b'S' | b'p' | b'P']
            )
        };
        self.takes(query.len() + LARGE * bytes.windows(2).filter(is_large).count())
    }

    /// Takes a cost in bytes; `false` if there is not enough left.
    pub(super) fn takes(&self, cost: usize) -> bool {
        let left = self.0.get().checked_sub(cost);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}
