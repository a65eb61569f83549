//! The search for policies that meet goals: few runs for many points, more for those that may meet the goals, and even
//! more for those that are still undecided, up to a limit.

use std::sync::atomic::{AtomicBool, Ordering};

use serin_core::strategy::Strategy;
use serin_input::InputError;
use serin_simulator::scenario::{Document, Scenario, manifest_lines, seed_of};

use super::{Axis, Goal, Met, Point, Shard, Sweep, tally};

/// The result of the search.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontier {
    /// Today's policy: that of the file, with the values of the varied fields as in the file.
    pub baseline: Choice,
    /// The policies that no other policy beats in both speed and risk, the fastest first. Today's may be among them.
    pub choices: Vec<Choice>,
    /// The number of policies.
    pub points: usize,
    /// The number that was left in the last round, or that has results if the search was stopped in the first round.
    pub left: usize,
    /// The maximum number of runs of a policy.
    pub most_runs: u64,
    /// The search was stopped before its last round was complete.
    pub stopped: Option<Stopped>,
}

/// The progress of a search when it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Rollouts that were made.
    pub made: u64,
    /// The maximum number of rollouts.
    pub of: u64,
}

/// A policy and its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The policy.
    pub point: Point,
    /// Whether it meets all goals.
    pub met: Met,
    /// It is the policy of the file.
    pub is_today: bool,
}

impl Frontier {
    /// Whether some policy meets all goals, including today's. [`Met::Perhaps`]: the runs did not decide it, or the
    /// search was stopped before.
    #[must_use]
    pub fn met(&self) -> Met {
        let best = self.choices.iter().chain([&self.baseline]).map(|choice| choice.met).max();
        let least = if self.stopped.is_some() { Met::Perhaps } else { Met::No };
        best.unwrap_or(Met::No).max(least)
    }
}

/// The number of runs of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// For each policy that may meet the goals.
    pub usual: u64,
    /// For a policy for which these do not decide it; at least the same number.
    pub most: u64,
}

impl Runs {
    /// The default factor for undecided policies.
    const TIMES: u64 = 16;

    /// This number, and sixteen times as many for policies that stay undecided.
    #[must_use]
    pub fn usual(runs: u64) -> Self {
        Self { usual: runs, most: runs.saturating_mul(Self::TIMES) }
    }
}

/// The share of the usual runs in each round.
const ROUNDS: [u64; 3] = [16, 4, 1];

/// The default values that are tried.
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

/// The maximum number of rollouts of a search of this number of policies. Today's policy is another one.
#[must_use]
pub fn most_rollouts(points: u128, runs: Runs) -> u128 {
    (points + 1) * u128::from(runs.most.max(runs.usual))
}

/// Searches, round by round, until all goals are decided, the runs are used up or `stop`.
///
/// # Errors
/// A field that does not exist, or a scenario that is invalid at some point.
pub fn tune(
    document: &Document,
    axes: &[Axis],
    goals: &[Goal],
    runs: Runs,
    stop: &AtomicBool,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Frontier, InputError> {
    let mut search = Search::new(document, axes, goals)?;
    let points = search.points;
    let is_complete = search.run(runs, stop, done);
    let of = u64::try_from(most_rollouts(points as u128, runs)).unwrap_or(u64::MAX);
    let stopped = (!is_complete).then_some(Stopped { made: search.made, of });
    let baseline = search.candidates.iter().find(|candidate| candidate.is_baseline);
    let baseline =
        baseline.map(|candidate| candidate.choice(goals)).expect("today's policy is never dropped");
    // Nothing is known about a policy without a run.
    search.candidates.retain(|candidate| candidate.point.tally.runs > 0);
    let left = search.candidates.iter().filter(|candidate| candidate.is_tried).count();
    let choices = frontier(search.choices());
    Ok(Frontier { baseline, choices, points, left, most_runs: runs.most, stopped })
}

/// A search in progress.
struct Search<'a> {
    goals: &'a [Goal],
    candidates: Vec<Candidate>,
    /// The policies to try.
    points: usize,
    seed: u64,
    /// Rollouts so far.
    made: u64,
}

/// A policy under test.
struct Candidate {
    point: Point,
    scenario: Scenario,
    /// It is one of the policies to try.
    is_tried: bool,
    /// It represents today's policy.
    is_baseline: bool,
    /// It is the same as today's policy.
    is_today: bool,
}

impl Candidate {
    fn choice(&self, goals: &[Goal]) -> Choice {
        let met = Goal::all_met(goals, &self.point.tally);
        Choice { point: self.point.clone(), met, is_today: self.is_today }
    }
}

