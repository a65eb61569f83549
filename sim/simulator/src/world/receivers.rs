//! The receivers of notices and their answers: event hooks and receivers of alerts.
//!
//! As in the controller, every notice is sent to every event hook that wants it, and an alert to each item of `alerts`
//! with its severity. An event hook is retried as often as its `retries` allows. The receiver of an alert is called
//! once, and again with the next delivery if it did not answer, or answered 429 or 5xx.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{
    message::Notice,
    retry,
    spec::{Hook, HookKind},
};

use super::{World, answers::Answers};
use crate::{
    record::Receiver,
    scenario::{HookAnswer, HookOutcome, What},
};

/// The timeout of the controller for the receiver of an alert.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Receivers<'a>(Answers<'a, HookAnswer>);

/// The result of one delivery.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryResult {
    pub(crate) to: Receiver,
    pub(crate) answers: Vec<HookOutcome>,
    pub(crate) takes: Duration,
    /// It is not sent again.
    pub(crate) over: bool,
}

impl<'a> Receivers<'a> {
    pub(super) fn new(scripts: &'a BTreeMap<String, Vec<HookAnswer>>) -> Self {
        Self(Answers::new(scripts))
    }

    pub(super) fn change(&mut self, scripts: &'a BTreeMap<String, Vec<HookAnswer>>) {
        self.0.change(scripts);
    }
}

impl World<'_> {
    /// Whether there is any receiver.
    pub(crate) fn has_receivers(&self) -> bool {
        let Ok(canary) = &*self.canary else { return false };
        !canary.alerts().is_empty() || canary.hooks_of(HookKind::Event).next().is_some()
    }

    /// All receivers of this notice.
    pub(crate) fn receivers(&self, notice: &Notice) -> Vec<Receiver> {
        match &*self.canary {
            Ok(canary) => wanted(canary, notice),
            Err(_) => Vec::new(),
        }
    }

    /// Sends a notice to a receiver; the story lasts this much longer.
    pub(crate) fn tell(&mut self, to: Receiver, left: Duration) -> DeliveryResult {
        match &to {
            Receiver::Hook(key) => {
                let canary = self.canary.clone();
                let mut hooks = canary.iter().flat_map(|canary| canary.hooks());
                match hooks.find(|hook| hook.key == *key) {
                    Some(hook) => self.call(hook, to, left),
                    None => DeliveryResult { to, answers: Vec::new(), takes: Duration::ZERO, over: true },
                }
            }
            Receiver::Alert(key) => {
                let canary = self.canary.clone();
                let mut alerts = canary.iter().flat_map(|canary| canary.alerts());
                let name = alerts.find(|alert| alert.key == *key).map_or(key, |alert| &alert.name);
                let scripted = self.receivers.0.take(key, name).cloned();
                let (outcome, takes) = self.answer(scripted, PATIENCE);
                let over = outcome.passes() || !outcome.is_worth_a_retry();
                DeliveryResult { to, answers: vec![outcome], takes, over }
            }
        }
    }

    /// Calls an event hook until it passes, its retries are used up or the story has ended.
    fn call(&mut self, hook: &Hook, to: Receiver, left: Duration) -> DeliveryResult {
        let mut told = DeliveryResult { to, answers: Vec::new(), takes: Duration::ZERO, over: true };
        for number in 1..=hook.retries.saturating_add(1) {
            let scripted = self.hooks.scripted(hook);
            let (outcome, takes) = self.answer(scripted, hook.timeout);
            told.answers.push(outcome);
            told.takes = told.takes.saturating_add(takes);
            if !outcome.is_worth_a_retry() || number > hook.retries || told.takes >= left {
                break;
            }
            told.takes = told.takes.saturating_add(retry::backoff(number - 1));
        }
        told
    }

    /// How an attempt ends, and how long it takes.
    fn answer(&mut self, scripted: Option<HookAnswer>, patience: Duration) -> (HookOutcome, Duration) {
        if self.strikes(What::ReceiverDown) {
            return (HookOutcome::Status(503), Duration::ZERO);
        }
        let answer = scripted.unwrap_or_else(|| HookOutcome::Status(200).into());
        if let Some(strike) = self.strike(What::ReceiverSlow) {
            let in_time = strike.by <= patience;
            return if in_time { (answer.outcome, strike.by) } else { (HookOutcome::Timeout, patience) };
        }
        let takes = answer.after.unwrap_or(match answer.outcome {
            HookOutcome::Timeout => patience,
            HookOutcome::Status(_) | HookOutcome::Refused => Duration::ZERO,
        });
        (answer.outcome, takes)
    }
}

/// The receivers of a notice of this Canary.
pub(crate) fn wanted(canary: &serin_core::Rollout, notice: &Notice) -> Vec<Receiver> {
    let hooks = canary.event_hooks_for(&notice.message).map(|hook| Receiver::Hook(hook.key.clone()));
    let alerts = canary.alerts_for(&notice.message).map(|alert| Receiver::Alert(alert.key.clone()));
    hooks.chain(alerts).collect()
}
