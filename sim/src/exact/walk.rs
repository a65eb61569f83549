//! All courses of a rollout, each with its chance: the policy's own states, and what leads from one to the next.
//!
//! Nothing of the policy is known here. The core is run with checks that pass, fail or are held, as far as the next check;
//! courses that lead to the same state at the same time are one.

use std::{collections::BTreeMap, time::Duration};

use rayon::prelude::*;
use serin_core::{
    Phase, State, Timestamp,
    state::{AnalysisRecord, Outbox},
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
use crate::{
    drive::{Reached, reach},
    scenario::{Scenario, Shape},
    world::{Expected, Offered},
};

/// A check that is about to be made.
struct Situation {
    /// When the check before was made, or the revision released.
    since: Duration,
    state: State,
    /// How the checks before came out, in one of the courses that lead here.
    course: Vec<Verdict>,
    /// What has come since the check before.
    offered: Offered,
    /// The counters at the check before, by when scrapes are made.
    before: Vec<Carried>,
}

/// Courses rarer than this are not followed.
const RARE: f64 = 1e-10;
/// More situations than this are given up.
const MOST: usize = 20_000;

/// Follows every course to its end, with about this many times of a scrape. Once `is_over` is true it ends, incomplete.
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
    /// When scrapes are made, each with its weight.
    phases: Vec<(f64, f64)>,
    /// By when their check is made.
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

    /// Follows every course, as long as it is not over.
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

    /// Makes a check, and follows what can come out of it.
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

    /// A window that reaches back behind the check before would see what that one has seen.
    fn is_apart(&self, at: Duration, situation: &Situation) -> Result<(), NotExact> {
        let since = at.saturating_sub(situation.since);
        if situation.course.is_empty() || self.check.range <= since {
            return Ok(());
        }
        let metric = self.scripted.canary.metrics().first().map_or("", |metric| &*metric.name).into();
        Err(NotExact::Overlap { metric, window: self.check.range, since })
    }

    /// On to the next check, or to the end.
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

/// The chance over all times of a scrape.
fn chance(by_phase: &[Carried]) -> f64 {
    by_phase.iter().map(Carried::chance).sum::<f64>() / by_phase.len().max(1) as f64
}

/// The state without what is written and never read by a rule.
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

/// How many errors have to be told apart: with more than so many the counter does not hold down the rate of any window.
fn rows(scenario: &Scenario, check: &Check) -> usize {
    const FEWEST: f64 = 8.0;
    const MOST: f64 = 400.0;
    let Some(simulated) = &scenario.setting.simulated else { return 2 };
    let versions = simulated.versions.values().chain([&simulated.other]);
    let share = versions.map(|version| version.errors.max).fold(0.0, f64::max);
    let Shape::Constant(rps) = simulated.traffic.shape else { return 2 };
    let mean = rps.max * share * check.range.as_secs_f64();
    let samples = (check.range.as_secs_f64() / check.scrape.as_secs_f64()).floor().max(2.0);
    // A rate is held down where the first value is a smaller part of the increase than an extrapolated end is of what was
    // sampled; an end is extrapolated to at most 1.1 steps.
    let needed = (mean + 8.0 * mean.sqrt() + 8.0) * 1.1 / (samples - 1.0);
    needed.clamp(FEWEST, MOST).ceil() as usize + 2
}
