//! Complete rollouts in a simulated world: six steps, two metrics as Prometheus answers them.

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
    let good = scenario::parse(SCENARIO, Path::new("checkout.yaml")).expect("the scenario above is valid");
    let mut group = c.benchmark_group("rollouts");
    group.throughput(Throughput::Elements(ROLLOUTS)).sample_size(10);
    group.bench_function("one thread", |b| {
        b.iter(|| part(&good, 0..ROLLOUTS));
    });
    group.bench_function("all threads", |b| {
        b.iter(|| {
            let parts = (0..ROLLOUTS / AT_ONCE).into_par_iter();
            parts.for_each(|number| part(&good, number * AT_ONCE..(number + 1) * AT_ONCE));
        });
    });
    group.finish();
}

/// As a sweep makes them.
fn part(scenario: &Scenario, seeds: Range<u64>) {
    let mut runs = Runs::of(scenario);
    seeds.for_each(|seed| drop(black_box(runs.outcome(seed, &|| false))));
}

criterion_group!(benches, rollouts);
criterion_main!(benches);
