//! What every Canary's driver shares.

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

/// What every Canary's driver shares.
pub struct Context {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// What the flags say of objects.
    pub settings: Arc<Settings>,
    /// The controller's own namespace.
    pub namespace: String,
    /// Requests to anything but the cluster.
    pub http: Http,
    /// Who is told of alerts where a Canary names nobody.
    pub slack: Option<Destination>,
    /// Who is told of events where a Canary has no event hook.
    pub event_webhook: Option<String>,
    /// Whether nothing is to change but statuses and events.
    pub dry_run: bool,
    /// Who has which target.
    pub claims: Claims,
    /// What is measured of the controller itself.
    pub telemetry: Telemetry,
    /// Where decisions are written down.
    pub record: Record,
}

impl Context {
    /// Where one Canary's metrics are asked.
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
    /// Of a cluster that nobody answers for.
    pub(crate) fn idle() -> Arc<Self> {
        Self::at("http://127.0.0.1:1")
    }

    /// Of the cluster with this address.
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
