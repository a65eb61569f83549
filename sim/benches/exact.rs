//! What a policy will do, computed: milliseconds a policy.

use std::{hint::black_box, path::Path};

use criterion::{Criterion, criterion_group, criterion_main};
use serin_policy::exact;
use serin_simulator::scenario;

const SCENARIO: &str = include_str!("../../scenarios/simulated/checkout.yaml");

fn policies(c: &mut Criterion) {
    let mut group = c.benchmark_group("exact");
    group.sample_size(10);
    for (name, rps, errors) in [
        ("six steps, good", "rps: 100", "errors: 0.2%"),
        ("six steps, close to the bound", "rps: 100", "errors: 0.9%"),
        ("six steps, much traffic", "rps: 1000", "errors: 0.9%"),
    ] {
        let text = SCENARIO.replace("rps: 100", rps).replace("errors: 0.2%", errors);
        let scenario = scenario::parse(&text, Path::new("checkout.yaml")).expect("the scenario is valid");
        group.bench_function(name, |b| {
            b.iter(|| black_box(exact::of(&scenario)).expect("its world is exact"));
        });
    }
    group.finish();
}

criterion_group!(benches, policies);
criterion_main!(benches);
