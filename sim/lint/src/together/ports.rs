//! Ports that requests are sent to and the target's containers do not have.

use serde_json::Value;
use serin_input::{
    manifest::{
        Remedy,
        fields::{list, text},
    },
    nearest,
};

use super::target;
use crate::{
    Draft,
    code::Code,
    manifests::{Files, Object},
};

/// The declared ports of a target's containers.
pub(super) struct Ports {
    names: Vec<String>,
    numbers: Vec<u64>,
}

/// The port of a Canary's own Services.
pub(crate) fn of_canary(canary: &Object, files: &Files<'_>) -> Option<Draft> {
    let ports = Ports::of(target(canary, files)?)?;
    let service = canary.json.pointer("/spec/service")?;
    let (field, port) = match service.get("targetPort").filter(|port| !port.is_null()) {
        Some(port) => ("spec.service.targetPort", port),
        None => ("spec.service.port", service.get("port")?),
    };
    let (why, remedy) = ports.lack(port, "spec.service.targetPort")?;
    let so = match field {
        "spec.service.port" => {
            format!("is also the target port, because there is no `targetPort`, and {why}")
        }
        _ => why,
    };
    Some(Draft { code: Code::NoSuchPort, field: field.into(), what: so, remedy, offset: None })
}

/// The ports of a Service that selects the target's pods.
pub(super) fn of_service(service: &Value, target: &Value) -> Vec<Draft> {
    let Some(ports) = Ports::of(target) else { return Vec::new() };
    let mut told = Vec::new();
    for (i, port) in list(service, "/spec/ports").iter().enumerate() {
        let (field, wanted) = match port.get("targetPort").filter(|port| !port.is_null()) {
            Some(wanted) => ("targetPort", Some(wanted)),
            None => ("port", port.get("port")),
        };
        let target_port = format!("spec.ports[{i}].targetPort");
        if let Some((what, remedy)) = wanted.and_then(|wanted| ports.lack(wanted, &target_port)) {
            let field = format!("spec.ports[{i}].{field}");
            told.push(Draft { code: Code::NoSuchPort, field, what, remedy, offset: None });
        }
    }
    told
}

impl Ports {
    /// The ports of all containers; `None` if none declares any, because they may still listen.
    fn of(target: &Value) -> Option<Self> {
        let mut ports = Self { names: Vec::new(), numbers: Vec::new() };
        let containers = list(target, "/spec/template/spec/containers").iter();
        // A sidecar is an init container that keeps running.
        for container in containers.chain(list(target, "/spec/template/spec/initContainers")) {
            for port in list(container, "/ports") {
                ports.numbers.extend(port.get("containerPort").and_then(Value::as_u64));
                ports.names.extend(Some(text(port, "/name").to_owned()).filter(|name| !name.is_empty()));
            }
        }
        (!ports.numbers.is_empty()).then_some(ports)
    }

    /// Why requests to a port reach no pod, and the port that was meant, for the field `target_port`; `None` if the
    /// port exists.
    fn lack(&self, port: &Value, target_port: &str) -> Option<(String, Remedy)> {
        let name = port.as_str().filter(|text| text.parse::<u64>().is_err());
        let number = port.as_u64().or_else(|| port.as_str()?.parse().ok());
        match (name, number) {
            (Some(name), _) if !self.names.iter().any(|known| known == name) => {
                let what = format!(
                    "no container of the target has a port named `{name}`: the Services have no endpoints"
                );
                let near = nearest(name, self.names.iter().map(String::as_str));
                let remedy = near.map_or_else(
                    || self.remedy(target_port),
                    |near| Remedy::new(format!("did you mean `{near}`?")).setting(target_port, near),
                );
                Some((what, remedy))
            }
            (None, Some(number)) if !self.numbers.contains(&number) => {
                let what =
                    format!("no container of the target declares port {number}: requests are refused there");
                Some((what, self.remedy(target_port)))
            }
            (Some(_) | None, _) => None,
        }
    }

    /// The port if there is only one; otherwise the user has to choose.
    fn remedy(&self, target_port: &str) -> Remedy {
        if let [only] = self.numbers.as_slice() {
            return Remedy::new(format!("write `targetPort: {only}`")).setting(target_port, *only);
        }
        let numbers = self.numbers.iter().map(u64::to_string);
        let all: Vec<String> = numbers.chain(self.names.iter().cloned()).collect();
        format!("use one of {}", all.join(", ")).into()
    }
}
