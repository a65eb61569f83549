//! Whole replays: from files to verdicts.
//!
//! `cargo bench -p serin-sim`. The files of `scenarios/`, repeated to 500.

use std::{hint::black_box, path::Path, path::PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;
use serin_report::replay::replay;
use serin_simulator::{drive, scenario};

const MANY: usize = 500;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let found = scenario::find(&[folder]).expect("the repository has scenarios");
    found.iter().cycle().take(MANY).cloned().collect()
}

fn replays(c: &mut Criterion) {
    let files = files();
    let mut group = c.benchmark_group("500 scenarios");
    group.sample_size(10);
    group.bench_function("on one core", |b| {
        b.iter(|| files.iter().filter(|path| replay(path).is_ok_and(|story| story.verdict.holds())).count());
    });
    group.bench_function("on all cores", |b| {
        b.iter(|| {
            files.par_iter().filter(|path| replay(path).is_ok_and(|story| story.verdict.holds())).count()
        });
    });
    group.finish();

    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/everyday/weighted-bad.yaml");
    let mut group = c.benchmark_group("one scenario");
    group.bench_function("read", |b| b.iter(|| black_box(scenario::load(black_box(&bad)))));
    let loaded = scenario::load(&bad).expect("the story is valid");
    group.bench_function("run", |b| b.iter(|| black_box(drive::run(black_box(&loaded)))));
    group.finish();
}

criterion_group!(benches, replays);
criterion_main!(benches);
