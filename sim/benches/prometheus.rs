//! Answers of the built-in metrics: from the scrapes of three pods to one value.
//!
//! `cargo bench -p serin-sim --bench prometheus`. Good and bad responses, and Istio's buckets.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use serin_core::provider::Layout;
use serin_simulator::prometheus::{Bucket, Coverage, Scrapes, Window, found, p99_ms, success_rate, sum};

const PODS: usize = 3;
const BUCKETS: usize = Layout::ENVOY.bounds.len() + 1;
const AT_MS: i64 = 600_000;

fn window() -> Window {
    Window::new(AT_MS, Duration::from_secs(60))
}

/// How the scrapes of each pod cover the window.
fn coverage(scrapes: &[Scrapes; PODS]) -> [Option<Coverage>; PODS] {
    let window = black_box(window());
    scrapes.map(|scrapes| Coverage::of(window, scrapes.span(window, 0, i64::MAX, &[])?))
}

fn answers(c: &mut Criterion) {
    let scrapes: [Scrapes; PODS] =
        [1_000, 7_000, 12_000].map(|phase_ms| Scrapes::new(Duration::from_secs(15), phase_ms));

    c.bench_function("success rate", |b| {
        b.iter(|| {
            let coverage = coverage(&scrapes);
            let rates = |first: f64, counted: f64| {
                coverage.map(|pod| Some(pod?.rate(black_box(first), black_box(counted))))
            };
            let (good, bad) = (rates(12_000.0, 700.0), rates(40.0, 3.0));
            found(success_rate(sum(good), sum(good.into_iter().chain(bad))))
        });
    });

    let counted: [f64; BUCKETS] = std::array::from_fn(|bucket| 700.0 * (bucket as f64 / 12.0).min(1.0));
    c.bench_function("p99", |b| {
        b.iter(|| {
            let coverage = coverage(&scrapes);
            let mut buckets = [Bucket { le: f64::INFINITY, count: 0.0 }; BUCKETS];
            for (place, empty) in Bucket::all_of(&Layout::ENVOY).enumerate() {
                let rates =
                    coverage.map(|pod| Some(pod?.rate(20.0 * counted[place], black_box(counted[place]))));
                buckets[place] = Bucket { count: sum(rates).unwrap_or(0.0), ..empty };
            }
            found(p99_ms(Layout::ENVOY.unit, &mut buckets))
        });
    });
}

criterion_group!(benches, answers);
criterion_main!(benches);
