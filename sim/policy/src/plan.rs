//! The fastest possible release: its moves, and the time of each. It is derived from the core's own rules.

mod words;

use std::time::Duration;

use serde::{Serialize, Serializer};
use serin_core::{
    Rollout, State,
    spec::{HookKind, Leniency, ThresholdMode},
    step::{Move, apply, next_move},
    strategy::{Strategy, Weight},
};

pub use self::words::checks;

/// The maximum number of moves in a plan: at the shortest interval they take almost four months.
const MOST_MOVES: u32 = 1_000_000;

/// A release in which every pod is ready at once, every check passes and every gate is open. All times are since the
/// new revision was detected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The strategy, in words.
    pub strategy: String,
    /// Which requests the moves divide.
    pub divides: Divides,
    /// Time between two checks.
    #[serde(rename = "intervalMs", serialize_with = "millis")]
    pub interval: Duration,
    /// The moves, in order; none where the analysis is skipped.
    pub moves: Vec<Leg>,
    /// When the first move is made.
    #[serde(rename = "startsMs", serialize_with = "millis")]
    pub starts: Duration,
    /// Checks that have to pass, from the first move to the promotion.
    pub checks: u32,
    /// When the promotion is decided.
    #[serde(rename = "decidedMs", serialize_with = "millis")]
    pub decided: Duration,
    /// The steps in which the primary takes the users back; 1: all at once.
    pub promotion_steps: u32,
    /// When the primary runs the new revision and has all users.
    #[serde(rename = "allUsersMs", serialize_with = "millis")]
    pub all_users: Duration,
    /// When the canary is scaled down and the release has succeeded.
    #[serde(rename = "doneMs", serialize_with = "millis")]
    pub done: Duration,
    /// How fast failed checks roll back; `null` if nothing is checked.
    pub rollback: Option<Rollback>,
    /// Gates, in the order in which they are called.
    pub gates: Vec<Gate>,
    /// No move is made: the Canary is suspended.
    pub suspended: bool,
}

/// Which requests the router divides between primary and canary before the promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Divides {
    /// The requests of all users.
    All,
    /// The requests that match `match`.
    Matched,
    /// None: this router sends no user to the canary.
    Nothing,
}

impl Divides {
    fn of(strategy: &Strategy) -> Self {
        match strategy {
            Strategy::Weighted(weighted) if weighted.matched => Self::Matched,
            Strategy::AbTesting { .. } => Self::Matched,
            Strategy::BlueGreen(blue_green) if !blue_green.switches => Self::Nothing,
            Strategy::Weighted(_) | Strategy::BlueGreen(_) => Self::All,
        }
    }
}

/// Consecutive moves of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// When the first of them is made.
    #[serde(rename = "fromMs", serialize_with = "millis")]
    pub from: Duration,
    /// When the last of them is made.
    #[serde(rename = "toMs", serialize_with = "millis")]
    pub to: Duration,
    /// The kind of move.
    #[serde(flatten)]
    pub what: Moves,
}

/// The kind of a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "move")]
pub enum Moves {
    /// This share of the requests is mirrored, once before the steps.
    Mirror {
        /// Percentage.
        weight: Weight,
    },
    /// The canary's share of the users, step by step.
    Weights {
        /// Percentages.
        weights: Vec<Weight>,
    },
    /// Checks without a change of weight.
    Iterations {
        /// How many.
        count: u32,
        /// The mirrored share of the requests, first and last; 0 for none.
        mirror: [Weight; 2],
    },
    /// All users are sent to the canary, if the router divides requests; otherwise it is another check.
    Switch,
    /// More checks at the last weight.
    Soak {
        /// How many.
        count: u32,
    },
}

/// A release in which every check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollback {
    /// Failed checks that roll back.
    pub threshold: u32,
    /// Whether a passed check resets them.
    pub consecutive: bool,
    /// From the first move to the rollback.
    #[serde(rename = "afterFirstMoveMs", serialize_with = "millis")]
    pub after_first_move: Duration,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

fn millis<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

