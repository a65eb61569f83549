//! A story as it is written: one file, read once, valid by construction. `scenarios/README.md` describes the format.
//!
//! [`file`] and the modules beside it have the structure of the file; [`check`] converts it, or reports its faults with
//! line and field.

mod answer;
mod check;
mod document;
mod driven;
mod event;
mod expectation;
mod file;
mod find;
mod manifest;
mod names;
mod property;
mod refers;
mod schema;
mod seed;
mod sense;
mod shape;
mod simulated;
#[cfg(test)]
mod tests;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use serin_core::{
    Rollout,
    spec::{Defaults, Metric},
    state::Status,
};
use serin_input::{self as input, InputError, Source};

pub use self::answer::{HookAnswer, HookOutcome, MetricAnswer};
pub use self::document::{Document, Set, manifest_lines};
pub use self::event::{
    Action, Blind, Deleted, Event, Fail, MOST_SAVES_BEHIND, Overwritten, Pattern, Pods, SaveFault, StopAfter,
    Times, Trigger,
};
pub use self::expectation::{
    Amount, Called, CarriedOut, Counted, Expectation, Item, Received, Requests, Row, Sequence, Span, Telling,
    Wanted,
};
pub use self::find::{find, is_scenario, is_scenario_text};
pub use self::property::{Goal, Property};
pub use self::refers::named_by;
pub use self::schema::schema;
pub(crate) use self::seed::mix;
pub use self::seed::{SIMULATION, seed_of};
pub use self::simulated::{
    Autoscaler, Bursts, Defect, Derived, Factor, Flaps, Form, Incident, Load, LoadTest, MOST_SERIES, Measure,
    PRESETS, PerSecond, Range, Seconds, Shape, Share, Simulated, TROUBLES, Traffic, Trouble, Unit, Version,
    WarmUp, What, is_reached, is_reached_by_users, load_test, may_send_load,
};
pub use self::world::{Delay, LeftOut, Setting};

/// A story, ready to be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its title.
    pub title: String,
    /// The file.
    pub path: PathBuf,
    /// The Canary as written, for edits.
    pub manifest: Value,
    /// The Canary as parsed.
    pub canary: Rollout,
    /// A short phrase that names what this version of the controller does not support; `None` if it supports
    /// everything.
    pub not_driven: Option<String>,
    /// The settings of the controller.
    pub defaults: Defaults,
    /// How the cluster behaves.
    pub setting: Setting,
    /// `.status` at the beginning.
    pub status: Option<Status>,
    /// What happens.
    pub events: Vec<Event>,
    /// When the story ends at the latest.
    pub until: Duration,
    /// What must hold in the world of its own seed.
    pub expect: Vec<Item>,
    /// What makes a release good: the metrics of the Canary as written, whatever is varied.
    pub standard: Vec<Metric>,
    /// What must hold in every world.
    pub properties: Vec<Property>,
}

impl Scenario {
    /// Whether another scenario has the same runs in the worlds of the same seeds; expectations do not matter.
    #[must_use]
    pub fn runs_like(&self, other: &Self) -> bool {
        let world = |of: &Self| Setting { seed: 0, ..of.setting.clone() };
        self.canary == other.canary && world(self) == world(other) && self.has_events_of(other)
    }

    /// Whether another scenario has the same worlds, whatever its Canary is and measures.
    #[must_use]
    pub fn has_worlds_of(&self, other: &Self) -> bool {
        let world = |of: &Self| {
            let simulated = of.setting.simulated.clone();
            let without_metrics = simulated.map(|simulated| Simulated {
                measures: BTreeMap::new(),
                derived: BTreeSet::new(),
                forms: BTreeMap::new(),
                ..simulated
            });
            Setting { seed: 0, simulated: without_metrics, ..of.setting.clone() }
        };
        world(self) == world(other) && self.has_events_of(other)
    }

    fn has_events_of(&self, other: &Self) -> bool {
        (&self.status, &self.events, self.until) == (&other.status, &other.events, other.until)
            && self.defaults == other.defaults
    }

    /// Whether this can go wrong at random.
    #[must_use]
    pub fn has_trouble(&self, what: What) -> bool {
        let simulated = self.setting.simulated.as_ref();
        simulated.is_some_and(|simulated| simulated.troubles.iter().any(|trouble| trouble.what == what))
    }

    /// Whether the controller's clock can jump.
    #[must_use]
    pub fn clock_jumps(&self) -> bool {
        self.has_trouble(What::ClockJump)
            || self.events.iter().any(|event| matches!(event.action, Action::Clock(_)))
    }
}

/// Reads a scenario file.
///
/// # Errors
/// All its faults, each with its place.
pub fn load(path: &Path) -> Result<Scenario, InputError> {
    let text = input::read(path)?;
    parse(&text, path)
}

/// Reads a scenario from `text`; the paths in it are relative to `path`.
///
/// # Errors
/// All its faults, each with its place.
pub fn parse(text: &str, path: &Path) -> Result<Scenario, InputError> {
    let source = Source::new(text, path);
    let file = source.parse()?;
    check::check(file, &source)
}

pub use self::check::unanswered;
pub(crate) use self::expectation::Listed;
pub(crate) use self::manifest::merge;
pub use self::manifest::to_json;
pub use self::names::rule as rule_name;
pub(crate) use self::property::promote;
