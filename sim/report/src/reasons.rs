//! The reasons for rollbacks, as shares.

use serde_json::{Value, json};
use serin_output::{
    span::{Span, lines},
    terminal::{FAINT, PLAIN, Terminal},
};
use serin_policy::{
    exact::{Causes, Exact},
    numbers::rounded,
    sweep::{ShardResult, Tally},
};

use super::{exact::Computed, html::percent};

/// A reason in words, its share of all rollbacks, and how many there were.
pub(super) struct Share {
    pub(super) words: String,
    pub(super) share: f64,
    pub(super) count: u64,
    /// Those of a good release.
    pub(super) good: u64,
}

/// The reasons of a tally, the most frequent first; rollbacks without a recorded reason, from files of older versions,
/// come last.
pub(super) fn shares(tally: &Tally) -> Vec<Share> {
    let share = |count: u64| count as f64 / tally.rolled_back.max(1) as f64;
    let ranked = tally.reasons.ranked().into_iter();
    let mut shares: Vec<Share> = ranked
        .map(|(reason, rollbacks)| Share {
            words: reason.words(),
            share: share(rollbacks.all),
            count: rollbacks.all,
            good: rollbacks.good,
        })
        .collect();
    let total = tally.reasons.total();
    let count = tally.rolled_back.saturating_sub(total.all);
    if count > 0 {
        let good = tally.false_rollbacks.saturating_sub(total.good);
        shares.push(Share { words: "not recorded".into(), share: share(count), count, good });
    }
    shares
}

/// `request-success-rate below its bound 98.0%, hook load-test 2.0%`; `None` without a rollback.
pub(super) fn line(tally: &Tally) -> Option<String> {
    let shares: Vec<String> = shares(tally)
        .iter()
        .map(|Share { words, share, .. }| format!("{words} {}", percent(*share)))
        .collect();
    (!shares.is_empty()).then(|| shares.join(", "))
}

/// Below a table of points: the reasons for rollbacks at each point.
pub(super) fn of_points(part: &ShardResult, terminal: &Terminal) -> String {
    below(part.points.iter().map(|point| (point.set.as_slice(), line(&point.tally))), terminal)
}

/// Below a table of points, each with its reasons. If all points have the same reasons, they are printed once.
fn below<'a>(
    points: impl Iterator<Item = (&'a [(String, String)], Option<String>)>,
    terminal: &Terminal,
) -> String {
    let wrapped = |indent: usize, style, text: &str| {
        let wrapped = lines(&Span::words(style, text), terminal.width.saturating_sub(indent).max(28));
        wrapped.into_iter().map(|line| format!("{:indent$}{line}\n", "")).collect::<String>()
    };
    let named = points.filter_map(|(set, reasons)| {
        let set: Vec<String> = set.iter().map(|(field, value)| format!("{field}={value}")).collect();
        Some((set.join(", "), reasons?))
    });
    let all: Vec<(String, String)> = named.collect();
    let Some((_, first)) = all.first() else { return String::new() };
    if all.iter().all(|(_, reasons)| reasons == first) {
        return wrapped(0, PLAIN, &format!("reasons for rollbacks: {first}")) + "\n";
    }
    let each = all.iter().map(|(set, reasons)| wrapped(2, FAINT, set) + &wrapped(4, PLAIN, reasons));
    format!("reasons for rollbacks:\n{}\n", each.collect::<String>())
}

/// As [`of_points`], for computed results.
pub(super) fn of_computed(points: &[Computed], terminal: &Terminal) -> String {
    let of_point = |exact: &Exact| {
        let shares = causes(exact).into_iter();
        let shares: Vec<String> = shares
            .map(|(words, chance)| format!("{words} {}", percent(chance / exact.rolled_back)))
            .collect();
        (!shares.is_empty()).then(|| shares.join(", "))
    };
    let text = below(points.iter().map(|(set, exact)| (set.as_slice(), of_point(exact))), terminal);
    let is_unknown = |exact: &Exact| exact.causes.metrics > 0.0 && exact.causes.names.len() > 1;
    if !points.iter().any(|(_, exact)| is_unknown(exact)) {
        return text;
    }
    let note = lines(&Span::words(FAINT, WHICH), terminal.width);
    format!("{}\n{}\n\n", text.trim_end(), note.join("\n"))
}

const WHICH: &str =
    "--exact does not compute which of several metrics caused a rollback; without --exact they are counted";

