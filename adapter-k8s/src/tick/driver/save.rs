//! How a driver saves a decision.

use serde_json::{Value, json};
use serin_core::{
    State,
    observation::FailureClass,
    state::Status,
    tick::{Pause, SaveError},
};

use super::Driver;
use crate::{
    object::{reader::ObjectReader as _, saved},
    tick::{dry_run::Pretended, observe::Snapshot},
};

/// A status that was not saved.
struct Unsaved {
    why: SaveError,
    /// This many failures in a row are retried without a pause.
    free: u32,
}

impl Driver {
    /// Saves the decision.
    pub(super) async fn save(&mut self, state: &State) {
        let Some(snapshot) = &self.snapshot else { return self.tick.wake() };
        if let Err(Unsaved { why, free }) = self.write_status(snapshot, state).await {
            self.context.telemetry.saved(&self.key, false);
            self.tick.saved(Err(why));
            let pause = self.failing.grow(free);
            return self.pause(pause).await;
        }
        if state.outbox.is_full() && !snapshot.state.outbox.is_full() {
            tracing::warn!(
                canary = %self.key,
                "too many alerts cannot be delivered: from now on the oldest are dropped, those that matter least first"
            );
        }
        if let Some(plan) = self.tick.plan() {
            self.context.telemetry.carried_out(snapshot, plan);
        }
        self.rivals.saved(i64::try_from(state.seq).unwrap_or(i64::MAX));
        if self.failing.is_failing() {
            self.context.telemetry.saved(&self.key, true);
        }
        self.failing = Pause::default();
        self.tick.saved(Ok(()));
    }

    /// Saves by compare-and-swap: the saved state must still be the one that the decision is based on.
    async fn write_status(&self, snapshot: &Snapshot, state: &State) -> Result<(), Unsaved> {
        let writer = self.context.cluster.writer().await;
        let known = self.context.cluster.reader().find(&self.key).ok().flatten();
        let known = known.filter(|known| saved::is_same(known, &snapshot.object));
        let known = known.ok_or(Unsaved { why: SaveError::Conflict, free: 1 })?;
        let status = serde_json::to_value(Status::from(state)).map_err(|error| {
            tracing::error!(canary = %self.key, %error, "a state cannot be written as JSON");
            Unsaved { why: SaveError::Failed, free: 0 }
        })?;
        let status = match &self.pretended {
            Some(pretended) => with(status, pretended),
            None => status,
        };
        writer.save_status(&known, status).await.map_err(|error| match error.class {
            // Not found: it was deleted meanwhile. Observe again.
            FailureClass::Moved | FailureClass::Refused => {
                tracing::warn!(canary = %self.key, %error, "the status was not saved");
                Unsaved { why: SaveError::Conflict, free: u32::from(error.class == FailureClass::Moved) }
            }
            FailureClass::Retry => {
                tracing::warn!(canary = %self.key, %error, "the status was not saved, and is saved again");
                Unsaved { why: SaveError::Failed, free: 0 }
            }
        })
    }
}

/// A status with the objects that a dry run would have written.
fn with(mut status: Value, pretended: &Pretended) -> Value {
    if let Some(Value::Object(ours)) = status.get_mut("serin") {
        ours.insert("dryRun".into(), json!(pretended));
    }
    status
}
