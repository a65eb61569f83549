//! DaemonSets. One is scaled to zero by a node selector that no node matches.

use serin_core::observation::Readiness;

use super::{Scale, pods::Pods, runs_pods::RunsPods, template::SCALE_TO_ZERO};
use crate::{
    kinds::DAEMON_SET,
    object::{
        Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The pointer to the node selector.
const NODE_SELECTOR: &str = "/spec/template/spec/nodeSelector";

/// A target of kind DaemonSet.
pub(super) struct DaemonSet;

impl RunsPods for DaemonSet {
    const PODS: Pods = Pods {
        kind: DAEMON_SET,
        copied: &["minReadySeconds", "revisionHistoryLimit", "updateStrategy"],
        counted: false,
    };

    /// One whose pods have to be deleted by hand never runs a new revision.
    fn releasable(target: &Object) -> Result<(), BuildError> {
        match target.text("/spec/updateStrategy/type") {
            "" | "RollingUpdate" => Ok(()),
            other => Err(BuildError::refused(format!(
                "{}: spec.updateStrategy.type is {other}, expected RollingUpdate, which replaces its pods automatically",
                target.key(),
            ))),
        }
    }

    /// Nodes are not counted here: 1 stands for all of them.
    fn wanted(daemon_set: &Object) -> u32 {
        u32::from(!is_down(daemon_set))
    }

    fn available(daemon_set: &Object) -> u32 {
        let available = daemon_set.number("/status/numberAvailable").unwrap_or_default();
        u32::try_from(available).unwrap_or_default()
    }

    fn readiness(daemon_set: &Object, threshold: u8) -> Readiness {
        readiness(daemon_set, threshold)
    }

    fn scale(_: &Subject, target: &mut Object, to: Scale, _: &dyn ObjectReader) -> Result<(), BuildError> {
        // The slash in the label is escaped.
        let at = format!("{NODE_SELECTOR}/{}", SCALE_TO_ZERO.replace('/', "~1"));
        target.set_or_remove(&at, (to == Scale::Down).then(|| "true".into()));
        Ok(())
    }
}

fn is_down(target: &Object) -> bool {
    target.at(NODE_SELECTOR).is_some_and(|selector| selector.get(SCALE_TO_ZERO).is_some())
}

/// Whether a DaemonSet is ready, by its status.
fn readiness(daemon_set: &Object, threshold: u8) -> Readiness {
    let number = |at: &str| daemon_set.number(at).unwrap_or_default();
    if number("/metadata/generation") > number("/status/observedGeneration") {
        return Readiness::not_ready(
            "waiting for rollout to finish: observed daemonset generation less than desired generation",
        );
    }
    let pods = |field: &str| u32::try_from(number(&format!("/status/{field}"))).unwrap_or_default();
    let (wanted, updated) = (pods("desiredNumberScheduled"), pods("updatedNumberScheduled"));
    if updated < wanted {
        return Readiness::not_ready(&format!(
            "waiting for rollout to finish: {updated} out of {wanted} new pods have been scheduled"
        ));
    }
    Readiness::of_pods(DaemonSet::available(daemon_set), wanted, threshold, false)
}
