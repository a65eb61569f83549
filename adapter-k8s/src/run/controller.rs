//! The controller: one driver for every existing Canary.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serin_core::{revision::Text, tick::Pause};
use tokio::{
    sync::watch,
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::sleep,
};

use crate::{
    clock,
    cluster::{Cluster, schema::Kept},
    kinds::{ALERT_PROVIDER, CANARY, METRIC_TEMPLATE},
    notify::event,
    object::{Key, Kind, Object, reader::ObjectReader as _},
    run::{crds, stop::stopped},
    tick::{context::Context, driver::drive},
};

/// The kinds that our CRDs define.
const OURS: [Kind; 3] = [METRIC_TEMPLATE, ALERT_PROVIDER, CANARY];

/// Runs every Canary until a stop, and nothing while the installed CRDs drop parts of the status. After that, the
/// objects of our kinds are read again.
pub async fn run(context: Arc<Context>, stop: watch::Receiver<bool>) {
    let mut kept = context.cluster.schema.follow();
    let mut stops = stop.clone();
    while !*stop.borrow() {
        tokio::select! {
            kept = kept.wait_for(|kept| *kept == Kept::Whole) => {
                if kept.is_err() {
                    return;
                }
            }
            () = stopped(&mut stops) => return,
        }
        let (halt, halted) = watch::channel(false);
        let cut = async {
            tokio::select! {
                // They end together with this.
                _ = kept.wait_for(|kept| matches!(kept, Kept::Cut(_))) => {}
                () = stopped(&mut stops) => {}
            }
            halt.send(true).ok();
        };
        tokio::join!(run_until(context.clone(), halted), cut);
        crds::report_to_canaries(&context).await;
        context.cluster.read_again(OURS);
    }
}

/// Runs every Canary until a stop, then waits until each driver has reached a point where it can stop.
async fn run_until(context: Arc<Context>, stop: watch::Receiver<bool>) {
    for kind in OURS {
        context.cluster.watch(kind).await;
    }
    let mut drivers = Drivers::new({
        let (context, stop) = (context.clone(), stop.clone());
        move |key, uid, pause| Box::pin(after(pause, context.clone(), key, uid, stop.clone()))
    });
    let ours = Key::new(CANARY, "", "");
    let waker = context.cluster.waker(&ours);
    let mut stops = stop.clone();
    while !*stops.borrow() {
        let (canaries, notes) = {
            let reader = context.cluster.reader();
            (reader.members(CANARY), reader.into_notes())
        };
        context.cluster.settle(&ours, notes).await;
        drivers.follow(&context, &canaries, |key| context.cluster.reader().find(key).ok().flatten());
        tokio::select! {
            () = waker.notified() => {}
            Some(ended) = drivers.running.join_next_with_id() => drivers.ended(&context, ended),
            () = stopped(&mut stops) => {}
        }
    }
    while let Some(ended) = drivers.running.join_next_with_id().await {
        drivers.ended(&context, ended);
    }
}

/// Drives a Canary, after a pause if the previous driver has failed.
async fn after(pause: Duration, context: Arc<Context>, key: Key, uid: Text, stop: watch::Receiver<bool>) {
    let mut stops = stop.clone();
    tokio::select! {
        biased;
        () = stopped(&mut stops) => {}
        () = sleep(pause) => drive(context, key, uid, stop).await,
    }
}

/// Records that a Canary's driver has failed, in an Event and the log.
async fn report_panic(cluster: Arc<Cluster>, key: Key, error: String) {
    let Some(canary) = cluster.reader().find(&key).ok().flatten() else { return };
    let at = clock::now();
    let text =
        format!("the controller's loop for this Canary ended because of a bug and is started again: {error}");
    let event = event::on(&canary, &format!("failed-{}", at.as_millis()), "Warning", &text, at);
    cluster.record(key, event).await;
}

/// One driver per Canary.
struct Drivers {
    start: Box<dyn Fn(Key, Text, Duration) -> BoxFuture<'static, ()> + Send + Sync>,
    /// A Canary that is created again under the same name is driven after the driver of the earlier one has noticed and
    /// ended.
    of: BTreeMap<Key, AbortHandle>,
    running: JoinSet<()>,
    /// How long to wait before a Canary is driven again after its driver failed.
    failing: BTreeMap<Key, Pause>,
}

