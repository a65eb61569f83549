//! What the controller does with the objects of each kind, in the terms of RBAC: the minimum that `deploy/rbac.yaml`
//! allows, and `deploy/rbac/` for each router.

use std::collections::BTreeMap;

use crate::{
    kinds::{
        ALERT_PROVIDER, CANARY, CONFIG_MAP, DAEMON_SET, DEPLOYMENT, ENDPOINT_SLICE, EVENT, LEASE,
        METRIC_TEMPLATE, SECRET, SERVICE,
    },
    metrics,
    object::Kind,
    router::{ROUTERS, Router},
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

/// What the controller does whatever the router, with all autoscalers and metrics.
#[must_use]
pub fn of_controller() -> Vec<Right> {
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
    rights.extend(workloads.chain(scalers).map(|kind| right(kind, WRITTEN)));
    rights
}

/// What it does with the objects of each router, by the names of the files in `deploy/rbac/`: a provider's name without the
/// version of its API, such as `smi`. Several versions of a kind need one right.
#[must_use]
pub fn of_routers() -> BTreeMap<&'static str, Vec<Right>> {
    let mut all: BTreeMap<_, Vec<Right>> = BTreeMap::new();
    for (provider, router) in ROUTERS.iter().filter(|(_, router)| !router.kinds().is_empty()) {
        let (name, _) = provider.split_once(':').unwrap_or((provider, ""));
        let rights = all.entry(name).or_default();
        for written in written_by(*router) {
            let is_same = |known: &Right| {
                known.kind.group == written.kind.group && known.kind.plural == written.kind.plural
            };
            if !rights.iter().any(is_same) {
                rights.push(written);
            }
        }
    }
    all
}

fn written_by(router: &dyn Router) -> impl Iterator<Item = Right> {
    router.kinds().iter().map(|kind| right(*kind, if kind.namespaced { WRITTEN } else { DELETED }))
}

fn right(kind: Kind, verbs: &'static [&'static str]) -> Right {
    Right { kind, part: "", verbs }
}
