//! How a new revision reaches its users: the strategies and the rule that selects one.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    provider::Abilities,
    spec::raw::{self, Number},
};

/// A percentage, 0 to 100.
pub type Weight = u8;

/// A strategy with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// A growing share of all requests, or of the matched ones.
    Weighted(Weighted),
    /// All matched requests, for a number of checks.
    AbTesting {
        /// Checks to make.
        iterations: u32,
    },
    /// No requests (or copies of them) for a number of checks, then all of them for one check.
    BlueGreen(BlueGreen),
}

/// Numbers of the weighted strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighted {
    /// Weights to visit.
    pub steps: Steps,
    /// Growth of the primary's weight per interval during a promotion; `None`: all at once.
    pub promotion_step: Option<Weight>,
    /// Minimum number of iterations, including the start, which has no check; 0 if none is given. If requests are
    /// mirrored first: the number of checks of mirrored requests before the first step.
    pub iterations: u32,
    /// Percentage of requests to mirror before the first step: until `iterations` checks passed, at least one.
    pub mirror: Option<Weight>,
    /// Whether only the matched requests are split.
    pub matched: bool,
}

/// Numbers of blue/green.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlueGreen {
    /// Checks before the switch.
    pub iterations: u32,
    /// The mirroring during these checks.
    pub mirror: Option<Mirror>,
    /// Whether the router can send the users to the canary before promotion.
    pub switches: bool,
}

/// A mirrored percentage that may grow with each iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Percentage in the first iteration.
    pub weight: Weight,
    /// Growth per iteration.
    pub step: Weight,
    /// Largest percentage.
    pub max: Weight,
}

impl Mirror {
    /// The percentage in iteration `iteration`, counted from 1.
    #[must_use]
    pub fn at(self, iteration: u32) -> Weight {
        let grown = u32::from(self.weight) + u32::from(self.step) * iteration.saturating_sub(1).min(100);
        u8::try_from(grown.min(u32::from(self.max))).unwrap_or(self.max)
    }
}

/// Canary weights, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steps {
    /// `step`, twice `step`, … up to `max`; the last one is clamped.
    Even {
        /// Growth per step, 1 to 100.
        step: Weight,
        /// Last weight, 1 to 100.
        max: Weight,
    },
    /// As listed, growing, not empty. Weights at or above `maxWeight` are one step at `maxWeight`.
    Listed(Vec<Weight>),
}

impl Steps {
    /// The weight that follows `weight`; `None` when the last is reached.
    #[must_use]
    pub fn after(&self, weight: Weight) -> Option<Weight> {
        match self {
            Self::Even { step, max } => (weight < *max).then(|| weight.saturating_add(*step).min(*max)),
            Self::Listed(steps) => steps.iter().copied().find(|step| *step > weight),
        }
    }

    /// The largest weight.
    #[must_use]
    pub fn max(&self) -> Weight {
        match self {
            Self::Even { max, .. } => *max,
            Self::Listed(steps) => steps.last().copied().unwrap_or(100),
        }
    }
}

impl Strategy {
    /// The largest canary weight that an operator or the analysis can set; `None` if weights are not used.
    #[must_use]
    pub fn max_weight(&self) -> Option<Weight> {
        match self {
            Self::Weighted(weighted) => Some(weighted.steps.max()),
            Self::AbTesting { .. } | Self::BlueGreen(_) => None,
        }
    }

    /// Whether requests are mirrored at any time.
    #[must_use]
    pub fn mirrors(&self) -> bool {
        match self {
            Self::Weighted(weighted) => weighted.mirror.is_some(),
            Self::AbTesting { .. } => false,
            Self::BlueGreen(blue_green) => blue_green.mirror.is_some(),
        }
    }

    /// Flagger's name of the strategy, as in the labels of its metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Weighted(_) => "canary",
            Self::AbTesting { .. } => "ab-testing",
            Self::BlueGreen(_) => "blue-green",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weighted(weighted) => {
                match &weighted.steps {
                    Steps::Even { step, max } => write!(f, "weighted, step {step} to {max}")?,
                    Steps::Listed(steps) => {
                        write!(f, "weighted, steps")?;
                        for step in steps {
                            write!(f, " {step}")?;
                        }
                    }
                }
                match (weighted.mirror, weighted.iterations) {
                    (None, 0) => {}
                    (None, iterations) => write!(f, ", at least {iterations} iterations")?,
                    (Some(mirror), 0 | 1) => write!(f, ", mirror {mirror} first")?,
                    (Some(mirror), checks) => write!(f, ", mirror {mirror} first for {checks} checks")?,
                }
                if weighted.matched { write!(f, ", matched requests only") } else { Ok(()) }
            }
            Self::AbTesting { iterations } => write!(f, "A/B testing, {iterations} iterations"),
            Self::BlueGreen(blue_green) => {
                write!(f, "blue/green, {} iterations", blue_green.iterations)?;
                if let Some(mirror) = blue_green.mirror {
                    write!(f, ", mirror {}", mirror.weight)?;
                    if mirror.step > 0 {
                        write!(f, " growing by {} to {}", mirror.step, mirror.max)?;
                    }
                }
                if blue_green.switches { Ok(()) } else { write!(f, ", no switch before promotion") }
            }
        }
    }
}

const DEFAULT_ITERATIONS: u32 = 10;
const DEFAULT_STEP: Weight = 10;
const DEFAULT_MAX: Weight = 50;

