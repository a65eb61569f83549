//! Intervals, thresholds, deadlines, and fields that turn the analysis off.

use std::time::Duration;

use serin_core::{
    request::RequestKind,
    spec::ThresholdMode,
    time::{Human, parse_duration},
};
use serin_input::manifest::{Remedy, fields::text, known::join};

use super::{Case, Code, Findings, count};
use crate::Controller;

/// From this threshold on, single failures can add up.
const ADDS_UP: u32 = 3;

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    switches(case, told);
    requests(case, told);
    if case.set("/spec/analysis").is_none() {
        return;
    }
    interval(case, told);
    threshold(case, told);
    deadline(case, told);
    readiness(case, told);
}

fn switches(case: &Case<'_>, told: &mut Findings) {
    let rollout = case.rollout;
    if rollout.skips_analysis() {
        let (field, what, remedy) = if case.set("/spec/analysis").is_none() {
            ("spec", "has no `analysis`", Remedy::new("add an `analysis` with metrics and steps"))
        } else {
            let remedy = "remove it when the emergency is over; for one release use the annotation \
                          `flagger.app/skip-analysis`";
            ("spec.skipAnalysis", "is true", Remedy::new(remedy).removing("spec.skipAnalysis"))
        };
        let what = format!("{what}: every revision whose pods get ready is promoted, nothing is measured");
        told.add(Code::SkipAnalysis, field, what, remedy);
    }
    if rollout.is_suspended() {
        told.add(
            Code::Suspended,
            "spec.suspend",
            "is true: no new revision is released, and a running release stays where it is",
            Remedy::new("set it to false to continue releases").setting("spec.suspend", false),
        );
    }
    if !rollout.reverts_on_deletion() {
        told.add(
            Code::RevertOnDeletionOff,
            "spec.revertOnDeletion",
            "is false: deleting the Canary deletes the primary while the target has no pods, so no request is answered",
            Remedy::new("leave it out: the target is scaled up and gets its routes back first")
                .removing("spec.revertOnDeletion"),
        );
    }
    if let Some(seconds) = case.number("/spec/progressDeadlineSeconds").filter(|seconds| *seconds <= 0) {
        told.add(
            Code::ValueIgnored,
            "spec.progressDeadlineSeconds",
            format!("{seconds} is ignored: the deadline is 600 seconds"),
            Remedy::new("remove it, or set the seconds that a pod may take")
                .removing("spec.progressDeadlineSeconds"),
        );
    }
}

/// Requests are removed when they are handled; a manifest that contains one repeats it each time it is applied.
fn requests(case: &Case<'_>, told: &mut Findings) {
    for kind in RequestKind::ALL {
        let name = format!("flagger.app/{}", kind.name());
        let annotations = case.set("/metadata/annotations");
        if annotations.and_then(|annotations| annotations.get(&name)).is_some() {
            let field = join("metadata.annotations", &name);
            told.add(
                Code::RequestAnnotation,
                field.clone(),
                format!(
                    "`{name}` is a request that is handled once and then removed: if it is applied from Git, it is requested again"
                ),
                Remedy::new("remove it here, and annotate the object in the cluster").removing(field),
            );
        }
    }
}

fn interval(case: &Case<'_>, told: &mut Findings) {
    let interval = Human(case.rollout.policy().interval);
    match text(case.json, "/spec/analysis/interval") {
        "" => told.add(
            Code::DefaultInterval,
            "spec.analysis",
            format!("has no `interval`: checks are {interval} apart"),
            Remedy::new("write `interval: 1m` to make that explicit").setting("spec.analysis.interval", "1m"),
        ),
        written if parse_duration(written).is_ok_and(|written| written < interval.0) => told.add(
            Code::IntervalTooShort,
            "spec.analysis.interval",
            format!("{written} is shorter than the minimum: checks are {interval} apart"),
            Remedy::new(format!("use {interval} or more: metrics need that long to change"))
                .setting("spec.analysis.interval", interval.to_string()),
        ),
        _ => {}
    }
}

