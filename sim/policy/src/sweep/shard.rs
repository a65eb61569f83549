//! The part of a sweep that one of several machines runs, and the merge of their results.

use std::fmt;

use serde::{Deserialize, Serialize};
use serin_simulator::scenario::SIMULATION;

use super::{Point, Sweep, Tally};

/// The runs of one machine: those whose number modulo `count` is `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Shard {
    /// From 0.
    pub index: u64,
    /// The number of shards, at least 1.
    pub count: u64,
}

/// A shard in a file.
#[derive(Deserialize)]
struct Written {
    index: u64,
    count: u64,
}

impl TryFrom<Written> for Shard {
    type Error = String;

    fn try_from(Written { index, count }: Written) -> Result<Self, String> {
        if index >= count {
            return Err(format!("there is no shard {index} of {count}: the index starts at 0"));
        }
        Ok(Self { index, count })
    }
}

impl Shard {
    /// The shard that makes all runs.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Reads `2/8`: the third of eight shards.
    ///
    /// # Errors
    /// Why it is invalid.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || {
            format!("`{text}` is not a shard; expected index and count, such as 0/8 (the index starts at 0)")
        };
        let (index, count) = text.split_once('/').ok_or_else(expected)?;
        let (index, count) =
            (index.parse::<u64>().map_err(|_| expected())?, count.parse::<u64>().map_err(|_| expected())?);
        if index >= count {
            return Err(format!(
                "`{text}` is not a shard; the last one of {count} is {}/{count}",
                count.saturating_sub(1)
            ));
        }
        Ok(Self { index, count })
    }

    /// The number of runs that it makes, of this number of runs.
    #[must_use]
    pub fn of(self, runs: u64) -> u64 {
        runs.saturating_sub(self.index).div_ceil(self.count)
    }

    /// The number of its run with this index.
    #[must_use]
    pub fn run(self, place: u64) -> u64 {
        self.index + place * self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// The results of one shard, as in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardResult {
    /// The title of the scenario.
    pub title: String,
    /// Runs at each point, of all shards together.
    pub runs: u64,
    /// The seed of the first run.
    pub seed: u64,
    /// The version of what a seed means, see [`SIMULATION`]. Files of the first version do not contain it.
    #[serde(default = "first")]
    pub simulation: u32,
    /// Which of the runs were made.
    pub shard: Shard,
    /// The results.
    pub points: Vec<Point>,
}

/// The version of files that do not name it.
const fn first() -> u32 {
    1
}

/// Why parts cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is nothing to merge")]
    Nothing,
    /// They are of different sweeps.
    #[error("{0} and {1} are of different sweeps: {2}")]
    Different(Shard, Shard, &'static str),
    /// A shard is there twice.
    #[error("there are two files of shard {0}")]
    Twice(Shard),
    /// A shard is missing.
    #[error("shard {0} is missing")]
    Missing(Shard),
    /// A shard was stopped before its last run.
    #[error("shard {0} is not complete: it was stopped")]
    Incomplete(Shard),
    /// The counts are impossible.
    #[error("shard {0} is invalid: its counts contradict each other, or exceed 2^53")]
    Unsound(Shard),
}

impl ShardResult {
    /// The results of this machine.
    #[must_use]
    pub fn new(title: &str, sweep: &Sweep, points: Vec<Point>) -> Self {
        let Sweep { runs, seed, shard, .. } = *sweep;
        Self { title: title.into(), runs, seed, simulation: SIMULATION, shard, points }
    }

    /// Whether all its runs were made.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let all = self.shard.of(self.runs);
        self.points.iter().all(|point| point.tally.runs == all)
    }

    /// The number of runs that were made, at all points together.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.points.iter().fold(0, |sum, point| sum.saturating_add(point.tally.runs))
    }

    fn differs(&self, other: &Self) -> Option<&'static str> {
        let sets = |part: &Self| part.points.iter().map(|point| point.set.clone()).collect::<Vec<_>>();
        [
            (self.title != other.title, "the scenario"),
            (self.runs != other.runs, "the number of runs"),
            (self.seed != other.seed, "the seed"),
            (self.simulation != other.simulation, "the version of the simulation"),
            (self.shard.count != other.shard.count, "the number of shards"),
            (sets(self) != sets(other), "what was varied"),
        ]
        .into_iter()
        .find_map(|(differs, what)| differs.then_some(what))
    }
}

