//! Drives one Canary: does what the tick says next, and tells it how that went.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use serin_core::{
    State, Tick,
    observation::FailureClass,
    question::{Answer, Question, QuestionId},
    state::Status,
    step::Wake,
    tick::{Do, SaveError},
};
use tokio::{
    sync::{Notify, watch},
    task::{AbortHandle, JoinSet},
    time::sleep,
};

use crate::{
    clock,
    kinds::CANARY,
    object::{Key, Object, seen::Seen},
    tick::{
        apply::apply,
        ask::ask,
        context::Context,
        dry_run::Pretended,
        endpoints::Missing,
        memory::Memory,
        observe::{Look, look},
        send::Sender,
    },
};

/// How long a Canary that could not be read or saved is left alone.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Looks that fetch what the one before has missed, before it is decided on what there is.
const MOST_LOOKS: usize = 4;

/// Drives a Canary until it is gone or the controller stops.
///
/// A stop is heeded between two effects that belong together, never after a write and before its save.
pub async fn drive(context: Arc<Context>, key: Key, stop: watch::Receiver<bool>) {
    let waker = context.cluster.waker(&key);
    let sender = Sender::default();
    let (tick, asked) = (Tick::new(), Asked::default());
    let mut driver = Driver {
        context,
        key,
        stop,
        waker,
        sender,
        tick,
        look: None,
        asked,
        began: None,
        missing: Missing::default(),
        memory: Memory::default(),
        look_by: None,
        pretended: None,
    };
    while driver.goes_on().await {}
    driver.context.cluster.forget(&driver.key);
    driver.context.telemetry.forget(&driver.key);
}

struct Driver {
    context: Arc<Context>,
    key: Key,
    stop: watch::Receiver<bool>,
    waker: Arc<Notify>,
    sender: Sender,
    tick: Tick,
    look: Option<Look>,
    asked: Asked,
    /// When this tick began.
    began: Option<Instant>,
    missing: Missing,
    memory: Memory,
    /// How long to wait at most before looking again, whatever the core waits for.
    look_by: Option<Duration>,
    /// In a dry run, what would stand in the cluster.
    pretended: Option<Pretended>,
}

/// Questions that were put and not answered yet.
#[derive(Default)]
struct Asked {
    running: JoinSet<(QuestionId, Answer)>,
    handles: BTreeMap<QuestionId, AbortHandle>,
}

/// What is to be done next, without the tick it came from.
enum Next {
    Observe,
    Ask(Vec<Question>),
    Apply(serin_core::Command),
    Save(Box<State>),
    Send(Vec<serin_core::message::Notice>),
    Sleep(Option<Wake>),
}

impl Driver {
    /// Does the next thing; false when there is none.
    async fn goes_on(&mut self) -> bool {
        let next = match self.tick.next() {
            Do::Observe => Next::Observe,
            Do::Ask(questions) => Next::Ask(questions.to_vec()),
            Do::Apply(command) => Next::Apply(command.clone()),
            Do::Save(state) => Next::Save(Box::new(state.clone())),
            Do::Send(notices) => Next::Send(notices.to_vec()),
            Do::Sleep(wake) => Next::Sleep(wake),
        };
        let waits = matches!(next, Next::Observe | Next::Ask(_) | Next::Sleep(_));
        if waits && *self.stop.borrow() {
            return false;
        }
        // Whoever woke after another took over must not ask or tell anybody what that one asks and tells.
        if matches!(next, Next::Ask(_) | Next::Send(_)) && !self.context.cluster.is_led() {
            self.pause(PAUSE).await;
            return true;
        }
        match next {
            Next::Observe => return self.observe().await,
            Next::Ask(questions) => self.ask(&questions).await,
            Next::Apply(command) => self.apply(&command).await,
            Next::Save(state) => self.save(&state).await,
            Next::Send(notices) => {
                let saved = self.tick.plan().and_then(|plan| plan.state.clone());
                let delivered = match &self.look {
                    Some(look) => {
                        let state = saved.as_deref().unwrap_or(&look.state);
                        self.sender.send(&self.context, look, state, &notices).await
                    }
                    None => Vec::new(),
                };
                self.tick.sent(&delivered);
            }
            Next::Sleep(wake) => self.sleep(wake).await,
        }
        true
    }

    /// Looks at everything, and has it decided upon; false if the Canary is gone.
    async fn observe(&mut self) -> bool {
        let context = self.context.clone();
        for last in (0..MOST_LOOKS).rev() {
            let (found, notes) = {
                let reader = context.cluster.reader();
                let Context { settings, namespace, claims, .. } = &*context;
                let found = look(&self.key, settings, namespace, claims, &reader, &mut self.memory);
                (found, reader.into_notes())
            };
            let again = context.cluster.settle(&self.key, notes).await;
            if again && last > 0 {
                continue;
            }
            match found {
                Ok(None) => return false,
                Ok(Some(look)) => self.decide(look),
                Err(why) => {
                    tracing::warn!(canary = %self.key, %why, "the Canary is not known now");
                    self.pause(PAUSE).await;
                }
            }
            return true;
        }
        true
    }

    fn decide(&mut self, mut look: Look) {
        if self.context.dry_run {
            self.pretended.get_or_insert_with(|| Pretended::of(&look.object)).show(&mut look.seen);
        }
        self.look_by = self.missing.judge(&mut look.seen, look.published);
        let (now, began) = (clock::now(), clock::monotonic());
        let plan = self.tick.observed(&look.canary, &look.state, &mut look.seen, now);
        if let Some(plan) = plan {
            self.context.telemetry.decided(&look, plan, began.elapsed(), now);
            self.context.record.decided(&look, plan, now);
            // What was asked before this decision is of no use any more.
            self.asked.keep(&BTreeSet::new());
        }
        self.look = Some(look);
    }

