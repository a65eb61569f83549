//! The results of a sweep: as a table for people, as CSV and as JSON.

use serde_json::{Value, json};
use serin_core::time::Human;
use serin_output::{
    span::{Span, lines},
    terminal::{FAINT, PLAIN, Terminal},
};
use serin_policy::{
    numbers,
    sweep::{Choice, Frontier, Goal, Met, Point, ShardResult, Share, Stopped, Tally, Times},
};
use serin_simulator::scenario::manifest_lines;

use super::{
    reasons,
    table::{self, ALWAYS, Cell, table},
};

/// A table, a row for each point.
#[must_use]
pub fn text(part: &ShardResult, terminal: &Terminal) -> String {
    let title = lines(&Span::words(PLAIN, &part.title), terminal.width).join("\n");
    let mut columns = varied(part.points.iter().map(|point| &point.set));
    let shown = COLUMNS.iter().filter(|column| column.name != RUNS || !part.is_complete());
    columns.extend(shown.map(|column| table::Column {
        name: column.name.into(),
        priority: column.priority,
        cells: part.points.iter().map(|point| (column.cell)(&point.tally, terminal)).collect(),
    }));
    let (table, reasons) = (table(&columns, HINT, terminal), reasons::of_points(part, terminal));
    format!("{title}\n{}\n\n{table}\n{reasons}{}", made(part), legend(LEGEND, terminal))
}

/// The number of runs that were made and requested.
fn made(part: &ShardResult) -> String {
    let points = match part.points.len() {
        1 => String::new(),
        points => format!(" at each of {points} points"),
    };
    let asked = format!("{} runs{points}, seed {}, simulation {}", part.runs, part.seed, part.simulation);
    if part.is_complete() {
        return asked;
    }
    let all = part.shard.of(part.runs).saturating_mul(part.points.len() as u64);
    format!("stopped after {} of {all} runs; requested: {asked}", part.made())
}

/// A column for each varied field.
pub(super) fn varied<'a>(
    sets: impl Iterator<Item = &'a Vec<(String, String)>> + Clone,
) -> Vec<table::Column> {
    let fields = sets.clone().next().map_or(&[][..], Vec::as_slice);
    let column = |(place, (field, _)): (usize, &(String, String))| table::Column {
        name: field.clone(),
        priority: ALWAYS,
        cells: sets.clone().filter_map(|set| Some(Cell::one(set.get(place)?.1.clone()))).collect(),
    };
    fields.iter().enumerate().map(column).collect()
}

/// How to see the columns that a narrow table leaves out.
pub(super) const HINT: &str = "A wider terminal or --format csv shows them.";

/// The meaning of the columns, in lines of the terminal.
pub(super) fn legend(sentences: &[&str], terminal: &Terminal) -> String {
    sentences.iter().map(|text| lines(&Span::words(FAINT, text), terminal.width).join("\n") + "\n").collect()
}

const LEGEND: &[&str] = &[
    "false rollback: good releases that are rolled back; missed: bad releases that are promoted; in brackets: 95 % \
     intervals (Wilson)",
    "to promote, to roll back: median and 90th percentile; requests: of users, per release, from its deployment on",
];

struct Column {
    name: &'static str,
    /// On a narrow terminal, columns of the lowest priority are left out first.
    priority: u8,
    cell: fn(&Tally, &Terminal) -> Cell,
}

/// The column that is only shown if not all runs were made.
const RUNS: &str = "runs";

const COLUMNS: &[Column] = &[
    Column { name: RUNS, priority: ALWAYS, cell: |tally, _| Cell::one(tally.runs.to_string()) },
    Column {
        name: "promoted",
        priority: 4,
        cell: |tally, terminal| Cell::one(share(tally.promotion(), terminal)),
    },
    Column {
        name: "rolled back",
        priority: 5,
        cell: |tally, terminal| Cell::one(share(tally.rollback(), terminal)),
    },
    Column {
        name: "false rollback",
        priority: 9,
        cell: |tally, terminal| interval(tally.false_rollback(), terminal),
    },
    Column {
        name: "missed",
        priority: 8,
        cell: |tally, terminal| interval(tally.missed_regression(), terminal),
    },
    Column { name: "to promote", priority: 7, cell: |tally, terminal| times(&tally.to_promote, terminal) },
    Column {
        name: "to roll back",
        priority: 6,
        cell: |tally, terminal| times(&tally.to_roll_back, terminal),
    },
    Column {
        name: "canary requests",
        priority: 1,
        cell: |tally, terminal| each(tally.canary, tally, terminal),
    },
    Column {
        name: "failed there",
        priority: 2,
        cell: |tally, terminal| each(tally.canary_failed, tally, terminal),
    },
    Column { name: "all failed", priority: 3, cell: |tally, terminal| each(tally.failed, tally, terminal) },
];

pub(super) fn none(terminal: &Terminal) -> String {
    terminal.signs.nothing.into()
}

fn share(share: Option<Share>, terminal: &Terminal) -> String {
    share.map_or_else(|| none(terminal), |share| format!("{:.1}%", 100.0 * share.share))
}

