//! DaemonSets. One is scaled down by a node selector that no node answers to.

use serin_core::{
    observation::{Fact, Readiness},
    revision::Revision,
};

use super::{ReadyThresholds, Workload, pods::Pods, template::SCALE_TO_ZERO};
use crate::{
    kinds::DAEMON_SET,
    object::{
        Object,
        seen::{Seen, Unfit},
    },
    subject::Subject,
    workload::scaler,
};

const PODS: Pods = Pods {
    kind: DAEMON_SET,
    copied: &["minReadySeconds", "revisionHistoryLimit", "updateStrategy"],
    counted: false,
};

/// Where the node selector stands; the slash in its key is escaped.
const NODE_SELECTOR: &str = "/spec/template/spec/nodeSelector";

/// A target of kind DaemonSet.
pub(super) struct DaemonSet;

impl Workload for DaemonSet {
    fn shows(&self, subject: &Subject, seen: &dyn Seen) -> Result<Option<Fact<Revision>>, Unfit> {
        let Some(target) = PODS.target(subject, seen)? else { return Ok(None) };
        rolls(&target)?;
        PODS.shown(subject, &target, seen).map(Some)
    }

    fn runs(&self, subject: &Subject, seen: &dyn Seen) -> Result<Option<Option<Revision>>, Unfit> {
        let Some(primary) = PODS.primary(subject, seen)? else { return Ok(None) };
        PODS.runs(subject, &primary, seen).map(Some)
    }

    fn canary_pods(
        &self,
        subject: &Subject,
        ready: ReadyThresholds,
        seen: &dyn Seen,
    ) -> Result<Option<(u32, Readiness)>, Unfit> {
        let target = PODS.target(subject, seen)?;
        Ok(target.map(|target| (u32::from(!is_down(&target)), readiness(&target, ready.canary))))
    }

    fn primary_pods(
        &self,
        subject: &Subject,
        ready: ReadyThresholds,
        seen: &dyn Seen,
    ) -> Result<Option<Readiness>, Unfit> {
        Ok(PODS.primary(subject, seen)?.map(|primary| readiness(&primary, ready.primary)))
    }

    fn ensured(&self, subject: &Subject, seen: &dyn Seen) -> Result<Vec<Object>, Unfit> {
        PODS.ensured(subject, seen)
    }

    fn promoted(&self, subject: &Subject, run: u32, seen: &dyn Seen) -> Result<Vec<Object>, Unfit> {
        PODS.promoted(subject, run, seen)
    }

    fn scaled(&self, subject: &Subject, up: bool, seen: &dyn Seen) -> Result<Option<Object>, Unfit> {
        let Some(target) = PODS.target(subject, seen)? else { return Ok(None) };
        let mut target = (*target).clone();
        let at = format!("{NODE_SELECTOR}/{}", SCALE_TO_ZERO.replace('/', "~1"));
        target.set_or_remove(&at, (!up).then(|| "true".into()));
        Ok(Some(target))
    }

    fn paused(&self, subject: &Subject, paused: bool, seen: &dyn Seen) -> Result<Option<Object>, Unfit> {
        scaler::paused(subject, paused, seen)
    }
}

/// A DaemonSet that waits for somebody to delete its pods never gets to run a new revision.
fn rolls(target: &Object) -> Result<(), Unfit> {
    match target.text("/spec/updateStrategy/type") {
        "" | "RollingUpdate" => Ok(()),
        other => Err(Unfit::refused(format!(
            "{}: spec.updateStrategy.type is {other}, expected RollingUpdate: its pods are to be replaced without help",
            target.key(),
        ))),
    }
}

fn is_down(target: &Object) -> bool {
    target.at(NODE_SELECTOR).is_some_and(|selector| selector.get(SCALE_TO_ZERO).is_some())
}

/// Whether a DaemonSet serves, by its status.
fn readiness(daemon_set: &Object, threshold: u8) -> Readiness {
    let number = |at: &str| daemon_set.number(at).unwrap_or_default();
    let waits = |why: String| Readiness::NotReady { why: why.into(), stalled: false };
    if number("/metadata/generation") > number("/status/observedGeneration") {
        return waits(
            "waiting for rollout to finish: observed daemonset generation less than desired generation"
                .into(),
        );
    }
    let pods = |field: &str| u32::try_from(number(&format!("/status/{field}"))).unwrap_or_default();
    let (wanted, updated) = (pods("desiredNumberScheduled"), pods("updatedNumberScheduled"));
    if updated < wanted {
        return waits(format!(
            "waiting for rollout to finish: {updated} out of {wanted} new pods have been scheduled"
        ));
    }
    Readiness::of_pods(pods("numberAvailable"), wanted, threshold, false)
}
