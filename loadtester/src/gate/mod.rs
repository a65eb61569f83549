//! Gates: open or closed, for one Canary each. A gate is closed until it is opened.

mod store;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serin_core::Timestamp;

pub use self::store::{Gates, Known, StoreError};
use crate::hook::Hook;

/// Names a gate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GateName {
    /// Which of the Canary's two gates.
    pub kind: GateKind,
    /// The Canary.
    pub canary: String,
    /// Its namespace.
    pub namespace: String,
}

/// What a gate is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateKind {
    /// Whether a release may continue: while it is closed, the release waits.
    Gate,
    /// Whether a release is rolled back: while it is closed, it is not.
    Rollback,
}

/// A gate as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Whether it is open.
    pub state: State,
    /// Since when.
    pub since: Moment,
    /// Who made it so, as people read it.
    pub by: String,
}

/// Whether a gate is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is.
    Open,
    /// It is not.
    Closed,
}

/// A time that is kept as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Moment(pub Timestamp);

/// A name that Kubernetes gives to no Canary or namespace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {value:?} is not a valid name")]
pub struct InvalidName {
    field: &'static str,
    value: String,
}

impl GateName {
    /// The gate of a hook's Canary.
    ///
    /// # Errors
    /// The hook does not name a Canary.
    pub fn of(kind: GateKind, hook: &Hook) -> Result<Self, InvalidName> {
        let checked = |field, value: &str, is_dotted| {
            let is_inner =
                |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || (is_dotted && c == b'.');
            let is_valid = (1..=120).contains(&value.len())
                && value.bytes().all(is_inner)
                && !value.starts_with(['-', '.'])
                && !value.ends_with(['-', '.']);
            let shown = || value.chars().take(60).collect();
            if is_valid { Ok(value.to_owned()) } else { Err(InvalidName { field, value: shown() }) }
        };
        let canary = checked("name", &hook.name, true)?;
        let namespace = checked("namespace", &hook.namespace, false)?;
        Ok(Self { kind, canary, namespace })
    }
}

/// As it is kept: `gate.web.prod`. A namespace has no dots, so that it can be read back.
impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.kind.name(), self.canary, self.namespace)
    }
}

impl FromStr for GateName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let refuse = || InvalidName { field: "gate", value: text.chars().take(60).collect() };
        let (kind, rest) = text.split_once('.').ok_or_else(refuse)?;
        let kind = [GateKind::Gate, GateKind::Rollback].into_iter().find(|known| known.name() == kind);
        let (name, namespace) = rest.rsplit_once('.').ok_or_else(refuse)?;
        let hook = Hook { name: name.into(), namespace: namespace.into(), ..Hook::default() };
        Self::of(kind.ok_or_else(refuse)?, &hook)
    }
}

impl GateKind {
    /// As keys and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Rollback => "rollback",
        }
    }
}

impl State {
    /// As keys and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.0.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("{text:?} is not a time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, namespace: &str) -> Result<GateName, InvalidName> {
        let hook = Hook { name: name.into(), namespace: namespace.into(), ..Hook::default() };
        GateName::of(GateKind::Gate, &hook)
    }

    #[test]
    fn a_name_is_kept_so_that_it_can_be_read_back() {
        // The gate of one Canary is not the rollback gate of another.
        let dotted = named("rollback.web", "prod").unwrap();
        let rollback = GateName { kind: GateKind::Rollback, ..named("web", "prod").unwrap() };
        assert_eq!(dotted.to_string(), "gate.rollback.web.prod");
        assert_eq!(rollback.to_string(), "rollback.web.prod");
        for name in [dotted, rollback] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for text in ["", "gate", "gate.web", "door.web.prod", "gate.web.", "gate..prod"] {
            assert!(text.parse::<GateName>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a".repeat(121);
        for (name, namespace) in [
            ("", "prod"),
            ("web", ""),
            ("Web", "prod"),
            ("web", "a.b"),
            ("../web", "prod"),
            ("-web", "prod"),
            ("we b", "prod"),
            ("web\n", "prod"),
            (long.as_str(), "prod"),
        ] {
            assert!(named(name, namespace).is_err(), "{name} {namespace}");
        }
    }
}
