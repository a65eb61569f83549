//! Messages to users: events and alerts, typed. Their text is made where they are sent.

mod event;
mod severity;
mod text;

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

pub use self::event::EVENT_NAMES;
pub(crate) use self::text::Contested;
use self::text::Sentence;
pub(crate) use self::text::target_not_found;
use crate::{
    decision::{Cause, Finding, Obstacle, Workload},
    hash::fnv,
    observation::FailureClass,
    phase::Phase,
    request::{Refusal, RequestKind},
    revision::{Revision, Text},
    spec::{HookKind, Topology},
    strategy::Weight,
    time::Timestamp,
};

/// Identifies one notice permanently, so that a receiver can recognize a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NoticeId {
    /// The save that created it; 0 for a notice that no save holds.
    pub seq: u64,
    /// Its place among the notices of that save.
    pub index: u16,
}

impl NoticeId {
    /// The id of a message that no save holds: derived from its text, so that it is the same after a restart.
    pub(crate) fn unsaved(message: &Message) -> Self {
        let hash = fnv(alloc::format!("{message:?}").bytes());
        Self { seq: 0, index: u16::try_from(hash & 0xffff).unwrap_or_default() }
    }

    /// Whether no save holds the notice.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.seq == 0
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.index)
    }
}

/// An event, and an alert if its message has a [severity](Message::alert).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Its name.
    pub id: NoticeId,
    /// When it was created.
    pub at: Timestamp,
    /// The phase that its receivers get.
    #[serde(default)]
    pub phase: Phase,
    /// Its message.
    pub message: Message,
}

/// Kubernetes' two types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// As planned.
    Normal,
    /// Someone may have to look.
    Warning,
}

