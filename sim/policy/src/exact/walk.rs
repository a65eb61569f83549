//! All courses of a rollout, each with its chance: the states of the policy, and the transitions between them.
//!
//! This module knows nothing about policies. It runs the core with checks that pass, fail or are held, up to the next
//! check. Courses that lead to the same state at the same time are merged.

use std::{collections::BTreeMap, time::Duration};

use rayon::prelude::*;
use serin_core::{
    Phase, State, Timestamp,
    state::{AnalysisRecord, Outbox},
};
use serin_simulator::{
    drive::{Reached, reach},
    scenario::{self, Scenario, Shape},
    world::{Expected, Offered},
};

use super::{
    Exact, NotExact,
    carried::Carried,
    check::{Check, Verdict},
    latency,
    phases::phases,
    ties::Ties,
    window::Window,
};

/// A check that is about to be made.
struct Situation {
    /// When the previous check was made, or the revision released.
    since: Duration,
    state: State,
    /// The results of the previous checks, in one of the courses that lead here.
    course: Vec<Verdict>,
    /// What has happened since the previous check.
    offered: Offered,
    /// The counters at the previous check, by scrape time.
    before: Vec<Carried>,
}

/// Courses rarer than this are not followed.
const RARE: f64 = 1e-10;
/// The limit on the number of situations.
const MOST: usize = 20_000;

/// Follows every course to its end, with about this number of scrape times. When `is_over` becomes true it ends,
/// incomplete.
pub(super) fn walk(
    scenario: &Scenario,
    check: &Check,
    nodes: usize,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<Exact, NotExact> {
    let mut walk = Walk::begin(scenario, check, nodes, is_over);
    walk.follow()?;
    Ok(walk.exact)
}

struct Walk<'a> {
    scripted: Scenario,
    check: &'a Check,
    /// The scrape times, each with its weight.
    phases: Vec<(f64, f64)>,
    /// By the time of their check.
    open: BTreeMap<Duration, Vec<Situation>>,
    exact: Exact,
    users: Expected,
    is_over: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Walk<'a> {
    /// Before the first check.
    fn begin(
        scenario: &Scenario,
        check: &'a Check,
        nodes: usize,
        is_over: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        let mut walk = Self {
            scripted: scenario.clone(),
            check,
            phases: phases(nodes, check.scrape.as_secs_f64(), &edges(scenario, check)),
            open: BTreeMap::new(),
            exact: Exact::default(),
            users: Expected::default(),
            is_over,
        };
        walk.exact.causes.names =
            scenario.canary.metrics().iter().map(|metric| metric.name.to_string()).collect();
        let rows = rows(scenario, check);
        let before = walk.phases.iter().map(|(_, weight)| Carried::nothing(rows, *weight)).collect();
        walk.go_on(None, &[], before);
        walk
    }

    /// Follows every course until it is over.
    fn follow(&mut self) -> Result<(), NotExact> {
        let mut made = 0;
        while let Some((at, situations)) = self.open.pop_first() {
            let (range, scrape) = (self.check.range.as_secs_f64(), self.check.scrape.as_secs_f64());
            let ties = Ties::of(at.as_secs_f64(), range, scrape);
            for situation in situations {
                made += 1;
                if made > MOST {
                    return Err(NotExact::TooMany(MOST));
                }
                self.judge(at, &situation, &ties)?;
                if (self.is_over)() {
                    return Ok(());
                }
            }
        }
        self.exact.users(&self.users);
        Ok(())
    }

    /// Makes a check, and follows its possible results.
    fn judge(&mut self, at: Duration, situation: &Situation, ties: &Ties) -> Result<(), NotExact> {
        self.is_apart(at, situation)?;
        let span = (situation.since.as_secs_f64(), at.as_secs_f64());
        let latency = latency::kept(self.check, &situation.offered, span.1)?;
        let judged = situation.before.par_iter().zip(&self.phases).map(|(before, (phase, _))| {
            if before.chance() <= RARE * 1e-3 || (self.is_over)() {
                return Verdict::ALL.map(|_| Carried::none(before.rows()));
            }
            Window::new(self.check, ties, &situation.offered, span, *phase, latency).judge(before)
        });
        let judged: Vec<[Carried; 3]> = judged.collect();
        let mut by_verdict = Verdict::ALL.map(|_| Vec::new());
        for after in judged {
            by_verdict.iter_mut().zip(after).for_each(|(all, after)| all.push(after));
        }
        for (verdict, after) in Verdict::ALL.into_iter().zip(by_verdict) {
            if chance(&after) > RARE {
                let mut course = situation.course.clone();
                course.push(verdict);
                self.go_on(Some(at), &course, after);
            }
        }
        Ok(())
    }

    /// A window that is longer than the time since the previous check contains samples of that check.
    fn is_apart(&self, at: Duration, situation: &Situation) -> Result<(), NotExact> {
        let since = at.saturating_sub(situation.since);
        if situation.course.is_empty() || self.check.range <= since {
            return Ok(());
        }
        let metric = self.scripted.canary.metrics().first().map_or("", |metric| &*metric.name).into();
        Err(NotExact::Overlap { metric, window: self.check.range, since })
    }

    /// Continues to the next check, or to the end.
    fn go_on(&mut self, since: Option<Duration>, course: &[Verdict], before: Vec<Carried>) {
        self.check.script(&mut self.scripted, course);
        let reached = reach(&self.scripted, course.len(), since);
        let chance = chance(&before);
        self.users.add(&reached.offered.users, chance);
        if !reached.is_check {
            self.end(&reached, chance);
            return;
        }
        let since = since.unwrap_or(reached.released);
        let (state, offered) = (normal(reached.state), reached.offered);
        let open = self.open.entry(reached.at).or_default();
        let same = open
            .iter_mut()
            .find(|known| known.since == since && known.state == state && known.offered == offered);
        match same {
            Some(known) => known.before.iter_mut().zip(&before).for_each(|(sum, more)| sum.add(more)),
            None => open.push(Situation { since, state, course: course.to_vec(), offered, before }),
        }
    }

    fn end(&mut self, reached: &Reached, chance: f64) {
        self.exact.good = reached.good;
        let Some(took) = reached.ended.map(|ended| ended.saturating_sub(reached.released)) else { return };
        // As a sweep counts them.
        let took = Duration::from_secs(took.as_secs());
        if reached.phase() == Phase::Succeeded {
            self.exact.promoted += chance;
            self.exact.to_promote.add(took, chance);
        } else if reached.phase() == Phase::Failed {
            self.exact.rolled_back += chance;
            self.exact.causes.add(reached.reason.as_ref(), chance);
            self.exact.to_roll_back.add(took, chance);
        }
    }
}