fn interval(counted: Option<Share>, terminal: &Terminal) -> Cell {
    let Some(Share { low, high, .. }) = counted else { return Cell::one(none(terminal)) };
    Cell::two(share(counted, terminal), format!("[{:.1}, {:.1}]", 100.0 * low, 100.0 * high))
}

fn times(times: &Times, terminal: &Terminal) -> Cell {
    match (times.percentile(50), times.percentile(90)) {
        (Some(median), Some(most)) => {
            Cell::two(Human(median).to_string(), format!("{} {}", terminal.signs.and, Human(most)))
        }
        _ => Cell::one(none(terminal)),
    }
}

fn each(count: u64, tally: &Tally, terminal: &Terminal) -> Cell {
    let mean = |runs| average(count as f64 / runs as f64);
    Cell::one(if tally.runs == 0 { none(terminal) } else { mean(tally.runs) })
}

pub(super) fn average(each: f64) -> String {
    if each < 100.0 { format!("{each:.1}") } else { format!("{each:.0}") }
}

/// The choices of a search, the best first, and the lines to paste for each.
#[must_use]
pub fn frontier(found: &Frontier, goals: &[Goal], terminal: &Terminal) -> String {
    let wrapped = |text: &str| lines(&Span::words(PLAIN, text), terminal.width).join("\n") + "\n";
    let goals: Vec<String> = goals.iter().map(ToString::to_string).collect();
    let goals = goals.join(&format!(" {} ", terminal.signs.and));
    let mut text = match found.stopped {
        None => wrapped(&format!(
            "{} policies tried, {} left in the last round, at most {} runs of each",
            found.points, found.left, found.most_runs
        )),
        Some(Stopped { made, of }) => wrapped(&format!(
            "stopped after {made} of at most {of} rollouts; {} of {} policies have results",
            found.left, found.points
        )),
    };
    text += &wrapped(&format!("goals: {goals}"));
    text += &wrapped(&verdict(found));
    text += &baseline(&found.baseline, terminal);
    for (place, choice) in found.choices.iter().enumerate() {
        let today = if choice.is_today { "; this is today's policy" } else { "" };
        text += &format!("\n{}. {}{today}\n", place + 1, judged(choice, terminal));
        text += &figures(choice, terminal);
        let set = choice.point.set.iter().map(|(path, value)| (path.as_str(), value.as_str()));
        for line in manifest_lines(set).lines() {
            text += &format!("       {line}\n");
        }
    }
    text
}

/// Today's policy, and the fields that the others vary.
fn baseline(today: &Choice, terminal: &Terminal) -> String {
    if today.point.tally.runs == 0 {
        return "\ntoday's policy: not run before the search was stopped\n".into();
    }
    let mut text = format!("\ntoday's policy: {}\n{}", judged(today, terminal), figures(today, terminal));
    for (field, value) in &today.point.set {
        text += &format!("       {field}: {value}\n");
    }
    text
}

/// Whether the goals are met, in one sentence; the exit status says the same.
#[must_use]
pub fn verdict(found: &Frontier) -> String {
    let count = |met: Met| found.choices.iter().filter(|choice| choice.met == met).count();
    match (found.met(), count(Met::Yes), count(Met::Perhaps)) {
        (Met::Yes, 0, _) => "Only today's policy meets the goals.".into(),
        (Met::Yes, 1, _) => "1 policy meets the goals.".into(),
        (Met::Yes, policies, _) => format!("{policies} policies meet the goals."),
        (Met::Perhaps, ..) if found.stopped.is_some() => "Undecided: the search was stopped.".into(),
        (Met::Perhaps, _, undecided) => format!(
            "Undecided: {} may meet the goals, but {} runs of each do not decide it; increase --max-runs.",
            match undecided {
                0 => "today's policy".into(),
                1 => "1 policy".into(),
                _ => format!("{undecided} policies"),
            },
            found.most_runs
        ),
        (Met::No, ..) => "No policy meets the goals.".into(),
    }
}

/// Whether a policy meets the goals, in words.
#[must_use]
pub fn words(met: Met) -> &'static str {
    match met {
        Met::Yes => "meets the goals",
        Met::Perhaps => "undecided, may meet the goals",
        Met::No => "misses a goal",
    }
}

fn judged(choice: &Choice, terminal: &Terminal) -> String {
    let sign = match choice.met {
        Met::Yes => terminal.signs.passed,
        Met::Perhaps => "?",
        Met::No => terminal.signs.failed,
    };
    format!("{sign} {}, {} runs", words(choice.met), choice.point.tally.runs)
}

