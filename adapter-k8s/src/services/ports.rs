//! Ports of the services: the one in the manifest, and the other ports of the pods if they are discovered.

use serde_json::{Value, json};
use serin_core::spec::TargetPort;

use crate::{object::reader::BuildError, subject::Subject};

/// Sidecar containers of a mesh.
const SIDECARS: [&str; 2] = ["istio-proxy", "envoy"];

/// The wanted ports, the manifest's first and the others by number.
///
/// # Errors
/// The manifest has no port.
pub(super) fn of(subject: &Subject, template: &Value) -> Result<Vec<Value>, BuildError> {
    let service = subject.service();
    let port = service.port.ok_or_else(|| {
        BuildError::refused(format!(
            "Canary {}: spec.service.port is missing, expected the port of the services",
            subject.display()
        ))
    })?;
    let target = match &service.target_port {
        None => port.into(),
        Some(TargetPort::Number(number)) => (*number).into(),
        Some(TargetPort::Name(name)) => Value::from(&**name),
    };
    let name = service.port_name.as_deref().unwrap_or("http");
    let mut main = json!({"name": name, "port": port, "protocol": "TCP", "targetPort": target});
    if let Some(protocol) = &service.app_protocol {
        main["appProtocol"] = Value::from(&**protocol);
    }
    let mut ports = vec![main];
    if service.port_discovery {
        discover(template, &target, &mut ports);
    }
    Ok(ports)
}

/// Whether the pods have the port that `targetPort` names; a number needs no name.
///
/// # Errors
/// None of their containers has a port of that name.
pub(super) fn exist(subject: &Subject, template: &Value) -> Result<(), BuildError> {
    let wanted = match &subject.service().target_port {
        None | Some(TargetPort::Number(_)) => return Ok(()),
        Some(TargetPort::Name(name)) => name,
    };
    let names = names(template);
    if names.contains(&&**wanted) {
        return Ok(());
    }
    let has = match &names[..] {
        [] => "no container names a TCP port".into(),
        names => format!("the containers name {}", names.join(", ")),
    };
    Err(BuildError::refused(format!(
        "Canary {}: spec.service.targetPort `{wanted}` is not a port of the target: {has}",
        subject.display()
    )))
}

/// The names of the TCP ports of all containers, including sidecars among the init containers.
fn names(template: &Value) -> Vec<&str> {
    let of = |at: &str| template.pointer(at).and_then(Value::as_array).into_iter().flatten();
    let sidecars = of("/spec/initContainers").filter(|container| container["restartPolicy"] == "Always");
    let ports = of("/spec/containers").chain(sidecars).flat_map(|container| container["ports"].as_array());
    let tcp = ports.flatten().filter(|port| port["protocol"].as_str().unwrap_or("TCP") == "TCP");
    tcp.filter_map(|port| port["name"].as_str()).collect()
}

/// These ports, with the node ports that the server gave those of the same name, in the existing order.
pub(super) fn merged(wanted: &[Value], there: Option<&Value>) -> Value {
    let there = there.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut wanted = wanted.to_vec();
    for port in &mut wanted {
        let same = there.iter().find(|other| other["name"] == port["name"]);
        if let Some(node_port) = same.and_then(|same| same.get("nodePort")) {
            port["nodePort"] = node_port.clone();
        }
    }
    let mut sorted = (wanted.clone(), there.to_vec());
    sorted.0.sort_by_cached_key(number);
    sorted.1.sort_by_cached_key(number);
    if sorted.0 == sorted.1 { there.into() } else { wanted.into() }
}

/// Adds the pods' other ports. In a Service each name, and each number of a protocol, can occur once.
fn discover(template: &Value, target: &Value, ports: &mut Vec<Value>) {
    let mut found = Vec::new();
    let containers = template.pointer("/spec/containers").and_then(Value::as_array);
    let containers = containers.into_iter().flatten();
    for container in containers.filter(|container| !SIDECARS.iter().any(|name| container["name"] == *name)) {
        for (at, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
            let number = &port["containerPort"];
            if number == target || port["name"].is_string() && port["name"] == *target {
                continue;
            }
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            let container = container["name"].as_str().unwrap_or_default();
            let own_name = format!("{}-{container}-{at}", protocol.to_lowercase());
            found.push((
                number.clone(),
                protocol.to_owned(),
                port["name"].as_str().map(str::to_owned),
                own_name,
            ));
        }
    }
    found.sort_by_cached_key(|(number, protocol, ..)| (number.as_i64(), protocol.clone()));
    for (number, protocol, name, own_name) in found {
        if ports.iter().any(|port| port["port"] == number && port["protocol"] == *protocol) {
            continue;
        }
        let is_free = |name: &String| ports.iter().all(|port| port["name"] != **name);
        let name = name.filter(is_free).unwrap_or(own_name);
        ports.push(json!({"name": name, "port": number, "protocol": protocol, "targetPort": number}));
    }
}

fn number(port: &Value) -> (Option<i64>, String) {
    (port["port"].as_i64(), port["protocol"].as_str().unwrap_or("TCP").to_owned())
}
