//! Scripted answers of metrics and hooks.

use std::{borrow::Cow, collections::BTreeMap, fmt, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};
use serin_core::retry;

use super::shape::{Lasting, scalar};

/// The answer of a metric's provider.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricAnswer {
    /// A value, never NaN.
    Value(f64),
    /// The values of several series, by name; NaN is none.
    Series(BTreeMap<String, f64>),
    /// No value.
    None,
    /// An error.
    Error(String),
}

/// The answer of a hook to one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookAnswer {
    /// How the attempt ends.
    pub outcome: HookOutcome,
    /// The body of the answer.
    pub body: Option<String>,
    /// How long the attempt takes; `None`: a timeout takes the hook's timeout, everything else no time.
    pub after: Option<Duration>,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// With this HTTP status.
    Status(u16),
    /// No answer within the hook's timeout.
    Timeout,
    /// The connection was refused.
    Refused,
}

impl HookOutcome {
    /// Any 2xx.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// Whether another attempt can succeed.
    #[must_use]
    pub fn is_worth_a_retry(self) -> bool {
        match self {
            Self::Status(status) => retry::is_worth_another(status),
            Self::Timeout | Self::Refused => true,
        }
    }
}

impl fmt::Display for HookOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Refused => f.write_str("refused"),
        }
    }
}

impl fmt::Display for MetricAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Series(series) => {
                let values: Vec<String> =
                    series.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                write!(f, "{}", values.join(", "))
            }
            Self::None => f.write_str("none"),
            Self::Error(error) => write!(f, "error: {error}"),
        }
    }
}

impl From<HookOutcome> for HookAnswer {
    fn from(outcome: HookOutcome) -> Self {
        Self { outcome, body: None, after: None }
    }
}

/// An error of a metric's provider, or the values of several series.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MetricAnswerInFull", extend("minProperties" = 1, "maxProperties" = 1))]
struct WrittenAnswer {
    /// The text of the error.
    #[serde(default)]
    #[schemars(schema_with = "scalar")]
    error: Option<String>,
    /// A value for each series, by its name; null: it has none.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Option<f64>>")]
    series: Option<BTreeMap<String, Option<f64>>>,
}

/// What a metric's provider answers, in words.
const METRIC_ANSWERS: &str = "a number, none, nan, +inf, -inf, {error: text} or {series: {name: number}}";

impl JsonSchema for MetricAnswer {
    fn schema_name() -> Cow<'static, str> {
        "MetricAnswer".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": format!("What a metric's provider answers: {METRIC_ANSWERS}."),
            "anyOf": [
                {"type": ["number", "null"]},
                {"type": "string", "pattern": "^([nN][oO][nN][eE]|[nN][aA][nN]|[+-]?[iI][nN][fF])$"},
                generator.subschema_for::<WrittenAnswer>(),
            ],
        })
    }
}

impl<'de> Deserialize<'de> for MetricAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetricVisitor)
    }
}

struct MetricVisitor;

impl<'de> Visitor<'de> for MetricVisitor {
    type Value = MetricAnswer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(METRIC_ANSWERS)
    }
    fn visit_f64<E>(self, value: f64) -> Result<MetricAnswer, E> {
        Ok(if value.is_nan() { MetricAnswer::None } else { MetricAnswer::Value(value) })
    }
    fn visit_i64<E>(self, value: i64) -> Result<MetricAnswer, E> {
        Ok(MetricAnswer::Value(value as f64))
    }
    fn visit_u64<E>(self, value: u64) -> Result<MetricAnswer, E> {
        Ok(MetricAnswer::Value(value as f64))
    }
    fn visit_unit<E>(self) -> Result<MetricAnswer, E> {
        Ok(MetricAnswer::None)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<MetricAnswer, E> {
        match text.to_ascii_lowercase().as_str() {
            "none" | "nan" => Ok(MetricAnswer::None),
            "+inf" | "inf" => Ok(MetricAnswer::Value(f64::INFINITY)),
            "-inf" => Ok(MetricAnswer::Value(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<MetricAnswer, A::Error> {
        let written = WrittenAnswer::deserialize(MapAccessDeserializer::new(entries))?;
        match (written.error, written.series) {
            (Some(error), None) => Ok(MetricAnswer::Error(error)),
            (None, Some(series)) => {
                let known = |(name, value): (String, Option<f64>)| (name, value.unwrap_or(f64::NAN));
                Ok(MetricAnswer::Series(series.into_iter().map(known).collect()))
            }
            (Some(_), Some(_)) | (None, None) => {
                Err(serde::de::Error::custom("give one of error and series"))
            }
        }
    }
}

/// An answer with all its fields.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HookAnswerInFull")]
struct WrittenHookAnswer {
    /// How the attempt ends.
    status: HookOutcome,
    /// The body of the answer.
    #[serde(default)]
    #[schemars(schema_with = "scalar")]
    body: Option<String>,
    /// How long the attempt takes.
    after: Option<Lasting>,
}

impl JsonSchema for HookOutcome {
    fn schema_name() -> Cow<'static, str> {
        "HookOutcome".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An HTTP status, timeout or refused.",
            "anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"enum": ["timeout", "refused"]}],
        })
    }
}

impl JsonSchema for HookAnswer {
    fn schema_name() -> Cow<'static, str> {
        "HookAnswer".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a hook answers: an HTTP status, timeout, refused or {status: 500, body: text, after: 5m}.",
            "anyOf": [generator.subschema_for::<HookOutcome>(), generator.subschema_for::<WrittenHookAnswer>()],
        })
    }
}

