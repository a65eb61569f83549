//! Drives one Canary: carries out the next effect of its tick, and reports the result to it.

mod save;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use serin_core::{
    State, Tick, Timestamp,
    message::Notice,
    observation::{Fact, FailureClass},
    question::Question,
    revision::Text,
    step::Wake,
    tick::{Do, Pause},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use crate::{
    clock,
    object::Key,
    tick::{
        apply::apply,
        ask::ask,
        asked::Asked,
        budget::Budget,
        context::Context,
        dry_run::Pretended,
        endpoints::Missing,
        held::Held,
        memory::Memory,
        observe::{Snapshot, snapshot},
        probe::{Probe, both},
        rivals::Rivals,
        send::{Delivery, Sender},
    },
};

/// How long to wait after a Canary could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// How long notices that are being sent at a stop may still take; those that are cut off are sent again.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long to wait for receivers, so that deliveries that succeed within moments are noted at once. Slower ones
/// continue in the background.
const COURTESY: Duration = Duration::from_secs(1);
/// How long to wait for further changes after one: a workload reports new pods in several steps, within moments, and
/// each look takes some work.
const SETTLING: Duration = Duration::from_millis(25);
/// If a Canary has nothing to do for longer than this, its memory is dropped meanwhile.
const SOON: Duration = Duration::from_secs(300);
/// How many times a look is repeated to fetch what the previous one missed, before a decision is made anyway.
const MOST_LOOKS: usize = 4;

/// Drives the Canary with this uid until it is deleted or the controller stops.
///
/// A stop is possible between two effects, except between a write and its save; there it is possible only if the save
/// has just failed.
pub async fn drive(context: Arc<Context>, key: Key, uid: Text, stop: watch::Receiver<bool>) {
    let waker = context.cluster.waker(&key);
    let sender = Sender::default();
    let (tick, asked) = (Tick::new(), Asked::default());
    let mut driver = Driver {
        context,
        key,
        uid,
        stop,
        waker,
        sender,
        tick,
        snapshot: None,
        asked,
        began: None,
        checked: false,
        probe: Probe::default(),
        missing: Missing::default(),
        memory: Memory::default(),
        look_by: None,
        pretended: None,
        failing: Pause::default(),
        budget: Budget::default(),
        held: Held::default(),
        rivals: Rivals::default(),
    };
    while driver.goes_on().await {}
    if *driver.stop.borrow() {
        timeout(LAST_WORDS, driver.sender.finish()).await.ok();
    }
    driver.context.cluster.forget(&driver.key);
    driver.context.telemetry.forget(&driver.key);
}

struct Driver {
    context: Arc<Context>,
    key: Key,
    uid: Text,
    stop: watch::Receiver<bool>,
    waker: Arc<Notify>,
    sender: Sender,
    tick: Tick,
    snapshot: Option<Arc<Snapshot>>,
    asked: Asked,
    /// When this tick began.
    began: Option<Instant>,
    /// Whether it has made a check.
    checked: bool,
    probe: Probe,
    missing: Missing,
    memory: Memory,
    /// How long to wait at most before looking again, whatever the core waits for.
    look_by: Option<Duration>,
    /// In a dry run, the objects that would exist.
    pretended: Option<Pretended>,
    /// How long to wait between saves that fail in a row.
    failing: Pause,
    budget: Budget,
    held: Held,
    rivals: Rivals,
}

/// The next effect, independent of its tick.
enum Next {
    Observe,
    Ask(Vec<Question>),
    Apply(serin_core::Command),
    Save(Box<State>),
    Send(Vec<Notice>),
    Sleep(Option<Wake>),
}

impl Driver {
    /// Carries out the next effect; returns false if there is none.
    async fn goes_on(&mut self) -> bool {
        let next = match self.tick.next() {
            Do::Observe => Next::Observe,
            Do::Ask(questions) => Next::Ask(questions.to_vec()),
            Do::Apply(command) => Next::Apply(command.clone()),
            Do::Save(state) => Next::Save(Box::new(state.clone())),
            Do::Send(notices) => Next::Send(notices.to_vec()),
            Do::Sleep(wake) => Next::Sleep(wake),
        };
        // A replica that wakes after another one took over must not repeat its questions and notices.
        let must_not = matches!(next, Next::Ask(_) | Next::Send(_)) && !self.context.cluster.may_write();
        let waits = matches!(next, Next::Observe | Next::Ask(_) | Next::Sleep(_));
        if (waits || must_not || self.failing.is_failing()) && *self.stop.borrow() {
            return false;
        }
        if must_not {
            self.pause(PAUSE).await;
            return true;
        }
        // Boxed, so that a driver that sleeps, as nearly all do, does not reserve the memory that it needs when awake.
        match next {
            Next::Observe => return Box::pin(self.observe()).await,
            Next::Ask(questions) => Box::pin(self.ask(&questions)).await,
            Next::Apply(command) => Box::pin(self.apply(&command)).await,
            Next::Save(state) => Box::pin(self.save(&state)).await,
            Next::Send(notices) => Box::pin(self.send(&notices)).await,
            Next::Sleep(wake) => self.sleep(wake).await,
        }
        true
    }