impl<'a> Search<'a> {
    /// Nothing was run yet. Today's policy comes first; if it is one of the policies to try, that one represents it.
    fn new(document: &Document, axes: &[Axis], goals: &'a [Goal]) -> Result<Self, InputError> {
        let sweep = Sweep::new(document, axes, 0, Shard::WHOLE)?;
        let today = document.with(&[])?;
        let mut candidates: Vec<Candidate> = Vec::new();
        for (point, scenario) in sweep.points.iter().zip(sweep.scenarios) {
            let set = point.iter().map(|set| (set.path.clone(), set.value.clone())).collect();
            let point = Point { set, ..Point::default() };
            let is_today = scenario.canary == today.canary && is_world_of(document, &point);
            let is_baseline = is_today && candidates.iter().all(|other| !other.is_baseline);
            candidates.push(Candidate { point, scenario, is_tried: true, is_baseline, is_today });
        }
        let points = candidates.len();
        if candidates.iter().all(|candidate| !candidate.is_baseline) {
            let written = |axis: &Axis| Some((axis.path.clone(), document.written(&axis.path)?));
            let point = Point { set: axes.iter().filter_map(written).collect(), ..Point::default() };
            candidates.insert(
                0,
                Candidate { point, scenario: today, is_tried: false, is_baseline: true, is_today: true },
            );
        }
        Ok(Self { goals, candidates, points, seed: sweep.seed, made: 0 })
    }

    /// All rounds; whether they are complete.
    fn run(&mut self, runs: Runs, stop: &AtomicBool, done: &(dyn Fn(u64) + Sync)) -> bool {
        for part in ROUNDS {
            let to = (runs.usual / part).max(1);
            let all: Vec<usize> = (0..self.candidates.len()).collect();
            self.extend(&all, to, stop, done);
            if stop.load(Ordering::Relaxed) {
                return false;
            }
            self.drop_hopeless();
        }
        let mut to = runs.usual;
        while to < runs.most {
            let undecided = self.undecided();
            if undecided.is_empty() {
                return true;
            }
            to = to.saturating_mul(2).min(runs.most);
            self.extend(&undecided, to, stop, done);
            if stop.load(Ordering::Relaxed) {
                return false;
            }
        }
        true
    }

    /// Makes the missing runs of some candidates up to this number, in the same worlds for each.
    fn extend(&mut self, which: &[usize], to: u64, stop: &AtomicBool, done: &(dyn Fn(u64) + Sync)) {
        for place in which {
            let Candidate { point, scenario, .. } = &mut self.candidates[*place];
            let from = point.tally.runs;
            let base = self.seed;
            let seed_of = |place| seed_of(base, from + place);
            let more = tally(scenario, to.saturating_sub(from), &seed_of, stop, done);
            self.made += more.runs;
            point.tally = std::mem::take(&mut point.tally).and(&more);
        }
    }

    /// Removes policies that miss a goal for certain, unless all do. Today's policy is kept.
    fn drop_hopeless(&mut self) {
        let goals = self.goals;
        let may_do =
            |candidate: &Candidate| goals.iter().all(|goal| !goal.is_out_of_reach(&candidate.point.tally));
        if self.candidates.iter().any(may_do) {
            self.candidates.retain(|candidate| may_do(candidate) || candidate.is_baseline);
        }
    }

    /// Policies on the frontier, and today's policy, for which the goals are undecided. The others do not matter.
    fn undecided(&self) -> Vec<usize> {
        let best = frontier(self.choices());
        let matters = |candidate: &&Candidate| {
            candidate.is_baseline || best.iter().any(|choice| choice.point.set == candidate.point.set)
        };
        let places = self.candidates.iter().enumerate();
        let undecided = places.filter(|(_, candidate)| {
            matters(candidate) && Goal::all_met(self.goals, &candidate.point.tally) == Met::Perhaps
        });
        undecided.map(|(place, _)| place).collect()
    }

    fn choices(&self) -> Vec<Choice> {
        self.candidates.iter().map(|candidate| candidate.choice(self.goals)).collect()
    }
}

/// Whether the varied fields outside the Canary have the values of the file.
fn is_world_of(document: &Document, point: &Point) -> bool {
    let beside = point.set.iter().filter(|(path, value)| manifest_lines([(&**path, &**value)]).is_empty());
    beside.into_iter().all(|(path, value)| document.written(path).as_ref() == Some(value))
}

