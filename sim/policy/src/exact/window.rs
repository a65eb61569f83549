//! One check, for given times of the scrapes: from the counters at the previous check to the verdict and the counters
//! now.
//!
//! Only the first and the last sample of a series matter. If a series begins within the window, its first requests are
//! not counted; while its counter is small, its rate is reduced. So all courses of both counters are enumerated: errors
//! row by row, and successes class by class. For each pair, the numbers of successes that pass are an interval, whose
//! chance is looked up.

use serin_simulator::world::{Offered, rate_of, scrapes};

use super::{
    carried::{Carried, MANY},
    check::{Check, Verdict},
    counts::Counts,
    errors::{Course, Errors},
    passing::Ends,
    successes::Class,
    ties::Ties,
};

/// A window with the times of its samples.
pub(super) struct Window<'a> {
    pub(super) check: &'a Check,
    pub(super) ties: &'a Ties,
    pub(super) at: f64,
    pub(super) range: f64,
    pub(super) times: Vec<f64>,
    /// The average number of successes and errors from the previous check to the first sample.
    pub(super) gap: [f64; 2],
    /// The same from each sample to the next.
    pub(super) steps: Vec<[f64; 2]>,
    /// The same from the last sample to the check.
    pub(super) tail: [f64; 2],
    /// The chance that latencies stay within their bounds.
    pub(super) latency: f64,
}

/// Chances smaller than this are ignored.
pub(super) const RARE: f64 = 1e-12;
/// A counter so large that its rate is not reduced.
pub(super) const LARGE: f64 = 1e9;
/// The chance of a verdict that is certain.
const SURE: f64 = 1.0 - 1e-12;
impl<'a> Window<'a> {
    pub(super) fn new(
        check: &'a Check,
        ties: &'a Ties,
        offered: &Offered,
        (since, at): (f64, f64),
        phase: f64,
        latency: f64,
    ) -> Self {
        let range = check.range.as_secs_f64();
        let begin = offered.begin.unwrap_or(at);
        let times = scrapes(check.scrape.as_secs_f64(), phase, (at - range).max(begin), at);
        let mean = |from, to| expected(offered, from, to);
        let steps = times.windows(2).map(|pair| mean(pair[0], pair[1])).collect();
        let (first, last) = (times.first().copied().unwrap_or(at), times.last().copied().unwrap_or(at));
        let (gap, tail) = (mean(since, first), mean(last, at));
        Self { check, ties, at, range, times, gap, steps, tail, latency }
    }

    /// The counters at the check, by its result.
    pub(super) fn judge(&self, before: &Carried) -> [Carried; 3] {
        let rows = before.rows();
        let mut after = Verdict::ALL.map(|_| Carried::none(rows));
        let start = before.with_errors(self.gap[1]);
        if self.times.len() < 2 {
            let steps: f64 = self.steps.iter().map(|step| step[0]).sum();
            let verdict = self.check.verdict([None, None]);
            after[verdict as usize] = start.with_successes(self.gap[0] + steps);
        } else {
            let (errors, courses) = self.errors(&start);
            let classes = self.classes(&start);
            if let Some(verdict) = self.sure(&classes, &errors) {
                let (successes, failures) = (self.mean(0, 0), self.mean(1, 0));
                let end = start.with_successes(self.gap[0] + successes).with_errors(failures);
                after[verdict as usize] = end;
            } else {
                for class in classes {
                    self.pair(&class, &errors, &courses, &mut after);
                }
            }
        }
        after.map(|after| after.with_errors(self.tail[1]).with_successes(self.tail[0]))
    }

    /// The rate of a series from a sample on.
    pub(super) fn rate(&self, from: usize, first: f64, increase: u64) -> Option<f64> {
        let (begin, end) = (*self.times.get(from)?, *self.times.last()?);
        let last = first + increase as f64;
        rate_of((begin, first), (end, last), (self.times.len() - from) as u32, (self.at, self.range))
    }

    /// The average number of requests of a kind, from a sample to the last.
    pub(super) fn mean(&self, kind: usize, from: usize) -> f64 {
        self.steps[from..].iter().map(|step| step[kind]).sum()
    }

    /// The chance that there is no request of a kind up to a sample.
    pub(super) fn none_until(&self, kind: usize, sample: usize) -> f64 {
        (-self.steps[..sample].iter().map(|step| step[kind]).sum::<f64>()).exp()
    }

