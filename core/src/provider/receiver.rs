//! Which receivers of alerts the controller sends to.

use crate::spec::AlertSystem;

impl AlertSystem {
    /// Whether this version of the controller sends to it.
    #[must_use]
    pub const fn is_driven(self) -> bool {
        match self {
            Self::Slack | Self::Webhook => true,
            Self::Discord | Self::GoogleChat | Self::MsTeams | Self::PagerDuty | Self::Rocket => false,
        }
    }

    /// Whether Flagger 1.44 knows it.
    #[must_use]
    pub const fn is_known_to_flagger(self) -> bool {
        match self {
            Self::Discord | Self::GoogleChat | Self::MsTeams | Self::Rocket | Self::Slack => true,
            Self::PagerDuty | Self::Webhook => false,
        }
    }
}
