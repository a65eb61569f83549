//! Operator requests: what a person requests by annotation, and in which phase it is granted.

use alloc::{format, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{phase::Phase, revision::Text, strategy::Weight};

/// An annotation of the Canary that contains a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which annotation.
    pub kind: RequestKind,
    /// Its value. A new value is a new request.
    pub value: Text,
}

/// The annotations, each with `flagger.app/` in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestKind {
    /// `promote`: promote now, without analysis.
    Promote,
    /// `canaryWeight`: 0 aborts; another weight is set and held.
    CanaryWeight,
    /// `skip-analysis`: as `spec.skipAnalysis`, for one run.
    #[serde(rename = "skip-analysis")]
    SkipAnalysis,
    /// `reset`: a new run of the target's revision.
    Reset,
}

impl RequestKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Promote, Self::CanaryWeight, Self::SkipAnalysis, Self::Reset];

    /// The annotation without its prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::CanaryWeight => "canaryWeight",
            Self::SkipAnalysis => "skip-analysis",
            Self::Reset => "reset",
        }
    }
}

/// What is wrong with an annotation of the Canary that looks like a request but is not one; `name` is the part after
/// `flagger.app/`.
#[must_use]
pub fn misspelt(name: &str) -> Option<Text> {
    let meant = RequestKind::ALL.into_iter().find(|kind| is_near(name, kind.name()))?;
    (meant.name() != name).then(|| {
        let meant = meant.name();
        format!("Annotation flagger.app/{name} is ignored: did you mean flagger.app/{meant}?").into()
    })
}

/// Whether two names differ only in case and dashes, or in one letter.
fn is_near(a: &str, b: &str) -> bool {
    let letters = |name: &str| -> Vec<char> {
        name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
    };
    let (a, b) = (letters(a), letters(b));
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], [] | [_]) | ([_], []) => true,
        ([a1, a_rest @ ..], [b1, b_rest @ ..]) => {
            a_rest == b_rest
                || a_rest == b
                || a == b_rest
                || (a_rest.first() == Some(b1) && b_rest.first() == Some(a1) && a_rest[1..] == b_rest[1..])
        }
        ([], _) | (_, []) => false,
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a request orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Promote without further analysis.
    Promote,
    /// End the run; users go back to the primary.
    Abort,
    /// Set this weight and hold it.
    Weight(Weight),
    /// Skip the analysis of one run.
    Skip,
    /// Start again.
    Reset,
}

impl Request {
    /// What it orders; `None` if its value is invalid.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        match self.kind {
            RequestKind::CanaryWeight => match self.value.trim().parse() {
                Ok(0) => Some(Order::Abort),
                Ok(weight @ 1..=100) => Some(Order::Weight(weight)),
                Ok(_) | Err(_) => None,
            },
            _ if matches!(self.value.trim(), "" | "false") => None,
            RequestKind::Promote => Some(Order::Promote),
            RequestKind::SkipAnalysis => Some(Order::Skip),
            RequestKind::Reset => Some(Order::Reset),
        }
    }
}

/// The state of a Canary, as far as requests depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// New, Initializing or Terminating.
    NotInService,
    /// Initialized or Succeeded.
    Settled,
    /// Failed.
    Failed,
    /// Waiting.
    Waiting,
    /// Progressing or WaitingPromotion, nothing decided yet.
    Analysing,
    /// A promotion is decided, and the primary is unchanged.
    PromotionDecided,
    /// The primary got the command to run the new revision.
    PromotionApplied,
    /// A rollback is decided.
    RollingBack,
}

impl Situation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NotInService,
        Self::Settled,
        Self::Failed,
        Self::Waiting,
        Self::Analysing,
        Self::PromotionDecided,
        Self::PromotionApplied,
        Self::RollingBack,
    ];

    /// The standing of a phase while there is no intent.
    #[must_use]
    pub const fn of(phase: Phase) -> Self {
        match phase {
            Phase::New | Phase::Initializing | Phase::Terminating => Self::NotInService,
            Phase::Initialized | Phase::Succeeded => Self::Settled,
            Phase::Failed => Self::Failed,
            Phase::Waiting => Self::Waiting,
            Phase::Progressing | Phase::WaitingPromotion => Self::Analysing,
            // These phases occur only during a promotion.
            Phase::Promoting | Phase::Finalising => Self::PromotionApplied,
        }
    }
}

