//! Where an alert is sent, and with which credentials.

use std::time::Duration;

use serin_core::{
    revision::Text,
    spec::{AlertProvider, AlertSystem, AlertTarget},
};

use super::MOST_TOLD;
use crate::http::{
    Request,
    secret::{Hidden, Secret},
};

/// Where an alert is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The system that gets the alert.
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

    /// The address.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn address(&self) -> Result<&str, Text> {
        self.address.as_ref().map(Hidden::reveal).ok_or_else(|| "an address is missing".into())
    }

    /// A `POST` to an address, without the token.
    pub(super) fn post(&self, address: &str, body: &impl serde::Serialize) -> Request {
        let mut request = Request::post(address, body, TIMEOUT);
        request.hides_path = true;
        request.stays = true;
        request.proxy.clone_from(&self.proxy);
        request.most = MOST_TOLD;
        request
    }

    /// A `POST` to an address, with the token if there is one.
    pub(super) fn authorized(&self, address: &str, body: &impl serde::Serialize) -> Request {
        let request = self.post(address, body);
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    /// A text without the credentials that it repeats.
    pub(super) fn hide_in(&self, text: &str) -> String {
        let credentials = [("address", &self.address), ("token", &self.token)].into_iter();
        let known =
            credentials.filter_map(|(key, value)| Some((key.into(), value.as_ref()?.reveal().into())));
        Secret::new(known).hide_in(text)
    }
}

/// Time until a receiver has answered.
const TIMEOUT: Duration = Duration::from_secs(5);

/// `-slack-url` and its companions, or their environment variables; empty if left out.
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
