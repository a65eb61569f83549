//! What the core asks a driver to do. Every command is absolute: repeating it changes nothing.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    request::Request,
    revision::{Revision, Text},
    spec::Topology,
    strategy::Weight,
};

/// One effect on the cluster.
///
/// Its text is what a log, a record and [`Simulated::commands`](crate::testing::Simulated::commands) show: `add finalizer`,
/// `drop finalizer`, `ensure primary`, `ensure services` (with `, apex to primary`), `route 80/20` (primary, then canary,
/// with ` mirror 10` or ` matched`), `scale canary up`, `scale canary to primary`, `scale canary down`, `pause autoscaler`,
/// `resume autoscaler`, `promote REVISION`, `leave KIND NAME on PROVIDER`, `clear request KIND`, `give services back`,
/// `give routes back`, `release the Canary`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// Put our finalizer on the Canary, or take it off.
    EnsureFinalizer(bool),
    /// Create or repair the primary, its copies of configuration and its autoscaler. Never changes what it runs.
    EnsureWorkloads,
    /// Create or repair the services of canary and primary, and point the apex service.
    EnsureServices(ApexTo),
    /// Split requests, and repair everything else about the route.
    SetRoutes(Split),
    /// Give the target its pods. It acts only on a target with 0 replicas, so that the number that an autoscaler set is
    /// kept.
    ScaleUp,
    /// Give the target at least as many pods as the primary has, because all users are about to be sent to it.
    ScaleToPrimary,
    /// Scale the target to zero.
    ScaleDown,
    /// Stop the target's autoscaler.
    PauseScaler,
    /// Let the target's autoscaler work.
    ResumeScaler,
    /// Make the primary run what the target runs. Fails as moved if the target shows another revision.
    Promote {
        /// What the target must show.
        revision: Revision,
        /// Identifies the run on the primary's pods, so that a repeated command does not roll them again.
        run: u32,
    },
    /// Send all requests to the primary through objects that the Canary no longer names, and scale that canary to zero.
    Abandon(Topology),
    /// Remove an operator request, if it still has that value.
    ClearRequest(Request),
    /// Let the services select the target again.
    RevertServices,
    /// Remove the routes, or restore what was there before.
    RevertRoutes,
    /// Remove the finalizer: the Canary is gone after this.
    Release,
}

/// Where the apex service is to point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApexTo {
    /// Leave it as it is: users are still served by the target.
    Untouched,
    /// To the primary.
    Primary,
}

/// How requests are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routes {
    /// Percentage to the primary.
    pub primary: Weight,
    /// Percentage to the canary; with `primary` it makes 100.
    pub canary: Weight,
    /// Percentage that is copied to the canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Weight>,
    /// Only [matched requests](crate::spec::Routing::matched) are divided; all others go to the primary.
    #[serde(default)]
    pub matched: bool,
}

impl Routes {
    /// All requests to the primary.
    pub const PRIMARY: Self = Self { primary: 100, canary: 0, mirror: None, matched: false };

    /// This share to the canary, the rest to the primary. More than 100 is 100.
    #[must_use]
    pub const fn split(canary: Weight) -> Self {
        let canary = if canary > 100 { 100 } else { canary };
        Self { primary: 100 - canary, canary, mirror: None, matched: false }
    }

    /// The largest share of any user's requests that the canary gets.
    #[must_use]
    pub const fn exposed(self) -> Weight {
        self.canary
    }
}

impl fmt::Display for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.primary, self.canary)?;
        if let Some(mirror) = self.mirror {
            write!(f, " mirror {mirror}")?;
        }
        if self.matched { f.write_str(" matched") } else { Ok(()) }
    }
}

/// A division of requests with the cookies that keep users on their version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// The weights.
    pub routes: Routes,
    /// Session cookies, where they are used.
    #[serde(default, skip_serializing_if = "Cookies::is_empty")]
    pub cookies: Cookies,
}

/// Session cookies, each as `name=value`; Flagger's status fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Cookies {
    /// Keeps a user on the canary.
    #[serde(rename = "sessionAffinityCookie", skip_serializing_if = "Option::is_none")]
    pub canary: Option<Text>,
    /// Keeps a user on the primary.
    #[serde(rename = "primarySessionAffinityCookie", skip_serializing_if = "Option::is_none")]
    pub primary: Option<Text>,
    /// The canary cookie of the previous run, which is to be removed from the users' browsers.
    #[serde(rename = "previousSessionAffinityCookie", skip_serializing_if = "Option::is_none")]
    pub previous: Option<Text>,
}

impl Cookies {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Command {
    /// Whether this is the same command as `other`. Routes are compared without cookies, because new ones are made for
    /// each attempt.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::SetRoutes(split), Self::SetRoutes(other)) => split.routes == other.routes,
            (command, other) => command == other,
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnsureFinalizer(true) => f.write_str("add finalizer"),
            Self::EnsureFinalizer(false) => f.write_str("drop finalizer"),
            Self::EnsureWorkloads => f.write_str("ensure primary"),
            Self::EnsureServices(ApexTo::Untouched) => f.write_str("ensure services"),
            Self::EnsureServices(ApexTo::Primary) => f.write_str("ensure services, apex to primary"),
            Self::SetRoutes(split) => write!(f, "route {}", split.routes),
            Self::ScaleUp => f.write_str("scale canary up"),
            Self::ScaleToPrimary => f.write_str("scale canary to primary"),
            Self::ScaleDown => f.write_str("scale canary down"),
            Self::PauseScaler => f.write_str("pause autoscaler"),
            Self::ResumeScaler => f.write_str("resume autoscaler"),
            Self::Promote { revision, .. } => write!(f, "promote {revision}"),
            Self::Abandon(topology) => {
                write!(f, "leave {} {} on {}", topology.kind, topology.target, topology.provider)
            }
            Self::ClearRequest(request) => write!(f, "clear request {}", request.kind),
            Self::RevertServices => f.write_str("give services back"),
            Self::RevertRoutes => f.write_str("give routes back"),
            Self::Release => f.write_str("release the Canary"),
        }
    }
}