/// The chance over all scrape times.
fn chance(by_phase: &[Carried]) -> f64 {
    by_phase.iter().map(Carried::chance).sum::<f64>() / by_phase.len().max(1) as f64
}

/// The state without the fields that no rule reads.
fn normal(mut state: State) -> State {
    state.analysis = AnalysisRecord::default();
    state.outbox = Outbox::default();
    state.condition = None;
    state.last_transition = Timestamp::default();
    state.seq = 0;
    state
}

/// Where the windows of the first checks begin and end.
fn edges(scenario: &Scenario, check: &Check) -> Vec<f64> {
    const FIRST: u32 = 3;
    let first = reach(scenario, 0, None);
    let checks = (0..FIRST).map(|number| first.at + scenario.canary.policy().interval * number);
    let edges = checks.flat_map(|at| [at, at.saturating_sub(check.range)]);
    edges.map(|edge| edge.as_secs_f64()).collect()
}

/// How many numbers of errors have to be distinguished: a counter with more errors does not reduce the rate of any
/// window.
fn rows(scenario: &Scenario, check: &Check) -> usize {
    const FEWEST: f64 = 8.0;
    const MOST: f64 = 400.0;
    let Some(simulated) = &scenario.setting.simulated else { return 2 };
    let versions = simulated.versions.values().chain([&simulated.other]);
    let share = versions.map(|version| version.errors.max).fold(0.0, f64::max);
    let Shape::Constant(rps) = simulated.traffic.shape else { return 2 };
    let hook = scenario::load_test(&scenario.canary).map_or(0.0, |(_, load)| load.rps);
    let test = simulated.load_test.map_or(hook, |test| test.rps.max);
    let mean = (rps.max + test) * share * check.range.as_secs_f64();
    let samples = (check.range.as_secs_f64() / check.scrape.as_secs_f64()).floor().max(2.0);
    // A rate is reduced if the first value is a smaller part of the increase than the extrapolated time is of the
    // sampled time; an end is extrapolated by at most 1.1 steps.
    let needed = (mean + 8.0 * mean.sqrt() + 8.0) * 1.1 / (samples - 1.0);
    needed.clamp(FEWEST, MOST).ceil() as usize + 2
}
