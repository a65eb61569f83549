//! Revisions: none is made up.
//!
//! Verifies that what a status says is run, promoted or waited for was shown by the target at some time, or written by the
//! status a story begins with. A read that fails is no revision. Does not verify the configuration that belongs to it.

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
            return vec![(i, format!("the status speaks of `{other}`, which the target never showed"))];
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
