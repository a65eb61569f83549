//! The distribution of the canary's counters at one moment: the input of the next window.

use super::counts::Counts;

/// Below this number, successful requests are counted exactly; larger counts are `MANY`.
pub(super) const MANY: usize = 16;

/// Chances by the number of errors so far (the last row: so many that a rate is not affected by where they began) and
/// of successes so far (the last column: many, with their mean). They add up to the chance of this state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Carried {
    rows: usize,
    cells: Vec<f64>,
    /// The mean number of successes in the column `MANY`, times its chance.
    many: f64,
}

impl Carried {
    /// Nothing was counted yet, with this chance; numbers of errors are distinguished below `rows - 1`.
    pub(super) fn nothing(rows: usize, chance: f64) -> Self {
        let mut new = Self::none(rows);
        new.cells[0] = chance;
        new
    }

    /// No chance.
    pub(super) fn none(rows: usize) -> Self {
        Self { rows, cells: vec![0.0; rows * (MANY + 1)], many: 0.0 }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn row(&self, errors: usize) -> &[f64] {
        &self.cells[errors * (MANY + 1)..][..=MANY]
    }

    pub(super) fn row_mut(&mut self, errors: usize) -> &mut [f64] {
        &mut self.cells[errors * (MANY + 1)..][..=MANY]
    }

    pub(super) fn chance(&self) -> f64 {
        self.cells.iter().sum()
    }

    /// The mean number of successes in the column `MANY`.
    pub(super) fn many(&self) -> f64 {
        let chance: f64 = (0..self.rows).map(|row| self.row(row)[MANY]).sum();
        if chance > 0.0 { self.many / chance } else { 0.0 }
    }

    /// Adds to that mean, with a chance.
    pub(super) fn add_many(&mut self, mean: f64, chance: f64) {
        self.many += mean * chance;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (cell, other) in self.cells.iter_mut().zip(&other.cells) {
            *cell += other;
        }
        self.many += other.many;
    }

    /// Adds the errors of a time span.
    pub(super) fn with_errors(&self, mean: f64) -> Self {
        if mean <= 0.0 {
            return self.clone();
        }
        let (counts, last) = (Counts::of(mean), self.rows - 1);
        let mut new = Self { many: self.many, ..Self::none(self.rows) };
        for row in 0..self.rows {
            if self.row(row).iter().all(|cell| *cell <= 0.0) {
                continue;
            }
            for (more, chance) in counts.iter() {
                let end = row + more as usize;
                if end >= last {
                    break;
                }
                new.add_row(end, self.row(row), chance);
            }
            new.add_row(last, self.row(row), counts.at_least((last - row) as u64));
        }
        new
    }

    fn add_row(&mut self, row: usize, cells: &[f64], chance: f64) {
        for (cell, from) in self.row_mut(row).iter_mut().zip(cells).filter(|(_, from)| **from > 0.0) {
            *cell += from * chance;
        }
    }

    /// Adds the successes of a time span.
    pub(super) fn with_successes(&self, mean: f64) -> Self {
        if mean <= 0.0 {
            return self.clone();
        }
        let counts = Counts::of(mean);
        let all_many: f64 = (0..self.rows).map(|row| self.row(row)[MANY]).sum();
        let mut new = Self { many: self.many + all_many * mean, ..Self::none(self.rows) };
        for row in 0..self.rows {
            for (before, chance) in self.row(row).iter().enumerate().filter(|(_, chance)| **chance > 0.0) {
                if before == MANY {
                    new.row_mut(row)[MANY] += chance;
                    continue;
                }
                for end in before..MANY {
                    new.row_mut(row)[end] += chance * counts.at((end - before) as u64);
                }
                let needed = (MANY - before) as u64;
                let many = counts.at_least(needed);
                new.row_mut(row)[MANY] += chance * many;
                // For a Poisson count, the mean of the counts of at least n is mean * P(at least n - 1).
                new.many += chance * (before as f64 * many + mean * counts.at_least(needed - 1));
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_requests_keeps_chances_and_means() {
        let start = Carried::nothing(9, 1.0);
        let later = start.with_errors(3.0).with_successes(20.0).with_successes(5.0);
        assert!((later.chance() - 1.0).abs() < 1e-9);
        let exact: f64 = (0..9)
            .flat_map(|row| later.row(row)[..MANY].iter().enumerate().map(|(n, chance)| n as f64 * chance))
            .sum();
        assert!((exact + later.many - 25.0).abs() < 1e-9);
        assert!((later.row(0).iter().sum::<f64>() - (-3.0_f64).exp()).abs() < 1e-9);
    }
}