/// The effect of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ruling {
    /// The gate opens and the run skips its analysis.
    StartWithoutAnalysis,
    /// A promotion is decided at once.
    PromoteNow,
    /// The target's revision is run again, without analysis.
    RerunWithoutAnalysis,
    /// The waiting revision is forgotten.
    Withdraw,
    /// A rollback is decided at once.
    RollBack,
    /// A rollback that waits for the primary continues without it.
    ReleaseRollback,
    /// The weight is set and held.
    SetWeight,
    /// This run skips its analysis.
    SkipThisRun,
    /// The next run skips its analysis.
    SkipNextRun,
    /// A new run of the target's revision.
    Rerun,
    /// Nothing happens; the reason is reported.
    Refused(Refusal),
    /// Nothing happens, because it is already so.
    Ignored,
}

/// Why an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// The value of the annotation is invalid.
    Meaningless,
    /// The Canary is not in service.
    NotInService,
    /// There is no run.
    NothingToPromote,
    /// The release failed a moment ago: an order that names no revision may have been meant for its run.
    FailedJustNow {
        /// The revision that failed.
        revision: Text,
    },
    /// The order names another revision than the target shows.
    OtherRevision {
        /// The revision that the target shows.
        shown: Text,
    },
    /// There is no run that has a weight.
    NoRun,
    /// The primary is already being updated.
    PromotionUnderWay,
    /// A rollback is under way.
    RollingBack,
    /// The strategy sets no weights.
    NoWeights,
    /// The weight is above the largest the Canary allows.
    AboveMax(Weight),
    /// Users would be sent to a canary that is not ready.
    CanaryNotReady,
    /// Users would be sent to a primary that is not known to be ready.
    PrimaryNotReady,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meaningless => f.write_str("its value means nothing"),
            Self::NotInService => f.write_str("the Canary is not in service"),
            Self::NothingToPromote => f.write_str("there is nothing to promote"),
            Self::FailedJustNow { revision } => write!(
                f,
                "the release failed a moment ago, and the request may have been meant for its run; to promote \
                 revision {revision} without analysis, name it"
            ),
            Self::OtherRevision { shown } => write!(f, "the target shows revision {shown}"),
            Self::NoRun => f.write_str("no rollout is being analysed"),
            Self::PromotionUnderWay => f.write_str("the promotion is under way"),
            Self::RollingBack => f.write_str("a rollback is under way"),
            Self::NoWeights => f.write_str("the strategy of this Canary sets no weights"),
            Self::AboveMax(max) => write!(f, "the largest weight of this Canary is {max}"),
            Self::CanaryNotReady => f.write_str("the canary is not ready"),
            Self::PrimaryNotReady => f.write_str("the primary is not ready"),
        }
    }
}

/// The table of orders by standing. `max` is the largest weight the strategy allows, `None` if it sets none.
#[must_use]
pub fn ruling(order: Order, standing: Situation, max: Option<Weight>) -> Ruling {
    use Refusal as No;
    use Ruling::*;
    use Situation as At;
    match (order, standing) {
        (Order::Promote | Order::Weight(_) | Order::Skip | Order::Reset | Order::Abort, At::NotInService) => {
            Refused(No::NotInService)
        }
        (Order::Abort, At::RollingBack) => ReleaseRollback,
        (Order::Promote | Order::Weight(_) | Order::Skip | Order::Reset, At::RollingBack) => {
            Refused(No::RollingBack)
        }

        (Order::Promote, At::Settled) => Refused(No::NothingToPromote),
        (Order::Promote, At::Failed) => RerunWithoutAnalysis,
        (Order::Promote, At::Waiting) => StartWithoutAnalysis,
        (Order::Promote, At::Analysing) => PromoteNow,
        (Order::Promote, At::PromotionDecided | At::PromotionApplied) => Ignored,

        (Order::Abort, At::Settled | At::Failed) => Ignored,
        (Order::Abort, At::Waiting) => Withdraw,
        (Order::Abort, At::Analysing | At::PromotionDecided) => RollBack,
        (Order::Abort, At::PromotionApplied) => Refused(No::PromotionUnderWay),

        (Order::Weight(weight), At::Analysing) => match max {
            None => Refused(No::NoWeights),
            Some(max) if weight > max => Refused(No::AboveMax(max)),
            Some(_) => SetWeight,
        },
        (Order::Weight(_), At::Settled | At::Failed | At::Waiting) => Refused(No::NoRun),
        (Order::Weight(_), At::PromotionDecided | At::PromotionApplied) => Refused(No::PromotionUnderWay),

        (Order::Skip, At::Waiting | At::Analysing) => SkipThisRun,
        (Order::Skip, At::Settled | At::Failed) => SkipNextRun,
        (Order::Skip, At::PromotionDecided | At::PromotionApplied) => Ignored,

        (Order::Reset, At::PromotionApplied) => Refused(No::PromotionUnderWay),
        (Order::Reset, At::Settled | At::Failed | At::Waiting | At::Analysing | At::PromotionDecided) => {
            Rerun
        }
    }
}
