//! `properties`: what must hold in every world that a scenario allows, in the words of `expect`.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{spec::Severity, time::Human};

use super::{
    event::Pattern,
    expectation::{CarriedOut, Counted, Expectation, Item, Telling, WrittenItem},
    shape::Lasting,
};

/// One item of `properties`.
#[derive(Clone, Debug)]
pub enum Property {
    /// Safety: something always holds, or never happens, whatever goes wrong in the world.
    Safety {
        /// Its text, in one line.
        text: String,
        /// What must hold in the whole story.
        item: Item,
        /// There are known worlds in which it does not hold.
        may_break: bool,
    },
    /// Liveness: something happens in time; judged after faults have stopped.
    Eventually {
        /// What must happen.
        goal: Goal,
        /// The time limit.
        within: Duration,
        /// The time limit begins with every saved status that newly matches; `None`: with the last event.
        when: Option<Pattern>,
        /// There are known worlds in which it does not hold.
        may_break: bool,
    },
}

impl Property {
    /// Whether there are known worlds in which it does not hold.
    #[must_use]
    pub fn may_break(&self) -> bool {
        match self {
            Self::Safety { may_break, .. } | Self::Eventually { may_break, .. } => *may_break,
        }
    }
}

/// What must happen.
#[derive(Clone, Debug)]
pub enum Goal {
    /// A saved status matches.
    Status(Pattern),
    /// An event is sent.
    Event(Telling),
    /// An alert is sent, of this severity if one is named.
    Alert(Telling, Option<Severity>),
    /// A rule fires.
    Rule(Counted),
    /// A command whose text begins with this is carried out.
    Command(CarriedOut),
    /// The primary gets this revision.
    Promoted(String),
}

/// What must hold in every world: one of `always`, `never` and `eventually`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Property")]
pub(super) struct WrittenProperty {
    /// Every saved status has all of these values, or the statement holds.
    always: Option<WrittenItem>,
    /// No saved status has all of these values, or no such event, alert or action happens.
    never: Option<WrittenItem>,
    /// A saved status has all of these values in time, or the event, alert or action happens.
    eventually: Option<WrittenItem>,
    /// The time limit.
    within: Option<Lasting>,
    /// The time limit begins with each saved status that newly matches; with the last event by default.
    when: Option<Pattern>,
    /// There are known worlds in which it does not hold: `serin check` prints the first of them, and it is not a
    /// failure.
    #[serde(default)]
    may_break: bool,
}

