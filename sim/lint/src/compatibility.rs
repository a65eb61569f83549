//! How each field of a Canary compares with Flagger 1.44.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use serin_core::Rollout;
use serin_input::manifest::{
    fields::{CANARY, Support},
    known::walk,
};

use super::{controller::rows_not_run, manifests::Files};

/// A field that a Canary sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its path; `[]` means each item of a list, `*` each key.
    pub field: &'static str,
    /// How it compares with Flagger 1.44.
    pub standing: Support,
    /// The row of `docs/differences.md`, if there is one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub row: &'static str,
    /// The difference; empty if there is none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub what: &'static str,
}

/// The fields that a Canary sets, in the order of the table. A field that differs in several ways has several entries.
/// `canary` has its analysis under `spec.analysis`.
pub(super) fn report(canary: &Value, rollout: &Rollout, files: &Files<'_>) -> Vec<Entry> {
    let set: BTreeSet<&str> = walk(CANARY, canary).set.iter().map(|known| known.row).collect();
    let not_run = rows_not_run(canary, rollout, files);
    let mut entries: Vec<Entry> = Vec::new();
    let is_told = |path: &str| set.contains(path) && path != "metadata.**" && path != "status.**";
    for field in CANARY.iter().filter(|field| is_told(field.path)) {
        let is_new = entries.last().is_none_or(|last| last.field != field.path);
        if is_new && not_run.contains(&field.path) {
            let what = "not supported by the controller yet";
            entries.push(Entry { field: field.path, standing: Support::NotSupported, row: "", what });
        }
        if field.when.is_none_or(|when| when(canary, rollout)) {
            entries.pop_if(|last| last.field == field.path && last.standing == Support::Same);
            entries.push(Entry {
                field: field.path,
                standing: field.standing,
                row: field.row,
                what: field.what,
            });
        } else if is_new && !not_run.contains(&field.path) {
            entries.push(Entry { field: field.path, standing: Support::Same, row: "", what: "" });
        }
    }
    entries
}

/// The entry of a Canary whose analysis has the older name.
pub(super) fn older() -> Option<Entry> {
    let field = CANARY.iter().find(|field| field.path == "spec.canaryAnalysis")?;
    Some(Entry { field: field.path, standing: field.standing, row: field.row, what: field.what })
}
