//! An expectation in a file: every statement is a field, of which one is set.

use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{Phase, command::Routes, spec::Severity, strategy::Weight};

use super::{
    Called, CarriedOut, Counted, Expectation, Item, Requests, Row, Sequence, Span, Telling, Wanted,
    received::WrittenReceiver,
    schema,
    texts::{WrittenRegex, WrittenRoute},
};
use crate::scenario::{
    answer::HookAnswer,
    event::Pattern,
    shape::{Exactly, Lasting, ListOrExactly, TextOr, scalar},
};

/// One statement about the story; the fields of the status at its end are one statement together.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "Expectation", extend("oneOf" = schema::statements()))]
pub(in crate::scenario) struct WrittenItem {
    /// This does not hold.
    not: Option<WrittenNot>,
    /// The saved phases, without repetitions, contain these in this order.
    phases: Option<ListOrExactly<Phase>>,
    /// The saved canary weights, without repetitions, contain these in this order.
    weights: Option<ListOrExactly<Weight>>,
    /// Every saved canary weight is within these bounds.
    weight: Option<WrittenWeight>,
    /// The routes that were set, without repetitions, contain these in this order.
    routes: Option<ListOrExactly<WrittenRoute>>,
    /// The saved statuses, without repetitions, contain these in this order.
    rows: Option<ListOrExactly<Row>>,
    /// The phase at the end of the story.
    phase: Option<Phase>,
    /// The canary's weight at the end of the story.
    #[schemars(range(max = 100))]
    canary_weight: Option<Weight>,
    /// Failed checks at the end of the story.
    failed_checks: Option<u32>,
    /// Iterations at the end of the story.
    iterations: Option<u32>,
    /// The revision of the status.
    revision: Option<String>,
    /// How many requests users send, and how they end.
    requests: Option<Requests>,
    /// An event contains the text.
    event: Option<TextOr<WrittenMatch>>,
    /// An alert contains the text.
    alert: Option<TextOr<WrittenAlert>>,
    /// The message of the condition at the end contains the text.
    condition: Option<String>,
    /// How a hook was called.
    hook: Option<WrittenHook>,
    /// The deliveries to an event hook or the receiver of an alert.
    receiver: Option<WrittenReceiver>,
    /// The number of queries of a metric.
    metric: Option<WrittenCount>,
    /// The number of commands whose text begins with this.
    command: Option<WrittenCount>,
    /// The rule fired.
    #[schemars(schema_with = "schema::rule")]
    rule: Option<TextOr<WrittenCount>>,
    /// The revision the primary runs at the end.
    #[schemars(schema_with = "scalar")]
    promoted: Option<String>,
    /// The time between two saved statuses.
    time: Option<WrittenTime>,
    /// No saved status has all of these values.
    never: Option<Pattern>,
}

/// What must not happen: an event, an alert or a rule.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Not", extend("minProperties" = 1, "maxProperties" = 1))]
struct WrittenNot {
    /// An event contains the text.
    event: Option<TextOr<WrittenMatch>>,
    /// An alert contains the text.
    alert: Option<TextOr<WrittenAlert>>,
    /// The rule fired.
    #[schemars(schema_with = "schema::rule")]
    rule: Option<TextOr<WrittenCount>>,
}

/// Bounds of every saved canary weight.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WeightBounds")]
struct WrittenWeight {
    /// The minimum.
    #[schemars(range(max = 100))]
    #[serde(default)]
    min: Weight,
    /// The maximum.
    #[schemars(range(max = 100))]
    #[serde(default = "all")]
    max: Weight,
}

fn all() -> Weight {
    100
}

/// Events whose text matches.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EventMatch")]
struct WrittenMatch {
    /// A regular expression.
    matches: WrittenRegex,
    /// How often; at least once by default.
    times: Option<u32>,
}

/// Alerts whose text matches.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AlertMatch")]
struct WrittenAlert {
    /// A regular expression.
    matches: WrittenRegex,
    /// How often; at least once by default.
    times: Option<u32>,
    /// Of this severity.
    #[schemars(with = "Option<String>", extend("enum" = ["info", "warn", "error"]))]
    severity: Option<Severity>,
}

/// Calls of a hook.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HookCalls")]
struct WrittenHook {
    /// Its name.
    name: String,
    /// How often.
    times: Option<u32>,
    /// Each call had one of these phases.
    phases: Option<Vec<Phase>>,
    /// Its answers in order.
    answers: Option<Vec<HookAnswer>>,
}

/// Something that is counted by name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Count")]
struct WrittenCount {
    /// Its name.
    name: String,
    /// How often; at least once by default.
    times: Option<u32>,
}

