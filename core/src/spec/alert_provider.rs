//! AlertProviders: what they need, by the type of receiver.

use alloc::{format, vec::Vec};
use core::fmt;

use super::{
    Malformed,
    parse::{Problems, check_identity, filled, or},
    raw,
};
use crate::revision::Text;

/// A valid AlertProvider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertProvider {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// The type of receiver.
    pub system: AlertSystem,
    /// Its address.
    pub target: AlertTarget,
    /// Channel to write to.
    pub channel: Text,
    /// Name to write under.
    pub username: Text,
    /// HTTP proxy.
    pub proxy: Option<Text>,
    /// The text: a Go template; the default of the type if left out.
    pub message_template: Option<Text>,
}

/// Where alerts are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertTarget {
    /// To this address.
    Address(Text),
    /// To the `address` in the Secret of this name, in the provider's namespace; with its `token` if it has one.
    Secret(Text),
    /// To this address, if one is given, with the `token` in the Secret.
    Token {
        /// The address; the system's own if left out.
        address: Option<Text>,
        /// The Secret's name.
        secret: Text,
    },
}

/// A type of receiver, as `spec.type` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertSystem {
    /// Prometheus' Alertmanager; not in Flagger.
    Alertmanager,
    /// Discord.
    Discord,
    /// Google Chat.
    GoogleChat,
    /// Microsoft Teams.
    MsTeams,
    /// PagerDuty; not in Flagger.
    PagerDuty,
    /// Rocket.Chat.
    Rocket,
    /// Slack.
    Slack,
    /// Any system that accepts JSON; not in Flagger.
    Webhook,
}

impl AlertSystem {
    /// All of them, by name.
    pub const ALL: [Self; 8] = [
        Self::Alertmanager,
        Self::Discord,
        Self::GoogleChat,
        Self::MsTeams,
        Self::PagerDuty,
        Self::Rocket,
        Self::Slack,
        Self::Webhook,
    ];

    /// The name in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Discord => "discord",
            Self::GoogleChat => "gchat",
            Self::MsTeams => "msteams",
            Self::PagerDuty => "pagerduty",
            Self::Rocket => "rocket",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }

    /// The system of that name; `None` if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }
}

impl fmt::Display for AlertSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

const DEFAULT_CHANNEL: &str = "general";
const DEFAULT_USERNAME: &str = "flagger";

