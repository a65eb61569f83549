//! One check when Prometheus scrapes at given times: from the counters as they were at the check before to the verdict and the
//! counters as they are now.
//!
//! Only the first and the last sample of a series matter. Where a series begins within the window its first requests
//! are not seen, and where its counter is still small its rate is held down; so the courses of both counters are gone
//! through, errors row by row and successes class by class, and for each pair the numbers of successes that pass are an
//! interval, whose chance is looked up.

use std::collections::BTreeMap;

use super::{
    carried::{Carried, MANY},
    check::{Check, Rated, Verdict},
    counts::{Counts, few},
    ties::Ties,
};
use crate::{
    scenario::Measure,
    world::{Offered, Scrapes, rate_of, share_of},
};

/// A window with the times of its samples.
pub(super) struct Window<'a> {
    check: &'a Check,
    ties: &'a Ties,
    at: f64,
    range: f64,
    times: Vec<f64>,
    /// Successes and errors, on average, from the check before to the first sample, ...
    gap: [f64; 2],
    /// ... from each sample to the next, ...
    steps: Vec<[f64; 2]>,
    /// ... and from the last to the check.
    tail: [f64; 2],
    /// The chance that latencies keep their bounds.
    latency: f64,
}

/// The errors of a window, as a rate sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Errors {
    /// There is no rate.
    None,
    /// So many, in all samples.
    Free(u64),
    /// A rate, by its bits, that is held down or of fewer samples.
    Bent(u64),
}

/// One course of the errors.
struct Course {
    /// Its place among the distinct [`Errors`].
    errors: usize,
    end: usize,
    chance: f64,
}

/// Courses of the successes that a rate sees alike.
struct Class {
    /// The sample the series begins with; `None`: no rate.
    from: Option<usize>,
    /// What its counter shows there, ...
    first: f64,
    /// ... where that does not hold the rate down.
    free: bool,
    /// The chance of it, by row of errors.
    rows: Vec<f64>,
}

/// The numbers of successes for which the check comes out as `inside`; all others fail, but for none at all.
struct Passing {
    zero: Verdict,
    inside: Verdict,
    /// The first, and the share of it that passes; the last likewise.
    low: (u64, f64),
    high: (u64, f64),
}

