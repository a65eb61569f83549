//! Notices: events of Kubernetes, event webhooks, and alerts.
//!
//! [`event`] and [`hook_event`] tell every notice; of those that are [alerts](serin_core::message::Message::alert), [`wanted`] says who is
//! told. One file per system that can be told, each a pure pair: [`Receiver::render`] and [`Receiver::read`]. To add one,
//! write its file and a line in [`of`].

mod alert_message;
pub mod event;
pub mod hook_event;
mod slack;
#[cfg(test)]
mod tests;
mod webhook;

use std::time::Duration;

use serin_core::{
    message::Notice,
    retry,
    revision::Text,
    spec::{Alert, AlertProvider, AlertSystem, AlertTarget, Rollout},
    state::State,
};

pub use self::alert_message::AlertMessage;
use crate::{
    http::{
        Http, Reply, Request,
        secret::{Hidden, Secret},
    },
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

/// The alerts of a Canary that want this notice; `None` if the controller's own receiver is told instead.
#[must_use]
pub fn wanted<'a>(notification: &Notification<'a>) -> Option<Vec<&'a Alert>> {
    let rollout = notification.rollout.filter(|rollout| !rollout.alerts().is_empty())?;
    Some(rollout.alerts_for(&notification.notice.message).collect())
}

/// Where an alert is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Who is told.
    pub system: AlertSystem,
    /// Where it is: a credential, as with most such systems; `None` where the system has its own.
    pub address: Option<Hidden>,
    /// Proves that we may write.
    pub token: Option<Hidden>,
    /// Channel to write to.
    pub channel: String,
    /// Name to write under.
    pub username: String,
    /// HTTP proxy on the way there.
    pub proxy: Option<Hidden>,
    /// What is said: a Go template.
    pub template: Option<Text>,
}

impl Destination {
    /// Where an AlertProvider sends. `secret` is the one it names; empty where it names none.
    ///
    /// # Errors
    /// The Secret lacks a key.
    pub fn of(provider: &AlertProvider, secret: &Secret) -> Result<Self, Text> {
        let at = |name: &Text, key: &str| {
            let lacks = || Text::from(format!("Secret {name}.{} has no `{key}`", provider.namespace));
            secret.at(key).map(Hidden::new).ok_or_else(lacks)
        };
        let (address, token) = match &provider.target {
            AlertTarget::Address(address) => (Some(Hidden::new(&**address)), None),
            AlertTarget::Secret(name) => (Some(at(name, "address")?), secret.at("token").map(Hidden::new)),
            AlertTarget::Token { address, secret } => {
                (address.as_deref().map(Hidden::new), Some(at(secret, "token")?))
            }
        };
        Ok(Self {
            system: provider.system,
            address,
            token,
            channel: provider.channel.to_string(),
            username: provider.username.to_string(),
            proxy: provider.proxy.as_deref().map(Hidden::new),
            template: provider.message_template.clone(),
        })
    }

    /// The controller's own Slack channel, as its flags name it; `None` without an address.
    ///
    /// # Errors
    /// The channel is missing.
    pub fn slack(flags: &SlackFlags) -> Result<Option<Self>, Text> {
        let filled = |text: &str| (!text.is_empty()).then(|| Hidden::new(text));
        let Some(address) = filled(&flags.url) else { return Ok(None) };
        if flags.channel.is_empty() {
            return Err("-slack-url needs -slack-channel".into());
        }
        Ok(Some(Self {
            system: AlertSystem::Slack,
            address: Some(address),
            token: filled(&flags.token),
            channel: flags.channel.clone(),
            username: if flags.user.is_empty() { "flagger".into() } else { flags.user.clone() },
            proxy: filled(&flags.proxy_url),
            template: None,
        }))
    }

    fn post(&self, body: &impl serde::Serialize) -> Result<Request, Text> {
        let address = self.address.as_ref().ok_or_else(|| Text::from("an address is missing"))?;
        let mut request = Request::post(address.reveal(), body, TIMEOUT);
        request.hides_path = true;
        request.stays = true;
        request.proxy.clone_from(&self.proxy);
        request.most = MOST_TOLD;
        Ok(match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.reveal())),
            None => request,
        })
    }
}

/// `-slack-url` and its companions, or their environment variables; empty where left out.
#[derive(Clone, Default)]
pub struct SlackFlags {
    /// `-slack-url`.
    pub url: String,
    /// `-slack-token`.
    pub token: String,
    /// `-slack-channel`.
    pub channel: String,
    /// `-slack-user`.
    pub user: String,
    /// `-slack-proxy-url`.
    pub proxy_url: String,
}

const TIMEOUT: Duration = Duration::from_secs(5);
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
        AlertSystem::Slack => Some(&slack::Slack),
        AlertSystem::Webhook => Some(&webhook::Webhook),
        AlertSystem::Discord
        | AlertSystem::GoogleChat
        | AlertSystem::MsTeams
        | AlertSystem::PagerDuty
        | AlertSystem::Rocket => None,
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
    receiver.read(&reply).map_err(|why| fails(format!("{}: {why}", request.place()), is_temporary))
}
