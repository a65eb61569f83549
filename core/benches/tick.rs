//! One tick: all its calls of `step`, from facts in memory to a plan in memory.
//!
//! `cargo bench -p serin-core`. What to look at are the ratios within one run: machines differ.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serin_core::{
    Observation, Phase, Plan, Rollout, State, Step, Timestamp,
    command::Routes,
    observation::{Apex, Drift, Fact, Primary, Readiness, Services, Target},
    question::{Answer, Answers, Asked},
    revision::Revision,
    spec::{Defaults, Invalid, raw},
    state::Stage,
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
    Observation {
        target: Fact::Known(Some(Target {
            revision: Fact::Known(Revision::of(revision)),
            replicas: 1,
            readiness: Readiness::Ready,
        })),
        primary: Fact::Known(Some(Primary { runs: None, readiness: Readiness::Ready })),
        services: Fact::Known(Services { apex: Apex::Primary, serving: true }),
        routes: Fact::Known(Some(Routes::split(weight))),
        drift: Fact::Known(Drift::default()),
        deleting: false,
        finalizer: true,
        requests: Vec::new(),
        answers: Answers::default(),
        failed: None,
        sent: Vec::new(),
    }
}

fn state(phase: Phase, weight: u8, canary: &Rollout) -> State {
    State {
        phase,
        canary_weight: weight,
        applied: Revision::of("v2"),
        promoted: Revision::of("v1"),
        seq: 7,
        run: 1,
        check: 3,
        due: NOW,
        stage: if weight > 0 { Stage::Analysing } else { Stage::Start },
        shape: canary.shape().clone(),
        ..State::default()
    }
}

/// Runs calls until a plan, answering every question, as a driver does.
fn tick(
    canary: &Result<Rollout, Invalid>,
    state: &State,
    seen: &mut Observation,
    now: Timestamp,
    success_rate: f64,
) -> Plan {
    seen.answers = Answers::default();
    loop {
        match step(canary, state, seen, now) {
            Step::Act(plan) => return plan,
            Step::Ask(questions) => {
                for question in questions {
                    let answer = match &question.id.of {
                        Asked::Hook(_) => Answer::Pass("".into()),
                        Asked::Metric(key) if key.contains("rate") => Answer::value(success_rate),
                        Asked::Metric(_) => Answer::value(120.0),
                    };
                    seen.answers.add(question.id, answer);
                }
            }
        }
    }
}

fn ticks(c: &mut Criterion) {
    let canary = canary();
    let rollout = canary.as_ref().expect("the manifest above is valid");
    let idle = State { applied: Revision::of("v1"), ..state(Phase::Succeeded, 0, rollout) };
    let running = state(Phase::Progressing, 20, rollout);

    let mut group = c.benchmark_group("nothing changes");
    group.bench_function("idle", |b| {
        let mut seen = seen("v1", 0);
        b.iter(|| black_box(tick(&canary, black_box(&idle), &mut seen, NOW, 100.0)));
    });
    group.bench_function("before the next check", |b| {
        let (mut seen, before) = (seen("v2", 20), Timestamp::from_millis(NOW.as_millis() - 1));
        b.iter(|| black_box(tick(&canary, black_box(&running), &mut seen, before, 100.0)));
    });
    group.finish();

    let mut group = c.benchmark_group("a transition");
    group.bench_function("a new revision", |b| {
        let mut seen = seen("v3", 0);
        b.iter(|| black_box(tick(&canary, black_box(&idle), &mut seen, NOW, 100.0)));
    });
    group.bench_function("a check that advances", |b| {
        let mut seen = seen("v2", 20);
        b.iter(|| black_box(tick(&canary, black_box(&running), &mut seen, NOW, 100.0)));
    });
    group.bench_function("a check that fails", |b| {
        let mut seen = seen("v2", 20);
        b.iter(|| black_box(tick(&canary, black_box(&running), &mut seen, NOW, 50.0)));
    });
    group.finish();
}

criterion_group!(benches, ticks);
criterion_main!(benches);