fn figures(choice: &Choice, terminal: &Terminal) -> String {
    let tally = &choice.point.tally;
    let mut text = String::new();
    for (name, value) in [
        ("to promote (median, 90th percentile)", times(&tally.to_promote, terminal)),
        ("to roll back", times(&tally.to_roll_back, terminal)),
        ("false rollback", interval(tally.false_rollback(), terminal)),
        ("missed", interval(tally.missed_regression(), terminal)),
        ("failed requests per release", each(tally.failed, tally, terminal)),
    ] {
        text += &format!("   {name:<38}{}\n", value.line());
    }
    if let Some(reasons) = reasons::line(tally) {
        let (name, indent) = ("reasons for rollbacks", 41);
        let reasons = lines(&Span::words(PLAIN, &reasons), terminal.width.saturating_sub(indent).max(28));
        for (place, line) in reasons.into_iter().enumerate() {
            text += &format!("   {:<38}{line}\n", if place == 0 { name } else { "" });
        }
    }
    text
}

/// The same as an object: the goals, and the choices with their numbers and the lines to paste.
#[must_use]
pub fn frontier_json(found: &Frontier, goals: &[Goal]) -> String {
    let goals: Vec<String> = goals.iter().map(ToString::to_string).collect();
    let word = |met: Met| match met {
        Met::Yes => "yes",
        Met::Perhaps => "perhaps",
        Met::No => "no",
    };
    let choice = |choice: &Choice| {
        let set = choice.point.set.iter().map(|(path, value)| (path.as_str(), value.as_str()));
        let mut shown = point(&choice.point);
        shown["met"] = word(choice.met).into();
        shown["manifest"] = manifest_lines(set).into();
        shown["today"] = choice.is_today.into();
        shown
    };
    let choices: Vec<Value> = found.choices.iter().map(choice).collect();
    let stopped = found.stopped.map(|Stopped { made, of }| json!({"made": made, "of": of}));
    let mut shown = json!({
        "goals": goals,
        "met": word(found.met()),
        "policies": found.points,
        "left": found.left,
        "mostRuns": found.most_runs,
        "baseline": choice(&found.baseline),
        "choices": choices,
    });
    if let Some(stopped) = stopped {
        shown["stopped"] = stopped;
    }
    shown.to_string() + "\n"
}

/// A line for each point, with a heading; shares from 0 to 1, times in seconds, requests of all runs together.
#[must_use]
pub fn csv(part: &ShardResult) -> String {
    let varied = part.points.first().map_or(&[][..], |point| &point.set);
    let head = varied.iter().map(|(field, _)| quoted(field));
    let names = numbers::simulated(&Tally::default()).into_iter().map(|(name, _)| name.into());
    let mut text = line(head.chain(names).chain(["reasons".into()]));
    for point in &part.points {
        let values = point.set.iter().map(|(_, value)| quoted(value));
        let cells = numbers::simulated(&point.tally).into_iter().map(|(_, value)| cell(&value));
        text += &line(values.chain(cells).chain([quoted(&reasons::cell(&point.tally))]));
    }
    text
}

/// A missing value is empty.
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

/// One object: the runs, and the points with their numbers; `stopped` only if runs are missing.
#[must_use]
pub fn json(part: &ShardResult) -> String {
    let points: Vec<Value> = part.points.iter().map(point).collect();
    let mut shown = json!({
        "title": part.title, "runs": part.runs, "seed": part.seed, "simulation": part.simulation, "points": points,
    });
    if !part.is_complete() {
        let of = part.shard.of(part.runs).saturating_mul(part.points.len() as u64);
        shown["stopped"] = json!({"made": part.made(), "of": of});
    }
    shown.to_string() + "\n"
}

fn point(point: &Point) -> Value {
    let set: serde_json::Map<String, Value> =
        point.set.iter().map(|(field, value)| (field.clone(), value.as_str().into())).collect();
    let numbers: serde_json::Map<String, Value> =
        numbers::simulated(&point.tally).into_iter().map(|(name, value)| (name.into(), value)).collect();
    json!({"set": set, "numbers": numbers, "reasons": reasons::json(&point.tally)})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(met: Met) -> Choice {
        let tally = Tally { runs: 100, ..Tally::default() };
        Choice { point: Point { tally, ..Point::default() }, met, is_today: false }
    }

    fn found(baseline: Met, choices: &[Met], stopped: Option<Stopped>) -> Frontier {
        let choices = choices.iter().map(|met| choice(*met)).collect();
        Frontier { baseline: choice(baseline), choices, points: 9, left: 3, most_runs: 1600, stopped }
    }

    #[test]
    fn the_sentence_agrees_with_the_exit_status() {
        let stopped = Some(Stopped { made: 10, of: 20 });
        for (found, met, sentence) in [
            (found(Met::No, &[Met::Yes, Met::Yes, Met::No], None), Met::Yes, "2 policies meet the goals."),
            (found(Met::Yes, &[Met::Perhaps], None), Met::Yes, "Only today's policy meets the goals."),
            (found(Met::No, &[Met::No], None), Met::No, "No policy meets the goals."),
            (found(Met::No, &[Met::No], stopped), Met::Perhaps, "Undecided: the search was stopped."),
            (
                found(Met::Perhaps, &[Met::No], None),
                Met::Perhaps,
                "Undecided: today's policy may meet the goals, but 1600 runs of each do not decide it; increase --max-runs.",
            ),
        ] {
            assert_eq!((found.met(), &*verdict(&found)), (met, sentence));
        }
    }
}
