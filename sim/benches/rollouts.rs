//! Complete rollouts in a simulated world: six steps, two metrics as Prometheus answers them.

use std::{hint::black_box, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use serin_sim::{drive, scenario};

const SCENARIO: &str = include_str!("../../scenarios/simulated/checkout.yaml");
const ROLLOUTS: u64 = 2_000;

fn rollouts(c: &mut Criterion) {
    let good = scenario::parse(SCENARIO, Path::new("checkout.yaml")).expect("the scenario above is valid");
    let mut group = c.benchmark_group("rollouts");
    group.throughput(Throughput::Elements(ROLLOUTS)).sample_size(10);
    group.bench_function("one thread", |b| {
        b.iter(|| (0..ROLLOUTS).for_each(|seed| drop(black_box(drive::outcome(&good, seed)))));
    });
    group.bench_function("all threads", |b| {
        b.iter(|| {
            (0..ROLLOUTS).into_par_iter().for_each(|seed| drop(black_box(drive::outcome(&good, seed))));
        });
    });
    group.finish();
}

criterion_group!(benches, rollouts);
criterion_main!(benches);
