//! A second, much simpler model of a run: a ladder of places, climbed by the checks that pass. It knows no hooks, no
//! faults and no operators, and shares no code with the core. On what it knows, the two must agree.

use std::time::Duration;

use proptest::prelude::*;
use serin_core::{
    Phase,
    spec::raw::{self, Number},
    testing::{Row, Simulated, badly, well},
};

use crate::support::{cases, manifest, parse};

/// The results of a run's checks, in order; later checks pass.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Pass,
    Fail,
    Hold,
}

/// A place in a run: the canary's weight and the iteration.
type Place = (u8, u32);

/// The places of a run, in order: the start leads to the first, each passed check to the next, the last to promotion.
fn ladder(a: &raw::Analysis) -> Vec<Place> {
    let iterations = whole(a.iterations).unwrap_or(0) as u32;
    let mirror = a.mirror == Some(true);
    let listed = a.step_weights.clone().unwrap_or_default();
    let listed_last = listed.last().copied();
    let even = whole(a.step_weight).unwrap_or(0);
    if listed.is_empty() && even == 0 && (a.r#match.is_some() || iterations > 0 || mirror) {
        let checks = if iterations == 0 { 10 } else { iterations };
        let switch = if a.r#match.is_some() { 0 } else { 1 };
        return (1..=checks + switch).map(|iteration| (0, iteration)).collect();
    }
    if a.r#match.is_some() && iterations > 0 {
        return (1..=iterations).map(|iteration| (0, iteration)).collect();
    }
    // Mirrored first, for as many checks as iterations are given.
    let mirrored = if mirror { iterations.max(1) as usize } else { 0 };
    let mut weights: Vec<i64> = vec![0; mirrored];
    if listed.is_empty() {
        let (step, max) = if even == 0 { (10, 50) } else { (even, 100) };
        let max = whole(a.max_weight).unwrap_or(max);
        weights.extend((1..).map(|n| n * step).take_while(|weight| *weight < max));
        weights.push(max);
    } else {
        let max = whole(a.max_weight).unwrap_or(100);
        weights.extend(listed.into_iter().filter_map(Number::whole).take_while(|weight| *weight < max));
        let above = whole(listed_last).is_some_and(|last| last >= max);
        weights.extend(above.then_some(max));
    }
    let last = weights[weights.len() - 1];
    while weights.len() + 1 < iterations as usize {
        weights.push(last);
    }
    let iteration = |n: usize| if iterations > 0 { n as u32 + 1 } else { 0 };
    weights.iter().enumerate().map(|(n, weight)| (*weight as u8, iteration(n))).collect()
}

fn whole(number: Option<Number>) -> Option<i64> {
    number.and_then(Number::whole)
}

/// The rows of a whole run, each with the interval it falls in.
fn rows(a: &raw::Analysis, outcomes: &[Outcome]) -> Vec<(u32, Row)> {
    let threshold = whole(a.threshold).unwrap_or(1) as u32;
    let consecutive = a.threshold_mode.as_deref() == Some("consecutive");
    let row = |phase, weight, failed, iterations| Row { phase, weight, failed, iterations };
    let mut rows = vec![(0, row(Phase::Progressing, 0, 0, 0))];
    let (mut tick, mut failed) = (1, 0);
    let mut outcomes = outcomes.iter().copied().chain(std::iter::repeat(Outcome::Pass));
    let places = ladder(a);
    for (weight, iteration) in &places {
        rows.push((tick, row(Phase::Progressing, *weight, failed, *iteration)));
        loop {
            tick += 1;
            match outcomes.next() {
                Some(Outcome::Fail) => {
                    failed += 1;
                    rows.push((tick, row(Phase::Progressing, *weight, failed, *iteration)));
                    if failed >= threshold {
                        rows.push((tick, row(Phase::Failed, 0, 0, 0)));
                        return without_repeats(rows);
                    }
                }
                Some(Outcome::Hold) => {}
                Some(Outcome::Pass) | None => break,
            }
        }
        if consecutive {
            failed = 0;
        }
    }
    let (mut weight, iteration) = places[places.len() - 1];
    rows.push((tick, row(Phase::Promoting, weight, failed, iteration)));
    let step = whole(a.step_weight_promotion).unwrap_or(0) as u8;
    while step > 0 && weight > step {
        (weight, tick) = (weight - step, tick + 1);
        rows.push((tick, row(Phase::Promoting, weight, failed, iteration)));
    }
    rows.push((tick + 1, row(Phase::Finalising, 0, failed, 0)));
    rows.push((tick + 2, row(Phase::Succeeded, 0, failed, 0)));
    without_repeats(rows)
}