    /// Starts to send the saved notices, and notes which were delivered. Slower deliveries continue in the background.
    async fn send(&mut self, notices: &[Notice]) {
        let Some(snapshot) = self.snapshot.clone() else { return self.tick.sent(&[]) };
        let plan = self.tick.plan();
        let saved = plan.and_then(|plan| plan.state.clone());
        let state = saved.unwrap_or_else(|| Arc::new(snapshot.state.clone()));
        let due = plan.and_then(|plan| plan.wake).map(|wake| clock::until(wake.at));
        let mut patience = std::pin::pin!(sleep(due.into_iter().fold(COURTESY, Duration::min)));
        self.sender.retry_failed();
        loop {
            self.sender.begin(&self.context, &snapshot, &state, notices);
            if !self.sender.is_sending() {
                break;
            }
            tokio::select! {
                _ = self.sender.next() => {}
                () = self.waker.notified() => {
                    // The next look handles this.
                    self.waker.notify_one();
                    break;
                }
                () = &mut patience => break,
                _ = self.stop.changed() => break,
            }
        }
        self.tick.sent(&self.sender.delivered(notices));
    }

    /// Observes everything, and decides; returns false if the Canary was deleted.
    async fn observe(&mut self) -> bool {
        let context = self.context.clone();
        for last in (0..MOST_LOOKS).rev() {
            // All changes until now, including our own, are visible to this look.
            self.waker.notified().now_or_never();
            let (found, notes) = {
                let reader = context.cluster.reader();
                let Context { settings, namespace, claims, .. } = &*context;
                let found = snapshot(&self.key, settings, namespace, claims, &reader, &mut self.memory);
                (found, reader.into_notes())
            };
            context.cluster.wake(&context.claims.disturbed());
            let again = context.cluster.settle(&self.key, notes).await;
            if again && last > 0 {
                continue;
            }
            if again {
                // Objects that have just been fetched are missing in this look, and no later event may wake for them.
                self.waker.notify_one();
            }
            match found {
                Ok(None) => return false,
                // It was deleted and created again: the new one has its own driver.
                Ok(Some(snapshot)) if *snapshot.object.uid() != *self.uid => return false,
                Ok(Some(mut snapshot)) => {
                    self.held.say(&context, &snapshot).await;
                    snapshot.seen.rival =
                        self.rivals.of_objects(&context.cluster, &self.memory.tampered).await;
                    let rivals = self.rivals.of_status(&context, &snapshot).await;
                    self.decide(snapshot, rivals);
                    self.keep_pace().await;
                }
                Err(why) => {
                    tracing::warn!(canary = %self.key, %why, "the Canary is not known now");
                    self.pause(PAUSE).await;
                }
            }
            return true;
        }
        true
    }

    /// Waits before a decision is carried out, if decisions follow one another without end.
    async fn keep_pace(&mut self) {
        let Some(plan) = self.tick.plan().filter(|_| matches!(self.tick.next(), Do::Apply(_) | Do::Save(_)))
        else {
            return;
        };
        let rule = plan.decision.rule;
        let pause = match (self.rivals.pause(), self.budget.spend(clock::since_boot())) {
            (None, Ok(())) => return,
            (Some(pause), Ok(())) => pause,
            (rivals, Err(excess)) => {
                if excess.is_news {
                    tracing::error!(
                        canary = %self.key,
                        ?rule,
                        "more than 60 decisions within a minute wrote something, and they are slowed to one a second: \
                         this is a bug of Serin, unless another program undoes what it writes"
                    );
                }
                rivals.unwrap_or_default().max(excess.pause)
            }
        };
        self.context.telemetry.slowed(&self.key);
        self.pause(pause).await;
    }

