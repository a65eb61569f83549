//! What blocks a Canary, as a label.

use serin_core::{State, decision::Obstacle, state::Origin};

/// Why a Canary cannot continue until something is done about it; `None` if it can, or only waits.
pub(super) fn reason(state: &State) -> Option<&'static str> {
    match state.origin {
        Origin::Newer(u16::MAX) => return Some("status-unreadable"),
        Origin::Newer(_) => return Some("status-of-newer-version"),
        Origin::Ours | Origin::Flagger => {}
    }
    match state.stall.as_ref().map(|stall| &stall.on) {
        Some(Obstacle::Invalid { .. }) => Some("invalid"),
        Some(Obstacle::TargetMissing) => Some("target-missing"),
        Some(Obstacle::Unreadable { .. }) => Some("unreadable"),
        Some(Obstacle::NotReady { .. }) => Some("not-ready"),
        Some(Obstacle::NotServing) => Some("not-serving"),
        Some(Obstacle::Held(_)) => Some("not-judged"),
        None => state.trouble.as_ref().map(|_| "command-failed"),
    }
}
