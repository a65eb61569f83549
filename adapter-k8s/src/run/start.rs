//! From a command line to a running controller, and to its end.

use std::{
    io::{IsTerminal as _, stderr},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing_subscriber::EnvFilter;

use crate::{
    clock,
    cluster::{Cluster, fence::Fence},
    http::{Http, secret::Secret},
    metrics::{Source, answers},
    run::{
        controller::{crds_fit, run},
        leader::{Leader, Terms},
        options::{LogFormat, Options},
        record::Record,
        server::{Readiness, serve},
        telemetry::Telemetry,
    },
    tick::{claims::Claims, context::Context},
};

/// Why the controller did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The cluster's address or credentials.
    #[error("no cluster: {0}")]
    NoCluster(String),
    /// The file of `--record`.
    #[error("--record {path}: {error}")]
    Record {
        /// Its path.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The port of `--port`.
    #[error("--port {port}: {error}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        error: std::io::Error,
    },
    /// Another replica leads.
    #[error("the lease was lost: another replica leads")]
    LeaseLost,
}

/// Runs until SIGTERM or SIGINT; a second one ends it at once.
///
/// # Errors
/// What kept it from starting, or made it stop.
pub async fn start(options: Options) -> Result<(), Stopped> {
    let stop = stop_on_signal();
    let config = config(&options).await?;
    let http = Http::within(options.reach(&config.cluster_url.to_string()));
    let client = Client::try_from(config).map_err(|error| Stopped::NoCluster(error.to_string()))?;
    let fence = Arc::new(if options.enable_leader_election { Fence::closed() } else { Fence::open() });
    let namespace = Some(options.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let context = Arc::new(Context {
        cluster: Cluster::new(client.clone(), namespace, fence.clone()),
        settings: Arc::new(options.settings()),
        namespace: own_namespace(&client),
        http,
        slack: options.slack().unwrap_or_else(|why| {
            tracing::error!("nobody is told in Slack: {why}");
            None
        }),
        event_webhook: Some(options.event_webhook.reveal().to_owned()).filter(|url| !url.is_empty()),
        dry_run: options.dry_run,
        claims: Claims::default(),
        telemetry: Telemetry::new(env!("CARGO_PKG_VERSION"), &options.mesh_provider),
        record: record(&options)?,
    });
    let readiness = Arc::new(Readiness::default());
    let listener = TcpListener::bind(("::", options.port)).await;
    let listener = match listener {
        Ok(listener) => listener,
        // No IPv6 here.
        Err(_) => TcpListener::bind(("0.0.0.0", options.port))
            .await
            .map_err(|error| Stopped::Port { port: options.port, error })?,
    };
    let serving = serve(listener, context.clone(), readiness.clone(), stop.clone());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "/metrics, /healthz and /readyz are not served any more");
        }
    });
    for what in options.unsupported() {
        tracing::warn!("{what}");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), provider = options.mesh_provider, "started");
    tokio::spawn(look_for_prometheus(context.clone()));
    if !crds_fit(&context, stop.clone()).await {
        return Ok(());
    }
    readiness.set(true);
    if !options.enable_leader_election {
        run(context, stop).await;
        return Ok(());
    }
    let lease_namespace = namespace.unwrap_or(&options.leader_election_namespace);
    let leader = Leader::new(client, lease_namespace, identity(), Terms::default(), fence);
    lead(&leader, context, stop).await
}

/// Says so if the Prometheus of the built-in metrics does not answer; Canaries may name another.
async fn look_for_prometheus(context: Arc<Context>) {
    let source = Source::prometheus(&context.settings.metrics_server);
    if let Err(why) = answers(&context.http, &source, &Secret::default(), clock::now()).await {
        tracing::warn!(%why, "--metrics-server: Prometheus does not answer");
    }
}

async fn lead(
    leader: &Leader,
    context: Arc<Context>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Stopped> {
    if !leader.acquire(&mut stop).await {
        return Ok(());
    }
    tokio::select! {
        () = run(context, stop) => {
            leader.release().await;
            Ok(())
        }
        () = leader.keep() => Err(Stopped::LeaseLost),
    }
}

async fn config(options: &Options) -> Result<Config, Stopped> {
    let said = |error: &dyn std::fmt::Display| Stopped::NoCluster(error.to_string());
    let mut config = if options.kubeconfig.is_empty() {
        Config::infer().await.map_err(|error| said(&error))?
    } else {
        let file = Kubeconfig::read_from(Path::new(&options.kubeconfig)).map_err(|error| said(&error))?;
        let given = KubeConfigOptions::default();
        Config::from_custom_kubeconfig(file, &given).await.map_err(|error| said(&error))?
    };
    if !options.master.is_empty() {
        config.cluster_url = options.master.parse().map_err(|error| said(&error))?;
    }
    Ok(config)
}

/// Where the controller itself runs.
fn own_namespace(client: &Client) -> String {
    client.default_namespace().to_owned()
}

/// Names this process among the candidates.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "serin".into());
    let since = clock::now().as_millis();
    format!("{host}_{since:x}-{}", std::process::id())
}

fn record(options: &Options) -> Result<Record, Stopped> {
    let Some(path) = &options.record else { return Ok(Record::default()) };
    Record::to(path).map_err(|error| Stopped::Record { path: path.display().to_string(), error })
}

/// Turns true with the first SIGTERM or SIGINT. The second one ends the process.
fn stop_on_signal() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        for code in [None, Some(1)] {
            signalled().await;
            match code {
                None => {
                    tracing::info!("stopping");
                    stop.send(true).ok();
                }
                Some(code) => std::process::exit(code),
            }
        }
    });
    stopped
}

async fn signalled() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signals there is nothing to wait for: only the system can end us.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Sets up the log: to standard error, in the format asked for.
pub fn log(options: &Options) {
    let level = options.log_level;
    // What these libraries say of failed requests is told by whoever asked, with what was asked for.
    let filter = format!("warn,kube_client=off,kube_runtime=off,serin_k8s={level}");
    let filter = EnvFilter::builder().parse_lossy(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match options.zap_encoding {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Console => builder.with_target(false).init(),
    }
}

/// What the process ends with.
#[must_use]
pub fn exit_code(ended: &Result<(), Stopped>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stopped::LeaseLost) => ExitCode::from(1),
        Err(Stopped::NoCluster(_) | Stopped::Record { .. } | Stopped::Port { .. }) => ExitCode::from(2),
    }
}
