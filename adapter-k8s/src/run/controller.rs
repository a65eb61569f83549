//! The controller: a driver for every Canary there is, and for none that is not.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::sleep};

use crate::{
    kinds::{ALERT_PROVIDER, CANARY, CUSTOM_RESOURCE_DEFINITION, METRIC_TEMPLATE},
    object::{Key, Object, seen::Seen as _},
    tick::{context::Context, driver::drive},
};

/// How often a cluster without our CRDs is looked at again.
const CRD_RETRY: Duration = Duration::from_secs(5);

/// Runs every Canary until a stop, then waits until each driver has come to a point where it can stop.
pub async fn run(context: Arc<Context>, stop: watch::Receiver<bool>) {
    for kind in [METRIC_TEMPLATE, ALERT_PROVIDER, CANARY] {
        context.cluster.watch(kind).await;
    }
    let mut drivers = Drivers::default();
    let ours = Key::new(CANARY, "", "");
    let waker = context.cluster.waker(&ours);
    let mut stopped = stop.clone();
    while !*stopped.borrow() {
        let (canaries, notes) = {
            let reader = context.cluster.reader();
            (reader.members(CANARY), reader.into_notes())
        };
        context.cluster.settle(&ours, notes).await;
        drivers.follow(&context, &canaries, &stop).await;
        tokio::select! {
            () = waker.notified() => {}
            _ = stopped.changed() => {}
        }
    }
    drivers.running.join_all().await;
}

#[derive(Default)]
struct Drivers {
    of: BTreeMap<Key, tokio::task::AbortHandle>,
    running: JoinSet<()>,
}

impl Drivers {
    /// Starts a driver for each Canary that has none. Those of Canaries that are gone end by themselves.
    async fn follow(&mut self, context: &Arc<Context>, canaries: &[Key], stop: &watch::Receiver<bool>) {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for canary in canaries {
            *counts.entry(canary.namespace.to_string()).or_default() += 1;
        }
        context.telemetry.count(&counts);
        while self.running.try_join_next().is_some() {}
        self.of.retain(|key, driver| {
            let ended = driver.is_finished();
            if ended {
                let waiting = context.claims.release(key);
                context.cluster.wake(&waiting.into_iter().collect());
            }
            !ended
        });
        let new: Vec<&Key> = canaries.iter().filter(|key| !self.of.contains_key(*key)).collect();
        for key in &new {
            // Claims first: the oldest Canary of a target has it, whichever driver runs first.
            if let Ok(Some(canary)) = context.cluster.reader().find(key) {
                context.claims.announce(&canary);
            }
        }
        for key in new {
            let driver = self.running.spawn(drive(context.clone(), key.clone(), stop.clone()));
            self.of.insert(key.clone(), driver);
        }
    }
}

/// Waits until the CRDs keep what we save; false if a stop came first. Without them nothing is touched.
pub async fn crds_fit(context: &Context, mut stop: watch::Receiver<bool>) -> bool {
    let key = Key::new(CUSTOM_RESOURCE_DEFINITION, "", "canaries.flagger.app");
    let mut told = String::new();
    loop {
        let why = match context.cluster.read(&key).await {
            Ok(Some(crd)) if keeps_our_status(&crd) => return true,
            Ok(Some(_)) => {
                "the CRD canaries.flagger.app would drop `.status.serin`; apply deploy/crds.yaml".into()
            }
            Ok(None) => "the CRD canaries.flagger.app is not installed; apply deploy/crds.yaml".into(),
            Err(why) => format!("the CRD canaries.flagger.app cannot be read: {why}"),
        };
        if why != told {
            tracing::error!("{why}");
            told = why;
        }
        tokio::select! {
            () = sleep(CRD_RETRY) => {}
            _ = stop.changed() => return false,
        }
    }
}

/// Whether the schema of v1beta1 keeps all of `.status.serin`.
fn keeps_our_status(crd: &Object) -> bool {
    let versions = crd.at("/spec/versions").and_then(serde_json::Value::as_array);
    let ours = versions.into_iter().flatten().find(|version| version["name"] == "v1beta1");
    let status = ours.and_then(|version| version.pointer("/schema/openAPIV3Schema/properties/status"));
    const KEEPS: &str = "x-kubernetes-preserve-unknown-fields";
    status.is_some_and(|status| status[KEEPS] == true || status["properties"]["serin"][KEEPS] == true)
}