impl Plan {
    /// The plan of a Canary; `None` if it has too many moves to list.
    #[must_use]
    pub fn of(rollout: &Rollout) -> Option<Self> {
        let policy = rollout.policy();
        // The first move is one interval later, and not before the end of the warm-up.
        let starts = policy.interval.max(policy.delay);
        let mut plan = Self {
            strategy: rollout.strategy().to_string(),
            divides: Divides::of(rollout.strategy()),
            interval: policy.interval,
            moves: Vec::new(),
            starts,
            checks: 0,
            decided: starts,
            promotion_steps: 1,
            all_users: starts,
            done: starts,
            rollback: None,
            gates: gates(rollout),
            suspended: rollout.is_suspended(),
        };
        if rollout.skips_analysis() {
            return Some(plan);
        }
        let weight = plan.analyse(rollout)?;
        plan.decided = starts + policy.interval.checked_mul(plan.checks)?;
        plan.promotion_steps = promotion_steps(rollout.strategy(), weight);
        plan.all_users = plan.decided + policy.interval * plan.promotion_steps;
        plan.done = plan.all_users + policy.interval;
        plan.rollback = rollback(rollout);
        Some(plan)
    }

    /// From the first move to the promotion.
    #[must_use]
    pub fn analysis(&self) -> Duration {
        self.decided.saturating_sub(self.starts)
    }

    /// Makes every move up to the promotion; returns the canary's final weight.
    fn analyse(&mut self, rollout: &Rollout) -> Option<Weight> {
        let mut state = State::default();
        loop {
            let next = next_move(rollout.strategy(), &state);
            if next == Move::Promote {
                return Some(state.canary_weight);
            }
            let at = self.starts + self.interval.checked_mul(self.checks)?;
            self.add(at, next);
            apply(&mut state, rollout.strategy(), next);
            self.checks += 1;
            if self.checks > MOST_MOVES {
                return None;
            }
        }
    }

    fn add(&mut self, at: Duration, next: Move) {
        let what = match (next, self.moves.last_mut().map(|leg| (&mut leg.what, &mut leg.to))) {
            (Move::Weight(weight), Some((Moves::Weights { weights }, to))) => {
                weights.push(weight);
                *to = at;
                return;
            }
            (Move::Iterate { mirror: weight, .. }, Some((Moves::Iterations { count, mirror }, to))) => {
                *count += 1;
                mirror[1] = weight;
                *to = at;
                return;
            }
            (Move::Soak, Some((Moves::Soak { count }, to))) => {
                *count += 1;
                *to = at;
                return;
            }
            (Move::Mirror(weight), _) => Moves::Mirror { weight },
            (Move::Weight(weight), _) => Moves::Weights { weights: vec![weight] },
            (Move::Iterate { mirror, .. }, _) => Moves::Iterations { count: 1, mirror: [mirror; 2] },
            (Move::Switch, _) => Moves::Switch,
            (Move::Soak, _) => Moves::Soak { count: 1 },
            // The caller decides these.
            (Move::Promote, _) => return,
        };
        self.moves.push(Leg { from: at, to: at, what });
    }
}

/// How many intervals the primary needs to take the users back.
fn promotion_steps(strategy: &Strategy, weight: Weight) -> u32 {
    match strategy {
        Strategy::Weighted(weighted) => {
            weighted.promotion_step.map_or(1, |step| u32::from(weight.div_ceil(step.max(1)))).max(1)
        }
        Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => 1,
    }
}

fn rollback(rollout: &Rollout) -> Option<Rollback> {
    let fails = rollout.metrics().iter().any(|metric| {
        metric.bounds.min.is_some()
            || metric.bounds.max.is_some()
            || metric.on_no_data == Leniency::Fail
            || metric.on_error == Leniency::Fail
    });
    let hooks = rollout.hooks().iter().any(|hook| hook.kind == HookKind::Rollout);
    let policy = rollout.policy();
    (fails || hooks).then(|| Rollback {
        threshold: policy.threshold,
        consecutive: policy.threshold_mode == ThresholdMode::Consecutive,
        after_first_move: policy.interval.saturating_mul(policy.threshold),
    })
}

fn gates(rollout: &Rollout) -> Vec<Gate> {
    let weighted = matches!(rollout.strategy(), Strategy::Weighted(_));
    let analysed = !rollout.skips_analysis();
    let asked = [
        (HookKind::ConfirmRollout, true),
        (HookKind::ConfirmTrafficIncrease, weighted && analysed),
        (HookKind::ConfirmPromotion, analysed),
    ];
    let asked = asked.into_iter().filter(|(_, asked)| *asked).map(|(kind, _)| kind);
    let of = |kind| rollout.hooks().iter().filter(move |hook| hook.kind == kind);
    asked.flat_map(of).map(|hook| Gate { kind: hook.kind.name(), name: hook.name.to_string() }).collect()
}
