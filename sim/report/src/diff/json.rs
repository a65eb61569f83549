//! A comparison for programs.

use serde_json::{Map, Value, json};
use serin_policy::{
    diff::{Change, Compared, Diff, Results, Risk},
    numbers::{self, rounded},
};
use serin_simulator::scenario::SIMULATION;

use super::verdict;

/// One object: the files, the plans, the numbers of both policies, and the differences.
#[must_use]
pub fn json(diff: &Diff) -> String {
    let [old, new] = [0, 1].map(|side| {
        let mut shown = json!({"file": diff.files[side], "plan": diff.plans[side]});
        if let Ok(risk) = &diff.risk {
            shown["numbers"] = numbers(&risk.results, side);
        }
        shown
    });
    let mut shown = json!({
        "canary": diff.canary, "says": verdict(diff), "old": old, "new": new, "notes": diff.notes,
    });
    if let Some(release) = &diff.release {
        shown["release"] = json!({"rps": release.rps, "errors": rounded(release.errors)});
    }
    match &diff.risk {
        Ok(risk) => {
            shown["differences"] = risk.results.compare().iter().map(difference).collect();
            shown["simulated"] = simulated(risk);
        }
        Err(why) => shown["notCompared"] = why.as_str().into(),
    }
    shown.to_string() + "\n"
}

/// The worlds; `null` if the numbers are computed.
fn simulated(risk: &Risk) -> Value {
    let Some(made) = risk.made() else { return Value::Null };
    let mut shown = json!({"worlds": made, "seed": risk.seed, "simulation": SIMULATION});
    if made < risk.runs {
        shown["stopped"] = json!({"made": made, "of": risk.runs});
    }
    shown
}

fn numbers(results: &Results, side: usize) -> Value {
    let numbers = match results {
        Results::Computed(exact) => numbers::computed(&exact[side]),
        Results::Counted(pairs) => numbers::simulated(if side == 0 { &pairs.old } else { &pairs.new }),
    };
    numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

fn difference(compared: &Compared) -> Value {
    let Compared { criterion, old, new, difference } = compared;
    json!({
        "what": criterion.name(),
        "old": rounded(*old),
        "new": rounded(*new),
        "difference": rounded(difference.new_less_old),
        "low": rounded(difference.low),
        "high": rounded(difference.high),
        "change": match compared.change() {
            Change::Better => "better",
            Change::Worse => "worse",
            Change::NotSure => "not-sure",
        },
    })
}
