//! What blocks a Canary: noted when it is observed, reported at most once while it lasts.

use core::time::Duration;

use super::{Turn, Why};
use crate::{
    decision::{Obstacle, Rule},
    message::Message,
    phase::Phase,
    state::{Stall, State},
    time::Timestamp,
};

/// While a deletion waits, it is reported once a day.
const DAY: Duration = Duration::from_secs(86_400);
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);

/// How the note about the obstacle changes.
pub(super) enum StallUpdate {
    /// The note follows from the [rule](leaves_the_stall) that ended the call.
    ByRule,
    /// There is no obstacle.
    Gone,
    /// This is the obstacle.
    On(Obstacle),
}

impl Turn<'_> {
    /// Something outside blocks the Canary.
    pub(in crate::step) fn held_up_by(&mut self, obstacle: Obstacle) {
        self.stall = StallUpdate::On(obstacle);
    }

    /// Nothing outside blocks the Canary.
    pub(in crate::step) fn is_not_held_up(&mut self) {
        self.stall = StallUpdate::Gone;
    }

    /// The progress deadline, also of a Canary that is invalid.
    pub(in crate::step) fn deadline(&self) -> Duration {
        self.canary.as_ref().map_or(DEFAULT_DEADLINE, |r| r.policy().progress_deadline)
    }

    /// A concern blocks nothing. It is reported when it is first observed, and shown until it is gone.
    pub(super) fn settle_concern(&mut self) {
        let Some(concern) = self.seen.concern.known() else { return };
        if *concern == self.state().concern {
            return;
        }
        if let Some(concern) = concern {
            self.tell(Message::Concern(concern.clone()));
        }
        self.edit().concern.clone_from(concern);
    }

    pub(super) fn settle_stall(&mut self, rule: Rule) {
        let old = self.old.stall.as_ref();
        match core::mem::replace(&mut self.stall, StallUpdate::ByRule) {
            // An invalid Canary stays invalid, whatever else was done.
            StallUpdate::ByRule if self.canary.is_err() || leaves_the_stall(rule) => {}
            StallUpdate::ByRule | StallUpdate::Gone => {
                if old.is_some() {
                    self.edit().stall = None;
                }
                return;
            }
            StallUpdate::On(obstacle) if old.is_some_and(|stall| stall.on == obstacle) => {}
            StallUpdate::On(obstacle) => self.note_stall(obstacle),
        }
        self.report_stall();
    }

    fn note_stall(&mut self, on: Obstacle) {
        if on.is_reported_at_once() {
            self.tell(Message::HeldUp(on.clone()));
        }
        // The time of an obstacle continues if only its text changes.
        let (now, old) = (self.now, self.old.stall.as_ref());
        let since = match old {
            Some(stall) if core::mem::discriminant(&stall.on) == core::mem::discriminant(&on) => stall.since,
            _ => now,
        };
        let told = old.and_then(|stall| stall.told).filter(|_| since != now);
        self.edit().stall = Some(Stall { on, since, told });
    }

    /// Reports the obstacle when it is due.
    fn report_stall(&mut self) {
        let (now, deadline) = (self.now, self.deadline());
        let Some(stall) = &self.state().stall else { return };
        let Some(at) = reported_at(self.state(), stall, deadline) else { return };
        if now < at {
            // An obstacle that was noted just now, and is not saved, is noted again by the next call.
            if self.old.stall.is_some() {
                self.until(at, Why::Stalled);
            }
            return;
        }
        if let Some(stall) = &mut self.edit().stall {
            stall.told = Some(now);
            let on = stall.on.clone();
            self.tell(Message::Stalled(on));
        }
    }
}

fn reported_at(state: &State, stall: &Stall, deadline: Duration) -> Option<Timestamp> {
    // While suspended nothing is carried out, and the time does not count.
    let stands_still =
        state.suspended.is_some() && state.run.intent.is_none() && state.phase != Phase::Terminating;
    match stall.told {
        None => (!stands_still).then_some(stall.since + deadline),
        Some(told) if state.phase == Phase::Terminating => Some(told + DAY),
        Some(_) => None,
    }
}

/// Whether a decision says nothing about the obstacle: it only waits, or repairs something unrelated. Any other
/// decision got past the obstacle.
fn leaves_the_stall(rule: Rule) -> bool {
    match rule {
        Rule::HeldForNewerVersion
        | Rule::BackingOff
        | Rule::CanaryLeft
        | Rule::ServingCopy
        | Rule::PrimaryDown
        | Rule::PromotionWaits
        | Rule::Suspended
        | Rule::Resumed
        | Rule::Repaired
        | Rule::Unknown
        | Rule::ScaledUp
        | Rule::NotDue => true,
        Rule::CommandFailed
        | Rule::DeletionDecided
        | Rule::DeletionWaits
        | Rule::GivenBack
        | Rule::Released
        | Rule::TakenOver
        | Rule::Requested
        | Rule::PromotionApplied
        | Rule::PrimaryAdvanced
        | Rule::PrimaryTakesAll
        | Rule::Promoted
        | Rule::PromotionFailed
        | Rule::RolledBack
        | Rule::RollbackWaits
        | Rule::Invalid
        | Rule::ShapeChanged
        | Rule::Initializing
        | Rule::Initialized
        | Rule::OwedHook
        | Rule::PrimaryRecovered
        | Rule::RevisionNoted
        | Rule::RunStarted
        | Rule::WaitsForApproval
        | Rule::Withdrawn
        | Rule::Rejected
        | Rule::Restarted
        | Rule::RollbackDecided
        | Rule::NotReady
        | Rule::CanaryBack
        | Rule::CheckFailed
        | Rule::CheckHeld
        | Rule::CheckVoid
        | Rule::GateClosed
        | Rule::HeldByOperator
        | Rule::Soaked
        | Rule::Advanced
        | Rule::PromotionDecided
        | Rule::RequestCleared
        | Rule::NoticesDropped
        | Rule::Idle => false,
    }
}
