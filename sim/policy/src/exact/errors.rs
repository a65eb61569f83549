//! The errors of a window: how many of them a rate counts, in each course.

use std::collections::BTreeMap;

use super::{
    carried::Carried,
    counts::Counts,
    window::{LARGE, RARE, Window},
};

/// The errors of a window, as a rate counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Errors {
    /// There is no rate.
    None,
    /// This many, in all samples.
    Free(u64),
    /// A rate, by its bits, that is reduced, or that comes from fewer samples.
    Bent(u64),
}

/// One course of the errors.
pub(super) struct Course {
    /// Its place among the distinct [`Errors`].
    pub(super) errors: usize,
    pub(super) end: usize,
    pub(super) chance: f64,
}

/// If more courses of the errors than this reduce a rate, rates that are closer to each other than this are merged.
const MANY_COURSES: usize = 1_500;
const CLOSE: f64 = 2e-3;

impl Window<'_> {
    /// The possible rates of errors, and the courses that lead to them, by row.
    pub(super) fn errors(&self, start: &Carried) -> (Vec<Errors>, Vec<Vec<Course>>) {
        let (last_row, last) = (start.rows() - 1, self.times.len() - 1);
        let mut places = BTreeMap::new();
        let mut found: Vec<Vec<(Errors, usize, f64)>> = Vec::new();
        let all = Counts::of(self.mean(1, 0));
        for row in 0..=last_row {
            let mut courses = Vec::new();
            if start.row(row).iter().sum::<f64>() <= RARE {
            } else if row > 0 {
                let first = if row == last_row { LARGE } else { row as f64 };
                for (more, chance) in all.iter() {
                    courses.push((self.seen(first, more), row + more as usize, chance));
                }
            } else {
                courses.push((Errors::None, 0, self.none_until(1, last)));
                for from in 1..=last {
                    self.late_errors(from, &mut courses);
                }
            }
            courses.retain(|(_, _, chance)| *chance > RARE);
            found.push(courses);
        }
        if found.iter().map(Vec::len).sum::<usize>() > MANY_COURSES {
            found.iter_mut().flatten().for_each(|(errors, _, _)| *errors = errors.rounded());
        }
        for (errors, _, _) in found.iter().flatten() {
            let next = places.len();
            places.entry(*errors).or_insert(next);
        }
        let course = |(errors, end, chance): (Errors, usize, f64)| Course {
            errors: places[&errors],
            end: end.min(last_row),
            chance,
        };
        let courses = found.into_iter().map(|row| row.into_iter().map(course).collect()).collect();
        let mut errors = vec![Errors::None; places.len()];
        for (what, place) in &places {
            errors[*place] = *what;
        }
        (errors, courses)
    }

    /// The first error comes between two samples of the window.
    fn late_errors(&self, from: usize, courses: &mut Vec<(Errors, usize, f64)>) {
        let none = self.none_until(1, from - 1);
        let after = Counts::of(self.mean(1, from));
        for (first, chance) in Counts::of(self.steps[from - 1][1]).iter().filter(|(first, _)| *first > 0) {
            for (more, later) in after.iter().filter(|(_, later)| none * chance * later > RARE) {
                let rate = self.rate(from, first as f64, more);
                let errors = rate.map_or(Errors::None, |rate| Errors::Bent(rate.to_bits()));
                courses.push((errors, (first + more) as usize, none * chance * later));
            }
        }
    }

    /// How a rate counts errors that are in all samples.
    fn seen(&self, first: f64, more: u64) -> Errors {
        let rate = self.rate(0, first, more);
        if rate == self.rate(0, LARGE, more) {
            return Errors::Free(more);
        }
        rate.map_or(Errors::None, |rate| Errors::Bent(rate.to_bits()))
    }
}

impl Errors {
    /// One of the rates that represent all rates close to them.
    fn rounded(self) -> Self {
        match self {
            Self::Bent(bits) => {
                let step = (f64::from_bits(bits).ln() / CLOSE).round();
                Self::Bent((step * CLOSE).exp().to_bits())
            }
            Self::None | Self::Free(_) => self,
        }
    }
}
