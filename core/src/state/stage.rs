//! The stages of a run, and all transitions between them, as one table.

use serde::{Deserialize, Serialize};

/// How far a run is, where the phase does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// No run; or nothing has moved yet.
    #[default]
    Start,
    /// Requests are mirrored before the first step.
    Mirroring,
    /// Weights or iterations grow.
    Analysing,
    /// Blue/green: the iterations are done, and the users are on the canary.
    Switched,
    /// After a failed promotion: the copy that is ready serves.
    Holding,
    /// A revision that serves all users is analysed, because the primary is broken.
    InPlace,
}

/// Every change of stage that can be saved: from, to, and the cause. A run that ends leads from every stage to
/// [`Stage::Start`], and a failed promotion to [`Stage::Holding`]; neither is repeated here. Only [`is_allowed`] and
/// the documentation read the table; the walk fails if a row never occurs, or if another change does.
pub const CHANGES: &[(Stage, Stage, &str)] = {
    use Stage::*;
    &[
        (Start, Mirroring, "requests are mirrored before the first step"),
        (Start, Analysing, "first step"),
        (Mirroring, Analysing, "first step"),
        (Start, Switched, "blue/green without iterations: all traffic to the canary"),
        (Analysing, Switched, "blue/green: all traffic to the canary"),
        (Holding, InPlace, "new revision under all users"),
    ]
};

/// Whether a saved run may move from one stage to the other. Staying is always allowed.
#[must_use]
pub fn is_allowed(from: Stage, to: Stage) -> bool {
    from == to
        || matches!(to, Stage::Start | Stage::Holding)
        || CHANGES.iter().any(|(f, t, _)| (*f, *t) == (from, to))
}
