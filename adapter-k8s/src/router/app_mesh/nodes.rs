//! The VirtualNodes: where the requests of a version go.

use serde_json::{Value, json};
use serin_core::spec::TargetPort;

use super::{
    super::parts::{begin_named, port, rules_with_others, said, with_others},
    AppMesh, mesh_name,
};
use crate::{
    object::{
        Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
    workload::{self, selector::Selector},
};

/// The fields of a listener that are ours.
const OURS: [&str; 2] = ["portMapping", "timeout"];
/// Annotation of the Canary that has the proxies write a log of requests.
const ACCESS_LOG: &str = "appmesh.flagger.app/accesslog";

impl AppMesh {
    /// The VirtualNode `name`, whose requests go to this service.
    pub(super) fn node(
        &self,
        subject: &Subject,
        name: &str,
        service: &str,
        seen: &dyn ObjectReader,
    ) -> Result<Object, BuildError> {
        let mut node = begin_named(&subject.key(self.kinds[0], name), subject, seen)?;
        let mut listener = json!({"portMapping": self.port_mapping(subject)?});
        if let Some(timeout) = self.timeout(subject) {
            listener["timeout"] = json!({"http": timeout});
        }
        let with_others = |listener: Value, there: Option<&Value>| with_others(listener, there, &OURS);
        let listeners = rules_with_others(vec![listener], node.at("/spec/listeners"), |_| true, with_others);
        node.set("/spec/listeners", listeners);
        let host = format!("{service}.{}", subject.identity.namespace);
        if self.is_first() {
            node.set("/spec/meshName", mesh_name(subject)?);
            node.set("/spec/serviceDiscovery/dns/hostName", host);
        } else {
            node.set("/spec/serviceDiscovery/dns/hostname", format!("{host}.svc.cluster.local."));
            if name != subject.apex()
                && let Some(selector) = selector(subject, seen)?
            {
                let label = if name == subject.canary_service() { selector.target } else { selector.primary };
                node.set("/spec/podSelector/matchLabels", label.selects());
            }
        }
        let backends: Vec<Value> = subject.routing().backends.iter().map(|name| self.backend(name)).collect();
        if let Some(backends) = said(&backends) {
            node.set("/spec/backends", backends);
        }
        if subject.metadata.annotations.get(ACCESS_LOG).is_some_and(|log| log == "enabled") {
            node.set("/spec/logging/accessLog/file/path", "/dev/stdout");
        }
        Ok(node)
    }

    /// Port and protocol. The second version of the API means the pods' port, the first the service's.
    pub(super) fn port_mapping(&self, subject: &Subject) -> Result<Value, BuildError> {
        let number = match &subject.service().target_port {
            Some(TargetPort::Number(number)) if !self.is_first() => *number,
            Some(TargetPort::Number(_) | TargetPort::Name(_)) | None => port(subject)?,
        };
        let name = subject.service().port_name.as_deref().unwrap_or_default();
        Ok(json!({"port": number, "protocol": if name.contains("grpc") { "grpc" } else { "http" }}))
    }

    fn backend(&self, name: &str) -> Value {
        let service = if self.is_first() {
            json!({"virtualServiceName": name})
        } else if name.starts_with("arn:aws") {
            json!({"virtualServiceARN": name})
        } else {
            json!({"virtualServiceRef": {"name": name}})
        };
        json!({"virtualService": service})
    }
}

/// The labels of the pods; `None` where the target has none, or is not there.
fn selector(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Selector>, BuildError> {
    let Some(kind) = workload::with_pods(&subject.topology.kind) else { return Ok(None) };
    let Some(target) = seen.find(&subject.key(kind, subject.target()))? else { return Ok(None) };
    let primary = seen.find(&subject.key(kind, &subject.primary()))?;
    Selector::of(subject, &target, primary.as_deref()).map(Some)
}