    /// Puts the questions that were not put yet, and waits for the answers or for a change.
    async fn ask(&mut self, questions: &[Question]) {
        let Some(look) = &self.look else { return self.tick.wake() };
        self.asked.keep(&questions.iter().map(|question| question.id.clone()).collect());
        for question in questions {
            if !self.asked.handles.contains_key(&question.id) {
                let answer = ask(self.context.clone(), look.clone(), question.clone());
                self.asked.put(question.id.clone(), answer);
            }
        }
        // All of them are needed, so they are waited for together; but whatever changes meanwhile may overtake them.
        while !self.asked.handles.is_empty() {
            tokio::select! {
                answered = self.asked.running.join_next() => {
                    if let Some(Ok((id, answer))) = answered {
                        self.asked.handles.remove(&id);
                        self.tick.answered(id, answer);
                    }
                }
                () = self.waker.notified() => return self.tick.changed(),
                _ = self.stop.changed() => return,
            }
        }
    }

    async fn apply(&mut self, command: &serin_core::Command) {
        let Some(look) = &self.look else { return self.tick.wake() };
        if let Some(pretended) = &mut self.pretended {
            tracing::info!(canary = %self.key, "dry-run: would {command}");
            pretended.apply(command, &look.seen);
            return self.tick.applied(Ok(()));
        }
        let outcome = apply(&self.context.cluster, look, command).await;
        match &outcome {
            // Somebody was faster: it is decided anew, and nobody needs to know.
            Err((FailureClass::Moved, why)) => tracing::debug!(canary = %self.key, %command, %why, "moved"),
            Err((class, why)) => {
                tracing::warn!(canary = %self.key, %command, ?class, %why, "a command failed");
            }
            Ok(()) => {}
        }
        self.tick.applied(outcome);
    }

    /// Saves by compare-and-swap: the saved state must still be the one that was decided on.
    async fn save(&mut self, state: &State) {
        let Some(look) = &self.look else { return self.tick.wake() };
        let known = self.context.cluster.reader().find(&self.key).ok().flatten();
        let Some(known) = known.filter(|known| seq(known) == seq(&look.object)) else {
            return self.tick.saved(Err(SaveError::Conflict));
        };
        let status = match serde_json::to_value(Status::from(state)) {
            Ok(status) => status,
            Err(error) => {
                tracing::error!(canary = %self.key, %error, "a state cannot be written as JSON");
                self.pause(LONGEST_PAUSE).await;
                return;
            }
        };
        let status = match &self.pretended {
            Some(pretended) => with(status, pretended),
            None => status,
        };
        match self.context.cluster.save_status(&known, status).await {
            Ok(()) => self.tick.saved(Ok(())),
            // Not found: deleted meanwhile. Look again.
            Err(error) if matches!(error.class, FailureClass::Moved | FailureClass::Refused) => {
                tracing::warn!(canary = %self.key, %error, "the status was not saved");
                if error.class == FailureClass::Refused {
                    self.pause(PAUSE).await;
                }
                self.tick.saved(Err(SaveError::Conflict));
            }
            Err(error) => {
                tracing::warn!(canary = %self.key, %error, "the status was not saved, and is saved again");
                self.tick.saved(Err(SaveError::Failed));
                self.pause(PAUSE).await;
            }
        }
    }

    /// Sleeps until the wake, a change or a stop.
    async fn sleep(&mut self, wake: Option<Wake>) {
        if let (Some(look), Some(began)) = (&self.look, self.began.take())
            && look.state.is_running()
        {
            self.context.telemetry.ticked(began.elapsed());
        }
        let wake = wake.map(|wake| clock::until(wake.at));
        let wake = wake.into_iter().chain(self.look_by).min();
        let until = async {
            match wake {
                Some(span) => sleep(span).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = until => {}
            () = self.waker.notified() => {}
            _ = self.stop.changed() => return,
        }
        self.began = Some(clock::monotonic());
        self.tick.wake();
    }

    /// Leaves things alone for a while, unless the controller stops.
    async fn pause(&mut self, span: Duration) {
        tokio::select! {
            () = sleep(span) => {}
            _ = self.stop.changed() => {}
        }
    }
}

/// A status with what a dry run would have written.
fn with(mut status: Value, pretended: &Pretended) -> Value {
    if let Some(Value::Object(ours)) = status.get_mut("serin") {
        ours.insert("dryRun".into(), json!(pretended));
    }
    status
}

/// Counts the saves of a Canary's status; `None` before the first.
fn seq(canary: &Object) -> Option<i64> {
    debug_assert_eq!(canary.kind(), CANARY);
    canary.number("/status/serin/seq")
}

impl Asked {
    fn put(&mut self, id: QuestionId, answer: impl Future<Output = Answer> + Send + 'static) {
        let named = id.clone();
        let handle = self.running.spawn(async move { (named, answer.await) });
        self.handles.insert(id, handle);
    }

    /// Drops what nobody wants to know any more.
    fn keep(&mut self, wanted: &BTreeSet<QuestionId>) {
        self.handles.retain(|id, handle| {
            let keep = wanted.contains(id);
            if !keep {
                handle.abort();
            }
            keep
        });
    }
}
