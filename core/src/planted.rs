//! Defects that a test plants, to see that they are found. Only the feature `planted-defects` can plant one; without it
//! [`is_planted`] is the constant `false`, and the compiler leaves nothing of it.

#[cfg(feature = "planted-defects")]
use core::sync::atomic::{AtomicU8, Ordering};

/// A defect, each in the one place where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "planted-defects"),
    expect(unreachable_pub, reason = "nobody outside can plant one")
)]
pub enum Defect {
    /// The last step of the weights is not clamped.
    WeightOvershoot,
    /// A revision that appears at rest is noted as tried, and gets no run.
    LostRevision,
    /// Every alert is born twice.
    DoubleAlert,
    /// A promotion gate that denies is taken for open.
    ClosedGatePassed,
    /// The check that reaches the threshold rolls back one tick later.
    LateRollback,
    /// A rollback leaves the routes as they are.
    RouteNotRestored,
    /// A target that cannot be read is taken for a new revision.
    UnknownIsChange,
    /// The end of a promotion is never reached.
    StuckPhase,
    /// A rollback is carried out before it is saved as an intent.
    LateIntent,
    /// A call before its time makes a check.
    EarlyCheck,
    /// Notices that were not delivered are dropped by the next save.
    OutboxDropped,
    /// What passed is forgotten when a gate is needed again.
    HookCalledAgain,
    /// A request is forgotten before it is taken off the object.
    RequestForgotten,
    /// A rollback leaves the canary running.
    CanaryLeftRunning,
    /// Users stay on a canary that serves nobody.
    UsersLeftBehind,
    /// A check passes although the canary was not reached.
    VoidCheckPasses,
}

#[cfg(feature = "planted-defects")]
impl Defect {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::WeightOvershoot,
        Self::LostRevision,
        Self::DoubleAlert,
        Self::ClosedGatePassed,
        Self::LateRollback,
        Self::RouteNotRestored,
        Self::UnknownIsChange,
        Self::StuckPhase,
        Self::LateIntent,
        Self::EarlyCheck,
        Self::OutboxDropped,
        Self::HookCalledAgain,
        Self::RequestForgotten,
        Self::CanaryLeftRunning,
        Self::UsersLeftBehind,
        Self::VoidCheckPasses,
    ];
}

/// One more than the number of the planted defect; 0: none.
#[cfg(feature = "planted-defects")]
static PLANTED: AtomicU8 = AtomicU8::new(0);

/// Plants a defect in this process, in place of the one before; `None`: takes it out.
#[cfg(feature = "planted-defects")]
pub fn plant(defect: Option<Defect>) {
    PLANTED.store(defect.map_or(0, |defect| defect as u8 + 1), Ordering::Relaxed);
}

/// Whether this defect is planted.
#[cfg(feature = "planted-defects")]
pub(crate) fn is_planted(defect: Defect) -> bool {
    PLANTED.load(Ordering::Relaxed) == defect as u8 + 1
}

/// Whether this defect is planted: it never is.
#[cfg(not(feature = "planted-defects"))]
pub(crate) const fn is_planted(_: Defect) -> bool {
    false
}
