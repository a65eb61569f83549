//! Leader election by Lease: one replica drives, the others wait.
//!
//! This is own code, because no library offers what matters here: the moment up to which the lease is certainly ours,
//! taken before the renewal is sent ([`Fence`]).

use std::{sync::Arc, time::Duration};

use kube::Client;
use serin_core::Timestamp;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    clock,
    cluster::{
        fence::Fence,
        request::{self, Write},
    },
    object::{Key, Object},
    run::stop::stopped,
};

/// The Lease's name, the same as Flagger's, so that both controllers never drive at once.
pub const LEASE_NAME: &str = "flagger-leader-election";

/// The name of the Lease of dry runs: a dry run can observe while a controller drives, and never replaces it.
pub const DRY_RUN_LEASE_NAME: &str = "serin-dry-run";

/// The timing of a lease.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// After this time without renewal others can take it.
    pub lease: Duration,
    /// The interval of renewals.
    pub renew: Duration,
    /// The interval at which waiting candidates look.
    pub retry: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lease: Duration::from_secs(15), renew: Duration::from_secs(5), retry: Duration::from_secs(2) }
    }
}

/// A candidate.
pub struct Leader {
    client: Client,
    key: Key,
    identity: String,
    terms: Terms,
    fence: Arc<Fence>,
}

/// The result of an attempt to hold the lease.
enum Held {
    /// It is ours.
    Ours,
    /// Another candidate holds it.
    Other(String),
}

/// Another candidate's lease, as it was first seen. Its clock is not trusted: the lease has expired if it has not
/// changed for its duration on our clock.
struct Rival {
    lease: Object,
    /// By [`clock::since_boot`].
    since: Duration,
}

impl Leader {
    /// A candidate of that name for a Lease.
    #[must_use]
    pub fn new(client: Client, key: Key, identity: String, terms: Terms, fence: Arc<Fence>) -> Self {
        Self { client, key, identity, terms, fence }
    }

    /// Waits for the lease. Returns false if a stop came first.
    pub async fn acquire(&self, stop: &mut watch::Receiver<bool>) -> bool {
        let mut rival = None;
        let mut last = String::new();
        loop {
            let held = tokio::select! {
                held = self.try_hold(&mut rival) => held,
                () = stopped(stop) => return false,
            };
            match held {
                Ok(Held::Ours) => {
                    tracing::info!(identity = self.identity, "leading");
                    return true;
                }
                Ok(Held::Other(holder)) if holder != last => {
                    tracing::info!(holder, "another replica leads");
                    last = holder;
                }
                Ok(Held::Other(_)) => {}
                Err(error) => tracing::warn!(lease = %self.key, error, "the lease cannot be taken"),
            }
            tokio::select! {
                () = sleep(self.terms.retry) => {}
                () = stopped(stop) => return false,
            }
        }
    }

    /// Renews the lease until it is lost.
    pub async fn keep(&self) {
        let mut rival = None;
        loop {
            sleep(self.terms.renew).await;
            loop {
                match self.try_hold(&mut rival).await {
                    Ok(Held::Ours) => break,
                    Ok(Held::Other(holder)) => {
                        self.fence.close();
                        tracing::error!(holder, "the lease was lost");
                        return;
                    }
                    Err(error) => tracing::warn!(lease = %self.key, error, "the lease was not renewed"),
                }
                if !self.fence.is_open() {
                    tracing::error!("the lease could not be renewed in time");
                    return;
                }
                sleep(self.terms.retry.min(self.terms.renew)).await;
            }
        }
    }

    /// Hands the lease over, so that the next replica need not wait for it to expire.
    pub async fn release(&self) {
        self.fence.close();
        let Ok(Some(mut lease)) = request::get(&self.client, &self.key).await else { return };
        if lease.text("/spec/holderIdentity") != self.identity {
            return;
        }
        lease.set("/spec/holderIdentity", "");
        lease.set("/spec/leaseDurationSeconds", 1);
        if let Err(error) = request::write(&self.client, Write::Put, &lease).await {
            tracing::warn!(error = request::words(&error), "the lease was not handed over");
        }
    }

    /// As [`Self::hold`], but never so long that the lease expires during one request without an answer.
    async fn try_hold(&self, rival: &mut Option<Rival>) -> Result<Held, String> {
        let patience = self.terms.lease / 5;
        let held = timeout(patience, self.hold(rival)).await;
        held.unwrap_or_else(|_| Err(format!("the API server has not answered within {patience:?}")))
    }