/// The causes of rollbacks in words, each with its chance, the most likely first.
fn causes(exact: &Exact) -> Vec<(String, f64)> {
    let Causes { metrics, names, other } = &exact.causes;
    let mut causes: Vec<(String, f64)> =
        other.iter().map(|(reason, chance)| (reason.words(), *chance)).collect();
    if *metrics > 0.0 {
        causes.push((format!("metric {}", names.join(" or ")), *metrics));
    }
    causes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    causes
}

/// For programs: kind, the name or the names of the metrics, the chance, and its share of all rollbacks.
pub(super) fn json_of_computed(exact: &Exact) -> Value {
    let Causes { metrics, names, other } = &exact.causes;
    let numbers = |chance: f64| (rounded(chance), rounded(chance / exact.rolled_back));
    let mut reasons = Vec::new();
    if *metrics > 0.0 {
        let (chance, share) = numbers(*metrics);
        reasons.push(json!({"kind": "metric", "names": names, "chance": chance, "share": share}));
    }
    reasons.extend(other.iter().map(|(reason, chance)| {
        let (chance, share) = numbers(*chance);
        json!({"kind": reason.kind, "name": *reason.name, "chance": chance, "share": share})
    }));
    reasons.into()
}

/// For a cell of CSV: `metric request-success-rate=0.12; hook load-test=0.03`.
pub(super) fn cell_of_computed(exact: &Exact) -> String {
    let causes = causes(exact).into_iter();
    causes.map(|(words, chance)| format!("{words}={}", rounded(chance))).collect::<Vec<_>>().join("; ")
}

/// For programs: kind, name, count, the share of all rollbacks, and how many of them were of a good release.
pub(super) fn json(tally: &Tally) -> Value {
    let reasons = tally.reasons.ranked().into_iter().map(|(reason, rollbacks)| {
        json!({
            "kind": reason.kind,
            "name": *reason.name,
            "count": rollbacks.all,
            "share": rollbacks.all as f64 / tally.rolled_back.max(1) as f64,
            "good": rollbacks.good,
        })
    });
    reasons.collect()
}

/// For a cell of CSV: `request-success-rate below its bound=12; hook load-test=3`.
pub(super) fn cell(tally: &Tally) -> String {
    let reasons = shares(tally).into_iter().map(|Share { words, count, .. }| format!("{words}={count}"));
    reasons.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serin_policy::sweep::{Point, Shard};

    use super::*;

    /// 10 rollbacks, in the format of a file.
    fn tally(reasons: &str) -> Tally {
        let reasons = serde_json::from_str(reasons).unwrap();
        Tally { runs: 20, rolled_back: 10, good: 10, false_rollbacks: 4, reasons, ..Tally::default() }
    }

    const SUCCESS: &str = r#"{"kind": "below-bound", "name": "success", "count": 9, "good": 4}"#;
    const HOOK: &str = r#"{"kind": "hook", "name": "load-test", "count": 1, "good": 0}"#;

    fn shown(tallies: &[Tally]) -> String {
        let point = |(i, tally): (usize, &Tally)| Point {
            set: vec![("analysis.threshold".into(), i.to_string())],
            tally: tally.clone(),
        };
        let points = (1..).zip(tallies).map(point).collect();
        let part = ShardResult {
            title: String::new(),
            runs: 20,
            seed: 1,
            simulation: 2,
            shard: Shard::WHOLE,
            points,
        };
        anstream::adapter::strip_str(&of_points(&part, &Terminal::new(80, true))).to_string()
    }

    #[test]
    fn each_point_has_its_reasons_as_shares() {
        let (both, one) = (tally(&format!("[{HOOK}, {SUCCESS}]")), tally(&format!("[{SUCCESS}]")));
        let expected = "\
reasons for rollbacks:
  analysis.threshold=1
    success below its bound 90.0%, hook load-test 10.0%
  analysis.threshold=2
    success below its bound 90.0%, not recorded 10.0%

";
        assert_eq!(shown(&[both, one, Tally::default()]), expected);
    }

    #[test]
    fn reasons_that_are_the_same_everywhere_are_printed_once() {
        let both = tally(&format!("[{HOOK}, {SUCCESS}]"));
        let expected = "reasons for rollbacks: success below its bound 90.0%, hook load-test 10.0%\n\n";
        assert_eq!(shown(&[both.clone(), both]), expected);
        assert_eq!(shown(&[Tally::default()]), "");
    }

    #[test]
    fn programs_get_counts_and_shares() {
        let both = tally(&format!("[{HOOK}, {SUCCESS}]"));
        assert_eq!(cell(&both), "success below its bound=9; hook load-test=1");
        let json = json(&both);
        assert_eq!(
            (&json[0]["name"], &json[0]["share"], &json[1]["kind"]),
            (&json!("success"), &json!(0.9), &json!("hook"))
        );
    }
}
