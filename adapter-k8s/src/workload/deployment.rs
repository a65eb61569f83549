//! Deployments.

use serin_core::{
    observation::{Fact, Readiness},
    revision::Revision,
};

use super::{ReadyThresholds, Workload, pods::Pods};
use crate::{
    kinds::DEPLOYMENT,
    object::{
        Object,
        seen::{Seen, Unfit},
    },
    subject::Subject,
    workload::scaler,
};

const PODS: Pods = Pods {
    kind: DEPLOYMENT,
    copied: &["progressDeadlineSeconds", "minReadySeconds", "revisionHistoryLimit", "strategy"],
    counted: true,
};

/// A target of kind Deployment.
pub(super) struct Deployment;

impl Workload for Deployment {
    fn shows(&self, subject: &Subject, seen: &dyn Seen) -> Result<Option<Fact<Revision>>, Unfit> {
        let Some(target) = PODS.target(subject, seen)? else { return Ok(None) };
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
        Ok(target.map(|target| (count(&target, "/spec/replicas", 1), readiness(&target, ready.canary))))
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
        let has = count(&target, "/spec/replicas", 1);
        let wanted = match (up, has) {
            (false, _) => 0,
            (true, 0) => started(subject, seen)?,
            (true, has) => has,
        };
        let mut target = (*target).clone();
        if wanted != has {
            target.set("/spec/replicas", wanted);
        }
        Ok(Some(target))
    }

    fn paused(&self, subject: &Subject, paused: bool, seen: &dyn Seen) -> Result<Option<Object>, Unfit> {
        scaler::paused(subject, paused, seen)
    }
}

/// How many pods a canary begins with: what its autoscaler allows at least, else as many as the primary has.
fn started(subject: &Subject, seen: &dyn Seen) -> Result<u32, Unfit> {
    let fewest = match scaler::fewest(subject, seen)? {
        Some(fewest) => fewest,
        None => PODS.primary(subject, seen)?.map_or(1, |primary| count(&primary, "/spec/replicas", 1)),
    };
    Ok(fewest.max(1))
}

/// Whether a Deployment serves, by its status.
fn readiness(deployment: &Object, threshold: u8) -> Readiness {
    let not_ready = |why: String, stalled| Readiness::NotReady { why: why.into(), stalled };
    let seen = deployment.number("/status/observedGeneration").unwrap_or_default();
    if deployment.number("/metadata/generation").unwrap_or_default() > seen {
        let why =
            "waiting for rollout to finish: observed deployment generation less than desired generation";
        return not_ready(why.into(), false);
    }
    if gave_up(deployment) {
        return not_ready(format!("deployment {:?} exceeded its progress deadline", deployment.name()), true);
    }
    let wanted = count(deployment, "/spec/replicas", 1);
    let pods = |field: &str| count(deployment, &format!("/status/{field}"), 0);
    let (all, updated) = (pods("replicas"), pods("updatedReplicas"));
    if updated < wanted {
        let why = format!(
            "waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated"
        );
        return not_ready(why, false);
    }
    if all > updated {
        let old = all - updated;
        let why = format!("waiting for rollout to finish: {old} old replicas are pending termination");
        return not_ready(why, false);
    }
    Readiness::of_pods(pods("availableReplicas"), updated, threshold, false)
}

fn gave_up(deployment: &Object) -> bool {
    let conditions = deployment.at("/status/conditions").and_then(serde_json::Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition["type"] == "Progressing" && condition["reason"] == "ProgressDeadlineExceeded"
    })
}

/// A number of pods; `default` where it is left out.
fn count(object: &Object, at: &str, default: u32) -> u32 {
    object.number(at).map_or(default, |number| u32::try_from(number).unwrap_or_default())
}