/// Chances smaller than this are left out.
const RARE: f64 = 1e-12;
/// A counter so large that its rate is not held down.
const LARGE: f64 = 1e9;
/// Where more courses of the errors than this hold rates down, rates closer to each other than this are one.
const MANY_COURSES: usize = 1_500;
const CLOSE: f64 = 2e-3;
/// The chance of a verdict that is no matter of chance.
const SURE: f64 = 1.0 - 1e-12;
/// Values so close to a bound meet it exactly, but for the last bits.
const LAST_BITS: f64 = 1e-10;

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
        let scrapes = Scrapes::regular(check.scrape.as_secs_f64(), phase);
        let times: Vec<f64> = scrapes.within((at - range).max(begin), at).collect();
        let mean = |from, to| expected(offered, from, to);
        let steps = times.windows(2).map(|pair| mean(pair[0], pair[1])).collect();
        let (first, last) = (times.first().copied().unwrap_or(at), times.last().copied().unwrap_or(at));
        let (gap, tail) = (mean(since, first), mean(last, at));
        Self { check, ties, at, range, times, gap, steps, tail, latency }
    }

    /// The counters at the check, by what comes out of it.
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
    fn rate(&self, from: usize, first: f64, increase: u64) -> Option<f64> {
        let (begin, end) = (*self.times.get(from)?, *self.times.last()?);
        let last = first + increase as f64;
        rate_of((begin, first), (end, last), (self.times.len() - from) as u32, (self.at, self.range))
    }

    /// Requests of a kind, on average, from a sample to the last.
    fn mean(&self, kind: usize, from: usize) -> f64 {
        self.steps[from..].iter().map(|step| step[kind]).sum()
    }

    /// The chance that there is none of a kind up to a sample.
    fn none_until(&self, kind: usize, sample: usize) -> f64 {
        (-self.steps[..sample].iter().map(|step| step[kind]).sum::<f64>()).exp()
    }

    /// What rates of errors there can be, and the courses that lead to them, by row.
    fn errors(&self, start: &Carried) -> (Vec<Errors>, Vec<Vec<Course>>) {
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

    /// How errors in all samples are seen.
    fn seen(&self, first: f64, more: u64) -> Errors {
        let rate = self.rate(0, first, more);
        if rate == self.rate(0, LARGE, more) {
            return Errors::Free(more);
        }
        rate.map_or(Errors::None, |rate| Errors::Bent(rate.to_bits()))
    }

    /// The courses of the successes up to the first sample.
    fn classes(&self, start: &Carried) -> Vec<Class> {
        let rows = start.rows();
        let gap = few(self.gap[0]);
        // By the counter's value, in thousandths: a few values stand for many.
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

    /// The courses that show so many successes in the first sample.
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

    /// Every course of the errors next to one class of the successes.
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

    /// What comes out in all courses, where that is so.
    fn sure(&self, classes: &[Class], errors: &[Errors]) -> Option<Verdict> {
        let rate = |errors: &Errors| self.rate_of(*errors).unwrap_or(0.0);
        let fewest = errors.iter().min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        let most = errors.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        let ends: Vec<Ends> = self.check.rates.iter().map(Ends::of).collect();
        let is_between =
            ends.iter().any(|end| end.reached.is_some()) && ends.iter().any(|end| end.kept.is_some());
        // Where there are bounds on both sides, what lies between may pass and both ends fail.
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

    fn rate_of(&self, errors: Errors) -> Option<f64> {
        match errors {
            Errors::None => None,
            Errors::Free(more) => self.rate(0, LARGE, more),
            Errors::Bent(bits) => Some(f64::from_bits(bits)),
        }
    }

    /// The chances of the verdicts, by the successes counted in the end, from those there are in the beginning.
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
            // In the last place are all counts from there on.
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

    /// A verdict's chance, with that of latencies that do not keep their bounds; without requests there are none.
    fn with_latency(&self, verdict: Verdict, chance: f64, rate: Option<f64>) -> [f64; 3] {
        let kept = if rate.is_some_and(|rate| rate > 0.0) { self.latency } else { 1.0 };
        let mut chances = [0.0; 3];
        chances[verdict as usize] += chance * kept;
        chances[Verdict::Failed as usize] += chance * (1.0 - kept);
        chances
    }

    /// Which numbers of successes pass next to such a rate of errors.
    fn passing(&self, (from, first): (usize, f64), free: bool, errors: Errors, rate: Option<f64>) -> Passing {
        let mut passing = Passing {
            zero: self.check.verdict([self.rate(from, first, 0), rate]),
            inside: Verdict::Passed,
            low: (1, 1.0),
            high: (u64::MAX, 1.0),
        };
        for (place, rated) in self.check.rates.iter().enumerate() {
            let share = |more: u64| share_of(rated.measure, [self.rate(from, first, more), rate]);
            if share(1).is_none() {
                passing.inside = passing.inside.max(rated.verdict(None));
                continue;
            }
            let ends = Ends::of(rated);
            let guess = |bound: f64| self.successes((from, first), rate.unwrap_or(0.0), rated.measure, bound);
            let exactly = |more: u64| match errors {
                Errors::Free(failing) if free => self.ties.passes(place, rated, more, failing),
                Errors::None | Errors::Free(_) | Errors::Bent(_) => {
                    f64::from(u8::from(share(more).is_some_and(|share| rated.bounds.hold(share))))
                }
            };
            let meets = |more: u64, bound: f64| {
                share(more).is_some_and(|share| (share - bound).abs() <= LAST_BITS * bound.abs())
            };
            if let Some(bound) = ends.reached {
                let reached = |more| share(more).is_some_and(|share| rated.measure.is_up_to(bound, share));
                let low = first_of(guess(bound), reached);
                let tie = [low.saturating_sub(1).max(1), low].into_iter().find(|more| meets(*more, bound));
                passing.raise(tie.map_or((low, 1.0), |more| (more, exactly(more))));
            }
            if let Some(bound) = ends.kept {
                let above = |more| share(more).is_some_and(|share| !rated.measure.is_down_to(bound, share));
                let high = first_of(guess(bound), above).saturating_sub(1);
                let tie = [high, high.saturating_add(1)].into_iter().find(|more| meets(*more, bound));
                passing.lower(tie.map_or((high, 1.0), |more| (more, exactly(more))));
            }
        }
        if passing.inside == Verdict::Failed {
            passing.low.0 = u64::MAX;
        }
        passing
    }

    /// About how many successes it takes for a share to reach a bound.
    fn successes(&self, (from, first): (usize, f64), errors: f64, measure: Measure, bound: f64) -> f64 {
        let failing = if measure == Measure::ErrorRate { bound / 100.0 } else { 1.0 - bound / 100.0 };
        let wanted = if errors > 0.0 { errors * (1.0 - failing) / failing.max(0.0) } else { 0.0 };
        // A rate is the smaller of one in proportion to the increase and one that the first value holds down.
        const ONE: u64 = 1_000_000;
        let each = self.rate(from, LARGE, ONE).unwrap_or(0.0) / ONE as f64;
        let sampled = self.times[self.times.len() - 1] - self.times[from];
        let bent = (sampled + self.to_end(from, sampled)) / sampled / self.range;
        (wanted / each).max((wanted - first / self.range) / bent)
    }

    fn to_end(&self, from: usize, sampled: f64) -> f64 {
        let average = sampled / (self.times.len() - 1 - from) as f64;
        let to_end = self.at - self.times[self.times.len() - 1];
        if to_end >= average * 1.1 { average / 2.0 } else { to_end }
    }
}

/// Requests of either kind, on average.
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

/// The smallest number from 1 on for which it holds, where it holds for all above; looked for close to a guess.
fn first_of(guess: f64, holds: impl Fn(u64) -> bool) -> u64 {
    const MOST: f64 = 1e12;
    if guess.is_nan() || guess > MOST {
        return u64::MAX;
    }
    let mut number = guess.ceil().max(1.0) as u64;
    if holds(number) {
        while number > 1 && holds(number - 1) {
            number -= 1;
        }
        return number;
    }
    let far = number + 64;
    while number < far && !holds(number) {
        number += 1;
    }
    if number == far { u64::MAX } else { number }
}

/// The bound that more successes reach, and the one that fewer keep.
struct Ends {
    reached: Option<f64>,
    kept: Option<f64>,
}

impl Ends {
    fn of(rated: &Rated) -> Self {
        let (min, max) = (rated.bounds.min, rated.bounds.max);
        if rated.measure == Measure::ErrorRate {
            Self { reached: max, kept: min }
        } else {
            Self { reached: min, kept: max }
        }
    }
}

impl Measure {
    /// Whether a share has reached a bound that more successes lead to.
    fn is_up_to(self, bound: f64, share: f64) -> bool {
        if self == Self::ErrorRate { share <= bound } else { share >= bound }
    }

    /// Whether a share has not passed a bound that more successes lead to.
    fn is_down_to(self, bound: f64, share: f64) -> bool {
        if self == Self::ErrorRate { share >= bound } else { share <= bound }
    }
}

impl Errors {
    /// One of those that stand for all close to them.
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

impl Passing {
    fn raise(&mut self, low: (u64, f64)) {
        if low.0 > self.low.0 {
            self.low = low;
        } else if low.0 == self.low.0 {
            self.low.1 = self.low.1.min(low.1);
        }
    }

    fn lower(&mut self, high: (u64, f64)) {
        if high.0 < self.high.0 {
            self.high = high;
        } else if high.0 == self.high.0 {
            self.high.1 = self.high.1.min(high.1);
        }
    }

    /// The chance of exactly so many, and that they pass.
    fn at(&self, counts: &Counts, count: u64) -> f64 {
        if count == 0 || count < self.low.0 || count > self.high.0 {
            return 0.0;
        }
        let low = if count == self.low.0 { self.low.1 } else { 1.0 };
        let high = if count == self.high.0 { self.high.1 } else { 1.0 };
        counts.at(count) * low.min(high)
    }

    /// The chance of so many or more, at least one, and that they pass.
    fn from(&self, counts: &Counts, least: u64) -> f64 {
        let least = least.max(self.low.0);
        if least > self.high.0 {
            return 0.0;
        }
        let above = self.high.0.saturating_add(1);
        let all = counts.at_least(least) - if above < u64::MAX { counts.at_least(above) } else { 0.0 };
        let missing = |count: u64| counts.at(count) - self.at(counts, count);
        let low = if least == self.low.0 { missing(least) } else { 0.0 };
        let high = if self.high.0 > least && self.high.0 < u64::MAX { missing(self.high.0) } else { 0.0 };
        let only = if least == self.high.0 && least != self.low.0 { missing(least) } else { 0.0 };
        (all - low - high - only).max(0.0)
    }
}
