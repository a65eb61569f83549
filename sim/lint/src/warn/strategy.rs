//! Steps, iterations, mirroring, and fields that have no effect in this strategy.

use serde_json::Value;
use serin_core::{
    provider::Provider,
    strategy::{Steps, Strategy, Weighted},
};
use serin_input::manifest::{
    Remedy,
    fields::{clamps, cuts},
};

use super::{Case, Code, Findings, count};

/// Below this, the last weight says little about all users.
const SMALL_LAST_WEIGHT: u8 = 30;

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    affinity(case, told);
    if case.rollout.skips_analysis() {
        return;
    }
    defaults(case, told);
    no_effect(case, told);
    if let Strategy::Weighted(weighted) = case.rollout.strategy() {
        steps(case, weighted, told);
        iterations(case, weighted, told);
    }
    if case.rollout.strategy().mirrors() {
        told.add(
            Code::MirrorSideEffects,
            "spec.analysis.mirror",
            "mirrored requests are processed twice: their side effects, such as orders or payments, happen twice",
            "mirror only if a repeated request is harmless",
        );
    }
}

fn is_set(case: &Case<'_>, field: &str) -> bool {
    match case.analysis(field) {
        None => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(value) => value.as_f64() != Some(0.0),
    }
}

fn defaults(case: &Case<'_>, told: &mut Findings) {
    let stepped = is_set(case, "stepWeight") || is_set(case, "stepWeights");
    if is_set(case, "iterations") {
        return;
    }
    match case.rollout.strategy() {
        Strategy::Weighted(_) if stepped => {}
        Strategy::Weighted(weighted) => told.add(
            Code::DefaultSteps,
            "spec.analysis",
            format!(
                "has neither steps nor iterations: the canary gets {}",
                match &weighted.steps {
                    Steps::Even { step, max } => format!("{step} % more with each check, up to {max} %"),
                    Steps::Listed(_) => "the listed weights".into(),
                }
            ),
            match &weighted.steps {
                Steps::Even { step, max } => Remedy::new(format!(
                    "write `stepWeight: {step}` and `maxWeight: {max}` to make that explicit, or `iterations` for blue/green"
                ))
                .setting("spec.analysis.stepWeight", *step)
                .setting("spec.analysis.maxWeight", *max),
                Steps::Listed(_) => Remedy::default(),
            },
        ),
        Strategy::AbTesting { iterations } => default_iterations(*iterations, "A/B testing", told),
        Strategy::BlueGreen(blue_green) => default_iterations(blue_green.iterations, "blue/green", told),
    }
}

fn default_iterations(iterations: u32, strategy: &str, told: &mut Findings) {
    told.add(
        Code::DefaultIterations,
        "spec.analysis",
        format!("has no `iterations`: {strategy} makes {iterations}"),
        Remedy::new(format!("write `iterations: {iterations}` to make that explicit"))
            .setting("spec.analysis.iterations", iterations),
    );
}

/// Fields of another strategy.
fn no_effect(case: &Case<'_>, told: &mut Findings) {
    const STEPS: [&str; 4] = ["stepWeight", "stepWeights", "maxWeight", "stepWeightPromotion"];
    let strategy = case.rollout.strategy();
    let (fields, why): (&[&str], &str) = match strategy {
        Strategy::Weighted(Weighted { steps: Steps::Listed(_), .. }) if !cuts(case.json) => {
            (&["maxWeight"], "`stepWeights` ends at its last weight, which is not larger")
        }
        Strategy::Weighted(_) => (&[], ""),
        Strategy::AbTesting { .. } => {
            (&STEPS, "with `match` and `iterations` all matched requests go to the canary")
        }
        Strategy::BlueGreen(blue_green) if !blue_green.switches => {
            (&STEPS, "this provider cannot split requests, so the strategy is blue/green")
        }
        Strategy::BlueGreen(_) => {
            (&STEPS, "without `stepWeight` the strategy is blue/green, which uses no weights")
        }
    };
    for field in fields.iter().filter(|field| is_set(case, field)) {
        told.superfluous(
            Code::NoEffect,
            format!("spec.analysis.{field}"),
            format!("has no effect: {why}"),
            "remove it",
        );
    }
    if is_set(case, "mirrorWeight") && !strategy.mirrors() {
        told.superfluous(
            Code::NoEffect,
            "spec.analysis.mirrorWeight",
            "has no effect: nothing is mirrored",
            "remove it, or add `mirror: true`",
        );
    }
    for field in ["stepWeightPromotion", "maxMirrorWeight"] {
        let grows = matches!(strategy, Strategy::BlueGreen(blue_green) if blue_green.mirror.is_some());
        if case.set(&format!("/spec/analysis/canaryAnalysis/{field}")).is_some() && !grows {
            told.superfluous(
                Code::NoEffect,
                format!("spec.analysis.canaryAnalysis.{field}"),
                "has no effect: the mirrored share grows only in blue/green with `mirror: true`",
                "remove it",
            );
        }
    }
}

