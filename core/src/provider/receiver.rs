//! Which receivers of alerts the controller sends to, and what they do with an alert.

use crate::spec::AlertSystem;

impl AlertSystem {
    /// Whether this version of the controller sends to it.
    #[must_use]
    pub const fn is_driven(self) -> bool {
        match self {
            Self::Alertmanager
            | Self::Discord
            | Self::GoogleChat
            | Self::MsTeams
            | Self::PagerDuty
            | Self::Rocket
            | Self::Slack
            | Self::Webhook => true,
        }
    }

    /// Whether Flagger 1.44 knows it.
    #[must_use]
    pub const fn is_known_to_flagger(self) -> bool {
        match self {
            Self::Discord | Self::GoogleChat | Self::MsTeams | Self::Rocket | Self::Slack => true,
            Self::Alertmanager | Self::PagerDuty | Self::Webhook => false,
        }
    }

    /// Whether an alert stays open there until it is closed. It is closed by the next success of its Canary, whatever
    /// severity the receiver wants.
    #[must_use]
    pub const fn keeps_open(self) -> bool {
        match self {
            Self::Alertmanager | Self::PagerDuty => true,
            Self::Discord | Self::GoogleChat | Self::MsTeams | Self::Rocket | Self::Slack | Self::Webhook => {
                false
            }
        }
    }
}