    fn decide(&mut self, mut snapshot: Snapshot, rivals: Option<Text>) {
        if self.context.dry_run {
            self.pretended.get_or_insert_with(|| Pretended::of(&snapshot.object)).show(&mut snapshot.seen);
        }
        if rivals.is_some() {
            snapshot.seen.concern = both(Fact::Known(rivals), snapshot.seen.concern);
        }
        snapshot.seen.concern = self.probe.concern(&self.context, &snapshot, &self.waker);
        self.look_by = self.missing.judge(&mut snapshot.seen, snapshot.published);
        let (now, began) = (clock::now(), clock::monotonic());
        let plan = self.tick.observed(&snapshot.canary, &snapshot.state, &mut snapshot.seen, now);
        if let Some(plan) = plan {
            self.checked |= plan.decision.rule.is_check();
            self.context.telemetry.decided(began.elapsed());
            if plan.commands.is_empty() && plan.state.is_none() {
                self.context.telemetry.carried_out(&snapshot, plan);
            }
            self.context.record.decided(&snapshot, plan, now);
            // Questions from before this decision are not wanted any more.
            self.asked.keep(&BTreeSet::new());
        }
        self.snapshot = Some(Arc::new(snapshot));
    }

    /// Asks the new questions, and waits for the answers or for a change.
    async fn ask(&mut self, questions: &[Question]) {
        let Some(snapshot) = &self.snapshot else { return self.tick.wake() };
        self.asked.keep(&questions.iter().map(|question| question.id.clone()).collect());
        for question in questions {
            if !self.asked.is_put(&question.id) {
                let answer = ask(self.context.clone(), snapshot.clone(), question.clone());
                self.asked.put(question.id.clone(), answer);
            }
        }
        let until = questions.iter().filter_map(|question| question.until).min();
        // All of them are needed, so they are waited for together; but a change in the meantime can replace them.
        while !self.asked.is_empty() {
            tokio::select! {
                answered = self.asked.next() => {
                    if let Some((id, answer)) = answered {
                        self.tick.answered(id, answer);
                    }
                }
                () = self.waker.notified() => return self.tick.changed(),
                () = time_of(until) => return self.tick.changed(),
                _ = self.stop.changed() => return,
            }
        }
    }

    async fn apply(&mut self, command: &serin_core::Command) {
        let Some(snapshot) = &self.snapshot else { return self.tick.wake() };
        if let Some(pretended) = &mut self.pretended {
            tracing::info!(canary = %self.key, "dry-run: would {command}");
            pretended.apply(command, &snapshot.seen);
            return self.tick.applied(Ok(()));
        }
        let outcome = apply(&self.context.cluster, snapshot, command).await;
        match &outcome {
            // Another client was faster: the decision is made again, without a report.
            Err((FailureClass::Moved, why)) => tracing::debug!(canary = %self.key, %command, %why, "moved"),
            Err((class, why)) => {
                tracing::warn!(canary = %self.key, %command, ?class, %why, "a command failed");
            }
            Ok(()) => {}
        }
        self.tick.applied(outcome);
    }

    /// Sleeps until the wake, a change or a stop.
    async fn sleep(&mut self, wake: Option<Wake>) {
        if let (Some(snapshot), Some(began), true) =
            (&self.snapshot, self.began.take(), std::mem::take(&mut self.checked))
        {
            self.context.telemetry.checked(&snapshot.subject, began.elapsed());
        }
        // The next tick starts with a new look; until then the old one would only use memory.
        self.snapshot = None;
        let wake = wake.map(|wake| clock::until(wake.at));
        let wake = wake.into_iter().chain(self.look_by).min();
        if wake.is_none_or(|wake| wake > SOON) {
            // Nothing is expected to happen; if something does, everything is computed again.
            self.memory.shrink();
        }
        tokio::select! {
            () = passed(wake) => {}
            () = async {
                self.waker.notified().await;
                sleep(SETTLING).await;
            } => {}
            // Deliveries have to be noted, and the next notices sent.
            () = delivered(&mut self.sender) => {}
            _ = self.stop.changed() => return,
        }
        self.failing = Pause::default();
        self.began = Some(clock::monotonic());
        self.tick.wake();
    }

    /// Waits for a while, unless the controller stops.
    async fn pause(&mut self, span: Duration) {
        tokio::select! {
            () = sleep(span) => {}
            _ = self.stop.changed() => {}
        }
    }
}

/// Ends at that time; never, if there is none.
async fn time_of(at: Option<Timestamp>) {
    passed(at.map(clock::until)).await;
}

/// Ends after that time; never, if there is none.
async fn passed(span: Option<Duration>) {
    match span {
        Some(span) => sleep(span).await,
        None => std::future::pending().await,
    }
}

/// Waits until a notice was delivered.
async fn delivered(sender: &mut Sender) {
    while sender.next().await != Delivery::Over {}
}
