//! What was computed instead of counted: the tables of a sweep without intervals.

use serde_json::{Value, json};
use serin_core::time::Human;

use super::{
    look::Look,
    sweep::{average, cell, line, none, quoted, table},
};
use crate::exact::{Exact, Spread};

/// A point of a sweep: the varied fields with their values, and what is so there.
pub type Computed = (Vec<(String, String)>, Exact);

/// A table, a line for each point.
#[must_use]
pub fn text(title: &str, points: &[Computed], look: &Look) -> String {
    let varied = points.first().map_or(&[][..], |(set, _)| set);
    let head = varied.iter().map(|(field, _)| field.as_str()).chain(COLUMNS.iter().map(|column| column.name));
    let rows = points.iter().map(|(set, exact)| {
        let values = set.iter().map(|(_, value)| value.clone());
        values.chain(COLUMNS.iter().map(|column| (column.text)(exact, look))).collect()
    });
    format!("{title}\ncomputed, nothing is drawn\n\n{}\n{LEGEND}", table(head, rows))
}

const LEGEND: &str = "\
false rollback: a good release is rolled back; missed: a bad one is promoted
times: half of them and 90 of 100 within; requests: of users, a release, on average, from its deployment on\n";

struct Column {
    name: &'static str,
    text: fn(&Exact, &Look) -> String,
}

const COLUMNS: &[Column] = &[
    Column { name: "promoted", text: |exact, look| share(Some(exact.promoted), look) },
    Column { name: "rolled back", text: |exact, look| share(Some(exact.rolled_back), look) },
    Column { name: "false rollback", text: |exact, look| share(exact.false_rollback(), look) },
    Column { name: "missed", text: |exact, look| share(exact.missed_regression(), look) },
    Column { name: "to promote", text: |exact, look| times(&exact.to_promote, look) },
    Column { name: "to roll back", text: |exact, look| times(&exact.to_roll_back, look) },
    Column { name: "canary requests", text: |exact, _| average(exact.canary) },
    Column { name: "failed there", text: |exact, _| average(exact.canary_failed) },
    Column { name: "all failed", text: |exact, _| average(exact.failed) },
];

fn share(share: Option<f64>, look: &Look) -> String {
    share.map_or_else(|| none(look), |share| format!("{:.1}%", 100.0 * share))
}

fn times(times: &Spread, look: &Look) -> String {
    match (times.percentile(50), times.percentile(90)) {
        (Some(half), Some(most)) => format!("{} {} {}", Human(half), look.signs.and, Human(most)),
        _ => none(look),
    }
}

/// A line for each point, with a heading; shares from 0 to 1, times in seconds, requests of a release on average.
#[must_use]
pub fn csv(points: &[Computed]) -> String {
    let varied = points.first().map_or(&[][..], |(set, _)| set);
    let head = varied.iter().map(|(field, _)| quoted(field));
    let mut text = line(head.chain(numbers(&Exact::default()).into_iter().map(|(name, _)| name.into())));
    for (set, exact) in points {
        let cells = numbers(exact).into_iter().map(|(_, value)| cell(&value));
        text += &line(set.iter().map(|(_, value)| quoted(value)).chain(cells));
    }
    text
}

/// One object: the points with their numbers.
#[must_use]
pub fn json(title: &str, points: &[Computed]) -> String {
    let point = |(set, exact): &Computed| {
        let set: serde_json::Map<String, Value> =
            set.iter().map(|(field, value)| (field.clone(), value.as_str().into())).collect();
        let numbers: serde_json::Map<String, Value> =
            numbers(exact).into_iter().map(|(name, value)| (name.into(), value)).collect();
        json!({"set": set, "numbers": numbers})
    };
    let points: Vec<Value> = points.iter().map(point).collect();
    json!({"title": title, "exact": true, "points": points}).to_string() + "\n"
}

/// Every number of a point, under the name it has in a sweep.
pub(crate) fn numbers(exact: &Exact) -> Vec<(&'static str, Value)> {
    let seconds = |times: &Spread, percentile| times.percentile(percentile).map(|time| time.as_secs());
    vec![
        ("promoted", rounded(exact.promoted).into()),
        ("rolledBack", rounded(exact.rolled_back).into()),
        ("good", exact.good.into()),
        ("requests", rounded(exact.requests).into()),
        ("failed", rounded(exact.failed).into()),
        ("canaryRequests", rounded(exact.canary).into()),
        ("canaryFailed", rounded(exact.canary_failed).into()),
        ("falseRollback", exact.false_rollback().map(rounded).into()),
        ("missedRegression", exact.missed_regression().map(rounded).into()),
        ("toPromoteHalf", seconds(&exact.to_promote, 50).into()),
        ("toPromoteMost", seconds(&exact.to_promote, 90).into()),
        ("toRollBackHalf", seconds(&exact.to_roll_back, 50).into()),
        ("toRollBackMost", seconds(&exact.to_roll_back, 90).into()),
    ]
}

/// A few digits more than are known.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1e5).round() / 1e5
}
