//! Plain Services as targets: what is released is the selection of a Service. There are no pods to count or to scale.

use serde_json::Value;
use serin_core::{
    observation::{Fact, Readiness},
    revision::Revision,
};

use super::{PodStatus, ReadyThresholds, Scale, TargetKind, pods::missing};
use crate::{
    kinds::SERVICE,
    object::{
        Object, checksum,
        metadata::{self, Begun},
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Fields that the server sets for each Service.
const ALLOCATED: [&str; 3] = ["clusterIP", "clusterIPs", "healthCheckNodePort"];

/// A target of kind Service.
pub(super) struct Service;

/// A Service that exists is ready, because its pods are not counted.
const UNCOUNTED: PodStatus = PodStatus { wanted: 1, available: None, readiness: Readiness::Ready };

impl TargetKind for Service {
    fn shows(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Fact<Revision>>, BuildError> {
        let target = seen.find(&subject.key(SERVICE, subject.target()))?;
        Ok(target.map(|target| Fact::Known(revision(subject, &target))))
    }

    fn runs(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Option<Revision>>, BuildError> {
        let primary = seen.find(&subject.key(SERVICE, &subject.primary()))?;
        Ok(primary.map(|primary| Some(revision(subject, &primary))))
    }

    fn canary_pods(
        &self,
        subject: &Subject,
        _ready: ReadyThresholds,
        seen: &dyn ObjectReader,
    ) -> Result<Option<PodStatus>, BuildError> {
        let target = seen.find(&subject.key(SERVICE, subject.target()))?;
        Ok(target.map(|_| UNCOUNTED))
    }

    fn primary_pods(
        &self,
        subject: &Subject,
        _ready: ReadyThresholds,
        seen: &dyn ObjectReader,
    ) -> Result<Option<PodStatus>, BuildError> {
        let primary = seen.find(&subject.key(SERVICE, &subject.primary()))?;
        Ok(primary.map(|_| UNCOUNTED))
    }

    fn ensured(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
        let primary = subject.key(SERVICE, &subject.primary());
        let current = metadata::begin(&primary, &subject.identity, seen)?;
        if !current.is_new {
            let canary = canary(subject, seen);
            return match canary {
                Ok(canary) => Ok(vec![canary, current.object]),
                // Without a target there is no source for the canary's.
                Err(BuildError::Refused(_)) => Ok(vec![current.object]),
                Err(unseen @ BuildError::Unseen(_)) => Err(unseen),
            };
        }
        self.promoted(subject, 0, seen)
    }

    fn promoted(
        &self,
        subject: &Subject,
        _run: u32,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let target = target(subject, seen)?;
        let key = subject.key(SERVICE, &subject.primary());
        let Begun { mut object, .. } = metadata::begin(&key, &subject.identity, seen)?;
        metadata::copy_labels(&mut object, &target);
        metadata::copy_annotations(&mut object, &target);
        write_spec(subject, &target, &mut object);
        Ok(vec![canary(subject, seen)?, object])
    }

    fn scaled(
        &self,
        _subject: &Subject,
        _to: Scale,
        _seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError> {
        Ok(None)
    }

    fn paused(
        &self,
        _subject: &Subject,
        _paused: bool,
        _seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError> {
        Ok(None)
    }
}

fn target(subject: &Subject, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
    let target = seen.find(&subject.key(SERVICE, subject.target()))?;
    Ok((*target.ok_or_else(|| missing(subject, SERVICE))?).clone())
}

/// The canary's Service always selects the same pods as the target.
fn canary(subject: &Subject, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
    let target = target(subject, seen)?;
    let key = subject.key(SERVICE, &format!("{}-canary", subject.target()));
    let Begun { mut object, .. } = metadata::begin(&key, &subject.identity, seen)?;
    metadata::copy_labels(&mut object, &target);
    metadata::copy_annotations(&mut object, &target);
    write_spec(subject, &target, &mut object);
    Ok(object)
}

/// Copies the target's spec; the fields that the server set stay.
fn write_spec(subject: &Subject, target: &Object, copy: &mut Object) {
    let mut spec = shared_spec(subject, target);
    for field in ALLOCATED {
        if let Some(value) = copy.at(&format!("/spec/{field}")) {
            spec[field] = value.clone();
        }
    }
    for port in ports(&mut spec) {
        let is_same = |other: &&Value| other["name"] == port["name"];
        let ports = copy.at("/spec/ports").and_then(Value::as_array);
        let node_port = ports.into_iter().flatten().find(is_same).and_then(|port| port.get("nodePort"));
        if let Some(node_port) = node_port.cloned() {
            port["nodePort"] = node_port;
        }
    }
    copy.set("/spec", spec);
}

/// A Service's spec without the fields that are unique to each Service.
fn shared_spec(subject: &Subject, service: &Object) -> Value {
    let mut spec = service.at("/spec").cloned().unwrap_or_default();
    if let Some(spec) = spec.as_object_mut() {
        let headless = spec.get("clusterIP").is_some_and(|address| address == "None");
        spec.retain(|field, _| {
            !ALLOCATED.contains(&field.as_str()) || headless && field.starts_with("clusterIP")
        });
    }
    for port in ports(&mut spec).filter_map(Value::as_object_mut) {
        port.remove("nodePort");
    }
    if let Some(wanted) = &subject.service().traffic_distribution {
        spec["trafficDistribution"] = Value::from(&**wanted);
    }
    spec
}

fn ports(spec: &mut Value) -> impl Iterator<Item = &mut Value> {
    spec.pointer_mut("/ports").and_then(Value::as_array_mut).into_iter().flatten()
}

fn revision(subject: &Subject, service: &Object) -> Revision {
    Revision::of(&checksum::of(&shared_spec(subject, service)))
}