fn threshold(case: &Case<'_>, told: &mut Findings) {
    let policy = case.rollout.policy();
    match case.number("/spec/analysis/threshold") {
        None => {
            told.add(
                Code::DefaultThreshold,
                "spec.analysis",
                "has no `threshold`: the first failed check rolls back, a single missed scrape as well",
                Remedy::new("set the number of failed checks that roll back, such as `threshold: 5`")
                    .setting("spec.analysis.threshold", 5),
            );
            return;
        }
        Some(given @ ..=0) => told.add(
            Code::ValueIgnored,
            "spec.analysis.threshold",
            format!("{given} counts as 1: the first failed check rolls back"),
            Remedy::new("use 1 or more").setting("spec.analysis.threshold", 1),
        ),
        Some(_) => {}
    }
    // Flagger has no other mode.
    let can_choose = case.files.settings.controller != Some(Controller::Flagger);
    if can_choose && policy.threshold >= ADDS_UP && text(case.json, "/spec/analysis/thresholdMode").is_empty()
    {
        told.add(
            Code::ThresholdCountsAll,
            "spec.analysis.threshold",
            format!(
                "{} roll back in total, however many checks pass between them: in a long analysis single failures add up",
                count(policy.threshold, "failed check")
            ),
            Remedy::new("if only failures in a row should count, write `thresholdMode: consecutive`")
                .setting("spec.analysis.thresholdMode", "consecutive"),
        );
    }
    let Some(plan) = case.plan.filter(|plan| plan.checks > 0 && plan.rollback.is_some()) else { return };
    if policy.threshold > plan.checks && policy.threshold_mode == ThresholdMode::Cumulative {
        told.add(
            Code::ThresholdAboveChecks,
            "spec.analysis.threshold",
            format!(
                "{} failed checks roll back, but a release needs only {} to be promoted: one that fails every second \
                 check is promoted",
                policy.threshold,
                count(plan.checks, "passed check"),
            ),
            Remedy::new(format!("use {} or less, or make more steps", plan.checks))
                .setting("spec.analysis.threshold", plan.checks),
        );
    }
}

fn deadline(case: &Case<'_>, told: &mut Findings) {
    let policy = case.rollout.policy();
    if case.number("/spec/progressDeadlineSeconds").is_none_or(|seconds| seconds <= 0) {
        return;
    }
    let deadline = policy.progress_deadline;
    let (what, needed) = if deadline < policy.delay {
        (format!("the warm-up (`delay`) is {}", Human(policy.delay)), policy.delay)
    } else if deadline < policy.interval {
        (format!("the first check is {} away", Human(policy.interval)), policy.interval)
    } else {
        return;
    };
    told.add(
        Code::DeadlineShorterThanRamp,
        "spec.progressDeadlineSeconds",
        format!(
            "pods that are not ready after {} are rolled back, although {what}: one slow image pull is enough",
            Human(deadline)
        ),
        Remedy::new(format!("use {} or more", seconds_above(needed)))
            .setting("spec.progressDeadlineSeconds", seconds_above(needed)),
    );
}

/// Rounded up to whole seconds.
fn seconds_above(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

fn readiness(case: &Case<'_>, told: &mut Findings) {
    for (field, who) in [("primaryReadyThreshold", "primary"), ("canaryReadyThreshold", "canary")] {
        if case.number(&format!("/spec/analysis/{field}")) == Some(0) {
            told.add(
                Code::ReadyThresholdZero,
                format!("spec.analysis.{field}"),
                format!(
                    "0 means that the {who} counts as ready with one available pod, whatever its replicas are"
                ),
                Remedy::new("set the percentage of pods that has to be available, such as 50")
                    .setting(format!("spec.analysis.{field}"), 50),
            );
        }
    }
}
