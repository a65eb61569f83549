//! Revisions: none is invented.
//!
//! Verifies that the revisions that a status names as run, promoted or waiting were the target's at some time, or are
//! in the status at the beginning of the story. A read that fails is not a revision. Does not verify the tracked
//! configuration.

use std::collections::BTreeSet;

use serin_core::{
    revision::Revision,
    state::{Intent, State},
};

use super::{Checked, Violations};
use crate::scenario::Action;

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let setting = &seen.scenario.setting;
    let mut known: BTreeSet<&str> = ["", &setting.revision, &setting.primary_runs].into();
    for event in &seen.scenario.events {
        if let Action::Deploy(revision) = &event.action {
            known.insert(revision);
        }
    }
    if let Some(status) = &seen.scenario.status {
        known.extend([&*status.last_applied_spec, &*status.last_promoted_spec]);
    }
    for (i, state) in seen.saved() {
        if let Some(other) = spoken_of(state).into_iter().find(|revision| !known.contains(&*revision.spec)) {
            return vec![(i, format!("the status names `{other}`, which the target never had"))];
        }
    }
    Vec::new()
}

fn spoken_of(state: &State) -> Vec<&Revision> {
    let mut spoken = vec![&state.applied, &state.promoted];
    spoken.extend(state.run.pending.as_ref().map(|pending| &pending.revision));
    if let Some(Intent::Promote { revision, .. }) = &state.run.intent {
        spoken.push(revision);
    }
    spoken
}
