//! A real gateway: Traefik, with the Gateway API.

use std::path::Path;

use serde_json::{Value, json};

use crate::{server::Server, wheel::Wheel, world};

pub(crate) const TRAEFIK: Wheel = Wheel { name: "traefik", version: "version", too_old: "Version:      2." };

/// The address of its entry point.
pub(crate) const ADDRESS: &str = "127.0.0.1:8000";
/// The address of its API and its metrics.
pub(crate) const TELEMETRY: &str = "127.0.0.1:9100";

/// The name of the Gateway object.
pub(crate) const GATEWAY: &str = "public";

/// Starts it.
pub(crate) fn start(program: &Path, kubeconfig: &Path) -> Server {
    let folder = world::folder("traefik");
    let arguments = [
        format!("KUBECONFIG={}", kubeconfig.display()),
        program.display().to_string(),
        "--providers.kubernetesgateway".into(),
        "--providers.kubernetesgateway.statusaddress.ip=127.0.0.1".into(),
        format!("--entrypoints.web.address={ADDRESS}"),
        format!("--entrypoints.traefik.address={TELEMETRY}"),
        "--api.insecure".into(),
        "--ping".into(),
        "--metrics.prometheus.entrypoint=traefik".into(),
        "--global.checknewversion=false".into(),
        "--log.level=INFO".into(),
    ];
    Server::start(Path::new("/usr/bin/env"), &arguments, &folder, folder.join("log"))
}

/// The objects with which it serves routes of all namespaces.
pub(crate) fn objects() -> [Value; 2] {
    let class = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "traefik"},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    });
    let routes = json!({"namespaces": {"from": "All"}});
    let listener = json!({"name": "web", "port": 8000, "protocol": "HTTP", "allowedRoutes": routes});
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": GATEWAY, "namespace": "default"},
        "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
    });
    [class, gateway]
}

/// The canary's share, in percent, if this answer of `/api/http/services` contains it.
///
/// A service of two backends says `{"weighted": {"services": [{"name": "…-svc-good-web-canary-1", "weight": 20}, …]}}`.
pub(crate) fn weight(services: &Value, namespace: &str, canary: &str) -> Option<u64> {
    let part = format!("-svc-{namespace}-{canary}-");
    let all = services.as_array()?.iter().filter_map(|service| service["weighted"]["services"].as_array());
    all.flatten().find_map(|one| {
        let is_it = one["name"].as_str()?.contains(&part);
        is_it.then(|| one["weight"].as_u64().unwrap_or(1))
    })
}