/// Merges all shards of a sweep, as if one machine had made all its runs.
///
/// # Errors
/// Parts of different sweeps, or missing parts.
pub fn merge(mut parts: Vec<ShardResult>) -> Result<ShardResult, MergeError> {
    parts.sort_by_key(|part| part.shard.index);
    let first = parts.first().cloned().ok_or(MergeError::Nothing)?;
    for (place, part) in (0_u64..).zip(&parts) {
        if let Some(what) = first.differs(part) {
            return Err(MergeError::Different(first.shard, part.shard, what));
        }
        if part.shard.index < place {
            return Err(MergeError::Twice(part.shard));
        }
        if part.shard.index > place {
            return Err(MergeError::Missing(Shard { index: place, ..part.shard }));
        }
        if part.runs > Tally::MOST || !part.points.iter().all(|point| point.tally.is_sound()) {
            return Err(MergeError::Unsound(part.shard));
        }
        if !part.is_complete() {
            return Err(MergeError::Incomplete(part.shard));
        }
    }
    let next = Shard { index: parts.len() as u64, ..first.shard };
    if next.index < next.count {
        return Err(MergeError::Missing(next));
    }
    let mut points = first.points.clone();
    for (i, point) in points.iter_mut().enumerate() {
        for part in &parts[1..] {
            point.tally = std::mem::take(&mut point.tally).and(&part.points[i].tally);
            if !point.tally.is_sound() {
                return Err(MergeError::Unsound(part.shard));
            }
        }
    }
    Ok(ShardResult { shard: Shard::WHOLE, points, ..first })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(index: u64, count: u64) -> ShardResult {
        let shard = Shard { index, count };
        let tally = Tally { runs: shard.of(10), good: index, ..Tally::default() };
        let points = vec![Point { set: vec![("a".into(), "1".into())], tally }];
        ShardResult { title: "t".into(), runs: 10, seed: 7, simulation: SIMULATION, shard, points }
    }

    #[test]
    fn shards_share_all_runs() {
        for count in 1..7 {
            let shards = (0..count).map(|index| Shard { index, count });
            let mut runs: Vec<u64> =
                shards.flat_map(|shard| (0..shard.of(10)).map(move |place| shard.run(place))).collect();
            runs.sort_unstable();
            assert_eq!(runs, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn shards_are_read() {
        assert_eq!(Shard::parse("2/8"), Ok(Shard { index: 2, count: 8 }));
        for wrong in ["8/8", "0/0", "1", "a/b", "-1/2"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_parts_make_a_whole_in_any_order() {
        let whole = merge(vec![part(2, 3), part(0, 3), part(1, 3)]).unwrap();
        assert_eq!(
            (whole.shard, whole.points[0].tally.runs, whole.points[0].tally.good),
            (Shard::WHOLE, 10, 3)
        );
    }

    #[test]
    fn parts_of_different_sweeps_are_refused() {
        let shard = |index, count| Shard { index, count };
        assert_eq!(merge(vec![]), Err(MergeError::Nothing));
        assert_eq!(merge(vec![part(0, 2)]), Err(MergeError::Missing(shard(1, 2))));
        assert_eq!(merge(vec![part(1, 2)]), Err(MergeError::Missing(shard(0, 2))));
        assert_eq!(merge(vec![part(0, 2), part(0, 2)]), Err(MergeError::Twice(shard(0, 2))));
        let other = ShardResult { seed: 8, ..part(1, 2) };
        assert_eq!(
            merge(vec![part(0, 2), other]),
            Err(MergeError::Different(shard(0, 2), shard(1, 2), "the seed"))
        );
        let older = ShardResult { simulation: 1, ..part(1, 2) };
        assert_eq!(
            merge(vec![part(0, 2), older]),
            Err(MergeError::Different(shard(0, 2), shard(1, 2), "the version of the simulation"))
        );
        let mut stopped = part(1, 2);
        stopped.points[0].tally.runs = 1;
        assert_eq!(merge(vec![part(0, 2), stopped]), Err(MergeError::Incomplete(shard(1, 2))));
    }

    #[test]
    fn a_file_with_impossible_counts_is_refused() {
        let read = |shard: &str| serde_json::from_str::<Shard>(shard).map_err(|error| error.to_string());
        assert_eq!(
            read(r#"{"index": 0, "count": 0}"#),
            Err("there is no shard 0 of 0: the index starts at 0".into())
        );
        assert_eq!(read(r#"{"index": 1, "count": 2}"#), Ok(Shard { index: 1, count: 2 }));
        let unsound = |change: fn(&mut ShardResult)| {
            let mut second = part(1, 2);
            change(&mut second);
            merge(vec![part(0, 2), second])
        };
        let refused = Err(MergeError::Unsound(Shard { index: 1, count: 2 }));
        assert_eq!(unsound(|part| part.points[0].tally.requests = u64::MAX), refused);
        assert_eq!(unsound(|part| part.points[0].tally.good = 6), refused);
        let full = |index| {
            let mut part = part(index, 2);
            part.points[0].tally.requests = Tally::MOST;
            part
        };
        assert_eq!(merge(vec![full(0), full(1)]), refused);
        let times = r#"{"1": 18446744073709551615, "2": 1}"#;
        let mut long = part(1, 2);
        long.points[0].tally.to_promote = serde_json::from_str(times).unwrap();
        assert_eq!(merge(vec![part(0, 2), long]), refused);
    }
}
