//! Delivers notices: to the cluster as events, and to the receivers of the Canary. A notice is delivered when every
//! receiver has it.

use std::{collections::BTreeSet, time::Duration};

use serin_core::{
    message::{Notice, NoticeId},
    tick::Do,
};

use super::{Drive, log::Log};
use crate::{
    record::{Delivery, Receiver},
    world::DeliveryResult,
};

/// The state of deliveries. It is lost when the controller stops.
#[derive(Clone, Default)]
pub(super) struct Deliveries {
    /// The receivers that have a notice, or will never accept it.
    done: BTreeSet<(NoticeId, Receiver)>,
    /// Deliveries that last until this time, and what every receiver has then.
    under_way: Option<(Duration, Vec<NoticeId>)>,
}

impl<L: Log> Drive<'_, L> {
    /// Delivers the notices of the saved state; whether the story continues.
    pub(super) fn send(&mut self) -> bool {
        if let Some((until, _)) = &self.deliveries.under_way
            && *until > self.world.at()
        {
            let until = *until;
            return self.pass(Some(until));
        }
        let Do::Send(notices) = self.tick.next() else { return true };
        let delivered = match self.deliveries.under_way.take() {
            Some((_, delivered)) => delivered,
            None if self.world.loses_notices() => {
                self.happened.push("notices were lost".into());
                self.tick.sent(&[]);
                return true;
            }
            None if self.world.has_receivers() => {
                let notices = notices.to_vec();
                self.tell(&notices);
                return true;
            }
            None => notices.iter().map(|notice| notice.id).collect(),
        };
        let everything = delivered.len() == notices.len();
        if everything {
            self.log.sent(notices);
        } else {
            let arrived = notices.iter().filter(|notice| delivered.contains(&notice.id));
            let arrived: Vec<Notice> = arrived.cloned().collect();
            self.log.sent(&arrived);
        }
        self.tick.sent(&delivered);
        true
    }

    /// Sends the missing notices to all receivers, one notice after another, to all receivers at the same time.
    fn tell(&mut self, notices: &[Notice]) {
        self.deliveries.done.retain(|(id, _)| notices.iter().any(|notice| notice.id == *id));
        let (mut until, mut delivered) = (self.world.at(), Vec::new());
        for notice in notices {
            let (mut takes, mut all) = (Duration::ZERO, true);
            let left = self.until.saturating_sub(until);
            for to in self.world.receivers(notice) {
                if self.deliveries.done.contains(&(notice.id, to.clone())) {
                    continue;
                }
                let told = self.world.tell(to, left);
                takes = takes.max(told.takes);
                all &= told.over;
                self.note(until, notice, told);
            }
            until = until.saturating_add(takes);
            if all {
                delivered.push(notice.id);
            }
        }
        self.deliveries.under_way = Some((until, delivered));
    }

    fn note(&mut self, at: Duration, notice: &Notice, told: DeliveryResult) {
        let DeliveryResult { to, answers, takes: _, over } = told;
        if over {
            self.deliveries.done.insert((notice.id, to.clone()));
        }
        if L::WATCHES {
            let moment = self.decisions.saturating_sub(1);
            let topology = match &**self.world.canary() {
                Ok(canary) => canary.topology(),
                Err(invalid) => &invalid.topology,
            };
            let text = notice.message.text(&self.subject(), topology);
            let delivery = Delivery { at, moment, notice: notice.id, text, to, answers, over };
            if !delivery.arrived() {
                self.happened.push(tell_failure(&delivery));
            }
            self.log.told(delivery);
        }
    }

    fn subject(&self) -> String {
        let identity = self.scenario.canary.identity();
        format!("{}.{}", identity.name, identity.namespace)
    }
}

fn tell_failure(delivery: &Delivery) -> String {
    let (to, name) = match &delivery.to {
        Receiver::Hook(key) => ("event hook", key),
        Receiver::Alert(key) => ("receiver of the alert", key),
    };
    let answer = delivery.answers.last().map(ToString::to_string).unwrap_or_default();
    let then = if delivery.over { "it is not sent again" } else { "it is sent again later" };
    format!("the {to} {name} answers {answer} to `{}`: {then}", delivery.text)
}
