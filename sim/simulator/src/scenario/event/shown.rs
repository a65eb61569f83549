//! Parts of events as text.

use std::fmt;

use serin_core::{Phase, time::Human};

use super::{Pattern, Pods, Times};
use crate::scenario::Delay;

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.phase.map(|phase| if phase == Phase::New { "\"\"" } else { phase.name() });
        let parts = [
            ("phase", phase.map(str::to_string)),
            ("canaryWeight", self.canary_weight.map(|weight| weight.to_string())),
            ("failedChecks", self.failed_checks.map(|failed| failed.to_string())),
            ("iterations", self.iterations.map(|iterations| iterations.to_string())),
            ("revision", self.revision.clone()),
        ];
        let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(1) => f.write_str("once"),
            Self::Count(times) => write!(f, "{times} times"),
            Self::Forever => f.write_str("from now on"),
        }
    }
}

impl fmt::Display for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("are ready"),
            Self::Unready => f.write_str("are not ready"),
            Self::Share(share) => write!(f, "are available to {share} %"),
            Self::Stalled => f.write_str("are not ready, and the platform gave up"),
            Self::Take(Delay::Never) => f.write_str("never get ready"),
            Self::Take(Delay::For(delay)) => write!(f, "take {} to get ready", Human(*delay)),
        }
    }
}
