//! What answers of all metric systems have in common: refusals, numbers, points and series.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serin_core::{
    revision::{Text, one_line},
    spec::MetricSystem,
};

use super::exchange::MOST_SAID;
use crate::http::Reply;

/// A refusal that is longer is not looked into: as values it would take many times its length.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// What a system answers: a value, never NaN, or that it has none.
pub type Reading = Option<f64>;

/// Finds the message in a refusal.
pub(super) type Complaint = fn(&Value) -> Option<String>;

/// A successful answer in JSON.
///
/// # Errors
/// The system refuses; `complaint` finds out why. Or the answer has another shape.
pub(super) fn json<T: DeserializeOwned>(
    reply: &Reply,
    system: MetricSystem,
    complaint: Complaint,
) -> Result<T, Text> {
    accepted(reply, complaint)?;
    let title = system.descriptor().title;
    serde_json::from_slice(&reply.body).map_err(|_| format!("the answer is not {title}'s JSON").into())
}

/// Lets a successful answer pass.
///
/// # Errors
/// The status with the message that `complaint` finds, or with the beginning of the body.
pub(super) fn accepted(reply: &Reply, complaint: Complaint) -> Result<(), Text> {
    if reply.is_success() {
        return Ok(());
    }
    let body = Some(&reply.body).filter(|body| body.len() <= LONGEST_REFUSAL);
    let said = body.and_then(|body| serde_json::from_slice(body).ok()).and_then(|body| complaint(&body));
    Err(said.map_or_else(|| reply.refusal(MOST_SAID), |said| refused(reply, &said)).into())
}

/// The field `message` of a refusal, as of a Status of the API server.
pub(super) fn message_of(body: &Value) -> Option<String> {
    first_text(body, &["message"])
}

/// The first of these fields that is a text.
pub(super) fn first_text(body: &Value, fields: &[&str]) -> Option<String> {
    fields.iter().find_map(|field| body.get(field).and_then(Value::as_str)).map(Into::into)
}

/// The status and what a system says of an error.
pub(super) fn refused(reply: &Reply, said: &str) -> String {
    format!("{}: {}", reply.status, one_line(said, MOST_SAID))
}

pub(super) const NO_NUMBER: &str = "a value in the answer is not a number";

/// A number of an answer; `null` is no value.
///
/// # Errors
/// It is something else.
pub(super) fn number(value: &Value) -> Result<Reading, Text> {
    match value.as_f64() {
        None if !value.is_null() => Err(NO_NUMBER.into()),
        number => Ok(number.filter(|number| !number.is_nan())),
    }
}

/// A number that is written as a text; NaN is no value.
///
/// # Errors
/// It is something else.
pub(super) fn written(text: &str) -> Result<Reading, Text> {
    let value: f64 = text.parse().map_err(|_| Text::from(NO_NUMBER))?;
    Ok(Some(value).filter(|value| !value.is_nan()))
}

/// Of points in order of time, the newest that has a value.
pub(super) fn newest(mut points: impl Iterator<Item = Result<Reading, Text>>) -> Result<Reading, Text> {
    points.try_fold(None, |last, point| Ok(point?.or(last)))
}

/// Of several series, the last by its labels that has a value: the order in which a system sends them does not count.
pub(super) fn last_series<L: Ord>(
    mut series: impl Iterator<Item = Result<(L, Reading), Text>>,
) -> Result<Reading, Text> {
    let last = series.try_fold(None, |last: Option<(L, f64)>, one| {
        let (labels, value) = one?;
        let Some(value) = value else { return Ok(last) };
        // Two series with the same labels: the order of the answer does not count there either.
        let follows =
            |(before, least): &(L, f64)| labels.cmp(before).then_with(|| value.total_cmp(least)).is_ge();
        Ok::<_, Text>(if last.as_ref().is_none_or(follows) { Some((labels, value)) } else { last })
    })?;
    Ok(last.map(|(_, value)| value))
}
