//! What a sweep came to: as a table for people, as CSV and as JSON.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use serde_json::{Value, json};
use serin_core::time::Human;

use super::look::Look;
use crate::{
    scenario::manifest_lines,
    sweep::{Choice, Frontier, Goal, Met, Part, Point, Share, Tally, Times},
};

/// A table, a line for each point.
#[must_use]
pub fn text(part: &Part, look: &Look) -> String {
    let varied = part.points.first().map_or(&[][..], |point| &point.set);
    let points = match part.points.len() {
        1 => String::new(),
        points => format!(" at each of {points} points"),
    };
    let mut text = format!("{}\n{} runs{points}, seed {}\n\n", part.title, part.runs, part.seed);
    let head = varied.iter().map(|(field, _)| field.as_str()).chain(COLUMNS.iter().map(|column| column.name));
    let rows = part.points.iter().map(|point| {
        let values = point.set.iter().map(|(_, value)| value.clone());
        let cells = COLUMNS.iter().map(|column| (column.text)(&point.tally, look));
        values.chain(cells).collect()
    });
    text += &table(head, rows);
    text.push('\n');
    text += LEGEND;
    text
}

/// Columns as wide as they have to be, numbers below each other.
pub(super) fn table<'a>(
    head: impl Iterator<Item = &'a str>,
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head);
    rows.for_each(|row| {
        table.add_row(row);
    });
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text += line.trim_end();
        text.push('\n');
    }
    text
}

const LEGEND: &str = "\
false rollback: a good release is rolled back; missed: a bad one is promoted; in brackets 95 % intervals (Wilson)
times: half of them and 90 of 100 within; requests: of users, a release, from its deployment on\n";

struct Column {
    name: &'static str,
    text: fn(&Tally, &Look) -> String,
}

const COLUMNS: &[Column] = &[
    Column { name: "promoted", text: |tally, look| share(tally.promotion(), look) },
    Column { name: "rolled back", text: |tally, look| share(tally.rollback(), look) },
    Column { name: "false rollback", text: |tally, look| interval(tally.false_rollback(), look) },
    Column { name: "missed", text: |tally, look| interval(tally.missed_regression(), look) },
    Column { name: "to promote", text: |tally, look| times(&tally.to_promote, look) },
    Column { name: "to roll back", text: |tally, look| times(&tally.to_roll_back, look) },
    Column { name: "canary requests", text: |tally, _| each(tally.canary, tally) },
    Column { name: "failed there", text: |tally, _| each(tally.canary_failed, tally) },
    Column { name: "all failed", text: |tally, _| each(tally.failed, tally) },
];

pub(super) fn none(look: &Look) -> String {
    look.signs.nothing.into()
}

fn share(share: Option<Share>, look: &Look) -> String {
    share.map_or_else(|| none(look), |share| format!("{:.1}%", 100.0 * share.share))
}

fn interval(share: Option<Share>, look: &Look) -> String {
    let percent = |share: f64| 100.0 * share;
    share.map_or_else(
        || none(look),
        |share| {
            format!("{:.1}% [{:.1}, {:.1}]", percent(share.share), percent(share.low), percent(share.high))
        },
    )
}

fn times(times: &Times, look: &Look) -> String {
    match (times.percentile(50), times.percentile(90)) {
        (Some(half), Some(most)) => format!("{} {} {}", Human(half), look.signs.and, Human(most)),
        _ => none(look),
    }
}

fn each(count: u64, tally: &Tally) -> String {
    average(if tally.runs == 0 { 0.0 } else { count as f64 / tally.runs as f64 })
}

pub(super) fn average(each: f64) -> String {
    if each < 100.0 { format!("{each:.1}") } else { format!("{each:.0}") }
}

/// The choices of a search, the best first, and the lines to paste for each.
#[must_use]
pub fn frontier(found: &Frontier, goals: &[Goal], look: &Look) -> String {
    let goals: Vec<String> = goals.iter().map(ToString::to_string).collect();
    let goals = goals.join(&format!(" {} ", look.signs.and));
    let mut text =
        format!("{} policies tried, {} left in the last round; wanted: {goals}\n", found.points, found.left);
    for (place, choice) in found.choices.iter().enumerate() {
        let tally = &choice.point.tally;
        let (sign, met) = match choice.met {
            Met::Yes => (look.signs.passed, "meets the goals"),
            Met::Perhaps => ("?", "may meet the goals: more --runs will tell"),
            Met::No => (look.signs.failed, "misses a goal"),
        };
        text += &format!("\n{}. {sign} {met}\n", place + 1);
        for (name, value) in [
            ("promotes within (half, 90 of 100)", times(&tally.to_promote, look)),
            ("rolls back within", times(&tally.to_roll_back, look)),
            ("false rollback", interval(tally.false_rollback(), look)),
            ("missed", interval(tally.missed_regression(), look)),
            ("failed requests a release", each(tally.failed, tally)),
        ] {
            text += &format!("   {name:<34} {value}\n");
        }
        let set = choice.point.set.iter().map(|(path, value)| (path.as_str(), value.as_str()));
        for line in manifest_lines(set).lines() {
            text += &format!("       {line}\n");
        }
    }
    text
}

