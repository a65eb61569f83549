//! `.status` as the API server keeps it: Flagger's fields, and ours under the key `serin`.
//!
//! There is only one key, so that a CRD that does not know it prunes all of it. Then the Canary is taken over as
//! Flagger's, and never read in part.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{AnalysisRecord, Condition, Origin, State};
use crate::{
    command::Cookies,
    phase::Phase,
    revision::{Configs, Revision, Text},
    strategy::Weight,
    time::Timestamp,
};

/// The whole of `.status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The phase.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = crate::spec::raw::schema::phases())))]
    pub phase: Phase,
    /// The canary's weight.
    pub canary_weight: Weight,
    /// Failed checks.
    pub failed_checks: u32,
    /// Iterations; Flagger may write -1.
    pub iterations: i64,
    /// Checksum of the revision observed last.
    pub last_applied_spec: Text,
    /// Checksum of the revision promoted last.
    pub last_promoted_spec: Text,
    /// Checksums of the configuration of the revision observed last.
    #[serde(skip_serializing_if = "no_configs")]
    pub tracked_configs: Arc<Configs>,
    /// Session cookies.
    #[serde(flatten)]
    pub cookies: Cookies,
    /// When this was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
    /// At most one.
    pub conditions: Vec<Condition>,
    /// The measurements.
    pub canary_analysis: AnalysisRecord,
    /// The fields that Serin adds.
    #[cfg_attr(feature = "schemars", schemars(schema_with = "crate::spec::raw::schema::opaque"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serin: Option<State>,
}

fn no_configs(configs: &Arc<Configs>) -> bool {
    configs.is_empty()
}

impl From<&State> for Status {
    fn from(state: &State) -> Self {
        // Flagger's status has no fields of ours, and neither has one that was never saved.
        let is_kept = match state.origin {
            Origin::Ours => state.seq > 0,
            Origin::Flagger => false,
            Origin::Newer(_) => true,
        };
        Self {
            phase: state.phase,
            canary_weight: state.canary_weight,
            failed_checks: state.failed_checks,
            iterations: state.iterations.into(),
            last_applied_spec: state.applied.spec.clone(),
            last_promoted_spec: state.promoted.spec.clone(),
            tracked_configs: state.applied.configs.clone(),
            cookies: state.cookies.clone(),
            last_transition_time: (state.seq > 0).then_some(state.last_transition),
            conditions: state.condition.iter().map(|condition| Condition::clone(condition)).collect(),
            canary_analysis: state.analysis.clone(),
            serin: is_kept.then(|| state.clone()),
        }
    }
}

impl From<Status> for State {
    fn from(status: Status) -> Self {
        let mut state = status.serin.unwrap_or_else(|| Self {
            origin: if status.phase == Phase::New { Origin::Ours } else { Origin::Flagger },
            ..Self::default()
        });
        state.phase = status.phase;
        state.canary_weight = status.canary_weight.min(100);
        state.failed_checks = status.failed_checks;
        // In Flagger, -1 means "none yet".
        state.iterations = u32::try_from(status.iterations).unwrap_or(0);
        state.applied = Revision { spec: status.last_applied_spec, configs: status.tracked_configs };
        state.promoted.spec = status.last_promoted_spec;
        state.cookies = status.cookies;
        state.condition = status.conditions.into_iter().next().map(Arc::new);
        state.last_transition = status.last_transition_time.unwrap_or_default();
        state.analysis = status.canary_analysis;
        state.run.mirror_weight = state.run.mirror_weight.min(100);
        state
    }
}
