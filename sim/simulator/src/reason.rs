//! The reasons for rollbacks, as counted over many runs: what failed, without the values of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serin_core::{
    decision::{Cause, Finding, Workload},
    revision::Text,
};

/// The cause of a rollback.
///
/// If several failed checks add up, it is the cause of the last one, and of that check the first cause in list order:
/// the same that the rollback reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The kind of cause.
    pub kind: ReasonKind,
    /// The metric's or the hook's name; empty for the other kinds.
    pub name: Text,
}

/// A kind of cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// A metric was below its bound.
    BelowBound,
    /// A metric was above its bound.
    AboveBound,
    /// A metric had no value.
    NoValue,
    /// A metric's provider answered with an error.
    MetricError,
    /// A hook did not pass.
    Hook,
    /// A rollback hook requested it.
    RollbackHook,
    /// The canary did not get ready in time.
    CanaryDeadline,
    /// The primary did not get ready in time.
    PrimaryDeadline,
    /// A gate did not open within its deadline.
    GateDeadline,
    /// No check could be judged for too long.
    NotJudged,
    /// The threshold was lowered below the failed checks.
    ThresholdLowered,
    /// An operator requested it.
    Request,
    /// The target was set back to the promoted revision.
    Reverted,
}

impl Reason {
    /// The reason of a rollback that was decided for this cause.
    #[must_use]
    pub fn of(cause: &Cause) -> Self {
        let named = |kind, name: &Text| Self { kind, name: Text::clone(name) };
        match cause {
            Cause::Checks { last: Some(finding), .. } => match finding {
                Finding::Below { metric, .. } => named(ReasonKind::BelowBound, metric),
                Finding::Above { metric, .. } => named(ReasonKind::AboveBound, metric),
                Finding::NoData { metric } => named(ReasonKind::NoValue, metric),
                Finding::MetricError { metric, .. } => named(ReasonKind::MetricError, metric),
                Finding::Hook { hook, .. } => named(ReasonKind::Hook, hook),
            },
            Cause::Checks { last: None, .. } => Self::unnamed(ReasonKind::ThresholdLowered),
            Cause::Trigger { hook } => named(ReasonKind::RollbackHook, hook),
            Cause::Deadline { who: Workload::Canary, .. } => Self::unnamed(ReasonKind::CanaryDeadline),
            Cause::Deadline { who: Workload::Primary, .. } => Self::primary_not_ready(),
            Cause::Gate { hook, .. } => named(ReasonKind::GateDeadline, hook),
            Cause::NotJudged { .. } => Self::unnamed(ReasonKind::NotJudged),
            Cause::Request => Self::unnamed(ReasonKind::Request),
            Cause::Reverted => Self::unnamed(ReasonKind::Reverted),
        }
    }

    /// The reason for a promotion that failed.
    #[must_use]
    pub fn primary_not_ready() -> Self {
        Self::unnamed(ReasonKind::PrimaryDeadline)
    }

    fn unnamed(kind: ReasonKind) -> Self {
        Self { kind, name: "".into() }
    }

    /// In a few words: `request-success-rate below its bound`.
    #[must_use]
    pub fn words(&self) -> String {
        let name = &self.name;
        match self.kind {
            ReasonKind::BelowBound => format!("{name} below its bound"),
            ReasonKind::AboveBound => format!("{name} above its bound"),
            ReasonKind::NoValue => format!("{name} without a value"),
            ReasonKind::MetricError => format!("{name} not measurable"),
            ReasonKind::Hook => format!("hook {name}"),
            ReasonKind::RollbackHook => format!("rollback hook {name}"),
            ReasonKind::CanaryDeadline => "canary not ready in time".into(),
            ReasonKind::PrimaryDeadline => "primary not ready in time".into(),
            ReasonKind::GateDeadline => format!("gate {name} not open in time"),
            ReasonKind::NotJudged => "checks not judged in time".into(),
            ReasonKind::ThresholdLowered => "threshold lowered".into(),
            ReasonKind::Request => "operator's request".into(),
            ReasonKind::Reverted => "target set back".into(),
        }
    }
}

/// How many rollbacks each reason caused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Counted>", into = "Vec<Counted>")]
pub struct Reasons(BTreeMap<Reason, Rollbacks>);

/// Rollbacks with one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rollbacks {
    /// All of them.
    pub all: u64,
    /// Those of good releases.
    pub good: u64,
}

/// A reason and its rollbacks, as in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    kind: ReasonKind,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    name: Text,
    count: u64,
    good: u64,
}

impl From<Vec<Counted>> for Reasons {
    fn from(counted: Vec<Counted>) -> Self {
        let mut reasons = Self::default();
        for Counted { kind, name, count, good } in counted {
            reasons.plus(&Reason { kind, name }, Rollbacks { all: count, good });
        }
        reasons
    }
}

impl From<Reasons> for Vec<Counted> {
    fn from(reasons: Reasons) -> Self {
        let counted = reasons.0.into_iter().map(|(Reason { kind, name }, Rollbacks { all, good })| Counted {
            kind,
            name,
            count: all,
            good,
        });
        counted.collect()
    }
}

