//! From a command line to a running load tester, and to its end.

use std::{io, process::ExitCode, sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use serin_k8s::run::{
    connections::{Bounded, Bounds},
    start::{config, listen, stop_on_signal},
    stop::stopped,
};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    gate::Gates,
    options::Options,
    server::{Caller, PageToken, PageTokenError, Service, router},
    task::{
        Tools,
        runner::{Limits, Runner},
    },
    telemetry::Telemetry,
};

/// Connections that are open at most: each may be that of a hook that waits for its task.
const MOST_CONNECTIONS: usize = 1024;

/// Why the load tester does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The port of `--port`.
    #[error("--port {port}: {error}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        error: io::Error,
    },
    /// The cluster of `--gates-config-map`.
    #[error("--gates-config-map: {0}")]
    NoCluster(String),
    /// The file of `--page-token-file`.
    #[error("--page-token-file: {0}")]
    PageToken(#[from] PageTokenError),
    /// No place for a link to the load generator.
    #[error(
        "no folder for the load generator: {0}; set TMPDIR to one that can be written to, or install hey"
    )]
    Tools(io::Error),
    /// The port is not served any more.
    #[error("requests are not served any more: {0}")]
    Server(io::Error),
}

/// Runs until SIGTERM or SIGINT; a second one ends it at once.
///
/// # Errors
/// What kept it from starting, or made it stop.
pub async fn start(options: Options) -> Result<(), Stopped> {
    let stop = stop_on_signal();
    let port = options.port;
    let service = service(&options, stop.clone()).await?;
    let listener = listen(port).await.map_err(|error| Stopped::Port { port, error })?;
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), address, "started");
    let runner = service.runner.clone();
    serve(listener, Arc::new(service), options.timeout, stop).await.map_err(Stopped::Server)?;
    runner.is_idle().await;
    Ok(())
}

async fn service(options: &Options, stop: watch::Receiver<bool>) -> Result<Service, Stopped> {
    let telemetry = Arc::new(Telemetry::default());
    let limits = Limits { time: options.timeout, tasks: options.max_tasks };
    let tools = Tools::find().map_err(Stopped::Tools)?;
    Ok(Service {
        runner: Arc::new(Runner::new(limits, tools, telemetry.clone(), stop)),
        gates: gates(options).await?,
        telemetry,
        namespaces: options.namespace_regexp.clone(),
        page_token: options.page_token_file.as_deref().map(PageToken::from_file).transpose()?,
    })
}

async fn gates(options: &Options) -> Result<Gates, Stopped> {
    if options.gates_config_map.is_empty() {
        return Ok(Gates::in_memory());
    }
    let config = config(&options.kubeconfig, "").await;
    let config = config.map_err(|error| Stopped::NoCluster(error.to_string()))?;
    let namespace = Some(options.gates_namespace.clone()).filter(|namespace| !namespace.is_empty());
    let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
    let client = Client::try_from(config).map_err(|error| Stopped::NoCluster(error.to_string()))?;
    let api: Api<ConfigMap> = Api::namespaced(client, &namespace);
    Ok(Gates::in_config_map(api, &options.gates_config_map))
}

/// Answers until a stop; then those that wait are answered first. `longest` is how long a task may take.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    longest: Duration,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    // A hook is silent while it waits for its task.
    let bounds = Bounds { patience: longest.saturating_add(Duration::from_secs(60)), most: MOST_CONNECTIONS };
    let app = router(service).into_make_service_with_connect_info::<Caller>();
    let stopped = async move { stopped(&mut stop).await };
    axum::serve(Bounded::new(listener, bounds), app).with_graceful_shutdown(stopped).await
}

/// What the process ends with: 0 after a signal, 2 if it cannot start, 1 if it stops for another reason.
#[must_use]
pub fn exit_code(ended: &Result<(), Stopped>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stopped::Server(_)) => ExitCode::from(1),
        Err(Stopped::Port { .. } | Stopped::NoCluster(_) | Stopped::PageToken(_) | Stopped::Tools(_)) => {
            ExitCode::from(2)
        }
    }
}
