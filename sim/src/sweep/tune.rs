//! The search for policies that meet goals: many points with few runs, those that may do with more.

use std::sync::atomic::AtomicBool;

use serin_core::strategy::Strategy;

use super::{Axis, Goal, Met, Point, Shard, Sweep, points};
use crate::{
    input::InputError,
    scenario::{Document, Scenario},
};

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontier {
    /// Policies of which none is both slower and riskier than another, the fastest first.
    pub choices: Vec<Choice>,
    /// Policies that were looked at.
    pub points: usize,
    /// Those that were left in the last round, or have results where the search was stopped in the first.
    pub left: usize,
    /// The search was stopped before its last round was complete.
    pub stopped: Option<Stopped>,
}

/// How far a search had come when it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Rollouts that were made.
    pub made: u64,
    /// Rollouts that it makes at most.
    pub of: u64,
}

/// A policy and what it came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The policy.
    pub point: Point,
    /// Whether it meets all goals.
    pub met: Met,
}

/// The share of all runs in each round.
const ROUNDS: [u64; 3] = [16, 4, 1];

/// What is tried of a policy where nothing is said.
#[must_use]
pub fn usual_axes(scenario: &Scenario) -> Vec<Axis> {
    let axis = |path: &str, values: &[&str]| Axis {
        path: path.into(),
        values: values.iter().map(|value| (*value).into()).collect(),
    };
    let mut axes = vec![
        axis("analysis.interval", &["30s", "1m", "2m"]),
        axis("analysis.threshold", &["1", "2", "3", "5", "8"]),
    ];
    let raw = scenario.manifest.pointer("/spec/analysis/stepWeights");
    match scenario.canary.strategy() {
        Strategy::Weighted(_) if raw.is_some() => {}
        Strategy::Weighted(_) => axes.push(axis("analysis.stepWeight", &["5", "10", "20"])),
        Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => {
            axes.push(axis("analysis.iterations", &["3", "5", "10", "20"]));
        }
    }
    axes
}

/// How many rollouts a search makes at most.
#[must_use]
pub fn most_rollouts(points: u128, runs: u64) -> u128 {
    ROUNDS.iter().map(|part| points * u128::from((runs / part).max(1))).sum()
}

/// Searches, round by round, until `stop`.
///
/// # Errors
/// A field that is not there, or a scenario that makes no sense at some point.
pub fn tune(
    document: &Document,
    axes: &[Axis],
    goals: &[Goal],
    runs: u64,
    stop: &AtomicBool,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Frontier, InputError> {
    let all = points(axes);
    let mut sweep = Sweep::new(document, axes, runs, Shard::WHOLE)?;
    let mut tallied: Vec<Point> = Vec::new();
    let mut made = 0;
    let mut is_complete = true;
    for part in ROUNDS {
        sweep.runs = (runs / part).max(1);
        let round = sweep.run(stop, done);
        made += round.iter().map(|point| point.tally.runs).sum::<u64>();
        is_complete = round.iter().all(|point| point.tally.runs == sweep.runs);
        if !is_complete && !tallied.is_empty() {
            break;
        }
        tallied = round;
        if !is_complete {
            // Nothing is known of a policy without a run.
            tallied.retain(|point| point.tally.runs > 0);
            break;
        }
        let may_do = |point: &Point| goals.iter().all(|goal| !goal.is_out_of_reach(&point.tally));
        if tallied.iter().any(may_do) {
            let keep: Vec<bool> = tallied.iter().map(may_do).collect();
            retain(&mut sweep.points, &keep);
            retain(&mut sweep.scenarios, &keep);
            retain(&mut tallied, &keep);
        }
    }
    let of = u64::try_from(most_rollouts(all.len() as u128, runs)).unwrap_or(u64::MAX);
    let stopped = (!is_complete).then_some(Stopped { made, of });
    Ok(Frontier { points: all.len(), left: tallied.len(), choices: frontier(tallied, goals), stopped })
}

fn retain<T>(list: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    list.retain(|_| keep.next().copied().unwrap_or(true));
}

/// Those of which none is both slower and riskier than another. Of several that come to the same the first stays.
fn frontier(points: Vec<Point>, goals: &[Goal]) -> Vec<Choice> {
    let choice = |point: Point| {
        let met = goals.iter().map(|goal| goal.is_met(&point.tally)).min().unwrap_or(Met::Yes);
        Choice { point, met }
    };
    let all: Vec<Choice> = points.into_iter().map(choice).collect();
    let is_beaten = |place: usize| {
        let of = |choice: &Choice| (choice.met, time(&choice.point), risk(&choice.point));
        let (met, time, risk) = of(&all[place]);
        all.iter().enumerate().any(|(other, choice)| {
            let (its_met, its_time, its_risk) = of(choice);
            let as_good = its_met >= met && its_time <= time && its_risk <= risk;
            as_good && ((its_met, its_time, its_risk) != (met, time, risk) || other < place)
        })
    };
    let mut best: Vec<Choice> =
        (0..all.len()).filter(|place| !is_beaten(*place)).map(|place| all[place].clone()).collect();
    best.sort_by(|a, b| {
        let order = b.met.cmp(&a.met).then(time(&a.point).cmp(&time(&b.point)));
        order.then(risk(&a.point).total_cmp(&risk(&b.point)))
    });
    best
}

/// Seconds in which half of the promotions are made; without one it takes for ever.
fn time(point: &Point) -> u64 {
    point.tally.to_promote.percentile(50).map_or(u64::MAX, |time| time.as_secs())
}

/// The chances of both mistakes together.
fn risk(point: &Point) -> f64 {
    let share = |share: Option<super::Share>| share.map_or(0.0, |share| share.share);
    share(point.tally.false_rollback()) + share(point.tally.missed_regression())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Tally;

    fn point(name: &str, minutes: u64, missed: u64) -> Point {
        let run = crate::record::Outcome {
            phase: serin_core::Phase::Succeeded,
            released: std::time::Duration::ZERO,
            ended: Some(std::time::Duration::from_secs(60 * minutes)),
            good: None,
            promoted: None,
            users: None,
        };
        let mut tally = Tally::default();
        tally.add(&run);
        Point { set: vec![("analysis.a".into(), name.into())], tally: Tally { missed, bad: 1000, ..tally } }
    }

    #[test]
    fn only_what_is_not_beaten_stays() {
        let points =
            vec![point("slow", 9, 10), point("fast", 3, 20), point("worse", 9, 30), point("same", 9, 10)];
        let names = |choices: Vec<Choice>| {
            choices.iter().map(|choice| choice.point.set[0].1.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(frontier(points.clone(), &[Goal::Missed(0.1)])), ["fast", "slow"]);
        // A goal that only the slow one meets puts it first.
        assert_eq!(names(frontier(points, &[Goal::Missed(0.019)])), ["slow", "fast"]);
    }
}
