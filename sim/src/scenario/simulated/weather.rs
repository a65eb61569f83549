//! `world.faults`: what goes wrong around the rollout, by itself.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::range::{Range, Share};
use crate::scenario::shape::Lasting;

/// One kind of trouble, for a time and with a chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What goes wrong.
    pub what: What,
    /// How likely it is each time it could; 100 % where it is left out.
    pub chance: Range<Share>,
    /// When it begins; the story's beginning where it is left out.
    pub from: Duration,
    /// How long it lasts; to the end where it is left out.
    pub lasts: Duration,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The metric server answers with an error.
    MetricsDown,
    /// The metric server answers, and has no values.
    MetricsEmpty,
    /// A scrape is missed.
    ScrapeMissed,
    /// A hook does not answer in its time.
    HookTimeout,
    /// A hook answers 500.
    HookError,
    /// A write to the cluster fails and may succeed later.
    CommandFails,
    /// A save comes too late: somebody else saved.
    SaveConflict,
    /// A save fails.
    SaveFails,
    /// A save succeeds, and its answer is lost.
    SaveAnswerLost,
    /// The controller is killed after a command or a save, and started again.
    Crash,
    /// What was read is older than our own last write.
    StaleRead,
    /// Notices do not reach anybody.
    NoticesLost,
}

/// Names as they are written.
pub const TROUBLES: &[(&str, What)] = &[
    ("metricsDown", What::MetricsDown),
    ("metricsEmpty", What::MetricsEmpty),
    ("scrapeMissed", What::ScrapeMissed),
    ("hookTimeout", What::HookTimeout),
    ("hookError", What::HookError),
    ("commandFails", What::CommandFails),
    ("saveConflict", What::SaveConflict),
    ("saveFails", What::SaveFails),
    ("saveAnswerLost", What::SaveAnswerLost),
    ("crash", What::Crash),
    ("staleRead", What::StaleRead),
    ("noticesLost", What::NoticesLost),
];

/// Sets of troubles under a name: what, and its chance each time.
pub const PRESETS: &[(&str, &[(What, f64)])] = &[
    // An API server that is busy: the conflicts and timeouts that controllers log every day.
    (
        "busyCluster",
        &[
            (What::CommandFails, 0.02),
            (What::SaveConflict, 0.02),
            (What::SaveFails, 0.02),
            (What::StaleRead, 0.05),
        ],
    ),
    // A Prometheus that is short of memory.
    ("weakPrometheus", &[(What::MetricsDown, 0.05), (What::MetricsEmpty, 0.02), (What::ScrapeMissed, 0.05)]),
    // Hooks behind a service that is deployed while it is asked.
    ("shakyHooks", &[(What::HookTimeout, 0.05), (What::HookError, 0.05)]),
    // A node under the controller that is drained again and again.
    ("restlessController", &[(What::Crash, 0.05), (What::SaveAnswerLost, 0.02), (What::NoticesLost, 0.02)]),
];

impl What {
    /// Its name in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        TROUBLES.iter().find(|(_, what)| *what == self).map_or("", |(name, _)| name)
    }
}

/// What goes wrong, for a time and with a chance: one of `fault`, `metrics` and `preset`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fault")]
pub(in crate::scenario) struct WrittenTrouble {
    /// What goes wrong.
    fault: Option<What>,
    /// The metric server is `down` or `empty`: another way to write `fault: metricsDown` and `fault: metricsEmpty`.
    metrics: Option<Down>,
    /// Several faults with chances of their own.
    preset: Option<Preset>,
    /// How likely it is each time it could go wrong; 100% where left out.
    chance: Option<Range<Share>>,
    /// When it begins; at once where left out.
    from: Option<Lasting>,
    /// How long it lasts; to the end where left out.
    r#for: Option<Lasting>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
enum Down {
    Down,
    Empty,
}

struct Preset(&'static [(What, f64)]);

impl JsonSchema for What {
    fn schema_name() -> Cow<'static, str> {
        "FaultName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        names(TROUBLES)
    }
}

impl JsonSchema for Preset {
    fn schema_name() -> Cow<'static, str> {
        "FaultPreset".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        names(PRESETS)
    }
}

fn names<T>(known: &[(&str, T)]) -> Schema {
    json_schema!({"enum": known.iter().map(|(name, _)| *name).collect::<Vec<_>>()})
}

fn named<'de, T: Copy, D: Deserializer<'de>>(
    known: &[(&'static str, T)],
    deserializer: D,
) -> Result<T, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, found)| *found).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        D::Error::custom(crate::input::unknown("fault", &name, &names))
    })
}

impl<'de> Deserialize<'de> for What {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(TROUBLES, deserializer)
    }
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(PRESETS, deserializer).map(Self)
    }
}

impl WrittenTrouble {
    /// The troubles it means; a preset is several.
    pub(in crate::scenario) fn check(self) -> Result<Vec<Trouble>, &'static str> {
        let (from, lasts) = (self.from.map(|from| from.0), self.r#for.map(|lasts| lasts.0));
        let chance = self.chance;
        let trouble = |what, chance| Trouble {
            what,
            chance,
            from: from.unwrap_or_default(),
            lasts: lasts.unwrap_or(Duration::MAX),
        };
        let always = Range::exactly(1.0);
        match (self.fault, self.metrics, self.preset) {
            (Some(what), None, None) => Ok(vec![trouble(what, chance.unwrap_or(always))]),
            (None, Some(Down::Down), None) => Ok(vec![trouble(What::MetricsDown, chance.unwrap_or(always))]),
            (None, Some(Down::Empty), None) => {
                Ok(vec![trouble(What::MetricsEmpty, chance.unwrap_or(always))])
            }
            (None, None, Some(_)) if chance.is_some() => Err("a preset has chances of its own"),
            (None, None, Some(Preset(set))) => {
                Ok(set.iter().map(|(what, chance)| trouble(*what, Range::exactly(*chance))).collect())
            }
            _ => Err("needs one of fault, metrics, preset"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troubles(text: &str) -> Result<Vec<Trouble>, String> {
        let written: WrittenTrouble = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.check().map_err(String::from)
    }

    #[test]
    fn faults_are_read_by_name() {
        let found = troubles("{metrics: down, from: 3m, for: 2m}").unwrap();
        assert_eq!(
            (found[0].what, found[0].from.as_secs(), found[0].lasts.as_secs()),
            (What::MetricsDown, 180, 120)
        );
        assert_eq!(troubles("{fault: crash, chance: 1%}").unwrap()[0].chance, Range::exactly(0.01));
        assert_eq!(troubles("{preset: shakyHooks}").unwrap().len(), 2);
        for (name, what) in TROUBLES {
            assert_eq!(what.name(), *name);
        }
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        assert!(troubles("{fault: crush}").unwrap_err().contains("did you mean `crash`?"));
        assert!(troubles("{preset: shakyHooks, chance: 1%}").is_err());
        assert!(troubles("{from: 1m}").is_err());
    }
}
