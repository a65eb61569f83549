//! From the command line to a running controller, and to its end.

use std::{io, path::Path, process::ExitCode, sync::Arc};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    clock,
    cluster::{Cluster, fence::Fence, schema::Kept},
    http::{Http, secret::Secret},
    kinds::LEASE,
    metrics::{Source, Systems, answers},
    object::Key,
    run::{
        controller::run,
        crds,
        leader::{DRY_RUN_LEASE_NAME, LEASE_NAME, Leader, Terms},
        options::Options,
        record::Record,
        server::{Readiness, serve},
        stop::stopped,
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
        /// The system's error.
        error: io::Error,
    },
    /// The port of `--port`.
    #[error("--port {port}: {error}")]
    Port {
        /// The port.
        port: u16,
        /// The system's error.
        error: io::Error,
    },
    /// Another replica leads.
    #[error("the lease was lost: another replica leads")]
    LeaseLost,
    /// The cache of a kind is not updated any more.
    #[error("the watch of {0} has ended, so the cache would become stale")]
    WatchEnded(&'static str),
}

/// Runs until SIGTERM or SIGINT; a second one ends it at once.
///
/// # Errors
/// What kept it from starting, or made it stop.
pub async fn start(options: Options) -> Result<(), Stopped> {
    let stop = stop_on_signal();
    let config = config(&options.kubeconfig, &options.master).await?;
    let http = Http::within(options.reach(&config.cluster_url.to_string()));
    let client = Client::try_from(config).map_err(|error| Stopped::NoCluster(error.to_string()))?;
    let identity = identity();
    let fence = Arc::new(if options.enable_leader_election { Fence::closed() } else { Fence::open() });
    let namespace = Some(options.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let context = Arc::new(Context {
        cluster: Cluster::new(client.clone(), namespace, fence.clone(), &identity),
        settings: Arc::new(options.settings()),
        namespace: own_namespace(&client),
        http,
        slack: options.slack().unwrap_or_else(|why| {
            tracing::error!("no alerts are sent to Slack: {why}");
            None
        }),
        event_webhook: Some(options.event_webhook.reveal().to_owned()).filter(|url| !url.is_empty()),
        dry_run: options.dry_run,
        claims: Claims::default(),
        telemetry: Telemetry::new(env!("CARGO_PKG_VERSION"), &options.mesh_provider),
        record: record(&options)?,
    });
    let readiness = Arc::new(Readiness::default());
    let port = options.port;
    let listener = listen(port).await.map_err(|error| Stopped::Port { port, error })?;
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let serving = serve(listener, context.clone(), readiness.clone(), stop.clone());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "/metrics, /healthz and /readyz are not served any more");
        }
    });
    for what in options.unsupported() {
        tracing::warn!("{what}");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), provider = options.mesh_provider, address, "started");
    tokio::spawn(look_for_prometheus(context.clone()));
    tokio::spawn(crds::follow(context.clone(), readiness, stop.clone()));
    if !crds_fit(&context, stop.clone()).await {
        return Ok(());
    }
    if !options.enable_leader_election {
        return drive(context, stop).await;
    }
    let lease_namespace = namespace.unwrap_or(&options.leader_election_namespace);
    let lease = if options.dry_run { DRY_RUN_LEASE_NAME } else { LEASE_NAME };
    let lease = Key::new(LEASE, lease_namespace, lease);
    let leader = Leader::new(client, lease, identity, Terms::default(), fence);
    lead(&leader, context, stop).await
}

/// Warns if the Prometheus for the built-in metrics does not answer; Canaries can use another one.
async fn look_for_prometheus(context: Arc<Context>) {
    let source = Source::prometheus(&context.settings.metrics_server);
    let reached = Systems { http: context.http.clone(), cluster: context.cluster.clone() };
    if let Err(why) = answers(&reached, &source, &Secret::default(), clock::now()).await {
        tracing::warn!(%why, "--metrics-server: Prometheus does not answer");
    }
}

/// Waits until the CRDs keep the whole status; returns false if a stop came first. Without the CRDs there is nothing to
/// lead.
async fn crds_fit(context: &Context, mut stop: watch::Receiver<bool>) -> bool {
    let mut kept = context.cluster.schema.follow();
    tokio::select! {
        kept = kept.wait_for(|kept| *kept == Kept::Whole) => kept.is_ok(),
        () = stopped(&mut stop) => false,
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
    let ended = tokio::select! {
        ended = drive(context.clone(), stop) => {
            leader.release().await;
            ended
        }
        () = leader.keep() => Err(Stopped::LeaseLost),
    };
    context.telemetry.leads(false);
    ended
}

/// Drives every Canary until a stop, or until a cache is not updated any more.
async fn drive(context: Arc<Context>, stop: watch::Receiver<bool>) -> Result<(), Stopped> {
    context.telemetry.leads(true);
    tokio::select! {
        () = run(context.clone(), stop) => Ok(()),
        kind = context.cluster.watch_ended() => Err(Stopped::WatchEnded(kind.plural)),
    }
}

/// Listens on a port, for IPv6 and IPv4.
///
/// # Errors
/// The port is in use, or may not be used.
pub async fn listen(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind(("::", port)).await {
        Ok(listener) => Ok(listener),
        // No IPv6 here.
        Err(_) => TcpListener::bind(("0.0.0.0", port)).await,
    }
}

/// The cluster of a kubeconfig, or the one that this process runs in; `master` is another address for it. Either may be
/// empty.
///
/// # Errors
/// There is no cluster, or no credentials for it.
pub async fn config(kubeconfig: &str, master: &str) -> Result<Config, Stopped> {
    let said = |error: &dyn std::fmt::Display| Stopped::NoCluster(error.to_string());
    let mut config = if kubeconfig.is_empty() {
        Config::infer().await.map_err(|error| said(&error))?
    } else {
        let file = Kubeconfig::read_from(Path::new(kubeconfig)).map_err(|error| said(&error))?;
        let given = KubeConfigOptions::default();
        Config::from_custom_kubeconfig(file, &given).await.map_err(|error| said(&error))?
    };
    if !master.is_empty() {
        config.cluster_url = master.parse().map_err(|error| said(&error))?;
    }
    Ok(config)
}

/// The namespace of the controller itself.
fn own_namespace(client: &Client) -> String {
    client.default_namespace().to_owned()
}

/// The name of this process among the candidates.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "serin".into());
    let since = clock::now().as_millis();
    format!("{host}_{since:x}-{}", std::process::id())
}

fn record(options: &Options) -> Result<Record, Stopped> {
    let Some(path) = &options.record else { return Ok(Record::default()) };
    Record::to(path).map_err(|error| Stopped::Record { path: path.display().to_string(), error })
}

/// Becomes true with the first SIGTERM or SIGINT. The second one ends the process.
#[must_use]
pub fn stop_on_signal() -> watch::Receiver<bool> {
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
        // Without signals there is nothing to wait for: only the system can end the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The exit code of the process.
#[must_use]
pub fn exit_code(ended: &Result<(), Stopped>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stopped::LeaseLost | Stopped::WatchEnded(_)) => ExitCode::from(1),
        Err(Stopped::NoCluster(_) | Stopped::Record { .. } | Stopped::Port { .. }) => ExitCode::from(2),
    }
}