fn steps(case: &Case<'_>, weighted: &Weighted, told: &mut Findings) {
    if let Some(max) = case.number("/spec/analysis/maxWeight").filter(|max| *max < 0) {
        told.add(
            Code::ValueIgnored,
            "spec.analysis.maxWeight",
            format!("{max} is ignored: the weight grows to {}", weighted.steps.max()),
            Remedy::new("use a percentage from 1 to 100")
                .setting("spec.analysis.maxWeight", weighted.steps.max()),
        );
    }
    let last = weighted.steps.max();
    match weighted.steps {
        Steps::Even { step, max } if step > max => told.add(
            Code::StepAboveMax,
            "spec.analysis.stepWeight",
            format!(
                "one step of {step} % is more than `maxWeight` {max}: there is a single step, to {max} %"
            ),
            Remedy::new(format!("set `maxWeight: {step}`, or a `stepWeight` smaller than {max}"))
                .setting("spec.analysis.maxWeight", step),
        ),
        Steps::Even { step, max } if clamps(case.rollout) => told.add(
            Code::LastStepClamped,
            "spec.analysis.stepWeight",
            format!(
                "`maxWeight` {max} is not a multiple of the step {step}: the last step goes from {} to {max} %",
                max - max % step
            ),
            Remedy::new(format!(
                "set `maxWeight: {}`, a multiple of {step}; Flagger's last step is {}",
                max - max % step,
                u16::from(max - max % step) + u16::from(step)
            ))
            .setting("spec.analysis.maxWeight", max - max % step),
        ),
        Steps::Even { .. } | Steps::Listed(_) => {}
    }
    if last < SMALL_LAST_WEIGHT {
        let field = if is_set(case, "stepWeights") { "stepWeights" } else { "maxWeight" };
        told.add(
            Code::LargeJump,
            format!("spec.analysis.{field}"),
            format!("analysis ends at {last} %: promotion then sends all users at once to a version that only a few have used"),
            further(case, weighted),
        );
    }
}

/// Steps up to half of the users.
fn further(case: &Case<'_>, weighted: &Weighted) -> Remedy {
    const HALF: u8 = 50;
    let remedy = Remedy::new("continue to 50 % or more, or make more checks with `iterations`");
    match &weighted.steps {
        Steps::Even { .. } => remedy.setting("spec.analysis.maxWeight", HALF),
        Steps::Listed(steps) => {
            let steps: Vec<u8> = steps.iter().copied().chain([HALF]).collect();
            let remedy = remedy.setting("spec.analysis.stepWeights", steps);
            // It would shorten the list.
            if is_set(case, "maxWeight") { remedy.setting("spec.analysis.maxWeight", HALF) } else { remedy }
        }
    }
}

/// Both are set: at least this many iterations, or checks of mirrored requests if those come first.
fn iterations(case: &Case<'_>, weighted: &Weighted, told: &mut Findings) {
    if weighted.iterations == 0 {
        return;
    }
    let Some(plan) = case.plan else { return };
    let alone = Weighted { iterations: 0, ..weighted.clone() };
    let mut steps = u32::from(alone.mirror.is_some());
    let mut weight = 0;
    while let Some(next) = alone.steps.after(weight) {
        (weight, steps) = (next, steps + 1);
    }
    let more = plan.checks.saturating_sub(steps);
    told.add(
        Code::IterationsNextToSteps,
        "spec.analysis.iterations",
        if weighted.mirror.is_some() && weighted.iterations > 1 {
            format!(
                "together with `mirror` and steps it means {} of mirrored requests before the first step",
                count(weighted.iterations, "check")
            )
        } else if more == 0 {
            format!("{} has no effect: the steps alone make that many checks", weighted.iterations)
        } else {
            format!(
                "together with steps it means at least {} iterations: {} more at {} %",
                weighted.iterations,
                count(more, "check"),
                weighted.steps.max(),
            )
        },
        Remedy::new("Flagger refuses both together; remove one if Flagger runs the manifest")
            .removing("spec.analysis.iterations"),
    );
}

fn affinity(case: &Case<'_>, told: &mut Findings) {
    let provider = &case.rollout.topology().provider;
    let can = Provider::named(provider).is_some_and(|provider| provider.can().affinity);
    if is_set(case, "sessionAffinity") && !can {
        told.superfluous(
            Code::AffinityUnsupported,
            "spec.analysis.sessionAffinity",
            format!("provider {provider} sets no cookies: a user gets sometimes the one version, sometimes the other"),
            "remove it, or use a provider that can: istio, gatewayapi:v1",
        );
    }
}
