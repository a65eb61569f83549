//! `.status` as an API server stores it: as JSON.

use serin_core::{State, state::Status};

/// The state as it is read back.
///
/// # Errors
/// It differs from what was written.
pub(super) fn kept(state: &State) -> Result<State, String> {
    let lost = |error: serde_json::Error| format!("store: the state cannot be kept: {error}");
    let text = serde_json::to_vec(&Status::from(state)).map_err(lost)?;
    let status: Status = serde_json::from_slice(&text).map_err(lost)?;
    let read = State::from(status);
    if read == *state { Ok(read) } else { Err(format!("store: saved {state:?}, read back {read:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_state_is_the_saved_one() {
        let state = State { seq: 3, failed_checks: 2, ..State::default() };
        assert_eq!(kept(&state), Ok(state));
    }

    #[test]
    fn a_state_that_loses_a_field_is_reported() {
        // Without a save, none of Serin's own fields are written.
        assert!(kept(&State { runs: 2, ..State::default() }).unwrap_err().starts_with("store: saved"));
    }
}
