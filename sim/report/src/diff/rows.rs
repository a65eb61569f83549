//! The rows of a comparison: a label, the old value, the new value, and the difference.

use std::time::Duration;

use serin_core::time::Human;
use serin_policy::{
    diff::{Change, Compared, Diff, Difference, Results, Unit},
    plan::{Plan, checks},
};

use crate::sweep::average;

/// A row.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) old: String,
    pub(super) new: String,
    /// The difference, if it is a number.
    pub(super) difference: String,
    /// What it means.
    pub(super) change: &'static str,
}

/// The plans of both policies; none if one of them has too many checks to list.
pub(super) fn plan(diff: &Diff) -> Vec<Row> {
    let [Some(old), Some(new)] = &diff.plans else { return Vec::new() };
    let all = facts(old).into_iter().zip(facts(new));
    // A row that both leave empty says nothing.
    let rows = all.filter(|((_, old), (_, new))| !old.is_empty() || !new.is_empty());
    rows.map(|((label, old), (_, new))| {
        let change = if old == new { "" } else { "changed" };
        let shown = |text: String| if text.is_empty() { "none".to_owned() } else { text };
        Row { label: label.into(), old: shown(old), new: shown(new), difference: String::new(), change }
    })
    .collect()
}

/// What a plan says, always in the same order; empty: nothing.
fn facts(plan: &Plan) -> [(&'static str, String); 9] {
    let moves = plan.moves.iter().map(|leg| leg.what.words(plan.divides));
    let gates = plan.gates.iter().map(|gate| format!("{} ({})", gate.name, gate.kind));
    let failed = plan.rollback.map(|rollback| {
        let in_a_row = if rollback.consecutive { " in a row" } else { "" };
        let after = Human(rollback.after_first_move);
        format!("{} failed{in_a_row}, {after} after the first move", checks(rollback.threshold))
    });
    [
        ("strategy", plan.strategy.clone()),
        ("moves", moves.collect::<Vec<_>>().join("; ")),
        ("a check every", Human(plan.interval).to_string()),
        ("passed checks", plan.checks.to_string()),
        ("promotion decided", format!("after {}", Human(plan.decided))),
        ("all users", format!("after {}", Human(plan.all_users))),
        ("rollback", failed.unwrap_or_default()),
        ("gates", gates.collect::<Vec<_>>().join(", ")),
        ("suspended", if plan.suspended { "yes".into() } else { String::new() }),
    ]
}

/// The criteria that can be judged.
pub(super) fn risk(results: &Results) -> Vec<Row> {
    let is_counted = matches!(results, Results::Counted(_));
    let row = |compared: &Compared| {
        let Compared { criterion, old, new, difference } = compared;
        let unit = criterion.unit();
        Row {
            label: criterion.to_string(),
            old: value(*old, unit),
            new: value(*new, unit),
            difference: told(*difference, unit, is_counted),
            change: match compared.change() {
                Change::Better => "better",
                Change::Worse => "worse",
                Change::NotSure if difference.new_less_old == 0.0 => "same",
                Change::NotSure => "not sure",
            },
        }
    };
    results.compare().iter().map(row).collect()
}

fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{:.1}%", 100.0 * value),
        Unit::Seconds => Human(Duration::from_secs(value.round() as u64)).to_string(),
        Unit::Requests => average(value),
    }
}

fn told(difference: Difference, unit: Unit, is_counted: bool) -> String {
    let Difference { new_less_old, low, high } = difference;
    if new_less_old == 0.0 {
        return String::new();
    }
    let of = match unit {
        Unit::Share => " points",
        Unit::Seconds | Unit::Requests => "",
    };
    let interval =
        if is_counted { format!(" [{}, {}]", signed(low, unit), signed(high, unit)) } else { String::new() };
    format!("{}{of}{interval}", signed(new_less_old, unit))
}

fn signed(number: f64, unit: Unit) -> String {
    let sign = if number < 0.0 { "-" } else { "+" };
    let size = number.abs();
    let size = match unit {
        Unit::Share => format!("{:.1}", 100.0 * size),
        Unit::Seconds | Unit::Requests => value(size, unit),
    };
    format!("{sign}{size}")
}
