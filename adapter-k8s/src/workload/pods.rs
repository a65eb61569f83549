//! What Deployments and DaemonSets have in common: a pod template, and a primary that is made from it.

use std::sync::Arc;

use serde_json::{Value, json};
use serin_core::{
    observation::Fact,
    revision::{Configs, Revision},
};

use super::{selector::Selector, template};
use crate::{
    object::{
        Kind, Object,
        metadata::{self, Begun},
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
    workload::{
        configs::{self, Tracked},
        scaler,
    },
};

/// Annotation of a primary: a checksum of the configuration that its pods were started with. If the copies differ from
/// it, they were changed since, and a promotion that changes nothing else still has to start new pods.
const CONFIGS: &str = "serin.flagger.app/configs";

/// A kind of workload that runs pods.
pub(super) struct Pods {
    /// The kind.
    pub(super) kind: Kind,
    /// Fields of `spec` that are copied unchanged.
    pub(super) copied: &'static [&'static str],
    /// Whether its pods are counted, and spread over nodes.
    pub(super) counted: bool,
}

impl Pods {
    /// The target; `None` if there is none.
    pub(super) fn target(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Arc<Object>>, BuildError> {
        Ok(seen.find(&subject.key(self.kind, subject.target()))?)
    }

    /// The primary; `None` if there is none.
    pub(super) fn primary(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Arc<Object>>, BuildError> {
        Ok(seen.find(&subject.key(self.kind, &subject.primary()))?)
    }

    /// The revision of the target; unknown while any of its configuration is.
    ///
    /// # Errors
    /// Its selector has no label that identifies its pods.
    pub(super) fn shown(
        &self,
        subject: &Subject,
        target: &Object,
        seen: &dyn ObjectReader,
    ) -> Result<Fact<Revision>, BuildError> {
        let selector = self.selector(subject, target, seen)?;
        Ok(match configs::tracked(subject, pod_template(target), seen) {
            Err(unseen) => Fact::Unknown(unseen),
            Ok(tracked) => {
                let template = self.promoted_template(subject, target, &selector, &tracked);
                Fact::Known(revision(&template, tracked.checksums()))
            }
        })
    }

    /// The revision whose promotion would change nothing; `None` if that is not known.
    pub(super) fn runs(
        &self,
        subject: &Subject,
        primary: &Object,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Revision>, BuildError> {
        let template = pod_template(primary);
        let configs = configs::of_primary(subject, template, seen)?;
        let started_with = primary.annotation(CONFIGS);
        let configs = configs.filter(|configs| {
            !subject.settings.config_tracking
                || started_with.is_none_or(|sum| configs::checksum_of_all(configs).as_deref() == Some(sum))
        });
        Ok(configs.map(|configs| revision(template, configs)))
    }

    /// See [`super::TargetKind::ensured`].
    pub(super) fn ensured(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let mut objects = match self.primary(subject, seen)? {
            None => self.written(subject, 0, seen)?,
            Some(primary) => {
                let mut objects = configs::mended(subject, pod_template(&primary), seen)?;
                objects.push(self.mended(subject, seen)?);
                objects
            }
        };
        objects.extend(scaler::ensured(subject, seen)?);
        Ok(objects)
    }

    /// See [`super::TargetKind::promoted`].
    pub(super) fn promoted(
        &self,
        subject: &Subject,
        run: u32,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        // The primary comes last: once it has the revision, the next look takes all others as written.
        let mut objects: Vec<Object> = scaler::promoted(subject, seen)?.into_iter().collect();
        objects.extend(self.written(subject, run, seen)?);
        Ok(objects)
    }

    /// How the pods of target and primary are distinguished.
    ///
    /// # Errors
    /// They cannot be distinguished, or it is not known.
    pub(super) fn selector(
        &self,
        subject: &Subject,
        target: &Object,
        seen: &dyn ObjectReader,
    ) -> Result<Selector, BuildError> {
        Selector::of(subject, target, self.primary(subject, seen)?.as_deref())
    }

    /// A primary that keeps its revision.
    fn mended(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
        let key = subject.key(self.kind, &subject.primary());
        let Begun { mut object, is_ours, .. } = metadata::begin(&key, &subject.identity, seen)?;
        // Flagger left this one: its copies are its configuration.
        if is_ours
            && object.annotation(CONFIGS).is_none()
            && let Some(configs) = configs::of_primary(subject, pod_template(&object), seen)?
            && let Some(sum) = configs::checksum_of_all(&configs)
        {
            object.set_annotation(CONFIGS, &sum);
        }
        Ok(object)
    }

    /// The copies of configuration, and a primary with the target's revision.
    fn written(
        &self,
        subject: &Subject,
        run: u32,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let target = self.target(subject, seen)?.ok_or_else(|| missing(subject, self.kind))?;
        let selector = self.selector(subject, &target, seen)?;
        let tracked = configs::tracked(subject, pod_template(&target), seen)?;
        let mut objects = configs::written(subject, &tracked, seen)?;
        let key = subject.key(self.kind, &subject.primary());
        let Begun { mut object, is_new, .. } = metadata::begin(&key, &subject.identity, seen)?;
        self.describe(subject, &target, &selector, is_new, &mut object);
        let mut template = self.promoted_template(subject, &target, &selector, &tracked);
        template::mark(subject, &mut template, run);
        object.set("/spec/template", template);
        match configs::checksum_of_all(&tracked.checksums()) {
            Some(sum) => object.set_annotation(CONFIGS, &sum),
            None => object.remove_annotation(CONFIGS),
        }
        objects.push(object);
        Ok(objects)
    }

    /// All of a primary except its pod template.
    fn describe(
        &self,
        subject: &Subject,
        target: &Object,
        selector: &Selector,
        is_new: bool,
        primary: &mut Object,
    ) {
        let prefixes = &subject.settings.include_label_prefix;
        metadata::include_labels(primary, target, prefixes);
        primary.set_label(&selector.primary.key, &selector.primary.value);
        metadata::copy_annotations(primary, target);
        if is_new {
            primary.set("/spec/selector", json!({"matchLabels": selector.primary.selects()}));
        }
        for field in self.copied {
            let at = format!("/spec/{field}");
            primary.set_or_remove(&at, target.at(&at).cloned());
        }
        if self.counted && (is_new || subject.setup.autoscaler.is_none()) {
            let wanted = target.number("/spec/replicas").unwrap_or(1);
            // A target without pods says nothing about the number that users need.
            let replicas = if wanted > 0 { wanted } else { primary.number("/spec/replicas").unwrap_or(1) };
            primary.set("/spec/replicas", replicas);
        }
    }

    fn promoted_template(
        &self,
        subject: &Subject,
        target: &Object,
        selector: &Selector,
        tracked: &Tracked,
    ) -> Value {
        template::promoted(subject, pod_template(target), selector, tracked, self.counted)
    }
}

/// The refusal if the target is required and missing.
pub(super) fn missing(subject: &Subject, kind: Kind) -> BuildError {
    let (kind, target) = (kind.kind.to_ascii_lowercase(), subject.target());
    BuildError::refused(format!(
        "{kind} {target}.{} not found, but spec.targetRef of Canary {} names it: create it, or name another",
        subject.identity.namespace,
        subject.display(),
    ))
}

fn revision(template: &Value, configs: Configs) -> Revision {
    Revision { spec: template::checksum(template).into(), configs: Arc::new(configs) }
}

/// `spec.template`.
pub(super) fn pod_template(workload: &Object) -> &Value {
    workload.at("/spec/template").unwrap_or(&Value::Null)
}