/// The time between the first saved status that has all of `from` and the next that has all of `to`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Span")]
struct WrittenTime {
    /// The first; the beginning of the story by default.
    from: Option<Pattern>,
    /// The second.
    to: Pattern,
    /// The minimum.
    min: Option<Lasting>,
    /// The maximum.
    max: Option<Lasting>,
}

impl WrittenItem {
    /// The item, or why it is invalid.
    pub(in crate::scenario) fn read(self) -> Result<Item, String> {
        let (negated, event, alert, rule) = match self.not {
            None => (false, self.event, self.alert, self.rule),
            Some(not) if self.event.is_none() && self.alert.is_none() && self.rule.is_none() => {
                (true, not.event, not.alert, not.rule)
            }
            Some(_) => return Err("makes two statements; write two items".into()),
        };
        let end = Pattern {
            phase: self.phase,
            canary_weight: self.canary_weight,
            failed_checks: self.failed_checks,
            iterations: self.iterations,
            revision: self.revision,
        };
        if let Some(requests) = &self.requests {
            requests.check()?;
        }
        let time = self.time.map(WrittenTime::read).transpose()?;
        let lists = [
            ("phases", self.phases.as_ref().is_some_and(ListOrExactly::holds_of_anything)),
            ("weights", self.weights.as_ref().is_some_and(ListOrExactly::holds_of_anything)),
            ("routes", self.routes.as_ref().is_some_and(ListOrExactly::holds_of_anything)),
            ("rows", self.rows.as_ref().is_some_and(ListOrExactly::holds_of_anything)),
        ];
        if let Some((name, _)) = lists.iter().find(|(_, is_empty)| *is_empty) {
            return Err(format!("`{name}` is an empty list, which every story contains"));
        }
        let is_empty = |text: Option<&str>| text.is_some_and(str::is_empty);
        let texts = [
            ("event", is_empty(event.as_ref().and_then(TextOr::text))),
            ("alert", is_empty(alert.as_ref().and_then(TextOr::text))),
            ("condition", is_empty(self.condition.as_deref())),
        ];
        if let Some((name, _)) = texts.iter().find(|(_, is_empty)| *is_empty) {
            return Err(format!("`{name}` is an empty text, which every {name} contains"));
        }
        let statements = [
            self.phases.map(|list| Expectation::Phases(list.into())),
            self.weights.map(|list| Expectation::Weights(list.into())),
            self.weight.map(|bounds| Expectation::Weight { min: bounds.min, max: bounds.max }),
            self.requests.map(Expectation::Requests),
            self.routes.map(|list| Expectation::Routes(unwrapped(list))),
            self.rows.map(|list| Expectation::Rows(list.into())),
            (!end.is_empty()).then_some(Expectation::End(end)),
            event.map(|event| Expectation::Event(telling(event))),
            alert.map(alerted),
            self.condition.map(Expectation::Condition),
            self.hook.map(|hook| {
                let WrittenHook { name, times, phases, answers } = hook;
                Expectation::Hook(Called { name, times, phases, answers })
            }),
            self.receiver.map(|receiver| Expectation::Receiver(receiver.into())),
            self.metric.map(|count| Expectation::Metric(count.into())),
            self.command
                .map(|count| Expectation::Command(CarriedOut { prefix: count.name, times: count.times })),
            rule.map(|rule| Expectation::Rule(counted(rule))),
            self.promoted.map(Expectation::Promoted),
            time.map(Expectation::Time),
            self.never.map(Expectation::Never),
        ];
        let mut statements = statements.into_iter().flatten();
        match (statements.next(), statements.next()) {
            (Some(expectation), None) => Ok(Item { expectation, negated }),
            (Some(_), Some(_)) => Err("makes two statements; write two items".into()),
            (None, _) => Err("makes no statement".into()),
        }
    }
}

impl WrittenTime {
    fn read(self) -> Result<Span, String> {
        let Self { from, to, min, max } = self;
        let (min, max) = (min.map(|min| min.0), max.map(|max| max.0));
        if to.is_empty() {
            return Err("`time.to` names no field of the status".into());
        }
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err("`time.min` is larger than `time.max`".into());
        }
        Ok(Span { from, to, min, max })
    }
}

impl<T> From<ListOrExactly<T>> for Sequence<T> {
    fn from(list: ListOrExactly<T>) -> Self {
        match list {
            ListOrExactly::List(items) => Self { items, exactly: false },
            ListOrExactly::Exactly(Exactly { exactly: items }) => Self { items, exactly: true },
        }
    }
}

fn unwrapped(list: ListOrExactly<WrittenRoute>) -> Sequence<Routes> {
    let Sequence { items, exactly } = list.into();
    Sequence { items: items.into_iter().map(|WrittenRoute(routes)| routes).collect(), exactly }
}