impl<'de> Deserialize<'de> for HookOutcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OutcomeVisitor)
    }
}

struct OutcomeVisitor;

impl Visitor<'_> for OutcomeVisitor {
    type Value = HookOutcome;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an HTTP status, timeout or refused")
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<HookOutcome, E> {
        match u16::try_from(value) {
            Ok(status @ 100..=599) => Ok(HookOutcome::Status(status)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<HookOutcome, E> {
        match text {
            "timeout" => Ok(HookOutcome::Timeout),
            "refused" => Ok(HookOutcome::Refused),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for HookAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HookVisitor)
    }
}

struct HookVisitor;

impl<'de> Visitor<'de> for HookVisitor {
    type Value = HookAnswer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an HTTP status, timeout, refused or {status: …, body: text, after: 5m}")
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<HookAnswer, E> {
        OutcomeVisitor.visit_u64(value).map(HookAnswer::from)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<HookAnswer, E> {
        OutcomeVisitor.visit_str(text).map(HookAnswer::from)
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<HookAnswer, A::Error> {
        let written = WrittenHookAnswer::deserialize(MapAccessDeserializer::new(entries))?;
        let after = written.after.map(|after| after.0);
        Ok(HookAnswer { outcome: written.status, body: written.body, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(text: &str) -> Result<Vec<MetricAnswer>, serde_yaml::Error> {
        serde_yaml::from_str(text)
    }

    fn hook(text: &str) -> Result<Vec<HookAnswer>, serde_yaml::Error> {
        serde_yaml::from_str(text)
    }

    #[test]
    fn metrics_answer_numbers_no_value_and_errors() {
        let answers = metric("[99.5, -1, none, nan, .nan, +inf, .inf, -inf, {error: down}]").unwrap();
        let value = MetricAnswer::Value;
        let none = || MetricAnswer::None;
        let (up, down) = (value(f64::INFINITY), value(f64::NEG_INFINITY));
        let error = MetricAnswer::Error("down".into());
        assert_eq!(answers, [value(99.5), value(-1.0), none(), none(), none(), up.clone(), up, down, error]);
        let wrong = ["[lots]", "[true]", "[{errors: x}]", "[[1]]", "[{}]", "[{series: {a: x}}]"];
        for wrong in wrong.into_iter().chain(["[{error: x, series: {a: 1}}]"]) {
            assert!(metric(wrong).is_err(), "{wrong} was read");
        }
    }

    #[test]
    fn a_metric_answers_with_several_series() {
        let answers = metric("[{series: {b: 2, a: 1.5}}]").unwrap();
        let series = BTreeMap::from([("a".to_owned(), 1.5), ("b".to_owned(), 2.0)]);
        assert_eq!(answers, [MetricAnswer::Series(series)]);
        assert_eq!(answers[0].to_string(), "a: 1.5, b: 2");
    }

    #[test]
    fn hooks_answer_a_status_or_nothing() {
        let answers =
            hook("[200, timeout, refused, {status: 500, body: no}, {status: timeout, after: 5m}]").unwrap();
        let shown: Vec<String> = answers.iter().map(|answer| answer.outcome.to_string()).collect();
        assert_eq!(shown, ["200", "timeout", "refused", "500", "timeout"]);
        assert_eq!(answers[3].body.as_deref(), Some("no"));
        assert_eq!(answers[4].after, Some(Duration::from_secs(300)));
        for wrong in ["[99]", "[600]", "[tiemout]", "[{status: 200, wait: 1s}]", "[{body: x}]"] {
            assert!(hook(wrong).is_err(), "{wrong} was read");
        }
    }

    #[test]
    fn only_answers_that_may_pass_later_are_retried() {
        let retried = |outcome: HookOutcome| outcome.is_worth_a_retry();
        assert!(
            [HookOutcome::Status(429), HookOutcome::Status(503), HookOutcome::Timeout]
                .into_iter()
                .all(retried)
        );
        assert!(![404, 200, 501].map(HookOutcome::Status).into_iter().any(retried));
    }
}
