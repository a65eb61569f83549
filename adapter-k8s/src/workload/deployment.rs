//! Deployments.

use serin_core::observation::Readiness;

use super::{Scale, pods::Pods, runs_pods::RunsPods, scaler};
use crate::{
    kinds::DEPLOYMENT,
    object::{
        Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// A target of kind Deployment.
pub(super) struct Deployment;

impl RunsPods for Deployment {
    const PODS: Pods = Pods {
        kind: DEPLOYMENT,
        copied: &["progressDeadlineSeconds", "minReadySeconds", "revisionHistoryLimit", "strategy"],
        counted: true,
    };

    fn wanted(deployment: &Object) -> u32 {
        count(deployment, "/spec/replicas", 1)
    }

    fn available(deployment: &Object) -> u32 {
        count(deployment, "/status/availableReplicas", 0)
    }

    fn readiness(deployment: &Object, threshold: u8) -> Readiness {
        readiness(deployment, threshold)
    }

    fn scale(
        subject: &Subject,
        target: &mut Object,
        to: Scale,
        seen: &dyn ObjectReader,
    ) -> Result<(), BuildError> {
        let has = Self::wanted(target);
        let wanted = match (to, has) {
            (Scale::Down, _) => 0,
            (Scale::Up, 0) => started(subject, seen)?,
            (Scale::Up, has) => has,
            (Scale::ToPrimary, has) => has.max(of_primary(subject, seen)?).max(1),
        };
        if wanted != has {
            target.set("/spec/replicas", wanted);
        }
        Ok(())
    }
}

/// How many pods a canary starts with: the minimum of its autoscaler, or else as many as the primary has.
fn started(subject: &Subject, seen: &dyn ObjectReader) -> Result<u32, BuildError> {
    let fewest = match scaler::fewest(subject, seen)? {
        Some(fewest) => fewest,
        None => of_primary(subject, seen)?,
    };
    Ok(fewest.max(1))
}

/// The number of pods of the primary; 1 if there is none.
fn of_primary(subject: &Subject, seen: &dyn ObjectReader) -> Result<u32, BuildError> {
    Ok(Deployment::PODS.primary(subject, seen)?.map_or(1, |primary| Deployment::wanted(&primary)))
}

/// Whether a Deployment is ready, by its status.
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
    let wanted = Deployment::wanted(deployment);
    let pods = |field: &str| count(deployment, &format!("/status/{field}"), 0);
    let (all, updated) = (pods("replicas"), pods("updatedReplicas"));
    if updated < wanted {
        let why = format!(
            "waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated"
        );
        return not_ready(paused(deployment).map_or(why.clone(), |paused| format!("{paused}: {why}")), false);
    }
    if all > updated {
        let old = all - updated;
        let why = format!("waiting for rollout to finish: {old} old replicas are pending termination");
        return not_ready(why, false);
    }
    Readiness::of_pods(Deployment::available(deployment), updated, threshold, false)
}

/// The hint for a paused Deployment, which does not replace pods.
fn paused(deployment: &Object) -> Option<String> {
    let (name, namespace) = (deployment.name(), deployment.namespace());
    (deployment.at("/spec/paused") == Some(&true.into())).then(|| {
        format!(
            "deployment {name:?} is paused; to resume it: kubectl -n {namespace} rollout resume deployment {name}"
        )
    })
}

fn gave_up(deployment: &Object) -> bool {
    let conditions = deployment.at("/status/conditions").and_then(serde_json::Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition["type"] == "Progressing" && condition["reason"] == "ProgressDeadlineExceeded"
    })
}

/// A number of pods; `default` if it is left out.
fn count(object: &Object, at: &str, default: u32) -> u32 {
    object.number(at).map_or(default, |number| u32::try_from(number).unwrap_or_default())
}
