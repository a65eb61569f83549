//! What was measured in a chapter, and what failed.

use std::time::Duration;

use serin_core::{
    Rollout,
    decision::{Finding, Rule, Verdict},
    message::Message,
    question::Asked,
    revision::Text,
    spec::HookKind,
};
use serin_simulator::record::Moment;

use super::{
    chapter::{Chapter, born},
    words::{capital, count, finding, time},
};

/// A check that did not pass.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failed {
    pub(super) at: Duration,
    pub(super) finding: Finding,
    /// The number of failed checks including this one, and the number that rolls back.
    pub(super) count: Option<(u32, u32)>,
    /// Other metrics of the check that failed.
    others: Vec<Text>,
}

/// The checks of a chapter.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Checks {
    pub(super) passed: usize,
    pub(super) failed: Vec<Failed>,
    pub(super) held: Vec<Failed>,
    /// How many could not be judged; only the first in a row has a notice.
    not_judged: usize,
}

impl Checks {
    pub(super) fn of(chapter: &Chapter<'_>, canary: &Rollout) -> Self {
        let mut checks = Self::default();
        for moment in chapter.moments.iter().filter(|moment| moment.saved.is_some()) {
            for notice in born(moment) {
                if let Message::CheckFailed { finding, failed, threshold, .. } = &notice.message {
                    checks.failed.push(failure(moment, finding, Some((*failed, *threshold))));
                }
                if let Message::CheckHeld(finding) = &notice.message {
                    checks.held.push(failure(moment, finding, None));
                }
            }
            checks.passed += usize::from(is_passed(moment, canary));
            checks.not_judged += usize::from(moment.decision.rule == Rule::CheckHeld);
        }
        checks
    }

    /// The sentences about the checks.
    pub(super) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        let (passed, failed, held) = (self.passed, self.failed.len(), self.not_judged);
        if passed + failed + held > 0 {
            let mut counts = vec![format!("{} passed", count(passed, "check"))];
            counts.push(format!("{failed} failed"));
            if held > 0 {
                counts.push(format!("{held} could not be judged"));
            }
            told.push(capital(&format!("{}.", counts.join(", "))));
        }
        told.extend(few(&self.failed));
        told.extend(few(&self.held));
        told
    }
}

fn failure(moment: &Moment, finding: &Finding, count: Option<(u32, u32)>) -> Failed {
    let first = metric(finding);
    let others = moment.decision.measured.iter().filter(|measured| measured.verdict == Verdict::Failed);
    let others = others.map(|measured| measured.metric.clone()).filter(|other| Some(other) != first);
    Failed { at: moment.at, finding: finding.clone(), count, others: others.collect() }
}

/// The metric that a finding is about.
pub(super) fn metric(finding: &Finding) -> Option<&Text> {
    match finding {
        Finding::Below { metric, .. }
        | Finding::Above { metric, .. }
        | Finding::NoData { metric }
        | Finding::MetricError { metric, .. } => Some(metric),
        Finding::Hook { .. } => None,
    }
}

/// Something was measured or called, and only a gate or an operator prevented the next move.
fn is_passed(moment: &Moment, canary: &Rollout) -> bool {
    let passes = matches!(
        moment.decision.rule,
        Rule::Advanced | Rule::Soaked | Rule::GateClosed | Rule::HeldByOperator | Rule::PromotionDecided
    );
    let is_hook =
        |key: &str| canary.hooks().iter().any(|hook| *hook.key == *key && hook.kind == HookKind::Rollout);
    let hooks = moment.asked.iter().any(|asked| match &asked.question.id.of {
        Asked::Hook(key) => is_hook(key),
        Asked::Metric(_) => false,
    });
    passes && (hooks || !moment.decision.measured.is_empty())
}

/// All of a few; of many the first ones and the last.
fn few(failed: &[Failed]) -> Vec<String> {
    const MOST: usize = 5;
    match failed {
        [first, second, rest @ .., last] if failed.len() > MOST => {
            let more = format!("… and {} more.", rest.len());
            vec![line(first), line(second), more, line(last)]
        }
        failed => failed.iter().map(line).collect(),
    }
}

fn line(failed: &Failed) -> String {
    let others = match failed.others.as_slice() {
        [] => String::new(),
        others => format!("; {} also failed", others.join(" and ")),
    };
    let count = failed.count.map(|(failed, threshold)| format!(" (failed checks: {failed} of {threshold})"));
    let count = count.unwrap_or_else(|| " (not counted)".into());
    format!("At {} {}{others}{count}.", time(failed.at), finding(&failed.finding))
}
