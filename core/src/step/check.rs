//! One check: hooks one after the other, then all metrics together; and what their answers mean.

use alloc::vec::Vec;

use super::{
    hooks, rollback, schedule,
    turn::{Ending, Flow, Turn},
};
use crate::{
    decision::{Cause, Finding, Measured, Obstacle, Reading, Rule, Verdict},
    message::Message,
    question::{Asked, MetricResult},
    revision::Text,
    spec::{HookKind, Leniency, Metric, Rollout, Side, ThresholdMode},
    time::Timestamp,
};

/// The `pre-rollout` hooks; one that fails is a failed check.
pub(super) fn pre_rollout(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    hooks(t, r, HookKind::PreRollout)
}

/// Continues if the check passed.
pub(super) fn rule(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    hooks(t, r, HookKind::Rollout)?;
    measure(t, r)?;

    let first = |verdict| t.measured.iter().position(|measured| measured.verdict == verdict);
    if let Some(finding) = first(Verdict::Failed).and_then(|i| finding(&r.metrics()[i], &t.measured[i])) {
        return failed(t, r, finding);
    }
    if let Some(finding) = first(Verdict::Held).and_then(|i| finding(&r.metrics()[i], &t.measured[i])) {
        return held(t, r, finding);
    }
    if let Some(why) = t.state().run.unreached.clone() {
        return void(t, r, why);
    }
    passed(t, r);
    Flow::Continue(())
}

fn hooks(t: &mut Turn<'_>, r: &Rollout, kind: HookKind) -> Flow {
    match hooks::first_denied(t, r, kind)? {
        None => Flow::Continue(()),
        Some((hook, said)) => {
            failed(t, r, Finding::Hook { kind: kind.into(), hook: hook.name.clone(), said })
        }
    }
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
fn judge(metric: &Metric, answer: &MetricResult, at: Timestamp, void: bool) -> Measured {
    let no_data = || if void { Verdict::Void } else { lenient(metric.on_no_data) };
    let (reading, verdict) = match answer {
        MetricResult::Value(value) if value.is_nan() => (Reading::NoData, no_data()),
        MetricResult::Value(value) => {
            let verdict = match metric.bounds.side(metric.compared(*value)) {
                Side::Within => Verdict::Passed,
                Side::Below | Side::Above => Verdict::Failed,
            };
            (Reading::Value(*value), verdict)
        }
        MetricResult::NoData => (Reading::NoData, no_data()),
        MetricResult::Error(error) => (Reading::Error(error.clone()), lenient(metric.on_error)),
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
            match metric.bounds.side(compared) {
                Side::Below => {
                    let min = metric.bounds.min?;
                    Finding::Below { metric: name(), value: compared, min, unit: metric.unit() }
                }
                Side::Above => {
                    let max = metric.bounds.max?;
                    Finding::Above { metric: name(), value: compared, max, unit: metric.unit() }
                }
                Side::Within => return None,
            }
        }
    })
}

/// A failed check counts; the one that reaches the threshold rolls back at once.
fn failed(t: &mut Turn<'_>, r: &Rollout, finding: Finding) -> Flow {
    let threshold = r.policy().threshold;
    t.record_measured();
    schedule::close_judged_check(t, r);
    let state = t.edit();
    state.failed_checks = state.failed_checks.saturating_add(1);
    state.analysis.failed_checks = state.analysis.failed_checks.saturating_add(1);
    state.run.last_finding = Some(finding.clone());
    let failed = state.failed_checks;
    t.tell(Message::CheckFailed { finding: finding.clone(), failed, threshold });
    if failed >= threshold {
        return threshold_reached(t, r, Some(finding));
    }
    t.act(Rule::CheckFailed, Vec::new())
}

/// Ends the run.
pub(super) fn threshold_reached(t: &mut Turn<'_>, r: &Rollout, last: Option<Finding>) -> Flow {
    let failed = t.state().failed_checks;
    rollback::decide(t, Cause::Checks { failed, threshold: r.policy().threshold, last })
}

/// The check would have passed, but the canary was not reached: it counts for itself alone. Nothing advances, no counter is
/// cleared, and no gate is asked.
fn void(t: &mut Turn<'_>, r: &Rollout, why: Text) -> Flow {
    t.record_measured();
    schedule::close_check(t, r);
    let state = t.edit();
    state.run.void_checks = state.run.void_checks.saturating_add(1);
    t.tell(Message::CheckVoid(why));
    t.act(Rule::CheckVoid, Vec::new())
}

/// A check that could not be judged: it counts for itself alone, and nothing advances.
fn held(t: &mut Turn<'_>, r: &Rollout, finding: Finding) -> Flow {
    t.record_measured();
    schedule::close_judged_check(t, r);
    let state = t.edit();
    state.run.held_checks = state.run.held_checks.saturating_add(1);
    if state.run.held_checks == 1 {
        t.tell(Message::CheckHeld(finding.clone()));
    }
    t.held_up_by(Obstacle::Held(finding));
    t.act(Rule::CheckHeld, Vec::new())
}

fn passed(t: &mut Turn<'_>, r: &Rollout) {
    t.record_measured();
    let state = t.edit();
    state.analysis.passed_checks = state.analysis.passed_checks.saturating_add(1);
    clears_failures(t, r);
}

/// Where failures count in a row, a check that passed ends the row; so does a start whose hooks passed.
pub(super) fn clears_failures(t: &mut Turn<'_>, r: &Rollout) {
    if r.policy().threshold_mode == ThresholdMode::Consecutive && t.state().failed_checks > 0 {
        t.edit().failed_checks = 0;
    }
}
