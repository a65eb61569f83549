//! Why releases were rolled back, in shares.

use serde_json::{Value, json};

use super::{
    look::{FAINT, Look, PLAIN},
    piece::{Piece, lines},
};
use crate::sweep::{Part, Tally};

/// A reason in words, its share of all rollbacks, and how many there were.
pub(super) struct Share {
    pub(super) words: String,
    pub(super) share: f64,
    pub(super) count: u64,
    /// Those of a good release.
    pub(super) good: u64,
}

/// The reasons of a tally, the most frequent first; what a file of an older version has no reason for comes last.
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
        .map(|Share { words, share, .. }| format!("{words} {}", super::html::percent(*share)))
        .collect();
    (!shares.is_empty()).then(|| shares.join(", "))
}

/// Below a table of points: why releases were rolled back at each. Where it is the same at all of them it is said once.
pub(super) fn of_points(part: &Part, look: &Look) -> String {
    let wrapped = |indent: usize, style, text: &str| {
        let wrapped = lines(&Piece::words(style, text), look.width.saturating_sub(indent).max(28));
        wrapped.into_iter().map(|line| format!("{:indent$}{line}\n", "")).collect::<String>()
    };
    let all: Vec<(String, String)> = part
        .points
        .iter()
        .filter_map(|point| {
            let set: Vec<String> =
                point.set.iter().map(|(field, value)| format!("{field}={value}")).collect();
            Some((set.join(", "), line(&point.tally)?))
        })
        .collect();
    let Some((_, first)) = all.first() else { return String::new() };
    if all.iter().all(|(_, reasons)| reasons == first) {
        return wrapped(0, PLAIN, &format!("reasons for rollbacks: {first}")) + "\n";
    }
    let each = all.iter().map(|(set, reasons)| wrapped(2, FAINT, set) + &wrapped(4, PLAIN, reasons));
    format!("reasons for rollbacks:\n{}\n", each.collect::<String>())
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
    use super::*;
    use crate::sweep::{Point, Shard};

    /// Of 10 rollbacks, as a file has them.
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
        let part = Part { title: String::new(), runs: 20, seed: 1, shard: Shard::WHOLE, points };
        anstream::adapter::strip_str(&of_points(&part, &Look::new(80, true))).to_string()
    }

    #[test]
    fn each_point_says_why_in_shares() {
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
    fn what_is_the_same_everywhere_is_said_once() {
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