fn telling(written: TextOr<WrittenMatch>) -> Telling {
    match written {
        TextOr::Text(text) => Telling { wanted: Wanted::Contains(text), times: None },
        TextOr::Map(written) => Telling { wanted: written.matches.wanted(), times: written.times },
    }
}

fn alerted(written: TextOr<WrittenAlert>) -> Expectation {
    match written {
        TextOr::Text(text) => {
            Expectation::Alert(Telling { wanted: Wanted::Contains(text), times: None }, None)
        }
        TextOr::Map(WrittenAlert { matches, times, severity }) => {
            Expectation::Alert(Telling { wanted: matches.wanted(), times }, severity)
        }
    }
}

impl From<WrittenCount> for Counted {
    fn from(written: WrittenCount) -> Self {
        Self { name: written.name, times: written.times }
    }
}

fn counted(written: TextOr<WrittenCount>) -> Counted {
    match written {
        TextOr::Text(name) => Counted { name, times: None },
        TextOr::Map(written) => written.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let written: WrittenItem = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.read().map(|item| item.to_string())
    }

    #[test]
    fn every_statement_is_read() {
        for (written, shown) in [
            ("phases: [Initialized, Failed]", "phases: [Initialized, Failed]"),
            ("routes: {exactly: []}", "routes: exactly []"),
            ("phases: {exactly: [\"\", Failed]}", "phases: exactly [\"\", Failed]"),
            ("weights: [10, 0]", "weights: [10, 0]"),
            ("weight: {max: 50}", "weight: from 0 to 50"),
            ("requests: {failed: {max: 1%}}", "requests: failed at most 1%"),
            (
                "requests: {exposed: {min: 10, max: 20%}, exposedFailed: {max: 0}}",
                "requests: exposed at least 10, at most 20%, exposedFailed at most 0",
            ),
            ("{phase: Failed, revision: v2}", "phase: Failed, revision: v2"),
            ("routes: [\"100/0 mirror 50\", \"0/100 matched\"]", "routes: [100/0 mirror 50, 0/100 matched]"),
            ("rows: [[Progressing, 10, 0, 0]]", "rows: [[Progressing, 10, 0, 0]]"),
            ("phase: Failed", "phase: Failed"),
            ("{phase: Failed, canaryWeight: 0}", "phase: Failed, canaryWeight: 0"),
            ("event: it is done", "event: it is done"),
            ("event: {matches: ^a, times: 2}", "event: /^a/, 2 times"),
            ("not: {event: it is done}", "not event: it is done"),
            ("alert: {matches: b, severity: error, times: 1}", "alert: /b/, once, Error"),
            ("condition: ready", "condition: ready"),
            ("hook: {name: gate, times: 3, phases: [Failed], answers: [500, 200]}", "hook: gate, 3 times"),
            (
                "receiver: {name: pager, matches: x, times: 2, answers: [503, 200]}",
                "receiver: pager, /x/, 2 times",
            ),
            ("metric: {name: errors}", "metric: errors"),
            ("command: {name: promote, times: 0}", "command: promote, 0 times"),
            ("rule: idle", "rule: idle"),
            ("not: {rule: idle}", "not rule: idle"),
            ("promoted: v2", "promoted: v2"),
            (
                "time: {from: {phase: Failed}, to: {iterations: 1}, min: 28s, max: 1m}",
                "time: from phase: Failed to iterations: 1: 28s to 1m",
            ),
            ("never: {phase: Promoting}", "never: phase: Promoting"),
        ] {
            assert_eq!(read(written).as_deref(), Ok(shown), "{written}");
        }
    }

    #[test]
    fn no_statement_or_two_statements_are_refused() {
        for wrong in [
            "{}",
            "{phases: [Failed], event: x}",
            "{not: {event: x}, event: y}",
            "not: {}",
            "not: {phases: [Failed]}",
            "event: {times: 1}",
            "event: {matches: (}",
            "routes: [\"90/20\"]",
            "routes: [\"90\"]",
            "phase: Faild",
            "requests: {}",
            "requests: {failed: {}}",
            "requests: {failed: {max: 101%}}",
            "requests: {failed: {max: lots}}",
            "requests: {broken: {max: 1%}}",
            "time: {to: {}}",
            "time: {to: {phase: Failed}, min: 2s, max: 1s}",
            "rows: [[Failed, 0]]",
            "phases: []",
            "weights: []",
            "routes: []",
            "rows: []",
            "event: \"\"",
            "alert: \"\"",
            "condition: \"\"",
            "not: {event: \"\"}",
        ] {
            assert!(read(wrong).is_err(), "{wrong} was read");
        }
    }
}