impl Reasons {
    /// Adds a rollback.
    pub fn add(&mut self, reason: &Reason, is_good: bool) {
        self.plus(reason, Rollbacks { all: 1, good: u64::from(is_good) });
    }

    /// Adds the rollbacks of other runs.
    pub fn and(&mut self, other: &Self) {
        for (reason, rollbacks) in &other.0 {
            self.plus(reason, *rollbacks);
        }
    }

    fn plus(&mut self, reason: &Reason, more: Rollbacks) {
        // The lookup comes first: usually the reason exists, and needs no copy.
        if let Some(rollbacks) = self.0.get_mut(reason) {
            rollbacks.all = rollbacks.all.saturating_add(more.all);
            rollbacks.good = rollbacks.good.saturating_add(more.good);
        } else {
            self.0.insert(reason.clone(), more);
        }
    }

    /// All rollbacks with a reason.
    #[must_use]
    pub fn total(&self) -> Rollbacks {
        self.0.values().fold(Rollbacks::default(), |sum, rollbacks| Rollbacks {
            all: sum.all.saturating_add(rollbacks.all),
            good: sum.good.saturating_add(rollbacks.good),
        })
    }

    /// The reasons, the most frequent first.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&Reason, Rollbacks)> {
        let mut ranked: Vec<(&Reason, Rollbacks)> =
            self.0.iter().map(|(reason, rollbacks)| (reason, *rollbacks)).collect();
        // A stable sort keeps the order of equal counts.
        ranked.sort_by_key(|(_, rollbacks)| std::cmp::Reverse(rollbacks.all));
        ranked
    }

    /// Whether no part is larger than its whole.
    pub fn is_sound(&self, rolled_back: u64, false_rollbacks: u64) -> bool {
        let Rollbacks { all, good } = self.total();
        all <= rolled_back && good <= false_rollbacks && self.0.values().all(|each| each.good <= each.all)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serin_core::spec::MetricUnit;

    use super::*;

    fn below(metric: &str) -> Cause {
        let (metric, unit) = (metric.into(), MetricUnit::Number);
        let finding = Finding::Below { metric, value: 97.1, series: None, min: 99.0, unit };
        Cause::Checks { failed: 2, threshold: 2, last: Some(finding) }
    }

    #[test]
    fn every_cause_has_words() {
        let late = |who| Cause::Deadline {
            who,
            why: "pods are starting".into(),
            deadline: Duration::from_secs(60),
            gave_up: false,
        };
        let hook = Finding::Hook {
            kind: serin_core::message::HookKindName("rollout".into()),
            hook: "load-test".into(),
            said: "500".into(),
        };
        let words = [
            below("success"),
            Cause::Checks { failed: 1, threshold: 1, last: Some(hook) },
            Cause::Checks { failed: 1, threshold: 1, last: None },
            Cause::Trigger { hook: "stop".into() },
            late(Workload::Canary),
            late(Workload::Primary),
            Cause::Gate {
                kind: serin_core::message::HookKindName("confirm-promotion".into()),
                hook: "sign-off".into(),
                deadline: Duration::from_secs(60),
            },
            Cause::NotJudged { deadline: Duration::from_secs(600), why: "no pods".into() },
            Cause::Request,
            Cause::Reverted,
        ]
        .map(|cause| Reason::of(&cause).words());
        let expected = [
            "success below its bound",
            "hook load-test",
            "threshold lowered",
            "rollback hook stop",
            "canary not ready in time",
            "primary not ready in time",
            "gate sign-off not open in time",
            "checks not judged in time",
            "operator's request",
            "target set back",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn reasons_are_counted_merged_and_ranked() {
        let (success, latency) = (Reason::of(&below("success")), Reason::of(&below("latency")));
        let mut one = Reasons::default();
        one.add(&latency, true);
        let mut other = Reasons::default();
        other.add(&success, false);
        other.add(&success, true);
        let mut both = one.clone();
        both.and(&other);
        other.and(&one);
        assert_eq!(both, other, "the order of parts does not matter");
        let ranked = both.ranked();
        assert_eq!(ranked[0], (&success, Rollbacks { all: 2, good: 1 }));
        assert_eq!(ranked[1], (&latency, Rollbacks { all: 1, good: 1 }));
        assert!(both.is_sound(3, 2) && !both.is_sound(2, 2) && !both.is_sound(3, 1));
    }

    #[test]
    fn reasons_survive_a_file() {
        let mut reasons = Reasons::default();
        reasons.add(&Reason::of(&below("success")), true);
        reasons.add(&Reason::of(&Cause::Request), false);
        let text = serde_json::to_string(&reasons).unwrap();
        let expected = r#"[{"kind":"below-bound","name":"success","count":1,"good":1},{"kind":"request","count":1,"good":0}]"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Reasons>(&text).unwrap(), reasons);
    }
}
