//! `--goal` of a sweep: whether every point meets its goals, so that a sweep can be a gate in CI.

use serin_output::finding::{Case, Finding, Level};
use serin_policy::sweep::{Goal, Met, ShardResult, Tally};

/// A case for each point and goal, if the point can judge the goal.
///
/// # Errors
/// A goal that no point can judge.
pub(super) fn cases(part: &ShardResult, goals: &[Goal]) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for goal in goals {
        let before = cases.len();
        for point in &part.points {
            let set: Vec<String> =
                point.set.iter().map(|(field, value)| format!("{field}={value}")).collect();
            let at = if set.is_empty() { String::new() } else { format!("{}: ", set.join(", ")) };
            if let Some(seen) = seen(*goal, &point.tally) {
                let met = goal.is_met(&point.tally) > Met::No;
                cases.push(case(format!("{at}{goal}"), (!met).then_some(seen)));
            }
        }
        if cases.len() == before {
            let lacks = match goal {
                Goal::FalseRollback(_) => "no point has a good release",
                Goal::Missed(_) => "no point has a bad release",
                Goal::ToPromote(_) => "no release was promoted",
                Goal::ToRollBack(_) => "no release was rolled back",
            };
            return Err(format!("--goal {goal} cannot be judged: {lacks}"));
        }
    }
    Ok(cases)
}

/// The counted value of the goal; `None` if there is none.
fn seen(goal: Goal, tally: &Tally) -> Option<String> {
    let share = match goal {
        Goal::FalseRollback(_) => tally.false_rollback(),
        Goal::Missed(_) => tally.missed_regression(),
        Goal::ToPromote(_) => return Some(median(tally.to_promote.percentile(50)?)),
        Goal::ToRollBack(_) => return Some(median(tally.to_roll_back.percentile(50)?)),
    }?;
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    Some(format!("{}% [{}, {}]", percent(share.share), percent(share.low), percent(share.high)))
}

fn median(time: std::time::Duration) -> String {
    format!("median {}", serin_core::time::Human(time))
}

fn case(name: String, missed_by: Option<String>) -> Case {
    let finding = |seen: String| Finding {
        level: Level::Error,
        code: "goal-missed",
        file: String::new(),
        at: None,
        field: String::new(),
        what: format!("{name} is not met: {seen}"),
        remedy: String::new(),
        edits: Vec::new(),
    };
    let findings = missed_by.map(finding).into_iter().collect();
    Case { file: String::new(), findings, name, is_unusable: false }
}

/// The messages about goals that are not met.
pub(super) fn unmet(cases: &[Case]) -> impl Iterator<Item = &str> {
    cases.iter().flat_map(|case| &case.findings).map(|finding| &*finding.what)
}