impl Drivers {
    fn new(start: impl Fn(Key, Text, Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        Self {
            start: Box::new(start),
            of: BTreeMap::new(),
            running: JoinSet::new(),
            failing: BTreeMap::new(),
        }
    }

    /// Starts a driver for each Canary that has none. Drivers of deleted Canaries end by themselves.
    fn follow(&mut self, context: &Context, canaries: &[Key], find: impl Fn(&Key) -> Option<Arc<Object>>) {
        context.telemetry.count(canaries);
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.ended(context, ended);
        }
        self.failing.retain(|key, _| canaries.contains(key));
        let new = canaries.iter().filter(|key| !self.of.contains_key(*key));
        let new: Vec<Arc<Object>> = new.filter_map(find).collect();
        for canary in &new {
            // Claims come first: the oldest Canary of a target has it, whichever driver runs first.
            context.claims.announce(canary);
        }
        for canary in new {
            let (key, uid) = (canary.key(), Text::from(canary.uid()));
            let pause = self.failing.get_mut(&key).map_or(Duration::ZERO, |pause| pause.grow(0));
            let task = self.running.spawn((self.start)(key.clone(), uid.clone(), pause));
            self.of.insert(key, task);
        }
    }

    /// A driver has ended: its Canary was deleted, is another one, or cannot be driven.
    fn ended(&mut self, context: &Context, ended: Result<(Id, ()), JoinError>) {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let of = self.of.iter().find(|(_, driver)| driver.id() == task);
        let Some(key) = of.map(|(key, _)| key.clone()) else { return };
        self.of.remove(&key);
        match ended {
            Ok(_) => {
                self.failing.remove(&key);
            }
            Err(error) => {
                tracing::error!(canary = %key, %error, "a driver failed, and is started again");
                context.telemetry.panicked(&key);
                tokio::spawn(report_panic(context.cluster.clone(), key.clone(), error.to_string()));
                self.failing.entry(key.clone()).or_default();
                context.cluster.forget(&key);
                context.telemetry.forget(&key);
            }
        }
        let waiting = context.claims.release(&key);
        context.cluster.wake(&waiting.into_iter().collect());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use serde_json::json;

    use super::*;

    fn canary(uid: &str) -> Arc<Object> {
        let metadata = json!({"name": "web", "namespace": "shop", "uid": uid, "creationTimestamp": uid});
        let spec = json!({"targetRef": {"kind": "Deployment", "name": "web"}});
        Arc::new(Object::read(CANARY, json!({ "metadata": metadata, "spec": spec })))
    }

    fn follow(drivers: &mut Drivers, context: &Context, uid: &str) {
        let canary = canary(uid);
        drivers.follow(context, &[canary.key()], |_| Some(canary.clone()));
    }

    /// Waits until a driver ends, and notes it.
    async fn one_ends(drivers: &mut Drivers, context: &Context) {
        let ended = drivers.running.join_next_with_id().await.unwrap();
        drivers.ended(context, ended);
    }

    #[tokio::test]
    async fn a_canary_that_is_created_again_is_driven_after_the_earlier_driver_has_ended() {
        let context = Context::idle();
        let gone = Arc::new(tokio::sync::Notify::new());
        let started = Arc::new(Mutex::new(Vec::new()));
        let mut drivers = Drivers::new({
            let (gone, started) = (gone.clone(), started.clone());
            move |_, uid, pause| {
                started.lock().unwrap().push((uid, pause));
                let gone = gone.clone();
                Box::pin(async move { gone.notified().await })
            }
        });
        let uids = || started.lock().unwrap().iter().map(|(uid, _)| uid.to_string()).collect::<Vec<_>>();
        follow(&mut drivers, &context, "1");
        follow(&mut drivers, &context, "2");
        assert_eq!(uids(), ["1"], "never two at a time");
        gone.notify_one();
        one_ends(&mut drivers, &context).await;
        follow(&mut drivers, &context, "2");
        assert_eq!((uids(), context.claims.claim(&canary("2"))), (vec!["1".into(), "2".into()], Ok(())));
        gone.notify_one();
        one_ends(&mut drivers, &context).await;
        assert_eq!(context.claims.release(&canary("2").key()), [], "its claim went with it");
    }

    #[tokio::test]
    async fn a_driver_that_panics_is_started_again_at_growing_intervals() {
        let context = Context::idle();
        let (tries, pauses) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
        let mut drivers = Drivers::new({
            let (tries, pauses) = (tries.clone(), pauses.clone());
            move |_, _, pause| {
                pauses.lock().unwrap().push(pause.as_secs());
                let try_ = tries.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move { assert!(try_ >= 3, "a bug") })
            }
        });
        for _ in 0..5 {
            follow(&mut drivers, &context, "1");
            one_ends(&mut drivers, &context).await;
        }
        assert_eq!(*pauses.lock().unwrap(), [0, 1, 2, 4, 0]);
    }
}