    /// Every course of the errors combined with one class of the successes.
    fn pair(&self, class: &Class, errors: &[Errors], courses: &[Vec<Course>], after: &mut [Carried; 3]) {
        let counts = Counts::of(class.from.map_or(0.0, |from| self.mean(0, from)));
        let mut known: Vec<Option<Vec<[f64; 3]>>> = vec![None; errors.len()];
        let begin = if class.first < MANY as f64 { class.first.round() as usize } else { MANY };
        let mean = class.first + counts.mean;
        for (row, weight) in class.rows.iter().enumerate().filter(|(_, weight)| **weight > RARE) {
            for course in &courses[row] {
                let chance = weight * course.chance;
                if chance <= RARE {
                    continue;
                }
                let ends = known[course.errors]
                    .get_or_insert_with(|| self.ends(class, begin, &counts, errors[course.errors]));
                for (end, verdicts) in (begin..).zip(ends.iter()) {
                    for (after, verdict) in after.iter_mut().zip(verdicts) {
                        after.row_mut(course.end)[end] += chance * verdict;
                        if end == MANY {
                            after.add_many(mean, chance * verdict);
                        }
                    }
                }
            }
        }
    }

    /// The result of all courses, if it is the same.
    fn sure(&self, classes: &[Class], errors: &[Errors]) -> Option<Verdict> {
        let rate = |errors: &Errors| self.rate_of(*errors).unwrap_or(0.0);
        let fewest = errors.iter().min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        let most = errors.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        let ends: Vec<Ends> = self.check.rates.iter().map(Ends::of).collect();
        let is_between =
            ends.iter().any(|end| end.reached.is_some()) && ends.iter().any(|end| end.kept.is_some());
        // If there are bounds on both sides, values between them can pass and both ends fail.
        if is_between || errors.contains(&Errors::None) {
            return None;
        }
        let mut found = None;
        for class in classes {
            let from = class.from.filter(|_| class.first >= MANY as f64)?;
            let counts = Counts::of(self.mean(0, from));
            for errors in [fewest, most] {
                let chances = self.ends(class, MANY, &counts, *errors)[0];
                let place = chances.iter().position(|chance| *chance >= SURE)?;
                if *found.get_or_insert(place) != place {
                    return None;
                }
            }
        }
        found.map(|place| Verdict::ALL[place])
    }

    pub(super) fn rate_of(&self, errors: Errors) -> Option<f64> {
        match errors {
            Errors::None => None,
            Errors::Free(more) => self.rate(0, LARGE, more),
            Errors::Bent(bits) => Some(f64::from_bits(bits)),
        }
    }

    /// The chances of the verdicts, by the number of successes at the end, from the number at the beginning.
    fn ends(&self, class: &Class, begin: usize, counts: &Counts, errors: Errors) -> Vec<[f64; 3]> {
        let rate = self.rate_of(errors);
        let Some(from) = class.from else {
            return vec![self.with_latency(self.check.verdict([None, rate]), 1.0, rate)];
        };
        let first = if class.free { LARGE } else { class.first };
        let passing = self.passing((from, first), class.free && from == 0, errors, rate);
        let mut ends = Vec::new();
        for end in begin..=MANY {
            let least = (end - begin) as u64;
            // The last place contains all larger counts.
            let of = |from: u64| if end == MANY { counts.at_least(from) } else { counts.at(from) };
            let mut all = of(least);
            let mut chances = [0.0; 3];
            if least == 0 {
                let none = counts.at(0);
                chances = self.with_latency(passing.zero, none, rate);
                all -= none;
            }
            let inside =
                if end == MANY { passing.from(counts, least.max(1)) } else { passing.at(counts, least) };
            let inside = inside.min(all);
            let passed = self.with_latency(passing.inside, inside, Some(1.0));
            chances.iter_mut().zip(passed).for_each(|(chance, more)| *chance += more);
            chances[Verdict::Failed as usize] += (all - inside).max(0.0);
            ends.push(chances);
        }
        ends
    }

    /// The chance of a verdict, including latencies that exceed their bounds; without requests there are no latencies.
    fn with_latency(&self, verdict: Verdict, chance: f64, rate: Option<f64>) -> [f64; 3] {
        let kept = if rate.is_some_and(|rate| rate > 0.0) { self.latency } else { 1.0 };
        let mut chances = [0.0; 3];
        chances[verdict as usize] += chance * kept;
        chances[Verdict::Failed as usize] += chance * (1.0 - kept);
        chances
    }
}

/// The average number of requests of both kinds.
fn expected(offered: &Offered, from: f64, to: f64) -> [f64; 2] {
    let mut means = [0.0; 2];
    for span in &offered.even {
        let lasts = (span.to.min(to) - span.from.max(from)).max(0.0);
        let (succeeding, failing) = span.rates.split_at(span.rates.len() / 2);
        means[0] += lasts * succeeding.iter().sum::<f64>();
        means[1] += lasts * failing.iter().sum::<f64>();
    }
    means
}
