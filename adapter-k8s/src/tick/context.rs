//! What all drivers share.

use std::sync::Arc;

use serin_core::spec::Identity;

use crate::{
    cluster::Cluster,
    http::{Http, Sender},
    metrics::Systems,
    notify::Destination,
    run::{record::Record, telemetry::Telemetry},
    settings::Settings,
    subject::Subject,
    tick::claims::Claims,
};

/// What all drivers share.
pub struct Context {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// The settings that concern objects.
    pub settings: Arc<Settings>,
    /// The controller's own namespace.
    pub namespace: String,
    /// Sends requests to anything but the cluster.
    pub http: Http,
    /// The receiver of alerts for Canaries that name none.
    pub slack: Option<Destination>,
    /// The receiver of events for Canaries without an event hook.
    pub event_webhook: Option<String>,
    /// Whether only statuses and events may change.
    pub dry_run: bool,
    /// Which Canary has which target.
    pub claims: Claims,
    /// The controller's own metrics.
    pub telemetry: Telemetry,
    /// The record of decisions.
    pub record: Record,
}

impl Context {
    /// The metric systems of one Canary.
    #[must_use]
    pub fn systems_of(&self, subject: &Subject) -> Systems {
        Systems { http: self.http_of(subject), cluster: self.cluster.clone() }
    }

    /// Sends the requests of one Canary.
    #[must_use]
    pub fn http_of(&self, subject: &Subject) -> Http {
        let Identity { namespace, name, .. } = &subject.identity;
        self.http.sent_by(Sender { namespace: namespace.clone(), name: name.clone() })
    }
}

#[cfg(test)]
impl Context {
    /// For a cluster without an API server.
    pub(crate) fn idle() -> Arc<Self> {
        Self::at("http://127.0.0.1:1")
    }

    /// For the cluster with this address.
    pub(crate) fn at(url: &str) -> Arc<Self> {
        let client = kube::Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap();
        Arc::new(Self {
            cluster: Cluster::new(client, None, Arc::new(crate::cluster::fence::Fence::open()), "me"),
            settings: Arc::default(),
            namespace: "serin".into(),
            http: Http::new(),
            slack: None,
            event_webhook: None,
            dry_run: false,
            claims: Claims::default(),
            telemetry: Telemetry::new("1.2.3", "kubernetes"),
            record: Record::default(),
        })
    }
}
