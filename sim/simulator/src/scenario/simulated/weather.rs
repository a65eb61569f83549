//! `world.faults`: random faults around the rollout.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::range::{Range, Seconds, Share};
use crate::scenario::shape::Lasting;

/// One kind of fault, with a time span and a chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What goes wrong.
    pub what: What,
    /// Its chance each time it can happen; 100 % by default.
    pub chance: Range<Share>,
    /// Its size (a delay or a distance), drawn each time; see [`What::size`].
    pub by: Range<Seconds>,
    /// When it begins; at the beginning of the story by default.
    pub from: Duration,
    /// How long it lasts; until the end by default.
    pub lasts: Duration,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The metric server answers with an error.
    MetricsDown,
    /// The metric server answers, but has no values.
    MetricsEmpty,
    /// A scrape is missed.
    ScrapeMissed,
    /// A hook does not answer within its timeout.
    HookTimeout,
    /// A hook answers 500.
    HookError,
    /// A write to the cluster fails and may succeed later.
    CommandFails,
    /// A save conflicts: another writer saved first.
    SaveConflict,
    /// A save fails.
    SaveFails,
    /// A save succeeds, but its answer is lost.
    SaveAnswerLost,
    /// The controller is killed after a command or a save, and started again.
    Crash,
    /// A read returns data from before the controller's own last write.
    StaleRead,
    /// Notices reach no receiver.
    NoticesLost,
    /// The controller is not called for a while when it is due.
    MissedTicks,
    /// The controller's clock jumps forward or back when it is due.
    ClockJump,
    /// Another controller acts on a status from some saves ago.
    SecondController,
    /// An event hook or the receiver of an alert answers 503.
    ReceiverDown,
    /// An event hook or the receiver of an alert is slow.
    ReceiverSlow,
}

/// The names in files.
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
    ("missedTicks", What::MissedTicks),
    ("clockJump", What::ClockJump),
    ("secondController", What::SecondController),
    ("receiverDown", What::ReceiverDown),
    ("receiverSlow", What::ReceiverSlow),
];

/// Named sets of faults: each fault with its chance.
pub const PRESETS: &[(&str, &[(What, f64)])] = &[
    // A busy API server, with the conflicts and timeouts that controllers usually log.
    (
        "busyCluster",
        &[
            (What::CommandFails, 0.02),
            (What::SaveConflict, 0.02),
            (What::SaveFails, 0.02),
            (What::StaleRead, 0.05),
        ],
    ),
    // A Prometheus with too little memory.
    ("weakPrometheus", &[(What::MetricsDown, 0.05), (What::MetricsEmpty, 0.02), (What::ScrapeMissed, 0.05)]),
    // Hooks of a service that is deployed while it is called.
    ("shakyHooks", &[(What::HookTimeout, 0.05), (What::HookError, 0.05)]),
    // A controller on a node that is drained again and again.
    ("restlessController", &[(What::Crash, 0.05), (What::SaveAnswerLost, 0.02), (What::NoticesLost, 0.02)]),
    // A controller without processor time, on a node whose clock is stepped by NTP.
    ("starvedController", &[(What::MissedTicks, 0.05), (What::ClockJump, 0.02)]),
    // Two replicas that both believe to be the leader, one of them with a cache that lags.
    ("twoControllers", &[(What::SecondController, 0.1), (What::SaveConflict, 0.02)]),
    // A chat service with an outage.
    ("deafReceivers", &[(What::ReceiverDown, 0.1), (What::ReceiverSlow, 0.1)]),
];

impl What {
    /// Its name in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        TROUBLES.iter().find(|(_, what)| *what == self).map_or("", |(name, _)| name)
    }

    /// Its default size in seconds; `None` if it has no size.
    #[must_use]
    pub fn size(self) -> Option<Range<Seconds>> {
        match self {
            // From a pause on a node under pressure to a Deployment that waits for a node.
            Self::MissedTicks => Some(Range::between(10.0, 600.0)),
            // From a step of NTP to a virtual machine that was resumed.
            Self::ClockJump => Some(Range::between(1.0, 600.0)),
            // The time for which an expired lease can be believed to be valid, or a cache can lag.
            Self::SecondController => Some(Range::between(0.0, 60.0)),
            // Alerts time out after 5 s.
            Self::ReceiverSlow => Some(Range::between(1.0, 10.0)),
            Self::MetricsDown
            | Self::MetricsEmpty
            | Self::ScrapeMissed
            | Self::HookTimeout
            | Self::HookError
            | Self::CommandFails
            | Self::SaveConflict
            | Self::SaveFails
            | Self::SaveAnswerLost
            | Self::Crash
            | Self::StaleRead
            | Self::NoticesLost
            | Self::ReceiverDown => None,
        }
    }
}

/// A fault, with a time span and a chance: one of `fault`, `metrics` and `preset`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fault")]
pub(in crate::scenario) struct WrittenTrouble {
    /// What goes wrong.
    fault: Option<What>,
    /// The metric server is `down` or `empty`: a short form of `fault: metricsDown` and `fault: metricsEmpty`.
    metrics: Option<Down>,
    /// Several faults with predefined chances.
    preset: Option<Preset>,
    /// Its chance each time it can happen; 100% by default.
    chance: Option<Range<Share>>,
    /// For `missedTicks`, `clockJump`, `secondController` and `receiverSlow`: the size, drawn each time.
    by: Option<Range<Seconds>>,
    /// When it begins; at once by default.
    from: Option<Lasting>,
    /// How long it lasts; until the end by default.
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
        D::Error::custom(serin_input::unknown("fault", &name, &names))
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
    /// The faults; a preset is several.
    pub(in crate::scenario) fn check(self) -> Result<Vec<Trouble>, (&'static str, &'static str)> {
        let (from, lasts) = (self.from.map(|from| from.0), self.r#for.map(|lasts| lasts.0));
        let (chance, by) = (self.chance, self.by);
        if by.is_some() && self.fault.and_then(What::size).is_none() {
            return Err((".by", "is only for missedTicks, clockJump, secondController and receiverSlow"));
        }
        let trouble = |what: What, chance| Trouble {
            what,
            chance,
            by: by.or(what.size()).unwrap_or(Range::exactly(0.0)),
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
            (None, None, Some(_)) if chance.is_some() => {
                Err((".chance", "is not allowed with a preset, which sets the chances itself"))
            }
            (None, None, Some(Preset(set))) => {
                Ok(set.iter().map(|(what, chance)| trouble(*what, Range::exactly(*chance))).collect())
            }
            _ => Err(("", "needs one of fault, metrics, preset")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troubles(text: &str) -> Result<Vec<Trouble>, String> {
        let written: WrittenTrouble = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.check().map_err(|(field, what)| format!("{field} {what}"))
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
    fn an_invalid_fault_is_refused() {
        assert!(troubles("{fault: crush}").unwrap_err().contains("did you mean `crash`?"));
        assert!(troubles("{preset: shakyHooks, chance: 1%}").is_err());
        assert!(troubles("{from: 1m}").is_err());
        assert!(troubles("{fault: crash, by: 1m}").unwrap_err().starts_with(".by is only for missedTicks"));
        assert!(troubles("{preset: starvedController, by: 1m}").is_err());
    }

    #[test]
    fn some_faults_have_a_size() {
        let by = |text: &str| troubles(text).unwrap()[0].by.to_string();
        assert_eq!(by("{fault: missedTicks}"), "10s..10m");
        assert_eq!(by("{fault: clockJump, by: 1h..2h}"), "1h..2h");
        assert_eq!(by("{preset: twoControllers}"), "0s..1m");
    }
}
