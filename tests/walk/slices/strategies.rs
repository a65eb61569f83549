//! One slice per strategy: three revisions, either copy not ready; for the main ones, two such events at a time.

use serin_core::question::MetricResult;

use super::*;

pub(crate) fn weighted() -> Slice {
    Slice { pairs: true, ..strategy("weighted", analysis(RAMP)) }
}

pub(crate) fn weighted_back_step_by_step() -> Slice {
    strategy("weighted, stepWeightPromotion", analysis("stepWeights: [30, 50]\nstepWeightPromotion: 20"))
}

/// Four iterations, including the start without a check, so one more check than steps.
pub(crate) fn weighted_with_iterations() -> Slice {
    strategy("weighted, at least 4 iterations", analysis("stepWeights: [30, 50]\niterations: 4"))
}

pub(crate) fn weighted_matched() -> Slice {
    let matched = "stepWeights: [40]\nmatch: [{headers: {x: {exact: y}}}]";
    strategy("weighted, matched requests", analysis(matched))
}

pub(crate) fn mirror_first() -> Slice {
    let mirrored = "stepWeights: [40]\nmirror: true\nmirrorWeight: 10";
    Slice { pairs: true, ..strategy("mirror before canary", analysis(mirrored)) }
}

pub(crate) fn ab_testing() -> Slice {
    Slice { pairs: true, ..strategy("A/B", analysis("iterations: 2\nmatch: [{headers: {x: {exact: y}}}]")) }
}

pub(crate) fn blue_green() -> Slice {
    Slice { pairs: true, ..strategy("blue/green", analysis("iterations: 2")) }
}

pub(crate) fn blue_green_mirror() -> Slice {
    let mirrored = "iterations: 2\nmirror: true\nmirrorWeight: 10\ncanaryAnalysis: {stepWeightPromotion: 20}";
    strategy("blue/green, mirror", analysis(mirrored))
}

pub(crate) fn kubernetes() -> Slice {
    strategy("kubernetes", manifest("iterations: 2", |spec| spec.provider = Some("kubernetes".into())))
}

/// A passed check clears the failed ones.
pub(crate) fn consecutive() -> Slice {
    let mode = format!("{RAMP}\nthresholdMode: consecutive");
    slice("consecutive", analysis(&mode), &[A, B, PRIMARY_UNREADY])
}

/// Checks that cannot be judged, and those that pass without data.
pub(crate) fn lenient() -> Slice {
    let lenient = "interval: 30s\nthreshold: 2\nstepWeights: [40]\n\
        metrics: [{name: request-success-rate, thresholdRange: {min: 99}, onNoData: hold, onError: pass}]";
    Slice {
        readings: vec![
            Answer::value(100.0),
            Answer::value(0.0),
            Answer::no_data(),
            MetricResult::Error("down".into()).into(),
        ],
        lapses: true,
        ..slice("no data held, errors let pass", parse(lenient, |_| {}), &[A, B, CANARY_UNREADY])
    }
}

pub(crate) fn delay() -> Slice {
    let delayed = "stepWeights: [40]\ndelay: 40s";
    let bad = [A, B, CANARY_UNREADY, PRIMARY_UNREADY];
    Slice { lapses: true, ..slice("delay", analysis(delayed), &bad) }
}

pub(crate) fn skip_analysis() -> Slice {
    let skipped = manifest(RAMP, |spec| spec.skip_analysis = Some(true));
    Slice {
        pairs: true,
        stops: true,
        lapses: true,
        phases: vec![Phase::Initialized, Phase::Progressing, Phase::Succeeded, Phase::Failed],
        ..slice("skipAnalysis", skipped, &[A, B, CANARY_UNREADY, PRIMARY_UNREADY])
    }
}

fn strategy(name: &'static str, manifest: Result<Rollout, Invalid>) -> Slice {
    let bad = [A, B, C, CANARY_UNREADY, PRIMARY_UNREADY];
    Slice { lapses: true, ..slice(name, manifest, &bad) }
}
