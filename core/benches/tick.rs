//! One tick: all its calls of `step`, from facts in memory to a plan in memory.
//!
//! `cargo bench -p serin-core`. What to look at are the ratios within one run: machines differ.

use std::{hint::black_box, sync::Arc};

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use serin_core::{
    Observation, Phase, Plan, Rollout, State, Step, Timestamp,
    command::Routes,
    effect,
    observation::{Fact, Readiness, Target},
    question::{Answer, Asked},
    revision::Revision,
    spec::{Defaults, Invalid, raw},
    state::{Run, Stage},
    step,
};

const CANARY: &str = "
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: prod, uid: 6f2c1d3e}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  service: {port: 80}
  analysis:
    interval: 1m
    threshold: 5
    stepWeight: 10
    maxWeight: 50
    metrics:
      - {name: request-success-rate, thresholdRange: {min: 99}}
      - {name: request-duration, thresholdRange: {max: 500}}
    webhooks:
      - {name: load-test, url: 'http://loadtester.test/'}
";

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn canary() -> Result<Rollout, Invalid> {
    let raw: raw::Canary = serde_yaml::from_str(CANARY).expect("the manifest above is a Canary");
    Rollout::parse(&raw, &Defaults::default())
}

fn seen(revision: &str, weight: u8) -> Observation {
    let target = Target {
        revision: Fact::Known(Revision::of(revision)),
        replicas: 1,
        readiness: Readiness::Ready,
        serves: Fact::Known(true),
    };
    let routes = Fact::Known(Some(Routes::split(weight)));
    Observation { target: Fact::Known(Some(target)), routes, ..Observation::settled("v1") }
}

fn state(phase: Phase, weight: u8, canary: &Rollout) -> State {
    State {
        phase,
        canary_weight: weight,
        applied: Revision::of("v2"),
        promoted: Revision::of("v1"),
        seq: 7,
        runs: 1,
        check: 3,
        due: NOW,
        run: Run { stage: if weight > 0 { Stage::Analysing } else { Stage::Start }, ..Run::default() },
        topology: Arc::new(canary.topology().clone()),
        ..State::default()
    }
}

/// A whole tick, as a driver runs it: calls until one changes nothing, every question answered, every command obeyed.
fn tick(
    canary: &Result<Rollout, Invalid>,
    state: &State,
    mut seen: Observation,
    now: Timestamp,
    success_rate: f64,
) -> (Arc<State>, Option<Plan>) {
    let mut changed: Option<Arc<State>> = None;
    loop {
        match step(canary, changed.as_deref().unwrap_or(state), &seen, now) {
            Step::Act(plan) if plan.state.is_none() && plan.commands.is_empty() => {
                return (changed.unwrap_or_default(), Some(plan));
            }
            Step::Act(plan) => {
                plan.commands.iter().for_each(|command| effect::apply(command, &mut seen));
                changed = plan.state.or(changed);
            }
            Step::Ask(questions) => {
                for question in questions {
                    let answer = match &question.id.of {
                        Asked::Hook(_) => Answer::pass(""),
                        Asked::Metric(key) if key.contains("rate") => Answer::value(success_rate),
                        Asked::Metric(_) => Answer::value(120.0),
                    };
                    seen.answers.add(question.id, answer);
                }
            }
        }
    }
}

/// Measures ticks only; the observation is made again before each.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    canary: &Result<Rollout, Invalid>,
    state: &State,
    seen: &Observation,
    at: (Timestamp, f64),
) {
    group.bench_function(name, |b| {
        b.iter_batched(
            || seen.clone(),
            |seen| black_box(tick(canary, black_box(state), seen, at.0, at.1)),
            BatchSize::SmallInput,
        );
    });
}

fn ticks(c: &mut Criterion) {
    let canary = canary();
    let rollout = canary.as_ref().expect("the manifest above is valid");
    let idle = State { applied: Revision::of("v1"), ..state(Phase::Succeeded, 0, rollout) };
    let running = state(Phase::Progressing, 20, rollout);

    let before = Timestamp::from_millis(NOW.as_millis() - 1);

    let mut group = c.benchmark_group("nothing changes");
    measure(&mut group, "idle", &canary, &idle, &seen("v1", 0), (NOW, 100.0));
    measure(&mut group, "before the next check", &canary, &running, &seen("v2", 20), (before, 100.0));
    group.finish();

    let mut group = c.benchmark_group("a transition");
    measure(&mut group, "a new revision", &canary, &idle, &seen("v3", 0), (NOW, 100.0));
    measure(&mut group, "a check that advances", &canary, &running, &seen("v2", 20), (NOW, 100.0));
    measure(&mut group, "a check that fails", &canary, &running, &seen("v2", 20), (NOW, 50.0));
    group.finish();
}

criterion_group!(benches, ticks);
criterion_main!(benches);