/// The invalid field of a property, and why it is invalid.
pub(super) type Wrong = (&'static str, String);

impl WrittenProperty {
    /// The property.
    pub(super) fn read(self) -> Result<Property, Wrong> {
        let liveness_only = self.within.is_some() || self.when.is_some();
        let marked = self.may_break;
        let property = match (self.always, self.never, self.eventually) {
            (None, None, Some(goal)) => eventually(goal, self.within, self.when),
            (Some(_), None, None) | (None, Some(_), None) if liveness_only => {
                Err(("", "`within` and `when` are only for `eventually`".into()))
            }
            (Some(item), None, None) => always(item.read().map_err(|what| ("always", what))?),
            (None, Some(item), None) => never(item.read().map_err(|what| ("never", what))?),
            (None, None, None) => Err(("", "needs one of `always`, `never`, `eventually`".into())),
            _ => Err(("", "makes two statements; write two items".into())),
        };
        property.map(|property| match property {
            Property::Safety { text, item, .. } => Property::Safety { text, item, may_break: marked },
            Property::Eventually { goal, within, when, .. } => {
                Property::Eventually { goal, within, when, may_break: marked }
            }
        })
    }
}

fn eventually(goal: WrittenItem, within: Option<Lasting>, when: Option<Pattern>) -> Result<Property, Wrong> {
    let item = goal.read().map_err(|what| ("eventually", what))?;
    let goal = goal_of(item).map_err(|what| ("eventually", what))?;
    let Some(within) = within else {
        return Err(("", "`eventually` needs `within`, such as `within: 30m`".into()));
    };
    if when.as_ref().is_some_and(Pattern::is_empty) {
        return Err(("when", "names no field of the status".into()));
    }
    Ok(Property::Eventually { goal, within: within.0, when, may_break: false })
}

fn always(item: Item) -> Result<Property, Wrong> {
    let text = format!("always {item}");
    let counted = times(&item.expectation).is_some();
    let expectation = match (item.expectation, item.negated) {
        (Expectation::End(pattern), false) => Expectation::Always(pattern),
        (kept @ (Expectation::Weight { .. } | Expectation::Requests(_)), false) => kept,
        (kept, false) if counted => kept,
        _ => {
            let what = "must contain a status, `weight`, `requests`, or something that is counted by `times`";
            return Err(("always", what.into()));
        }
    };
    Ok(Property::Safety { text, item: Item { expectation, negated: false }, may_break: false })
}

fn never(item: Item) -> Result<Property, Wrong> {
    let text = format!("never {item}");
    if item.negated {
        return Err(("never", "is negated already: remove `not`".into()));
    }
    let plain = |expectation| Item { expectation, negated: false };
    let turned = |expectation| Item { expectation, negated: true };
    let counted = times(&item.expectation).is_some();
    let item = match (item.expectation, counted) {
        (Expectation::End(pattern), _) => plain(Expectation::Never(pattern)),
        (kept @ (Expectation::Event(_) | Expectation::Alert(_, _) | Expectation::Rule(_)), false) => {
            turned(kept)
        }
        (Expectation::Metric(metric), false) => {
            plain(Expectation::Metric(Counted { times: Some(0), ..metric }))
        }
        (Expectation::Command(carried), false) => {
            plain(Expectation::Command(CarriedOut { times: Some(0), ..carried }))
        }
        (Expectation::Promoted(revision), _) => {
            plain(Expectation::Command(CarriedOut { prefix: promote(&revision), times: Some(0) }))
        }
        _ => {
            let what = "must contain a status, `event`, `alert`, `rule`, `metric`, `command` or `promoted`, without `times`";
            return Err(("never", what.into()));
        }
    };
    Ok(Property::Safety { text, item, may_break: false })
}

fn goal_of(item: Item) -> Result<Goal, String> {
    let plain = !item.negated && times(&item.expectation).is_none();
    match (item.expectation, plain) {
        (Expectation::End(pattern), true) => Ok(Goal::Status(pattern)),
        (Expectation::Event(telling), true) => Ok(Goal::Event(telling)),
        (Expectation::Alert(telling, severity), true) => Ok(Goal::Alert(telling, severity)),
        (Expectation::Rule(counted), true) => Ok(Goal::Rule(counted)),
        (Expectation::Command(carried), true) => Ok(Goal::Command(carried)),
        (Expectation::Promoted(revision), true) => Ok(Goal::Promoted(revision)),
        _ => Err("must contain a status, `event`, `alert`, `rule`, `command` or `promoted`, without `times`"
            .into()),
    }
}

/// How often it must happen, if it is set.
fn times(expectation: &Expectation) -> Option<u32> {
    match expectation {
        Expectation::Event(telling) | Expectation::Alert(telling, _) => telling.times,
        Expectation::Rule(counted) | Expectation::Metric(counted) => counted.times,
        Expectation::Hook(called) => called.times,
        Expectation::Receiver(received) => received.times,
        Expectation::Command(carried) => carried.times,
        Expectation::Phases(_)
        | Expectation::Weights(_)
        | Expectation::Weight { .. }
        | Expectation::Requests(_)
        | Expectation::Routes(_)
        | Expectation::Rows(_)
        | Expectation::End(_)
        | Expectation::Condition(_)
        | Expectation::Promoted(_)
        | Expectation::Time(_)
        | Expectation::Never(_)
        | Expectation::Always(_) => None,
    }
}

/// The beginning of the command that gives the primary a revision.
pub(crate) fn promote(revision: &str) -> String {
    format!("promote {revision}")
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Safety { text, .. } => f.write_str(text),
            Self::Eventually { goal, within, when, .. } => {
                write!(f, "eventually {goal} within {}", Human(*within))?;
                when.as_ref().map_or(Ok(()), |when| write!(f, " when {when}"))
            }
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let as_expected = |expectation: Expectation| expectation.to_string();
        f.write_str(&match self.clone() {
            Self::Status(pattern) => as_expected(Expectation::End(pattern)),
            Self::Event(telling) => as_expected(Expectation::Event(telling)),
            Self::Alert(telling, severity) => as_expected(Expectation::Alert(telling, severity)),
            Self::Rule(counted) => as_expected(Expectation::Rule(counted)),
            Self::Command(carried) => as_expected(Expectation::Command(carried)),
            Self::Promoted(revision) => as_expected(Expectation::Promoted(revision)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let written: WrittenProperty = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let read = written.read().map_err(|(field, what)| format!("{field}: {what}"))?;
        Ok(read.to_string())
    }

    #[test]
    fn the_words_of_expect_make_properties() {
        for (written, shown) in [
            ("always: {weight: {max: 50}}", "always weight: from 0 to 50"),
            ("always: {failedChecks: 0}", "always failedChecks: 0"),
            ("always: {requests: {exposed: {max: 5%}}}", "always requests: exposed at most 5%"),
            ("always: {command: {name: promote, times: 1}}", "always command: promote, once"),
            ("never: {phase: Promoting, revision: v2}", "never phase: Promoting, revision: v2"),
            ("never: {alert: {matches: x, severity: error}}", "never alert: /x/, Error"),
            ("never: {promoted: v2}", "never promoted: v2"),
            ("{never: {promoted: v2}, mayBreak: true}", "never promoted: v2"),
            ("{eventually: {phase: Failed}, within: 30m}", "eventually phase: Failed within 30m"),
            (
                "{eventually: {event: done}, within: 1m, when: {phase: Promoting}}",
                "eventually event: done within 1m when phase: Promoting",
            ),
        ] {
            assert_eq!(read(written).as_deref(), Ok(shown), "{written}");
        }
    }

    #[test]
    fn an_invalid_property_is_refused() {
        for (wrong, why) in [
            ("{}", "needs one of `always`"),
            ("{always: {failedChecks: 0}, never: {phase: Failed}}", "makes two statements"),
            ("eventually: {phase: Failed}", "needs `within`"),
            ("{eventually: {phases: [Failed]}, within: 1m}", "must contain a status"),
            ("{never: {phase: Failed}, within: 1m}", "are only for `eventually`"),
            ("always: {phases: [Failed]}", "must contain a status"),
            ("always: {event: x}", "must contain a status"),
            ("never: {not: {event: x}}", "is negated already: remove `not`"),
            ("never: {event: {matches: x, times: 2}}", "without `times`"),
            ("{eventually: {phase: Failed}, within: 1m, when: {}}", "names no field"),
            ("sometimes: {phase: Failed}", "unknown field"),
        ] {
            let told = read(wrong).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }
}
