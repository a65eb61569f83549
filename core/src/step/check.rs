//! One check: hooks one after the other, then all metrics together; and what their answers mean.

use alloc::vec::Vec;

use super::{
    analysis, reach,
    turn::{Ending, Flow, Turn},
};
use crate::{
    decision::{Finding, Measured, Obstacle, Reading, Rule, Verdict},
    message::Message,
    planted::{Defect, is_planted},
    question::{Answer, Asked},
    spec::{HookKind, Leniency, Metric, Rollout, ThresholdMode},
    time::Timestamp,
};

/// The `pre-rollout` hooks. One that passed is not called again in this run; one that fails is a failed check.
pub(super) fn pre_rollout(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    for hook in r.hooks_of(HookKind::PreRollout) {
        if t.state().run.passed.contains(&hook.key) {
            continue;
        }
        match t.ask(hook)? {
            Ok(said) => {
                t.tell(Message::HookPassed { kind: hook.kind.into(), hook: hook.name.clone(), said });
                t.edit().run.passed.insert(hook.key.clone());
            }
            Err(said) => {
                let finding = Finding::Hook { kind: hook.kind.into(), hook: hook.name.clone(), said };
                return analysis::failed(t, r, finding);
            }
        }
    }
    Flow::Continue(())
}

/// Continues if the check passed.
pub(super) fn rule(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    for hook in r.hooks_of(HookKind::Rollout) {
        if let Err(said) = t.ask(hook)? {
            let finding = Finding::Hook { kind: hook.kind.into(), hook: hook.name.clone(), said };
            return analysis::failed(t, r, finding);
        }
    }
    measure(t, r)?;

    let first = |verdict| t.measured.iter().position(|measured| measured.verdict == verdict);
    if let Some(finding) = first(Verdict::Failed).and_then(|i| finding(&r.metrics()[i], &t.measured[i])) {
        return analysis::failed(t, r, finding);
    }
    if let Some(finding) = first(Verdict::Held).and_then(|i| finding(&r.metrics()[i], &t.measured[i])) {
        return held(t, r, finding);
    }
    if let Some(why) = t.state().run.unreached.clone().filter(|_| !is_planted(Defect::VoidCheckPasses)) {
        return reach::void(t, r, why);
    }
    passed(t, r);
    Flow::Continue(())
}

/// Asks all metrics of the check together and judges their answers, in list order.
fn measure(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let (seen, now) = (t.seen, t.now);
    let (run, check) = (t.state().runs, t.state().check);
    let answer = |metric: &Metric| seen.answers.metric(run, check, &metric.key);
    let open = r.metrics().iter().filter(|metric| answer(metric).is_none());
    let questions: Vec<_> = open.map(|metric| t.question(Asked::Metric(metric.key.clone()))).collect();
    if !questions.is_empty() {
        return Flow::Break(Ending::Ask(questions));
    }
    let void = t.state().run.unreached.is_some();
    let judged = |metric| Some(judge(metric, answer(metric)?, now, void));
    t.measured = r.metrics().iter().filter_map(judged).collect();
    Flow::Continue(())
}

/// What an answer means for one metric. Where the canary was not reached, no value says nothing of it.
fn judge(metric: &Metric, answer: &Answer, at: Timestamp, void: bool) -> Measured {
    let no_data = || if void { Verdict::Void } else { lenient(metric.on_no_data) };
    let (reading, verdict) = match answer {
        Answer::Value(value) if value.is_nan() => (Reading::NoData, no_data()),
        Answer::Value(value) => {
            let compared = metric.compared(*value);
            let below = metric.bounds.min.is_some_and(|min| compared < min);
            let above = metric.bounds.max.is_some_and(|max| compared > max);
            (Reading::Value(*value), if below || above { Verdict::Failed } else { Verdict::Passed })
        }
        Answer::NoData => (Reading::NoData, no_data()),
        Answer::Error(error) | Answer::Deny(error) => {
            (Reading::Error(error.clone()), lenient(metric.on_error))
        }
        Answer::Pass(_) => (Reading::Error("answered as a hook would".into()), lenient(metric.on_error)),
    };
    let metric_bounds = metric.bounds;
    Measured {
        metric: metric.name.clone(),
        reading,
        min: metric_bounds.min,
        max: metric_bounds.max,
        verdict,
        at,
    }
}

fn lenient(leniency: Leniency) -> Verdict {
    match leniency {
        Leniency::Fail => Verdict::Failed,
        Leniency::Hold => Verdict::Held,
        Leniency::Pass => Verdict::Waived,
    }
}

/// Why a reading did not pass.
fn finding(metric: &Metric, measured: &Measured) -> Option<Finding> {
    let name = || metric.name.clone();
    Some(match &measured.reading {
        Reading::NoData => Finding::NoData { metric: name() },
        Reading::Error(error) => Finding::MetricError { metric: name(), error: error.clone() },
        Reading::Value(value) => {
            let compared = metric.compared(*value);
            match (metric.bounds.min, metric.bounds.max) {
                (Some(min), _) if compared < min => {
                    let (value, min) = metric.show(compared, min);
                    Finding::Below { metric: name(), value: value.into(), min: min.into() }
                }
                (_, Some(max)) if compared > max => {
                    let (value, max) = metric.show(compared, max);
                    Finding::Above { metric: name(), value: value.into(), max: max.into() }
                }
                _ => return None,
            }
        }
    })
}

/// A check that could not be judged: it counts for itself alone, and nothing advances.
fn held(t: &mut Turn<'_>, r: &Rollout, finding: Finding) -> Flow {
    let measured = core::mem::take(&mut t.measured);
    analysis::close_check(t, r);
    let state = t.edit();
    state.run.unjudged = None;
    state.run.held_checks = state.run.held_checks.saturating_add(1);
    state.analysis.add(&measured);
    let first = state.run.held_checks == 1;
    t.measured = measured;
    if first {
        t.tell(Message::CheckHeld(finding.clone()));
    }
    t.held_up_by(Obstacle::Held(finding));
    t.act(Rule::CheckHeld, Vec::new())
}

fn passed(t: &mut Turn<'_>, r: &Rollout) {
    let measured = core::mem::take(&mut t.measured);
    let state = t.edit();
    state.analysis.passed_checks = state.analysis.passed_checks.saturating_add(1);
    state.analysis.add(&measured);
    t.measured = measured;
    clears_failures(t, r);
}

/// Where failures count in a row, a check that passed ends the row; so does a start whose hooks passed.
pub(super) fn clears_failures(t: &mut Turn<'_>, r: &Rollout) {
    if r.policy().threshold_mode == ThresholdMode::Consecutive && t.state().failed_checks > 0 {
        t.edit().failed_checks = 0;
    }
}
