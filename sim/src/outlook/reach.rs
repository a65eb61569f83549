//! Whose requests reach the canary while it is judged.

use serin_core::{Rollout, strategy::Strategy};

use super::load_test::LoadTest;

/// Whose requests the checks see.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// Those of users, or copies of them.
    Users,
    /// Those of users that `match` fits.
    Matched,
    /// Those of a load test alone.
    LoadTest(LoadTest),
    /// Nobody's, as far as the manifest says.
    Nobody,
}

impl Reach {
    pub(crate) fn of(rollout: &Rollout) -> Self {
        match rollout.strategy() {
            Strategy::Weighted(weighted) if weighted.matched => Self::Matched,
            Strategy::AbTesting { .. } => Self::Matched,
            Strategy::Weighted(_) => Self::Users,
            Strategy::BlueGreen(blue_green) if blue_green.mirror.is_some() => Self::Users,
            Strategy::BlueGreen(_) => LoadTest::of(rollout).map_or(Self::Nobody, Self::LoadTest),
        }
    }
}
