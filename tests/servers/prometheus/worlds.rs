//! Series of metrics, drawn from a seed: low and high traffic, pods that start late, restart and end, missed scrapes,
//! and other things that affect an answer of Prometheus.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use serin_simulator::prometheus::{Bucket, Outage, Scraped, Scrapes, Series};

use crate::routers::{ROUTERS, Router};

/// 2026-01-01T00:00:00Z, where a block of the database begins.
pub(crate) const BEGIN_MS: i64 = 1_767_225_600_000;
/// How long a world lasts.
pub(crate) const LENGTH_MS: i64 = 20 * 60 * 1000;

/// Everything that was scraped from one canary.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) router: &'static Router,
    pub(crate) outages: Vec<Outage>,
    /// Every series exists as long as its pod, and every scrape finds it.
    pub(crate) is_whole: bool,
    pub(crate) pods: Vec<Pod>,
    pub(crate) counters: Vec<Counter>,
}

/// A source of requests that is scraped.
pub(crate) struct Pod {
    pub(crate) scrapes: Scrapes,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    restarts_ms: Vec<i64>,
    per_second: f64,
}

/// A series with its name and labels.
pub(crate) struct Counter {
    pub(crate) metric: String,
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) pod: usize,
    pub(crate) counts: Counts,
    pub(crate) series: Series,
    value: f64,
    /// When the proxy shows the series: from its first count on, or always.
    is_shown: bool,
}

/// What a series counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Counts {
    Responses {
        good: bool,
    },
    /// Part of the histogram of latencies; those of Traefik and Skipper distinguish good responses from bad ones.
    Bucket {
        le: f64,
        good: bool,
    },
    /// A bucket of a histogram that counts responses, but not their latencies.
    ResponsesBucket {
        good: bool,
    },
    LatencySum,
    LatencyCount,
    /// Not part of the canary.
    Beside,
}

impl World {
    pub(crate) fn namespace(&self) -> String {
        // Skipper's query has word characters only.
        format!("n{}", self.seed)
    }

    pub(crate) fn draw(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let router = &ROUTERS[seed as usize % ROUTERS.len()];
        let interval = Duration::from_secs(*[7, 10, 15, 15, 30, 60].choose(&mut rng).unwrap());
        let is_whole = rng.random_bool(0.4);
        let outages = outages(&mut rng);
        let pods: Vec<Pod> = (0..rng.random_range(1..=2)).map(|_| Pod::draw(&mut rng, interval)).collect();
        let mut world = Self { seed, router, outages, is_whole, pods, counters: Vec::new() };
        for pod in 0..world.pods.len() {
            world.begin(pod);
            world.scrape(pod, &mut rng);
        }
        world
    }

    /// The series of a pod, before anything is counted.
    fn begin(&mut self, pod: usize) {
        let router = self.router;
        let (requests, latency) = (router.metrics().requests, router.metrics().latency);
        let (good, bad) =
            (router.code.good.iter().map(|it| (*it, true)), router.code.bad.iter().map(|it| (*it, false)));
        for (code, good) in good.chain(bad) {
            let code = (router.code.label, code.to_owned());
            if !router.counts_by_histogram() {
                self.add(requests.into(), &[code], pod, Counts::Responses { good });
            } else if latency.duration.is_average() {
                let last = ("le", "+Inf".to_owned());
                self.add(requests.into(), &[code, last], pod, Counts::ResponsesBucket { good });
            } else {
                self.histogram(pod, &[code], good);
            }
        }
        if latency.duration.is_average() {
            // A series for each code, one of which may start late.
            for code in router.code.good.iter().chain(router.code.bad) {
                let code = [(router.code.label, (*code).to_owned())];
                self.add(format!("{}_sum", latency.histogram), &code, pod, Counts::LatencySum);
                self.add(format!("{}_count", latency.histogram), &code, pod, Counts::LatencyCount);
            }
        } else if !router.counts_by_histogram() {
            self.histogram(pod, &[], true);
        }
    }

