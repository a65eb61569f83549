//! Notices: events of Kubernetes, event webhooks, and alerts.
//!
//! [`event`] and [`hook_event`] tell every notice; of those that are [alerts](serin_core::message::Message::alert), [`wanted`] says who is
//! told. One file per system that can be told, each a pure pair: [`Receiver::render`] and [`Receiver::read`]. To add one,
//! write its file and a line in [`of`].

mod alert_message;
mod alertmanager;
mod chat;
mod destination;
mod discord;
pub mod event;
mod google_chat;
pub mod hook_event;
mod pager_duty;
mod rocket;
mod slack;
mod teams;
#[cfg(test)]
mod tests;
mod webhook;

use serin_core::{
    message::Notice,
    retry,
    revision::Text,
    spec::{Alert, AlertSystem, Rollout},
    state::State,
};

pub use self::{
    alert_message::AlertMessage,
    destination::{Destination, SlackFlags},
};
use crate::{
    http::{Http, Reply, Request},
    subject::Subject,
};

/// A notice with what it speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// Whose it is.
    pub subject: &'a Subject,
    /// What its manifest means; `None` if it makes no sense.
    pub rollout: Option<&'a Rollout>,
    /// The state it was saved in.
    pub state: &'a State,
    /// What is told.
    pub notice: &'a Notice,
}

impl Notification<'_> {
    /// The sentence people read.
    #[must_use]
    pub fn text(&self) -> String {
        self.notice.message.text(&self.subject.display(), &self.subject.topology)
    }
}

/// An item of `analysis.alerts`, to which a notice is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Which.
    pub alert: Alert,
    /// The notice closes earlier alerts and is no alert itself: it is sent only if the receiver
    /// [keeps alerts open](AlertSystem::keeps_open).
    pub only_closes: bool,
}

/// The alerts of a Canary that want this notice; `None` if the controller's own receiver is told instead.
#[must_use]
pub fn wanted(notification: &Notification<'_>) -> Option<Vec<Wanted>> {
    let rollout = notification.rollout.filter(|rollout| !rollout.alerts().is_empty())?;
    let message = &notification.notice.message;
    let wanted = |only_closes| move |alert: &Alert| Wanted { alert: alert.clone(), only_closes };
    let closed = rollout.alerts_closed_by(message).map(wanted(true));
    Some(rollout.alerts_for(message).map(wanted(false)).chain(closed).collect())
}

/// How much of an answer is read, in bytes.
const MOST_TOLD: usize = 1024;

/// A system that can be told.
pub trait Receiver: Sync {
    /// What is sent.
    ///
    /// # Errors
    /// The destination lacks something.
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text>;

    /// Whether an answer means that it arrived.
    ///
    /// # Errors
    /// Why it did not.
    fn read(&self, reply: &Reply) -> Result<(), String> {
        if reply.is_success() { Ok(()) } else { Err(reply.refusal(MOST_TOLD)) }
    }
}

/// The receiver of a system; `None` if it is not supported.
#[must_use]
pub fn of(system: AlertSystem) -> Option<&'static dyn Receiver> {
    match system {
        AlertSystem::Alertmanager => Some(&alertmanager::Alertmanager),
        AlertSystem::Discord => Some(&discord::Discord),
        AlertSystem::GoogleChat => Some(&google_chat::GoogleChat),
        AlertSystem::MsTeams => Some(&teams::Teams),
        AlertSystem::PagerDuty => Some(&pager_duty::PagerDuty),
        AlertSystem::Rocket => Some(&rocket::Rocket),
        AlertSystem::Slack => Some(&slack::Slack),
        AlertSystem::Webhook => Some(&webhook::Webhook),
    }
}

/// Why an alert did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotSent {
    /// What went wrong.
    pub why: String,
    /// Whether another try may go better.
    pub is_temporary: bool,
}

/// Sends an alert, once.
///
/// # Errors
/// It did not arrive, as far as is known.
pub async fn send(http: &Http, message: &AlertMessage, to: &Destination) -> Result<(), NotSent> {
    let fails = |why: String, is_temporary| NotSent { why, is_temporary };
    let Some(receiver) = of(to.system) else {
        return Err(fails(format!("alerts of type {} are not supported yet", to.system), false));
    };
    let request = receiver.render(message, to).map_err(|why| fails(why.to_string(), false))?;
    let reply = http.send(&request).await.map_err(|error| fails(error.to_string(), error.is_temporary))?;
    let is_temporary = retry::is_worth_another(reply.status);
    // Servers repeat in their errors what they were sent.
    let refused = |why: String| fails(format!("{}: {}", request.place(), to.hide_in(&why)), is_temporary);
    receiver.read(&reply).map_err(refused)
}
