//! The differences between a Deployment and a DaemonSet; everything else about a [`TargetKind`] that runs pods is the
//! same.

use serin_core::{
    observation::{Fact, Readiness},
    revision::Revision,
};

use super::{PodStatus, ReadyThresholds, Scale, TargetKind, pods::Pods, scaler};
use crate::{
    object::{
        Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// A kind of target that runs pods.
pub(super) trait RunsPods: Sync {
    /// The fields that are copied from target to primary.
    const PODS: Pods;

    /// Whether it can be released as it is.
    ///
    /// # Errors
    /// It cannot.
    fn releasable(_target: &Object) -> Result<(), BuildError> {
        Ok(())
    }

    /// The wanted pods, none once it is scaled to zero.
    fn wanted(workload: &Object) -> u32;

    /// The pods that are available, by its status.
    fn available(workload: &Object) -> u32;

    /// Whether it is ready, by its status: `threshold` percent of its pods have to be available.
    fn readiness(workload: &Object, threshold: u8) -> Readiness;

    /// Gives the target pods, or removes them.
    ///
    /// # Errors
    /// The number is not known.
    fn scale(
        subject: &Subject,
        target: &mut Object,
        to: Scale,
        seen: &dyn ObjectReader,
    ) -> Result<(), BuildError>;
}

impl<K: RunsPods> TargetKind for K {
    fn shows(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Fact<Revision>>, BuildError> {
        let Some(target) = K::PODS.target(subject, seen)? else { return Ok(None) };
        K::releasable(&target)?;
        K::PODS.shown(subject, &target, seen).map(Some)
    }

    fn runs(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Option<Revision>>, BuildError> {
        let Some(primary) = K::PODS.primary(subject, seen)? else { return Ok(None) };
        K::PODS.runs(subject, &primary, seen).map(Some)
    }

    fn canary_pods(
        &self,
        subject: &Subject,
        ready: ReadyThresholds,
        seen: &dyn ObjectReader,
    ) -> Result<Option<PodStatus>, BuildError> {
        let target = K::PODS.target(subject, seen)?;
        Ok(target.map(|target| pod_status::<K>(&target, ready.canary)))
    }

    fn primary_pods(
        &self,
        subject: &Subject,
        ready: ReadyThresholds,
        seen: &dyn ObjectReader,
    ) -> Result<Option<PodStatus>, BuildError> {
        let primary = K::PODS.primary(subject, seen)?;
        Ok(primary.map(|primary| pod_status::<K>(&primary, ready.primary)))
    }

    fn ensured(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
        K::PODS.ensured(subject, seen)
    }

    fn promoted(
        &self,
        subject: &Subject,
        run: u32,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        K::PODS.promoted(subject, run, seen)
    }

    fn scaled(
        &self,
        subject: &Subject,
        to: Scale,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError> {
        let Some(target) = K::PODS.target(subject, seen)? else { return Ok(None) };
        let mut target = (*target).clone();
        K::scale(subject, &mut target, to, seen)?;
        Ok(Some(target))
    }

    fn paused(
        &self,
        subject: &Subject,
        paused: bool,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError> {
        scaler::paused(subject, paused, seen)
    }
}

fn pod_status<K: RunsPods>(workload: &Object, threshold: u8) -> PodStatus {
    PodStatus {
        wanted: K::wanted(workload),
        available: Some(K::available(workload)),
        readiness: K::readiness(workload, threshold),
    }
}