    fn histogram(&mut self, pod: usize, labels: &[(&'static str, String)], good: bool) {
        let latency = self.router.metrics().latency;
        for bucket in Bucket::all_of(&latency.layout) {
            let le = if bucket.le.is_infinite() { "+Inf".to_owned() } else { bucket.le.to_string() };
            let labels = [labels, &[("le", le)]].concat();
            let counts = Counts::Bucket { le: bucket.le, good };
            self.add(format!("{}_bucket", latency.histogram), &labels, pod, counts);
        }
    }

    /// A series of the canary, and for counters of responses one next to it.
    fn add(&mut self, metric: String, labels: &[(&'static str, String)], pod: usize, counts: Counts) {
        let fill = |text: &str| text.replace("{ns}", &self.namespace()).replace("{pod}", &format!("p{pod}"));
        let mut all: Vec<(&'static str, String)> =
            self.router.canary.iter().map(|(name, value)| (*name, fill(value))).collect();
        all.extend(labels.iter().cloned());
        all.push(("instance", format!("10.0.0.{pod}:9090")));
        let (name, value) = self.router.beside;
        let beside =
            all.iter().map(|(label, old)| (*label, if *label == name { fill(value) } else { old.clone() }));
        let beside: Vec<_> = beside.filter(|(_, value)| !value.is_empty()).collect();
        if !matches!(counts, Counts::Bucket { .. }) {
            self.counters.push(Counter::new(metric.clone(), beside, pod, Counts::Beside));
        }
        self.counters.push(Counter::new(metric, all, pod, counts));
    }

    /// Everything that is scraped from a pod, from the beginning to the end.
    fn scrape(&mut self, pod: usize, rng: &mut ChaCha8Rng) {
        let Pod { scrapes, from_ms, to_ms, ref restarts_ms, per_second } = self.pods[pod];
        let counters =
            &mut self.counters.iter_mut().filter(|counter| counter.pod == pod).collect::<Vec<_>>()[..];
        let habits = Habits::draw(rng, self.is_whole);
        counters.iter_mut().for_each(|counter| counter.is_shown = habits.is_initialised);
        let mut before = from_ms;
        for at_ms in scrapes.times(BEGIN_MS, BEGIN_MS + LENGTH_MS) {
            if at_ms < from_ms || at_ms >= to_ms {
                counters.iter_mut().for_each(|counter| counter.series.store(at_ms, Scraped::Absent));
                continue;
            }
            if restarts_ms.iter().any(|restart| (before + 1..=at_ms).contains(restart)) {
                counters.iter_mut().for_each(|counter| counter.restart(habits.is_initialised));
            }
            habits.count(counters, per_second * (at_ms - before) as f64 / 1000.0, rng);
            before = at_ms;
            let is_out = self.outages.iter().any(|out| (out.from_ms..out.to_ms).contains(&at_ms));
            let is_missed = is_out || rng.random_bool(habits.missed);
            for counter in counters.iter_mut() {
                let is_torn = habits.torn > 0.0 && rng.random_bool(habits.torn);
                let found = match (is_missed || is_torn, counter.is_shown) {
                    (true, _) => Scraped::Missed,
                    (false, true) => Scraped::Value(counter.value),
                    (false, false) => Scraped::Absent,
                };
                counter.series.store(at_ms, found);
            }
        }
    }
}

impl Pod {
    fn draw(rng: &mut ChaCha8Rng, interval: Duration) -> Self {
        let end_ms = BEGIN_MS + LENGTH_MS;
        let comes = rng.random_range(BEGIN_MS - LENGTH_MS..BEGIN_MS + LENGTH_MS * 3 / 4);
        let goes = rng.random_range(BEGIN_MS + LENGTH_MS / 2..BEGIN_MS + LENGTH_MS * 3 / 2);
        let restarts = rng.random_range(0_usize..=2);
        Self {
            scrapes: Scrapes::new(interval, rng.random_range(0..60_000)),
            // A scrape at the very beginning is not in the world.
            from_ms: comes.max(BEGIN_MS + 1),
            to_ms: goes.min(end_ms + 1),
            restarts_ms: (0..restarts).map(|_| rng.random_range(BEGIN_MS..end_ms)).collect(),
            per_second: *[0.0, 0.002, 0.02, 0.1, 1.0, 20.0, 3000.0].choose(rng).unwrap(),
        }
    }
}

impl Counter {
    fn new(metric: String, labels: Vec<(&'static str, String)>, pod: usize, counts: Counts) -> Self {
        Self { metric, labels, pod, counts, series: Series::default(), value: 0.0, is_shown: false }
    }

    fn count(&mut self, more: f64) {
        self.value += more;
        self.is_shown |= more > 0.0;
    }

    fn restart(&mut self, is_shown: bool) {
        self.value = 0.0;
        self.is_shown = is_shown;
    }
}

/// How a pod and its scrapes behave.
struct Habits {
    /// Its series exist from the start.
    is_initialised: bool,
    /// The share of responses that are bad.
    errors: f64,
    /// The chance that a scrape is missed, and that it lacks a series.
    missed: f64,
    torn: f64,
    /// The bound below which nearly all latencies are.
    latency: f64,
}

impl Habits {
    fn draw(rng: &mut ChaCha8Rng, is_whole: bool) -> Self {
        let missed = if is_whole { 0.0 } else { *[0.0, 0.0, 0.1, 0.4].choose(rng).unwrap() };
        let torn = if is_whole { 0.0 } else { *[0.0, 0.0, 0.05].choose(rng).unwrap() };
        Self {
            is_initialised: is_whole || rng.random_bool(0.3),
            errors: *[0.0, 0.001, 0.05, 0.5, 1.0].choose(rng).unwrap(),
            missed,
            torn,
            latency: *[0.001, 0.04, 0.8, 30.0, 1e9].choose(rng).unwrap(),
        }
    }

    /// Counts about this many responses.
    fn count(&self, counters: &mut [&mut Counter], mean: f64, rng: &mut ChaCha8Rng) {
        let all = whole(mean * 2.0 * rng.random::<f64>(), rng);
        let bad = whole(all * self.errors, rng);
        let mut below = 0.0;
        for counter in counters {
            match counter.counts {
                Counts::Responses { good } | Counts::ResponsesBucket { good } => {
                    counter.count(whole(if good { all - bad } else { bad } / 2.0, rng));
                }
                Counts::Bucket { le, good } => {
                    let share = if good { all - bad } else { bad };
                    // The buckets of a histogram are in order, and each includes all before it.
                    let left = share - below;
                    below += if le.is_infinite() { left } else { whole(left * self.within(le), rng) };
                    counter.count(below);
                    below = if le.is_infinite() { 0.0 } else { below };
                }
                Counts::LatencySum => counter.count(all * self.latency * rng.random::<f64>()),
                Counts::LatencyCount => counter.count(all),
                Counts::Beside => counter.count(whole(mean, rng)),
            }
        }
    }

    /// The share of the rest that falls into a bucket.
    fn within(&self, le: f64) -> f64 {
        (le / (le + self.latency)).powi(2)
    }
}

/// A whole number whose mean is the given one.
fn whole(mean: f64, rng: &mut ChaCha8Rng) -> f64 {
    mean.floor() + f64::from(u8::from(rng.random::<f64>() < mean.fract()))
}

/// Up to two spans in which Prometheus was down.
fn outages(rng: &mut ChaCha8Rng) -> Vec<Outage> {
    let mut outages = Vec::new();
    let mut from_ms = BEGIN_MS;
    for _ in 0..rng.random_range(0_usize..=2) {
        from_ms += rng.random_range(1..LENGTH_MS / 2);
        let to_ms = from_ms + rng.random_range(1..LENGTH_MS / 8);
        outages.push(Outage { from_ms, to_ms });
        from_ms = to_ms;
    }
    outages
}