/// The same as an object: what was wanted, and the choices with their numbers and the lines to paste.
#[must_use]
pub fn frontier_json(found: &Frontier, goals: &[Goal]) -> String {
    let goals: Vec<String> = goals.iter().map(ToString::to_string).collect();
    let choice = |choice: &Choice| {
        let set = choice.point.set.iter().map(|(path, value)| (path.as_str(), value.as_str()));
        let mut shown = point(&choice.point);
        shown["met"] = match choice.met {
            Met::Yes => "yes".into(),
            Met::Perhaps => "perhaps".into(),
            Met::No => "no".into(),
        };
        shown["manifest"] = manifest_lines(set).into();
        shown
    };
    let choices: Vec<Value> = found.choices.iter().map(choice).collect();
    json!({"goals": goals, "policies": found.points, "left": found.left, "choices": choices}).to_string()
        + "\n"
}

/// A line for each point, with a heading; shares from 0 to 1, times in seconds, requests of all runs together.
#[must_use]
pub fn csv(part: &Part) -> String {
    let varied = part.points.first().map_or(&[][..], |point| &point.set);
    let head = varied.iter().map(|(field, _)| quoted(field));
    let mut text = line(head.chain(numbers(&Tally::default()).into_iter().map(|(name, _)| name.into())));
    for point in &part.points {
        let values = point.set.iter().map(|(_, value)| quoted(value));
        let cells = numbers(&point.tally).into_iter().map(|(_, value)| cell(&value));
        text += &line(values.chain(cells));
    }
    text
}

/// What is not there is empty.
pub(super) fn cell(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

pub(super) fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\n"
}

/// As RFC 4180 quotes it.
pub(super) fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.into() }
}

/// One object: what was run, and the points with their numbers.
#[must_use]
pub fn json(part: &Part) -> String {
    let points: Vec<Value> = part.points.iter().map(point).collect();
    json!({"title": part.title, "runs": part.runs, "seed": part.seed, "points": points}).to_string() + "\n"
}

fn point(point: &Point) -> Value {
    let set: serde_json::Map<String, Value> =
        point.set.iter().map(|(field, value)| (field.clone(), value.as_str().into())).collect();
    let numbers: serde_json::Map<String, Value> =
        numbers(&point.tally).into_iter().map(|(name, value)| (name.into(), value)).collect();
    json!({"set": set, "numbers": numbers})
}

/// Every number of a point under its name.
pub(crate) fn numbers(tally: &Tally) -> Vec<(&'static str, Value)> {
    let mut numbers: Vec<(&'static str, Value)> = vec![
        ("runs", tally.runs.into()),
        ("promoted", tally.promoted.into()),
        ("rolledBack", tally.rolled_back.into()),
        ("good", tally.good.into()),
        ("falseRollbacks", tally.false_rollbacks.into()),
        ("bad", tally.bad.into()),
        ("missed", tally.missed.into()),
        ("requests", tally.requests.into()),
        ("failed", tally.failed.into()),
        ("canaryRequests", tally.canary.into()),
        ("canaryFailed", tally.canary_failed.into()),
    ];
    let shares = [
        (["falseRollback", "falseRollbackLow", "falseRollbackHigh"], tally.false_rollback()),
        (["missedRegression", "missedRegressionLow", "missedRegressionHigh"], tally.missed_regression()),
    ];
    for (names, share) in shares {
        let ends = share.map_or([None; 3], |share| [Some(share.share), Some(share.low), Some(share.high)]);
        numbers.extend(names.into_iter().zip(ends.map(Value::from)));
    }
    for (names, times) in [
        (["toPromoteHalf", "toPromoteMost"], &tally.to_promote),
        (["toRollBackHalf", "toRollBackMost"], &tally.to_roll_back),
    ] {
        let ends = [50, 90].map(|percentile| times.percentile(percentile).map(|time| time.as_secs()));
        numbers.extend(names.into_iter().zip(ends.map(Value::from)));
    }
    numbers
}
