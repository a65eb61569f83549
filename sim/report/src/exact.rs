//! Computed results: the tables of a sweep without intervals.

use serde_json::{Value, json};
use serin_core::time::Human;
use serin_output::{
    span::{Span, lines},
    terminal::{PLAIN, Terminal},
};
use serin_policy::{
    exact::{Exact, Spread},
    numbers,
};

use super::{
    reasons,
    sweep::{HINT, average, cell, legend, line, none, quoted, varied},
    table::{self, Cell, table},
};

/// A point of a sweep: the varied fields with their values, and the results.
pub type Computed = (Vec<(String, String)>, Exact);

/// A table, a row for each point.
#[must_use]
pub fn text(title: &str, points: &[Computed], terminal: &Terminal) -> String {
    let title = lines(&Span::words(PLAIN, title), terminal.width).join("\n");
    let mut columns = varied(points.iter().map(|(set, _)| set));
    columns.extend(COLUMNS.iter().map(|column| table::Column {
        name: column.name.into(),
        priority: column.priority,
        cells: points.iter().map(|(_, exact)| (column.cell)(exact, terminal)).collect(),
    }));
    let (table, reasons) = (table(&columns, HINT, terminal), reasons::of_computed(points, terminal));
    format!("{title}\ncomputed, not simulated\n\n{table}\n{reasons}{}", legend(LEGEND, terminal))
}

const LEGEND: &[&str] = &[
    "false rollback: good releases that are rolled back; missed: bad releases that are promoted",
    "to promote, to roll back: median and 90th percentile; requests: of users, per release on average, from its \
     deployment on",
];

struct Column {
    name: &'static str,
    /// On a narrow terminal, columns of the lowest priority are left out first.
    priority: u8,
    cell: fn(&Exact, &Terminal) -> Cell,
}

const COLUMNS: &[Column] = &[
    Column { name: "promoted", priority: 4, cell: |exact, terminal| share(Some(exact.promoted), terminal) },
    Column {
        name: "rolled back",
        priority: 5,
        cell: |exact, terminal| share(Some(exact.rolled_back), terminal),
    },
    Column {
        name: "false rollback",
        priority: 9,
        cell: |exact, terminal| share(exact.false_rollback(), terminal),
    },
    Column {
        name: "missed",
        priority: 8,
        cell: |exact, terminal| share(exact.missed_regression(), terminal),
    },
    Column { name: "to promote", priority: 7, cell: |exact, terminal| times(&exact.to_promote, terminal) },
    Column {
        name: "to roll back",
        priority: 6,
        cell: |exact, terminal| times(&exact.to_roll_back, terminal),
    },
    Column { name: "canary requests", priority: 1, cell: |exact, _| Cell::one(average(exact.canary)) },
    Column { name: "failed there", priority: 2, cell: |exact, _| Cell::one(average(exact.canary_failed)) },
    Column { name: "all failed", priority: 3, cell: |exact, _| Cell::one(average(exact.failed)) },
];

fn share(share: Option<f64>, terminal: &Terminal) -> Cell {
    Cell::one(share.map_or_else(|| none(terminal), |share| format!("{:.1}%", 100.0 * share)))
}

fn times(times: &Spread, terminal: &Terminal) -> Cell {
    match (times.percentile(50), times.percentile(90)) {
        (Some(median), Some(most)) => {
            Cell::two(Human(median).to_string(), format!("{} {}", terminal.signs.and, Human(most)))
        }
        _ => Cell::one(none(terminal)),
    }
}

/// A line for each point, with a heading; shares from 0 to 1, times in seconds, average requests of a release.
#[must_use]
pub fn csv(points: &[Computed]) -> String {
    let varied = points.first().map_or(&[][..], |(set, _)| set);
    let head = varied.iter().map(|(field, _)| quoted(field));
    let names = numbers::computed(&Exact::default()).into_iter().map(|(name, _)| name.into());
    let mut text = line(head.chain(names).chain(["reasons".into()]));
    for (set, exact) in points {
        let cells = numbers::computed(exact).into_iter().map(|(_, value)| cell(&value));
        let reasons = quoted(&reasons::cell_of_computed(exact));
        text += &line(set.iter().map(|(_, value)| quoted(value)).chain(cells).chain([reasons]));
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
            numbers::computed(exact).into_iter().map(|(name, value)| (name.into(), value)).collect();
        json!({"set": set, "numbers": numbers, "reasons": reasons::json_of_computed(exact)})
    };
    let points: Vec<Value> = points.iter().map(point).collect();
    json!({"title": title, "exact": true, "points": points}).to_string() + "\n"
}
