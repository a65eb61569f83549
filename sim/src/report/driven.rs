//! What a head line says of a Canary that the controller cannot run.

use serin_core::{Rollout, provider::Provider};

/// A short phrase for a router that this version of the controller does not drive; `None` for one that it drives.
#[must_use]
pub(crate) fn not_driven(canary: &Rollout) -> Option<String> {
    let provider = Provider::named(&canary.shape().provider).filter(|provider| !provider.is_driven())?;
    Some(format!("{provider}: not supported by the controller yet"))
}
