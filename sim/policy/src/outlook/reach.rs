//! Whose requests reach the canary before the promotion.

use serin_core::{Rollout, strategy::Strategy};

use super::load_test::LoadTest;

/// Whose requests the checks see.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// The requests of users, or copies of them.
    Users,
    /// The requests of users that match `match`.
    Matched,
    /// Only the requests of a load test.
    LoadTest(LoadTest),
    /// No requests, according to the manifest.
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
