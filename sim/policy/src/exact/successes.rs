//! The successes of a window up to its first sample, in classes that a rate does not distinguish.

use std::collections::BTreeMap;

use super::{
    carried::{Carried, MANY},
    counts::{Counts, few},
    window::{LARGE, RARE, Window},
};

/// Courses of the successes that a rate does not distinguish.
pub(super) struct Class {
    /// The sample at which the series begins; `None`: no rate.
    pub(super) from: Option<usize>,
    /// The value of its counter there.
    pub(super) first: f64,
    /// The mean value where it does not reduce the rate.
    pub(super) free: bool,
    /// Its chance, by row of errors.
    pub(super) rows: Vec<f64>,
}

impl Window<'_> {
    /// The courses of the successes up to the first sample.
    pub(super) fn classes(&self, start: &Carried) -> Vec<Class> {
        let rows = start.rows();
        let gap = few(self.gap[0]);
        // By the counter's value, in thousandths: a few values represent many.
        let mut found: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        let mut add = |first: f64, column: usize, chance: f64| {
            let cells = found.entry((first * 1000.0).round() as u64).or_insert_with(|| vec![0.0; rows]);
            for (row, cell) in cells.iter_mut().enumerate() {
                *cell += chance * start.row(row)[column];
            }
        };
        for column in 0..MANY {
            if (0..rows).all(|row| start.row(row)[column] <= RARE) {
                continue;
            }
            gap.iter().for_each(|(more, chance)| add(column as f64 + more, column, *chance));
        }
        let many = few(start.many() + self.gap[0]);
        many.iter().for_each(|(first, chance)| add(*first, MANY, *chance));

        let mut classes = Vec::new();
        let mut free: Option<Class> = None;
        for (first, cells) in found {
            self.class(first as f64 / 1000.0, cells, &mut classes, &mut free);
        }
        classes.extend(free);
        classes
    }

    /// The courses that have this number of successes in the first sample.
    fn class(&self, first: f64, rows: Vec<f64>, classes: &mut Vec<Class>, free: &mut Option<Class>) {
        let chance: f64 = rows.iter().sum();
        if chance <= RARE {
            return;
        }
        if first == 0.0 {
            return self.late_classes(&rows, classes);
        }
        let most = Counts::of(self.mean(0, 0)).ends().1;
        let is_free = self.rate(0, first, most) == self.rate(0, LARGE, most);
        if !is_free || first < MANY as f64 {
            classes.push(Class { from: Some(0), first, free: is_free, rows });
            return;
        }
        match free {
            Some(known) => {
                let before: f64 = known.rows.iter().sum();
                known.first = (known.first * before + first * chance) / (before + chance);
                known.rows.iter_mut().zip(rows).for_each(|(cell, more)| *cell += more);
            }
            None => *free = Some(Class { from: Some(0), first, free: true, rows }),
        }
    }

    /// The first success comes between two samples of the window, or not at all.
    fn late_classes(&self, rows: &[f64], classes: &mut Vec<Class>) {
        let last = self.times.len() - 1;
        let mut push = |from: Option<usize>, first: f64, chance: f64| {
            let rows: Vec<f64> = rows.iter().map(|cell| cell * chance).collect();
            if rows.iter().sum::<f64>() > RARE {
                classes.push(Class { from, first, free: false, rows });
            }
        };
        push(None, 0.0, self.none_until(0, last));
        for sample in 1..=last {
            let none = self.none_until(0, sample - 1);
            let counts = few(self.steps[sample - 1][0]);
            for (first, chance) in counts.into_iter().filter(|(first, _)| *first > 0.0) {
                push((sample < last).then_some(sample), first, none * chance);
            }
        }
    }
}
