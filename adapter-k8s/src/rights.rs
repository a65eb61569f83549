//! What the controller does with the objects of each kind, in the terms of RBAC: the minimum that `deploy/rbac.yaml`
//! allows.

use crate::{
    kinds::{
        ALERT_PROVIDER, CANARY, CONFIG_MAP, DAEMON_SET, DEPLOYMENT, ENDPOINT_SLICE, EVENT, LEASE,
        METRIC_TEMPLATE, SECRET, SERVICE,
    },
    metrics,
    object::Kind,
    router::ROUTERS,
    workload::scaler::SCALERS,
};

/// The rights for the objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The kind.
    pub kind: Kind,
    /// The part of its objects, such as `status`; empty: the objects themselves.
    pub part: &'static str,
    /// Verbs, as RBAC names them.
    pub verbs: &'static [&'static str],
}

const WATCHED: &[&str] = &["list", "watch"];
const WRITTEN: &[&str] = &["list", "watch", "create", "patch"];
/// The garbage collector ignores an object without a namespace.
const DELETED: &[&str] = &["list", "watch", "create", "patch", "delete"];
/// Contents are read one by one; an immutable copy is deleted and created again.
const COPIED: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];

/// Every kind that the controller can use, including those of all routers and autoscalers.
#[must_use]
pub fn all() -> Vec<Right> {
    let mut rights = vec![
        right(CANARY, &["list", "watch", "patch"]),
        Right { part: "status", ..right(CANARY, &["patch"]) },
        // For clusters that require it for owner references that block a deletion.
        Right { part: "finalizers", ..right(CANARY, &["update"]) },
        right(METRIC_TEMPLATE, WATCHED),
        right(ALERT_PROVIDER, WATCHED),
        right(LEASE, &["get", "create", "update"]),
        right(EVENT, &["create"]),
        right(ENDPOINT_SLICE, WATCHED),
        right(CONFIG_MAP, COPIED),
        right(SECRET, COPIED),
        // Each external metric is a kind of its own there.
        right(metrics::EXTERNAL_METRIC, &["list"]),
        right(metrics::KEPTN_METRIC, &["get"]),
        right(metrics::KEPTN_ANALYSIS, &["create", "get", "delete"]),
    ];
    let workloads = [DEPLOYMENT, DAEMON_SET, SERVICE].into_iter();
    let scalers = SCALERS.iter().map(|scaler| scaler.kind());
    let routes = ROUTERS.iter().flat_map(|(_, router)| router.kinds()).copied();
    for kind in workloads.chain(scalers).chain(routes) {
        let written = right(kind, if kind.namespaced { WRITTEN } else { DELETED });
        // Two versions of one kind need one rule.
        let is_same = |known: &Right| (known.kind.group, known.kind.plural) == (kind.group, kind.plural);
        if !rights.iter().any(is_same) {
            rights.push(written);
        }
    }
    rights
}

fn right(kind: Kind, verbs: &'static [&'static str]) -> Right {
    Right { kind, part: "", verbs }
}
