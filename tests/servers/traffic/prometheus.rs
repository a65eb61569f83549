//! A real Prometheus that scrapes the gateway.

use std::{fs, path::Path};

use serde_json::json;

use crate::{gateway, server::Server, tools::Tool, world};

pub(crate) const PROMETHEUS: Tool = Tool {
    name: "prometheus",
    module: "prometheus",
    package: "github.com/prometheus/prometheus/cmd/prometheus",
    // Without service discovery, which is half of its code.
    build: &["-tags=remove_all_sd"],
    too_old: ", version 2.",
};

/// Its address.
pub(crate) const ADDRESS: &str = "127.0.0.1:9090";

/// Starts it.
pub(crate) fn start(program: &Path) -> Server {
    let folder = world::folder("prometheus");
    let config = folder.join("prometheus.yml");
    let scrape = json!({"job_name": "gateway", "static_configs": [{"targets": [gateway::TELEMETRY]}]});
    // The time in which a release is judged is ten times as long.
    let content =
        json!({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [scrape]});
    fs::write(&config, content.to_string()).unwrap();
    let arguments = [
        format!("--config.file={}", config.display()),
        "--storage.tsdb.path=data".into(),
        format!("--web.listen-address={ADDRESS}"),
    ];
    Server::start(program, &arguments, &folder, folder.join("log"))
}
