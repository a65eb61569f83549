//! Compares the checks of a simulated world with a second implementation that shares no code with it: every request is
//! drawn, every series stores its samples, and `rate` is computed as the documentation of Prometheus describes it.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::{
    behaviour::Behaviour, buckets::Buckets, bursts::Bursts, chance::Stream, flow::Flow, load::Segment, *,
};
use crate::scenario::{self, Range, Version};

/// Requests to a canary, and a check of them each minute over the last minute, with a scrape every 15 s.
#[derive(Clone, Copy, Debug)]
struct Case {
    rps: u32,
    errors: f64,
    pods: usize,
    /// Burstiness and memory in seconds.
    bursts: Option<(f64, f64)>,
}

const CASES: [Case; 5] = [
    Case { rps: 10, errors: 0.015, pods: 1, bursts: None },
    Case { rps: 10, errors: 0.015, pods: 4, bursts: None },
    Case { rps: 10, errors: 0.015, pods: 30, bursts: None },
    Case { rps: 10, errors: 0.005, pods: 1, bursts: Some((1.0, 60.0)) },
    Case { rps: 10, errors: 0.02, pods: 5, bursts: Some((2.0, 20.0)) },
];
const CHECKS: usize = 4;
const RUNS: u64 = 3_000;

/// Whether the success rate of each check is below 99 %; `None` without a value.
type Checks = [Option<bool>; CHECKS];

fn below(rate: Option<f64>) -> Option<bool> {
    rate.map(|rate| rate < 99.0)
}

#[test]
fn sim_checks_agree_with_a_second_implementation() {
    for case in CASES {
        let (ours, theirs) = (shares(|seed| simulated(case, seed)), shares(|seed| requests(case, seed)));
        for (check, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            for (what, ours, theirs) in [("fail", ours.0, theirs.0), ("have no value", ours.1, theirs.1)] {
                assert!(
                    (ours - theirs).abs() < 0.035,
                    "{case:?}: {ours} of checks {check} {what}, in the second implementation {theirs}"
                );
            }
        }
    }
}

/// The share of runs in which each check fails, and in which it has no value.
fn shares(run: impl Fn(u64) -> Checks) -> [(f64, f64); CHECKS] {
    let mut counts = [(0, 0); CHECKS];
    for seed in 0..RUNS {
        for (count, check) in counts.iter_mut().zip(run(seed)) {
            count.0 += u64::from(check == Some(true));
            count.1 += u64::from(check.is_none());
        }
    }
    counts.map(|(failed, none)| (failed as f64 / RUNS as f64, none as f64 / RUNS as f64))
}

fn at(check: usize) -> u32 {
    60 * (check as u32 + 1)
}

/// As this module simulates it.
fn simulated(case: Case, seed: u64) -> Checks {
    let mut ranges = Chance::of(seed, Stream::Ranges);
    let shares = Shares::by(Buckets::none(), None);
    let version = Version { errors: Range::exactly(case.errors), ..Version::default() };
    let bursts = case.bursts.map(|(burstiness, memory)| {
        let (burstiness, memory) = (Range::exactly(burstiness), Range::exactly(memory));
        Bursts::draw(scenario::Bursts { burstiness, memory }, &mut ranges, (seed, 0), 3_600.0, 0.0)
    });
    let versions = [Behaviour::draw(&version, &shares, 1.0, &mut ranges).varying(bursts, &[])];
    let flow = Flow::Constant(f64::from(case.rps));
    let mut load = Load::default();
    load.note(Segment {
        from: 0.0,
        users: 1.0,
        mirrored: 0.0,
        version: 0,
        started: 0.0,
        serves: true,
        capacity: f64::INFINITY,
    });
    let mut counters = Counters::new(2, case.pods);
    counters.restart(0.0);
    let mut chance = Chance::of(seed, Stream::Requests);
    let scrapes = Scrapes::draw(seed, Duration::from_secs(15), None);
    let mut memory = Memory::default();
    std::array::from_fn(|check| {
        let mut query = Query {
            load: &load,
            around: Surroundings { flow: &flow, versions: &versions },
            scrapes: &scrapes,
            buckets: &shares.buckets,
            fine: None,
            chance: &mut chance,
            memory: &mut memory,
        };
        let window = Window::new(i64::from(at(check)) * 1_000, Duration::from_secs(60));
        below(query.answer(Measure::SuccessRate, window, &mut counters))
    })
}

/// Request by request.
fn requests(case: Case, seed: u64) -> Checks {
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    let phase = rng.random::<f64>() * 15.0;
    let mut counts = vec![[0.0; 2]; case.pods];
    let mut stored: Vec<[Vec<(f64, f64)>; 2]> = vec![Default::default(); case.pods];
    let (burstiness, memory) = case.bursts.unwrap_or((0.0, 1.0));
    let sigma = (1.0 + burstiness * burstiness).ln().sqrt();
    let correlation = (-1.0 / memory).exp();
    let (mut z, mut second): (f64, f64) = (StandardNormal.sample(&mut rng), 0.0);
    let (mut now, mut next_scrape) = (0.0, phase);
    while now < f64::from(at(CHECKS - 1)) {
        now -= (1.0 - rng.random::<f64>()).ln() / f64::from(case.rps);
        while next_scrape <= now {
            for (counts, stored) in counts.iter().zip(&mut stored) {
                for (count, stored) in counts.iter().zip(stored) {
                    if *count > 0.0 {
                        stored.push((next_scrape, *count));
                    }
                }
            }
            next_scrape += 15.0;
        }
        while second + 1.0 <= now {
            let fresh: f64 = StandardNormal.sample(&mut rng);
            z = correlation * z + (1.0 - correlation * correlation).sqrt() * fresh;
            second += 1.0;
        }
        let errors = case.errors * (sigma * z - sigma * sigma / 2.0).exp();
        let pod = rng.random_range(0..case.pods);
        counts[pod][usize::from(rng.random::<f64>() < errors)] += 1.0;
    }
    std::array::from_fn(|check| {
        let at = f64::from(at(check));
        let sum = |code: usize| {
            let rates = stored.iter().filter_map(|stored| rate(&stored[code], at));
            rates.fold(None, |sum: Option<f64>, rate| Some(sum.unwrap_or(0.0) + rate))
        };
        let (good, bad) = (sum(0), sum(1));
        below(good.map(|good| 100.0 * good / (good + bad.unwrap_or(0.0))).filter(|rate| !rate.is_nan()))
    })
}

/// `rate(series[1m])`, from all samples of the series.
fn rate(samples: &[(f64, f64)], at: f64) -> Option<f64> {
    let within: Vec<_> = samples.iter().filter(|(time, _)| *time > at - 60.0 && *time <= at).collect();
    let (first, last) = (*within.first()?, *within.last()?);
    if within.len() < 2 {
        return None;
    }
    let (sampled, increase) = (last.0 - first.0, last.1 - first.1);
    let average = sampled / (within.len() - 1) as f64;
    let (mut to_start, mut to_end) = (first.0 - (at - 60.0), at - last.0);
    if to_start >= average * 1.1 {
        to_start = average / 2.0;
    }
    if increase > 0.0 {
        to_start = to_start.min(sampled * first.1 / increase);
    }
    if to_end >= average * 1.1 {
        to_end = average / 2.0;
    }
    Some(increase * (sampled + to_start + to_end) / sampled / 60.0)
}
