//! Many runs of one scenario at many points: the operating characteristics of a policy.
//!
//! A point gives values to fields of the scenario. Each point is run in the same worlds (run `i` has the same seed at
//! every point), so that points differ by the varied fields and not by chance. All counts are whole numbers, so that
//! threads and shards do not change a byte.

mod axis;
mod goal;
mod interval;
mod shard;
mod tally;
mod tune;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serin_input::InputError;
use serin_simulator::{
    drive,
    scenario::{self, Document, Scenario, Set},
};

pub use self::axis::{Axis, count, points};
pub use self::goal::{Goal, Met};
pub use self::interval::Share;
pub(crate) use self::interval::Z;
pub use self::shard::{MergeError, Shard, ShardResult, merge};
pub use self::tally::{Tally, Times};
pub use self::tune::{Choice, Frontier, Runs, Stopped, most_rollouts, tune, usual_axes};

/// The runs to make.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The points, in order.
    pub points: Vec<Vec<Set>>,
    /// The scenario at each point.
    pub scenarios: Vec<Scenario>,
    /// Runs at each point.
    pub runs: u64,
    /// The seed of the first run, from which those of the others follow.
    pub seed: u64,
    /// Which of the runs are made.
    pub shard: Shard,
}

/// A point and its results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The varied fields and their values, in order.
    pub set: Vec<(String, String)>,
    /// The results of its runs.
    pub tally: Tally,
}

/// The number of runs between two checks of whether to stop.
pub(crate) const AT_ONCE: u64 = 256;

impl Sweep {
    /// Reads the scenario at every point.
    ///
    /// # Errors
    /// A field that does not exist, or a scenario that is invalid at some point.
    pub fn new(document: &Document, axes: &[Axis], runs: u64, shard: Shard) -> Result<Self, InputError> {
        let points = points(axes);
        // Whether a release is good does not depend on the policy that is varied.
        let standard = document.with(&[])?.standard;
        let at = |point: &Vec<Set>| {
            document.with(point).map(|scenario| Scenario { standard: standard.clone(), ..scenario })
        };
        let scenarios: Vec<Scenario> = points.iter().map(at).collect::<Result<_, _>>()?;
        let seed = scenarios.first().map_or(1, |scenario| scenario.setting.seed);
        Ok(Self { points, scenarios, runs, seed, shard })
    }

    /// Refuses a field whose values all lead to the same runs.
    ///
    /// # Errors
    /// The first such field.
    pub fn each_matters(&self, document: &Document, axes: &[Axis]) -> Result<(), InputError> {
        let what = "has no effect: the runs are the same with each of these values";
        without_effect(axes, &self.scenarios).map_or(Ok(()), |axis| Err(document.fault(&axis.path, what)))
    }

    /// Makes the runs, point by point, until `stop`. `done` gets the number of runs that were made since its last call.
    pub fn run(&self, stop: &AtomicBool, done: &(dyn Fn(u64) + Sync)) -> Vec<Point> {
        let points = self.points.iter().zip(&self.scenarios);
        let tallied = points.map(|(point, scenario)| Point {
            set: point.iter().map(|set| (set.path.clone(), set.value.clone())).collect(),
            tally: tally(scenario, self.shard.of(self.runs), &|place| self.seed_of(place), stop, done),
        });
        tallied.collect()
    }

    /// The seed of the run with this index in the shard.
    fn seed_of(&self, place: u64) -> u64 {
        scenario::seed_of(self.seed, self.shard.run(place))
    }
}

/// The outcomes of `runs` runs of a scenario, until `stop`; `seed_of` gives the seed of each index, from 0.
fn tally(
    scenario: &Scenario,
    runs: u64,
    seed_of: &(dyn Fn(u64) -> u64 + Sync),
    stop: &AtomicBool,
    done: &(dyn Fn(u64) + Sync),
) -> Tally {
    let parts = (0..runs.div_ceil(AT_ONCE)).into_par_iter();
    let tallies = parts.map_init(
        || drive::Runs::of(scenario),
        |rollouts, part| {
            let mut tally = Tally::default();
            let numbers = part * AT_ONCE..((part + 1) * AT_ONCE).min(runs);
            let is_over = || stop.load(Ordering::Relaxed);
            let outcomes = numbers
                .map_while(|place| if is_over() { None } else { rollouts.outcome(seed_of(place), &is_over) });
            outcomes.for_each(|outcome| tally.add(&outcome));
            done(tally.runs);
            tally
        },
    );
    tallies.reduce(Tally::default, |tally, other| tally.and(&other))
}

/// The first axis that never changes a run, whatever the values of the others.
fn without_effect<'a>(axes: &'a [Axis], scenarios: &[Scenario]) -> Option<&'a Axis> {
    let mut together = 1;
    for axis in axes.iter().rev() {
        let block = together * axis.values.len();
        let matters = |block: &[Scenario]| {
            let next = block.iter().skip(together);
            block.iter().zip(next).any(|(one, other)| !one.runs_like(other))
        };
        if axis.values.len() > 1 && !scenarios.chunks(block).any(matters) {
            return Some(axis);
        }
        together = block;
    }
    None
}
