//! Complete rollouts in a simulated world: six steps, two metrics as Prometheus answers them.
//!
//! `cargo bench -p serin-sim --bench rollouts`.

use std::{hint::black_box, ops::Range, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use serin_simulator::{
    drive::Runs,
    scenario::{self, Scenario},
};

const SCENARIO: &str = include_str!("../../scenarios/simulated/checkout.yaml");
const ROLLOUTS: u64 = 2_048;
const AT_ONCE: u64 = 256;

fn rollouts(c: &mut Criterion) {
    let plain = parse(SCENARIO);
    let bursts = SCENARIO.replace("{errors: 0.2%}", "{errors: {rate: 0.2%, typical}}");
    let pods = bursts.replace("  seed: 1", "  target: {replicas: 3}\n  seed: 1");
    let mut group = c.benchmark_group("rollouts");
    group.throughput(Throughput::Elements(ROLLOUTS)).sample_size(10);
    for (name, scenario) in
        [("one thread", &plain), ("with bursts", &parse(&bursts)), ("with bursts and pods", &parse(&pods))]
    {
        group.bench_function(name, |b| b.iter(|| part(Runs::of(scenario), 0..ROLLOUTS)));
    }
    group.bench_function("step by step", |b| {
        b.iter(|| part(Runs::step_by_step(&plain), 0..ROLLOUTS));
    });
    group.bench_function("all threads", |b| {
        b.iter(|| {
            let parts = (0..ROLLOUTS / AT_ONCE).into_par_iter();
            parts.for_each(|number| part(Runs::of(&plain), number * AT_ONCE..(number + 1) * AT_ONCE));
        });
    });
    group.finish();
}

fn parse(text: &str) -> Scenario {
    scenario::parse(text, Path::new("checkout.yaml")).expect("the scenario above is valid")
}

/// As a sweep makes them.
fn part(mut runs: Runs<'_>, seeds: Range<u64>) {
    seeds.for_each(|seed| drop(black_box(runs.outcome(seed, &|| false))));
}

criterion_group!(benches, rollouts);
criterion_main!(benches);
