//! Which controller wrote a state, and the version of its format.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of `.status.serin` that is written.
pub const VERSION: u16 = 1;

/// Which controller wrote a state. It is serialized as the version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// None, or this version of Serin.
    #[default]
    Ours,
    /// Flagger: it has no fields of ours.
    Flagger,
    /// A newer version of Serin, which this one does not understand.
    Newer(u16),
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(match self {
            // A status of Flagger has no version, and is not written.
            Self::Ours | Self::Flagger => VERSION,
            Self::Newer(version) => *version,
        })
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u16::deserialize(deserializer)?;
        Ok(if version > VERSION { Self::Newer(version) } else { Self::Ours })
    }
}