    /// Takes or renews the lease if no other candidate holds it.
    async fn hold(&self, rival: &mut Option<Rival>) -> Result<Held, String> {
        let sent = clock::since_boot();
        let words = |error: kube::Error| {
            let words = request::words(&error);
            if request::code(&error) != Some(403) {
                return words;
            }
            let namespace = &self.key.namespace;
            format!("{words}; a Role in namespace {namespace} has to allow create, get and update of leases")
        };
        let there = request::get(&self.client, &self.key).await.map_err(words)?;
        let verb = if there.is_some() { Write::Put } else { Write::Post };
        let lease = there.unwrap_or_else(|| Object::new(&self.key));
        let holder = lease.text("/spec/holderIdentity").to_owned();
        if !holder.is_empty() && holder != self.identity && !self.has_run_out(&lease, rival) {
            return Ok(Held::Other(holder));
        }
        let wanted = self.ours(lease, &holder, clock::now());
        match request::write(&self.client, verb, &wanted).await {
            Ok(_) => {
                // Before any candidate can take it, with a margin for requests on their way.
                self.fence.renewed(sent, self.terms.lease.mul_f64(2.0 / 3.0));
                Ok(Held::Ours)
            }
            Err(kube::Error::Api(status)) if status.code == 409 => {
                Ok(Held::Other("another candidate".into()))
            }
            Err(error) => Err(words(error)),
        }
    }

    fn ours(&self, mut lease: Object, holder: &str, now: Timestamp) -> Object {
        let now = micro(now);
        if holder != self.identity {
            let transitions = lease.number("/spec/leaseTransitions").unwrap_or(-1) + 1;
            lease.set("/spec/leaseTransitions", transitions);
            lease.set("/spec/acquireTime", now.clone());
            lease.set("/spec/holderIdentity", self.identity.as_str());
        }
        lease.set("/spec/renewTime", now);
        lease.set("/spec/leaseDurationSeconds", self.terms.lease.as_secs());
        lease
    }

    fn has_run_out(&self, lease: &Object, rival: &mut Option<Rival>) -> bool {
        let seconds = lease.number("/spec/leaseDurationSeconds").and_then(|s| u64::try_from(s).ok());
        let duration = seconds.map_or(self.terms.lease, Duration::from_secs);
        match rival {
            Some(rival) if rival.lease.resource_version() == lease.resource_version() => {
                clock::since_boot().saturating_sub(rival.since) > duration
            }
            _ => {
                *rival = Some(Rival { lease: lease.clone(), since: clock::since_boot() });
                false
            }
        }
    }
}

/// Kubernetes' MicroTime.
fn micro(time: Timestamp) -> String {
    let text = time.to_string();
    let whole = text.trim_end_matches('Z');
    let (seconds, fraction) = whole.split_once('.').unwrap_or((whole, ""));
    format!("{seconds}.{fraction:0<6}Z")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::kinds::LEASE;

    /// A candidate with an API server that accepts connections and never answers.
    async fn candidate(lease: Duration) -> (Leader, TcpListener) {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let client = Client::try_from(kube::Config::new(url)).unwrap();
        let terms = Terms { lease, renew: lease / 100, retry: lease / 100 };
        let key = Key::new(LEASE, "n", LEASE_NAME);
        (Leader::new(client, key, "a".into(), terms, Arc::new(Fence::closed())), silent)
    }

    #[tokio::test]
    async fn a_silent_server_costs_the_lease_in_time() {
        let (leader, _silent) = candidate(Duration::from_millis(500)).await;
        leader.fence.renewed(clock::since_boot(), Duration::from_millis(300));
        timeout(Duration::from_secs(30), leader.keep()).await.expect("it gives up");
        assert!(!leader.fence.is_open());
    }

    #[tokio::test]
    async fn a_waiting_candidate_stops_within_a_request() {
        let (leader, _silent) = candidate(Duration::from_secs(3600)).await;
        let (stop, mut stopped) = watch::channel(false);
        let acquiring = tokio::spawn(async move { leader.acquire(&mut stopped).await });
        tokio::task::yield_now().await;
        stop.send(true).unwrap();
        assert!(!timeout(Duration::from_secs(30), acquiring).await.expect("it stops").unwrap());
    }

    #[test]
    fn times_have_six_decimal_places() {
        assert_eq!(micro(Timestamp::from_millis(1_700_000_000_120)), "2023-11-14T22:13:20.120000Z");
        assert_eq!(micro(Timestamp::from_millis(1_700_000_000_000)), "2023-11-14T22:13:20.000000Z");
    }
}
