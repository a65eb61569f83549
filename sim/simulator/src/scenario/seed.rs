//! Which world a run is: the seeds of many runs, from one.

/// The version of what a seed means: with another version the same seed is another world. Reports print it, and
/// results of different versions are not merged.
pub const SIMULATION: u32 = 3;

/// The seed of a run. The first run, 0, has the seed itself; those of different seeds have no worlds in common.
#[must_use]
pub fn seed_of(seed: u64, run: u64) -> u64 {
    /// Short enough to be typed.
    const BITS: u32 = 36;
    if run == 0 { seed } else { mix(mix(seed).wrapping_add(run)) >> (u64::BITS - BITS) }
}

/// A number whose every bit depends on every bit of the given one (the finaliser of SplitMix64).
pub(crate) fn mix(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn seeds_have_no_runs_in_common() {
        let mut all = BTreeSet::new();
        for seed in 0..50 {
            assert_eq!(seed_of(seed, 0), seed);
            all.extend((0..1_000).map(|run| seed_of(seed, run)));
        }
        assert_eq!(all.len(), 50 * 1_000);
    }
}