fn without_repeats(mut rows: Vec<(u32, Row)>) -> Vec<(u32, Row)> {
    rows.dedup_by(|later, earlier| later.1 == earlier.1);
    rows
}

/// Any analysis of the simple kinds.
fn analyses() -> impl Strategy<Value = raw::Analysis> {
    let listed = prop::collection::btree_set(1_i64..=100, 1..5).prop_map(|steps| steps.into_iter().collect());
    let steps = prop_oneof![
        Just((None, None, None)),
        (1_i64..=100, prop::option::of(1_i64..=100)).prop_map(|(step, max)| (Some(step), max, None)),
        listed.prop_map(|steps: Vec<i64>| (None, None, Some(steps))),
    ];
    let iterations = prop::option::of(1_i64..=8);
    let promotion_step = prop::option::of(1_i64..=100);
    let counting = (1_i64..=4, prop::option::of(Just("consecutive".to_owned())));
    (steps, iterations, promotion_step, counting, any::<bool>(), any::<bool>()).prop_map(
        |(
            (step_weight, max_weight, step_weights),
            iterations,
            step_weight_promotion,
            counting,
            mirror,
            matched,
        )| {
            let rest = "{metrics: [{name: m, query: q, thresholdRange: {min: 50}, onNoData: hold}]}";
            let header = "{match: [{headers: {x-canary: {exact: always}}}]}";
            let of = |analysis| manifest("istio", analysis).spec.analysis.unwrap_or_default();
            raw::Analysis {
                step_weight: step_weight.map(Number::from),
                max_weight: max_weight.map(Number::from),
                step_weights: step_weights.map(|steps| steps.into_iter().map(Number::from).collect()),
                iterations: iterations.map(Number::from),
                step_weight_promotion: step_weight_promotion.map(Number::from),
                threshold: Some(counting.0.into()),
                threshold_mode: counting.1,
                mirror: Some(mirror),
                r#match: of(header).r#match.filter(|_| matched),
                ..of(rest)
            }
        },
    )
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let outcome = prop_oneof![4 => Just(Outcome::Pass), 2 => Just(Outcome::Fail), 1 => Just(Outcome::Hold)];
    prop::collection::vec(outcome, 0..20)
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn prop_a_run_is_as_the_simple_model_predicts(analysis in analyses(), outcomes in outcomes()) {
        let mut raw = manifest("istio", "{}");
        raw.spec.analysis = Some(analysis.clone());
        let mut world = Simulated::deployed(parse(&raw).unwrap());
        let accepted = world.now;
        let mut said = outcomes.iter();
        world.runs_to_its_end(&mut |question: &_| match said.next() {
            Some(Outcome::Fail) => badly(question),
            Some(Outcome::Hold) => serin_core::question::Answer::no_data(),
            Some(Outcome::Pass) | None => well(question),
        });

        let interval = Duration::from_secs(60);
        let seen: Vec<_> = world.rows.iter().map(|(at, row)| {
            ((at.since(accepted).as_millis() / interval.as_millis()) as u32, row.clone())
        }).collect();
        prop_assert_eq!(seen, rows(&analysis, &outcomes));
        prop_assert_eq!(world.violations, vec![]);
    }
}