impl AlertProvider {
    /// Parses a manifest, or says what is wrong with it.
    ///
    /// # Errors
    /// All wrong fields, each with its path.
    pub fn parse(raw: &raw::AlertProvider) -> Result<Self, Malformed> {
        let mut found = Vec::new();
        let problems = &mut Problems::of(&mut found);
        check_identity("AlertProvider", &raw.api_version, &raw.kind, &raw.metadata, problems);
        let problems = &mut problems.below("spec");
        let system = AlertSystem::named(&raw.spec.r#type);
        if system.is_none() {
            let known = AlertSystem::ALL.map(AlertSystem::name).join(", ");
            problems.add("type", &format!("must be one of {known}"));
        }
        let target = target(&raw.spec, system, problems);
        let text = |text: &Option<_>| filled(text.as_deref()).map(Text::from);
        match (system, target) {
            (Some(system), Some(target)) if found.is_empty() => Ok(Self {
                namespace: or(&raw.metadata.namespace, "default").into(),
                name: raw.metadata.name.as_str().into(),
                system,
                target,
                channel: text(&raw.spec.channel).unwrap_or_else(|| DEFAULT_CHANNEL.into()),
                username: text(&raw.spec.username).unwrap_or_else(|| DEFAULT_USERNAME.into()),
                proxy: text(&raw.spec.proxy),
                message_template: text(&raw.spec.message_template),
            }),
            _ => Err(Malformed { problems: found }),
        }
    }
}

impl AlertProvider {
    /// The Secret that it names, in its own namespace.
    #[must_use]
    pub fn secret(&self) -> Option<&Text> {
        match &self.target {
            AlertTarget::Address(_) => None,
            AlertTarget::Secret(secret) | AlertTarget::Token { secret, .. } => Some(secret),
        }
    }
}

/// Exactly one of address and Secret, as in Flagger. PagerDuty has a fixed address and always needs a token.
fn target(
    raw: &raw::AlertProviderSpec,
    system: Option<AlertSystem>,
    problems: &mut Problems<'_>,
) -> Option<AlertTarget> {
    let address = filled(raw.address.as_deref()).map(Text::from);
    let secret = raw.secret_ref.as_ref().map(|secret| Text::from(secret.name.as_str()));
    if secret.as_deref() == Some("") {
        problems.add("secretRef.name", "is required");
    }
    match (address, secret) {
        (address, Some(secret)) if system == Some(AlertSystem::PagerDuty) => {
            Some(AlertTarget::Token { address, secret })
        }
        (_, None) if system == Some(AlertSystem::PagerDuty) => {
            problems.add("secretRef", "is required for pagerduty: a Secret with the routing key as `token`");
            None
        }
        (Some(address), None) => Some(AlertTarget::Address(address)),
        (None, Some(secret)) => Some(AlertTarget::Secret(secret)),
        (Some(_), Some(_)) => {
            problems
                .add("secretRef", "is next to `address`; the Secret's own `address` is used, so give one");
            None
        }
        (None, None) => {
            problems.add("address", "is required, or a `secretRef` to a Secret that holds it");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    fn parse(spec: &str) -> Result<AlertProvider, String> {
        let head = "{apiVersion: flagger.app/v1beta1, kind: AlertProvider, metadata: {name: team}, spec: ";
        let raw = serde_yaml::from_str(&format!("{head}{spec}}}")).unwrap();
        AlertProvider::parse(&raw).map_err(|error| error.to_string())
    }

    #[test]
    fn every_receiver_has_an_address_or_a_secret() {
        for system in AlertSystem::ALL {
            let by_secret = parse(&format!("{{type: {system}, secretRef: {{name: s}}}}"));
            assert_eq!(by_secret.unwrap().system, system);
            let at_address = parse(&format!("{{type: {system}, address: 'https://a'}}"));
            assert_eq!(at_address.is_ok(), system != AlertSystem::PagerDuty, "{system}");
        }
    }

    #[test]
    fn fields_left_out_have_flaggers_defaults() {
        let provider = parse("{type: slack, address: 'https://a', channel: ''}").unwrap();
        assert_eq!((&*provider.channel, &*provider.username), ("general", "flagger"));
        assert_eq!((provider.proxy, provider.message_template), (None, None));
    }

    #[test]
    fn pagerduty_needs_a_token_and_may_be_elsewhere() {
        let target = |spec| parse(spec).map(|provider| provider.target);
        let secret = || Text::from("s");
        let at_home = "{type: pagerduty, secretRef: {name: s}}";
        assert_eq!(target(at_home), Ok(AlertTarget::Token { address: None, secret: secret() }));
        let elsewhere = "{type: pagerduty, address: 'https://eu', secretRef: {name: s}}";
        let address = Some("https://eu".into());
        assert_eq!(target(elsewhere), Ok(AlertTarget::Token { address, secret: secret() }));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let known = AlertSystem::ALL.map(AlertSystem::name).join(", ");
        for (spec, problems) in [
            ("{type: slack}", "spec.address: is required, or a `secretRef` to a Secret that holds it".into()),
            (
                "{type: slack, address: a, secretRef: {name: s}}",
                "spec.secretRef: is next to `address`; the Secret's own `address` is used, so give one"
                    .into(),
            ),
            ("{type: slack, secretRef: {}}", "spec.secretRef.name: is required".into()),
            ("{type: slak, address: a}", format!("spec.type: must be one of {known}")),
            (
                "{type: pagerduty, address: a}",
                "spec.secretRef: is required for pagerduty: a Secret with the routing key as `token`".into(),
            ),
        ] {
            assert_eq!(parse(spec), Err(problems), "{spec}");
        }
    }
}
