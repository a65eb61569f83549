//! `.status` as the API server keeps it: Flagger's fields, and ours under the one key `serin`.
//!
//! One key, so that a CRD that does not know it prunes all of it: then the Canary is taken over, never half understood.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::{
    AnalysisRecord, Away, Condition, Countdown, Intent, Origin, Outbox, Owed, Pending, Repair, RunFailure,
    Stage, Stall, State, Trouble, Unready,
};
use crate::{
    command::Cookies,
    decision::Finding,
    phase::Phase,
    request::RequestKind,
    revision::{Configs, Revision, Text},
    spec::Topology,
    strategy::Weight,
    time::Timestamp,
};

/// The version of [`Own`] that is written.
pub const VERSION: u16 = 1;

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
    /// Checksum of the revision last looked at.
    pub last_applied_spec: Text,
    /// Checksum of the revision last promoted.
    pub last_promoted_spec: Text,
    /// Checksums of the configuration of the revision last looked at.
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
    /// What was measured.
    pub canary_analysis: AnalysisRecord,
    /// Ours.
    #[cfg_attr(feature = "schemars", schemars(schema_with = "crate::spec::raw::schema::opaque"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serin: Option<Own>,
}

fn no_configs(configs: &Arc<Configs>) -> bool {
    configs.is_empty()
}

/// `.status.serin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "each field is described where it is used, in State")]
pub struct Own {
    pub version: u16,
    pub seq: u64,
    pub run: u32,
    pub check: u32,
    #[serde(rename = "shape")]
    pub topology: Topology,
    #[serde(skip_serializing_if = "no_configs")]
    pub promoted_configs: Arc<Configs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    #[serde(skip_serializing_if = "is_default")]
    pub took_over: bool,
    pub stage: Stage,
    #[serde(skip_serializing_if = "is_default")]
    pub mirror_weight: Weight,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub passed: BTreeSet<Text>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub passed_step: BTreeSet<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_gate: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_closed: Option<Countdown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Owed>,
    #[serde(skip_serializing_if = "Outbox::is_empty")]
    pub outbox: Outbox,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub consumed: BTreeMap<RequestKind, Text>,
    #[serde(skip_serializing_if = "is_default")]
    pub held_by_operator: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub skip: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub skip_next: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_finding: Option<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<RunFailure>,
    #[serde(skip_serializing_if = "is_default")]
    pub held_checks: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub void_checks: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreached: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<Countdown>,
    pub due: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_unready: Option<Unready>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_unready: Option<Unready>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
    #[serde(skip_serializing_if = "is_default")]
    pub away_told: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub primary_down: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concern: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<Repair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    pub before: Phase,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<&State> for Status {
    fn from(state: &State) -> Self {
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
            serin: own(state),
        }
    }
}

fn own(state: &State) -> Option<Own> {
    let version = match state.origin {
        Origin::Ours if state.seq == 0 => return None,
        Origin::Flagger => return None,
        Origin::Ours => VERSION,
        Origin::Newer(version) => version,
    };
    Some(Own {
        version,
        seq: state.seq,
        run: state.run,
        check: state.check,
        topology: Topology::clone(&state.topology),
        promoted_configs: state.promoted.configs.clone(),
        intent: state.intent.clone(),
        took_over: state.took_over,
        stage: state.stage,
        mirror_weight: state.mirror_weight,
        passed: state.passed.clone(),
        passed_step: state.passed_step.clone(),
        closed_gate: state.closed_gate.clone(),
        gate_closed: state.gate_closed,
        owed: state.owed.clone(),
        outbox: state.outbox.clone(),
        consumed: state.consumed.clone(),
        held_by_operator: state.held_by_operator,
        skip: state.skip,
        skip_next: state.skip_next,
        last_finding: state.last_finding.clone(),
        failure: state.failure.clone(),
        held_checks: state.held_checks,
        void_checks: state.void_checks,
        unreached: state.unreached.clone(),
        unjudged: state.unjudged,
        due: state.due,
        canary_unready: state.canary_unready,
        primary_unready: state.primary_unready,
        ready_since: state.ready_since,
        away: state.away,
        away_told: state.away_told,
        primary_down: state.primary_down,
        suspended: state.suspended,
        stall: state.stall.clone(),
        concern: state.concern.clone(),
        trouble: state.trouble.clone(),
        repair: state.repair.clone(),
        pending: state.pending.clone(),
        before: state.before,
    })
}

impl From<Status> for State {
    fn from(status: Status) -> Self {
        let (own, origin) = match status.serin {
            Some(own) if own.version > VERSION => {
                let version = own.version;
                (own, Origin::Newer(version))
            }
            Some(own) => (own, Origin::Ours),
            None if status.phase == Phase::New => (Own::default(), Origin::Ours),
            None => (Own::default(), Origin::Flagger),
        };
        Self {
            phase: status.phase,
            canary_weight: status.canary_weight.min(100),
            failed_checks: status.failed_checks,
            // Flagger's -1 means "none yet".
            iterations: u32::try_from(status.iterations).unwrap_or(0),
            applied: Revision { spec: status.last_applied_spec, configs: status.tracked_configs },
            promoted: Revision { spec: status.last_promoted_spec, configs: own.promoted_configs },
            cookies: status.cookies,
            condition: status.conditions.into_iter().next().map(Arc::new),
            last_transition: status.last_transition_time.unwrap_or_default(),
            analysis: status.canary_analysis,
            origin,
            seq: own.seq,
            run: own.run,
            check: own.check,
            topology: Arc::new(own.topology),
            intent: own.intent,
            took_over: own.took_over,
            stage: own.stage,
            mirror_weight: own.mirror_weight.min(100),
            passed: own.passed,
            passed_step: own.passed_step,
            closed_gate: own.closed_gate,
            gate_closed: own.gate_closed,
            owed: own.owed,
            outbox: own.outbox,
            consumed: own.consumed,
            held_by_operator: own.held_by_operator,
            skip: own.skip,
            skip_next: own.skip_next,
            last_finding: own.last_finding,
            failure: own.failure,
            held_checks: own.held_checks,
            void_checks: own.void_checks,
            unreached: own.unreached,
            unjudged: own.unjudged,
            due: own.due,
            canary_unready: own.canary_unready,
            primary_unready: own.primary_unready,
            ready_since: own.ready_since,
            away: own.away,
            away_told: own.away_told,
            primary_down: own.primary_down,
            suspended: own.suspended,
            stall: own.stall,
            concern: own.concern,
            trouble: own.trouble,
            repair: own.repair,
            pending: own.pending,
            before: own.before,
        }
    }
}