/// Every message to users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Message {
    /// The Canary is taken over from Flagger.
    TakenOver,
    /// How the rollback hooks are read.
    RollbackHooks {
        /// Those that are polled.
        polled: u16,
        /// Those that are called on rollback.
        called: u16,
    },
    /// The primary serves.
    Initialized,
    /// A new revision was accepted.
    NewRevision(Revision),
    /// A newer revision replaces the one that was being released.
    Restarted(Revision),
    /// A newer revision already serves all users, because the primary is broken.
    AnalysedInPlace(Revision),
    /// A waiting revision was withdrawn.
    Withdrawn(Revision),
    /// The first check is about to be made.
    Started,
    /// The mirror, weight or iteration that was reached.
    Advanced(Advance),
    /// A gate or a pre-rollout hook passed.
    HookPassed {
        /// Type of the hook.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// What it answered.
        said: Text,
    },
    /// A gate is closed.
    GateClosed {
        /// Type of the hook.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// What it answered.
        said: Text,
        /// No alert is wanted.
        muted: bool,
    },
    /// A check failed, and the reason.
    CheckFailed {
        /// The first cause in list order.
        finding: Finding,
        /// Failed checks now.
        failed: u32,
        /// Failed checks that roll back.
        threshold: u32,
    },
    /// A check could not be judged.
    CheckHeld(Finding),
    /// A check passed but does not count, because the canary was not reached. Holds the reason.
    CheckVoid(Text),
    /// Another client keeps changing the same objects.
    Contested {
        /// The field manager that wrote them last, if it is known.
        by: Option<Text>,
        /// How many times they were repaired.
        times: u32,
        /// It was alerted before.
        again: bool,
    },
    /// The canary does not serve, so its users go to the primary.
    CanaryLeft {
        /// Why it does not serve.
        why: Text,
        /// It was alerted before in this run.
        again: bool,
    },
    /// Users return to the canary, at this weight; 0 if the strategy sets none.
    CanaryBack(Weight),
    /// The primary does not serve, so its users go to the canary.
    ServingCopy {
        /// Why the primary does not serve.
        why: Text,
    },
    /// The primary does not serve while a revision is analysed.
    PrimaryDown {
        /// Why it does not serve.
        why: Text,
    },
    /// A rollback is decided.
    RollingBack(Cause),
    /// A revision that waited for approval is not rolled out.
    Rejected {
        /// Which.
        revision: Revision,
        /// Why.
        cause: Cause,
    },
    /// A rollback waits for the primary.
    RollbackWaits,
    /// The rollback is done.
    CanaryFailed,
    /// A promotion is decided.
    PromotionStarted(Revision),
    /// The primary takes traffic back, step by step.
    PrimaryAdvanced(Weight),
    /// All traffic goes to the primary.
    PrimaryTakesAll,
    /// A promotion is done.
    Promoted {
        /// Without analysis.
        skipped: bool,
    },
    /// The primary did not get ready after promotion.
    PromotionFailed {
        /// The reason that the platform gives.
        why: Text,
    },
    /// The primary recovered from a failed promotion.
    PrimaryRecovered,
    /// A hook that was owed after the run failed.
    OwedHookFailed {
        /// Type of the hook.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// Its last answer.
        said: Text,
        /// It is not tried again.
        given_up: bool,
    },
    /// A person's request was granted.
    RequestGranted {
        /// Which.
        kind: RequestKind,
        /// Its value.
        value: Text,
    },
    /// A person's request was refused.
    RequestRefused {
        /// Which.
        kind: RequestKind,
        /// Its value.
        value: Text,
        /// Why.
        why: Refusal,
    },
    /// `spec.suspend` was set.
    Suspended,
    /// `spec.suspend` was cleared.
    Resumed,
    /// The Canary is invalid; nothing advances.
    Invalid {
        /// The first wrong field and what is wrong with it.
        problem: Text,
    },
    /// The run ends because target, service, provider or strategy were replaced.
    ShapeChanged,
    /// Another client changed the routes; they were repaired.
    RoutesRepaired,
    /// Another client changed owned objects; they were repaired.
    ObjectsRepaired,
    /// A command failed.
    CommandFailed {
        /// The command.
        command: Text,
        /// The answer of the cluster.
        error: Text,
        /// What kind of failure it is.
        class: FailureClass,
    },
    /// A command has failed for longer than the progress deadline.
    CommandStillFails {
        /// The command.
        command: Text,
        /// The answer of the cluster.
        error: Text,
    },
    /// Something outside blocks the Canary and does not pass by itself.
    HeldUp(Obstacle),
    /// Something outside has blocked the Canary for longer than the progress deadline.
    Stalled(Obstacle),
    /// Something is wrong but does not block anything yet.
    Concern(Text),
    /// A workload takes longer than an interval to be ready.
    NotReady {
        /// Which one.
        who: Workload,
        /// The reason.
        why: Text,
    },
    /// The Canary is being deleted.
    Terminating,
}

/// A step of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Advance {
    /// Copies of requests go to the canary.
    Mirror(Weight),
    /// The canary's share.
    Weight(Weight),
    /// The iteration, and the number of all iterations.
    Iteration(u32, u32),
    /// All requests go to the canary (blue/green).
    All,
}

/// A [`HookKind`] by its name, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HookKindName(pub Text);

impl From<HookKind> for HookKindName {
    fn from(kind: HookKind) -> Self {
        Self(kind.name().into())
    }
}

impl Message {
    /// The phase that its receivers get. As in Flagger, it is the phase in which the message was decided, except for
    /// messages about the beginning and the end of a run.
    #[must_use]
    pub(crate) fn sent_in(&self, before: Phase, after: Phase) -> Phase {
        if matches!(self, Self::NewRevision(_) | Self::CanaryFailed | Self::Rejected { .. }) {
            after
        } else if matches!(self, Self::Promoted { skipped: true }) {
            Phase::Progressing
        } else {
            before
        }
    }

    /// The text for people. `canary` is `name.namespace`.
    #[must_use]
    pub fn text(&self, canary: &str, topology: &Topology) -> String {
        Sentence { message: self, canary, topology }.to_string()
    }
}