/// The policies that no other policy beats in both speed and risk. Of several with the same results the first is kept.
fn frontier(all: Vec<Choice>) -> Vec<Choice> {
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

/// The median time to promote, in seconds; infinite if there is no promotion.
fn time(point: &Point) -> u64 {
    point.tally.to_promote.percentile(50).map_or(u64::MAX, |time| time.as_secs())
}

/// The sum of the chances of both mistakes.
fn risk(point: &Point) -> f64 {
    let share = |share: Option<super::Share>| share.map_or(0.0, |share| share.share);
    share(point.tally.false_rollback()) + share(point.tally.missed_regression())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Tally;

    fn point(name: &str, minutes: u64, missed: u64) -> Point {
        let run = serin_simulator::record::Outcome {
            phase: serin_core::Phase::Succeeded,
            released: std::time::Duration::ZERO,
            ended: Some(std::time::Duration::from_secs(60 * minutes)),
            reason: None,
            good: None,
            promoted: None,
            users: None,
        };
        let mut tally = Tally::default();
        tally.add(&run);
        Point { set: vec![("analysis.a".into(), name.into())], tally: Tally { missed, bad: 1000, ..tally } }
    }

    #[test]
    fn only_policies_that_are_not_beaten_are_kept() {
        let points =
            [point("slow", 9, 10), point("fast", 3, 20), point("worse", 9, 30), point("same", 9, 10)];
        let names = |choices: Vec<Choice>| {
            choices.iter().map(|choice| choice.point.set[0].1.clone()).collect::<Vec<_>>()
        };
        let choices = |most: f64| {
            let met = |point: &Point| Goal::all_met(&[Goal::Missed(most)], &point.tally);
            let choice = |point: &Point| Choice { met: met(point), point: point.clone(), is_today: false };
            points.iter().map(choice).collect::<Vec<_>>()
        };
        assert_eq!(names(frontier(choices(0.1))), ["fast", "slow"]);
        // A goal that only the slow policy meets puts it first.
        assert_eq!(names(frontier(choices(0.019))), ["slow", "fast"]);
    }

    const POLICY: &str = "
scenario: good and bad releases
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    provider: istio
    analysis:
      interval: 1m
      threshold: 2
      stepWeight: 25
      maxWeight: 50
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
world:
  traffic: {rps: 5}
  versions: {v2: {errors: 0%..3%}}
events: [{at: 2m, deploy: v2}]
";

    fn found(thresholds: &str, goal: Goal, runs: Runs) -> Frontier {
        let document = Document::parse(POLICY, "shop.yaml".as_ref()).unwrap();
        let axes = [Axis::parse(&format!("analysis.threshold={thresholds}")).unwrap()];
        tune(&document, &axes, &[goal], runs, &AtomicBool::new(false), &|_| {}).unwrap()
    }

    #[test]
    fn todays_policy_is_the_baseline_even_if_it_is_not_varied() {
        let runs = Runs { usual: 64, most: 64 };
        let [tried, beside] = ["1..3", "1,3"].map(|thresholds| found(thresholds, Goal::Missed(0.9), runs));
        let set = vec![("analysis.threshold".to_owned(), "2".to_owned())];
        assert_eq!((&tried.baseline.point.set, tried.points), (&set, 3));
        assert_eq!((&beside.baseline.point.set, beside.points), (&set, 2));
        assert_eq!(tried.baseline, beside.baseline);
        assert!(tried.baseline.is_today);
    }

    #[test]
    fn undecided_policies_get_more_runs_up_to_the_limit() {
        let all = found("1..3", Goal::Missed(0.9), Runs { usual: 16, most: 4096 });
        let share = |choice: &Choice| choice.point.tally.missed_regression().unwrap().share;
        // If the limit is inside the interval of some policy, a few runs do not decide it.
        let goal = Goal::Missed(share(&all.baseline));
        let decided = |most| found("2", goal, Runs { usual: 64, most }).baseline;
        assert_eq!((decided(64).met, decided(64).point.tally.runs), (Met::Perhaps, 64));
        assert!(decided(512).point.tally.runs > 64);
        // A limit that is far from every interval is decided at once, without more runs.
        let far = found("2", Goal::Missed(0.99), Runs { usual: 64, most: 1 << 40 });
        assert_eq!((far.met(), far.baseline.point.tally.runs), (Met::Yes, 64));
    }

    #[test]
    fn runs_in_several_parts_have_the_same_results() {
        let usual = |usual| found("2", Goal::Missed(0.99), Runs { usual, most: usual }).baseline.point;
        let document = Document::parse(POLICY, "shop.yaml".as_ref()).unwrap();
        let axes = [Axis::parse("analysis.threshold=2").unwrap()];
        let sweep = Sweep::new(&document, &axes, 100, Shard::WHOLE).unwrap();
        assert_eq!(vec![usual(100)], sweep.run(&AtomicBool::new(false), &|_| {}));
    }
}
