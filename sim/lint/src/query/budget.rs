//! Limits the parsing of one run: a file of a megabyte can contain thousands of queries, each made to take long.

use std::cell::Cell;

/// The number of bytes that may still be parsed.
#[derive(Debug)]
pub(crate) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(2 << 20))
    }
}

impl Budget {
    /// To find the place of an error, parts of the query are parsed again.
    pub(super) const LOCATING: usize = 50;

    /// Subtracts the cost of parsing a query; `false` if not enough is left.
    pub(crate) fn parses(&self, query: &str) -> bool {
        /// Repetitions and character classes, which make a regular expression slow to compile.
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

    /// Subtracts a cost in bytes; `false` if not enough is left.
    pub(super) fn takes(&self, cost: usize) -> bool {
        let left = self.0.get().checked_sub(cost);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}
