//! Shrinks a world that breaks something: removes everything that is not needed to break the same claim again.
//!
//! This is delta debugging on the tree of the scenario file. A smaller tree is kept if it is still a scenario and
//! breaks the same claim. A broken invariant is a defect in Serin, so anything can be removed. A broken property
//! depends on the world that its author wrote, so only what the world leaves open is removed (ranges, faults, events
//! that deploy nothing), and hooks and alerts without which it breaks at the same time. The number of runs is limited, not the time, so that the result is the same on every machine.

mod simpler;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use serde_yaml::Value;
use serin_core::time::Human;
use serin_simulator::{scenario, world};

use self::simpler::{exact, simpler};
pub use self::tree::Tree;
use super::{Broken, Watch, broken_in};

/// The maximum number of runs for one world.
pub const MOST_RUNS: u64 = 2_000;

/// A small world that breaks the same claim.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The scenario.
    pub tree: Tree,
    /// What it breaks.
    pub broken: Broken,
    /// The number of runs that it took.
    pub runs: u64,
}

/// Shrinks a scenario that breaks a claim in the world of its own seed.
///
/// `None` if the claim does not break there. Then the search and the file disagree about the world, which is a defect
/// in Serin.
#[must_use]
pub fn shrink(tree: Tree, claim: &str, watch: &dyn Watch) -> Option<Shrunk> {
    let ours = !tree.scenario().ok()?.properties.iter().any(|property| property.to_string() == claim);
    let mut shrinker = Shrinker { claim, ours, path: tree.path.clone(), runs: 0, watch };
    let broken = shrinker.breaks(&tree.root)?;
    let mut best = Best { root: tree.root, broken };
    loop {
        let before = best.root.clone();
        shrinker.name_faults(&mut best);
        shrinker.end_early(&mut best);
        shrinker.steady_traffic(&mut best);
        shrinker.leave_out(&mut best);
        shrinker.simplify(&mut best);
        if best.root == before || shrinker.is_over() {
            break;
        }
    }
    let tree = Tree { root: best.root, path: tree.path };
    Some(Shrunk { tree, broken: best.broken, runs: shrinker.runs })
}

struct Shrinker<'a> {
    claim: &'a str,
    /// The claim is not a property: no part of the scenario has to be kept.
    ours: bool,
    path: PathBuf,
    runs: u64,
    watch: &'a dyn Watch,
}

/// The smallest tree so far.
struct Best {
    root: Value,
    broken: Broken,
}

impl Shrinker<'_> {
    fn is_over(&self) -> bool {
        self.runs >= MOST_RUNS || self.watch.stops()
    }

    /// What a tree breaks, if it is a scenario and breaks the same claim.
    fn breaks(&mut self, root: &Value) -> Option<Broken> {
        self.runs += 1;
        self.watch.shrinks(self.runs, MOST_RUNS);
        let scenario = parse(root, &self.path)?;
        broken_in(&scenario, scenario.setting.seed, self.watch).filter(|broken| broken.claim == self.claim)
    }

    /// Keeps a smaller tree if it still breaks.
    fn keeps(&mut self, best: &mut Best, root: Value) -> bool {
        self.keeps_if(best, root, |_| true)
    }

    /// Keeps it if it breaks in this way.
    fn keeps_if(&mut self, best: &mut Best, root: Value, is_wanted: impl Fn(&Broken) -> bool) -> bool {
        if root == best.root || self.is_over() {
            return false;
        }
        let Some(broken) = self.breaks(&root).filter(is_wanted) else { return false };
        *best = Best { root, broken };
        true
    }

    /// Replaces a preset or a swarm by the faults that were drawn.
    fn name_faults(&mut self, best: &mut Best) {
        let Some(scenario) = parse(&best.root, &self.path) else { return };
        let drawn = world::drawn_troubles(&scenario, scenario.setting.seed);
        let mut root = best.root.clone();
        if tree::name_faults(&mut root, &drawn) {
            self.keeps(best, root);
        }
    }

    /// Ends the story when the claim is broken.
    fn end_early(&mut self, best: &mut Best) {
        let Some(at) = best.broken.at else { return };
        for minutes in [1, 30, 120] {
            let until = (at.as_secs() / 60 + minutes) * 60;
            let text = Human(std::time::Duration::from_secs(until)).to_string();
            let mut root = best.root.clone();
            if tree::ends_later(&root, until) {
                tree::set(&mut root, "until", Value::String(text));
                if self.keeps(best, root) {
                    return;
                }
            }
        }
    }

    /// Replaces changing traffic by constant traffic.
    fn steady_traffic(&mut self, best: &mut Best) {
        for rps in [100, 1_000, 10, 1] {
            let mut root = best.root.clone();
            if tree::steady_traffic(&mut root, rps) && self.keeps(best, root) {
                return;
            }
        }
    }

    /// Removes keys and items, whole branches first.
    fn leave_out(&mut self, best: &mut Best) {
        let mut place = 0;
        loop {
            let places = tree::places(&best.root);
            let Some(path) = places.get(place) else { return };
            // Without its chance a fault always happens, which is not a smaller world.
            let is_smaller = path.last().and_then(Value::as_str) != Some("chance");
            if !is_smaller || !self.does_without(best, path) {
                place += 1;
            }
            if self.is_over() {
                return;
            }
        }
    }

    /// Removes one key or item if the claim still breaks.
    fn does_without(&mut self, best: &mut Best, path: &[Value]) -> bool {
        let mut root = best.root.clone();
        if tree::is_receiver(path) {
            tree::remove_receiver(&mut root, path);
            let at = (!self.ours).then_some(best.broken.at);
            return self.keeps_if(best, root, |broken| at.is_none_or(|at| broken.at == at));
        }
        tree::remove(&mut root, path);
        (self.ours || tree::is_open(&best.root, path)) && self.keeps(best, root)
    }

    /// Replaces ranges by numbers, and makes numbers smaller.
    fn simplify(&mut self, best: &mut Best) {
        for path in tree::places(&best.root) {
            while let Some(value) = tree::at(&best.root, &path) {
                let may_shrink = self.ours || tree::is_open(&best.root, &path);
                let candidates = if may_shrink { simpler(value) } else { exact(value) };
                let kept = candidates.into_iter().any(|value| {
                    let mut root = best.root.clone();
                    tree::replace(&mut root, &path, value);
                    self.keeps(best, root)
                });
                if !kept || self.is_over() {
                    break;
                }
            }
        }
    }
}

fn parse(root: &Value, path: &Path) -> Option<scenario::Scenario> {
    let text = serde_yaml::to_string(root).ok()?;
    scenario::parse(&text, path).ok()
}