/// Selects the strategy of an analysis. The first row that fits applies:
///
/// | given | strategy |
/// |---|---|
/// | a router without weights (`kubernetes`) | blue/green that never switches, 10 iterations if none |
/// | `stepWeight` and `stepWeights` | refused |
/// | `match` and `iterations`, or `match` alone | A/B, 10 iterations if none |
/// | `stepWeight` or `stepWeights` | weighted; with `match` for those requests only, if the router can split them |
/// | `iterations`, or `mirror` alone | blue/green, 10 iterations if none |
/// | nothing | weighted, 10 to 50 |
///
/// # Errors
/// The field's path below `analysis`, and why it is refused.
pub fn derive(analysis: &raw::Analysis, can: Abilities) -> Result<Strategy, Refusal> {
    let matched = analysis.r#match.as_ref().is_some_and(|items| !items.is_empty());
    let iterations = count(analysis.iterations, "iterations")?;
    let mirror = mirror(analysis)?;
    if matched && !can.matches {
        return Err(refuse("match", "this provider cannot route matched requests (A/B testing)"));
    }
    if mirror.is_some() && !can.mirror {
        return Err(refuse("mirror", "this provider cannot mirror requests"));
    }
    let blue_green = |iterations: u32| {
        Strategy::BlueGreen(BlueGreen {
            iterations: if iterations == 0 { DEFAULT_ITERATIONS } else { iterations },
            mirror,
            switches: can.weights,
        })
    };
    if !can.weights {
        return Ok(blue_green(iterations));
    }
    let listed = analysis.step_weights.as_ref().is_some_and(|steps| !steps.is_empty());
    let even = analysis.step_weight.is_some_and(|step| step != Number::Whole(0));
    if listed && even {
        return Err(refuse("stepWeights", "`stepWeight` and `stepWeights` exclude each other"));
    }
    let stepped = listed || even;
    if matched && !stepped {
        let iterations = if iterations == 0 { DEFAULT_ITERATIONS } else { iterations };
        return Ok(Strategy::AbTesting { iterations });
    }
    if matched && iterations > 0 {
        return Ok(Strategy::AbTesting { iterations });
    }
    if !stepped && (iterations > 0 || mirror.is_some()) {
        return Ok(blue_green(iterations));
    }
    Ok(Strategy::Weighted(Weighted {
        steps: if listed { listed_steps(analysis)? } else { even_steps(analysis, even)? },
        promotion_step: match percentage(analysis.step_weight_promotion, "stepWeightPromotion")? {
            0 => None,
            step => Some(step),
        },
        iterations,
        mirror: mirror.map(|mirror| mirror.weight),
        matched: matched && can.weights_of_matches,
    }))
}

fn even_steps(analysis: &raw::Analysis, given: bool) -> Result<Steps, Refusal> {
    let max = max_weight(analysis)?.unwrap_or(if given { 100 } else { DEFAULT_MAX });
    let step = if given { percentage(analysis.step_weight, "stepWeight")? } else { DEFAULT_STEP };
    Ok(Steps::Even { step, max })
}

fn listed_steps(analysis: &raw::Analysis) -> Result<Steps, Refusal> {
    let max = max_weight(analysis)?;
    let mut steps: Vec<Weight> = Vec::new();
    let mut last = 0;
    for step in analysis.step_weights.iter().flatten() {
        let step = percentage(Some(*step), "stepWeights")?;
        if step <= last {
            return Err(refuse("stepWeights", "must grow from step to step, beginning above 0"));
        }
        last = step;
        let step = max.map_or(step, |max| step.min(max));
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    Ok(Steps::Listed(steps))
}

/// `maxWeight`, if it is given. Flagger reads zero or less as "not given".
fn max_weight(analysis: &raw::Analysis) -> Result<Option<Weight>, Refusal> {
    let given = analysis.max_weight.filter(|max| max.whole().is_none_or(|max| max > 0));
    given.map(|max| percentage(Some(max), "maxWeight")).transpose()
}

fn mirror(analysis: &raw::Analysis) -> Result<Option<Mirror>, Refusal> {
    if analysis.mirror != Some(true) {
        return Ok(None);
    }
    let weight = match percentage(analysis.mirror_weight, "mirrorWeight")? {
        0 => 100,
        weight => weight,
    };
    let nested = analysis.canary_analysis.as_ref();
    let step = percentage(
        nested.and_then(|nested| nested.step_weight_promotion),
        "canaryAnalysis.stepWeightPromotion",
    )?;
    let max = nested.and_then(|nested| nested.max_mirror_weight);
    let max = if max.is_some() { percentage(max, "canaryAnalysis.maxMirrorWeight")? } else { 100 };
    Ok(Some(Mirror { weight, step, max: max.max(weight) }))
}

fn percentage(value: Option<Number>, field: &'static str) -> Result<Weight, Refusal> {
    let value = value.unwrap_or(Number::Whole(0));
    match value.whole().map(u8::try_from) {
        Some(Ok(weight)) if weight <= 100 => Ok(weight),
        _ => Err(Refusal { field, why: alloc::format!("{value} is not a percentage from 0 to 100") }),
    }
}

fn count(value: Option<Number>, field: &'static str) -> Result<u32, Refusal> {
    let value = value.unwrap_or(Number::Whole(0));
    let count = value.whole().and_then(|value| u32::try_from(value).ok());
    count.ok_or_else(|| Refusal { field, why: alloc::format!("{value} is not a count") })
}

fn refuse(field: &'static str, why: &str) -> Refusal {
    Refusal { field, why: why.into() }
}

/// Why no strategy could be derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Path below `analysis`.
    pub field: &'static str,
    /// The reason.
    pub why: String,
}
