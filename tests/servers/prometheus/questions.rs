//! Queries about a world, each with the answer of `serin_simulator::prometheus`.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use serin_core::provider::{DurationQuery, Latency, Statistic};
use serin_simulator::prometheus::{
    Bucket, Edges, Window, average_ms, histogram_quantile, increase, p99_ms, rate, success_rate, sum,
};

use crate::worlds::{BEGIN_MS, Counter, Counts, LENGTH_MS, World};

/// A query at a time, and our answer.
pub(crate) struct Question {
    pub(crate) kind: &'static str,
    pub(crate) query: String,
    pub(crate) at_ms: i64,
    pub(crate) ours: Option<f64>,
    /// The factor for their answer.
    pub(crate) unit: f64,
}

/// A world at a time, and how far back its queries look.
struct Look<'a> {
    world: &'a World,
    window: Window,
    range: String,
}

/// How many times each world is queried.
const LOOKS: usize = 4;

/// Questions of every kind about a world.
pub(crate) fn questions(world: &World) -> Vec<Question> {
    let mut rng = ChaCha8Rng::seed_from_u64(!world.seed);
    let mut questions = Vec::new();
    for _ in 0..LOOKS {
        let look = Look::draw(world, &mut rng);
        questions.push(look.success_rate());
        questions.push(look.request_duration());
        questions.extend(look.functions(&mut rng));
        questions.extend(look.quantiles(&mut rng));
        questions.extend(look.averages(&mut rng));
    }
    questions
}

impl<'a> Look<'a> {
    fn draw(world: &'a World, rng: &mut ChaCha8Rng) -> Self {
        let range_ms = *[30_000, 60_000, 60_000, 120_000, 300_000, 600_000].choose(rng).unwrap();
        let range_ms = if rng.random_bool(0.2) { rng.random_range(1..900_000) } else { range_ms };
        let range = Duration::from_millis(range_ms);
        let at_ms = rng.random_range(BEGIN_MS + 5_000..BEGIN_MS + LENGTH_MS + 200_000);
        let scraped = world.pods.choose(rng).unwrap().scrapes.until(at_ms);
        let at_ms = match rng.random_range(0..4) {
            // A scrape at the very end or the very start of the range.
            0 => scraped,
            1 => scraped + range_ms as i64,
            _ => at_ms,
        };
        Self { world, window: Window::new(at_ms.max(BEGIN_MS), range), range: format!("{range_ms}ms") }
    }

    fn question(&self, kind: &'static str, query: String, ours: Option<f64>) -> Question {
        Question { kind, query, at_ms: self.window.end_ms(), ours, unit: 1.0 }
    }

    fn rate(&self, counter: &Counter) -> Option<f64> {
        rate(&counter.series.edges(self.window)?, self.window)
    }

    /// The sum of the rates of these counters.
    fn sum(&self, counted: impl Fn(&Counter) -> bool) -> Option<f64> {
        sum(self.world.counters.iter().filter(|counter| counted(counter)).map(|counter| self.rate(counter)))
    }

    /// The sums of the rates of these counters by bucket, if there are buckets.
    fn buckets(&self, counted: impl Fn(&Counter) -> bool) -> Vec<Bucket> {
        let layout = self.world.router.metrics().latency.layout;
        let count = |le: f64| {
            self.sum(|counter| {
                matches!(counter.counts, Counts::Bucket { le: its, .. } if its == le) && counted(counter)
            })
        };
        Bucket::all_of(&layout)
            .filter_map(|Bucket { le, .. }| Some(Bucket { le, count: count(le)? }))
            .collect()
    }

    fn success_rate(&self) -> Question {
        let router = self.world.router;
        let is_good = |counts| match counts {
            Counts::Responses { good } | Counts::ResponsesBucket { good } => Some(good),
            Counts::Bucket { le, good } => (router.counts_by_histogram() && le.is_infinite()).then_some(good),
            Counts::LatencySum | Counts::LatencyCount | Counts::Beside => None,
        };
        let good = self.sum(|counter| is_good(counter.counts) == Some(true));
        let all = self.sum(|counter| is_good(counter.counts).is_some());
        let query = router.metrics().success_rate(&router.names(&self.world.namespace()), &self.range);
        self.question("success rate", query, success_rate(good, all))
    }

    fn request_duration(&self) -> Question {
        let router = self.world.router;
        let Latency { layout, duration, .. } = router.metrics().latency;
        let ours = match duration {
            Statistic::P99 | Statistic::P99AsCounted => p99_ms(layout.unit, &mut self.buckets(|_| true)),
            Statistic::Average => average_ms(
                layout.unit,
                self.sum(|counter| counter.counts == Counts::LatencySum),
                self.sum(|counter| counter.counts == Counts::LatencyCount),
            ),
        };
        let DurationQuery { query, millis } =
            router.metrics().duration(&router.names(&self.world.namespace()), &self.range);
        Question { unit: millis, ..self.question("request duration", query, ours) }
    }

    /// Functions of one series.
    fn functions(&self, rng: &mut ChaCha8Rng) -> Vec<Question> {
        let mine: Vec<&Counter> =
            self.world.counters.iter().filter(|counter| counter.counts != Counts::Beside).collect();
        let counter = *mine.choose(rng).unwrap();
        let labels: Vec<String> =
            counter.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let selector = format!("{}{{{}}}", counter.metric, labels.join(","));
        let edges: Option<Edges> = counter.series.edges(self.window);
        let of = |function: fn(&Edges, Window) -> Option<f64>| function(&edges?, self.window);
        let range = &self.range;
        let mut questions = vec![
            self.question("rate", format!("rate({selector}[{range}])"), of(rate)),
            self.question("increase", format!("increase({selector}[{range}])"), of(increase)),
        ];
        // The text format cannot express that a series is gone; see `stale`.
        if counter.series.stale_ms().is_empty() {
            questions.push(self.question("instant", selector, counter.series.at(self.window.end_ms())));
        }
        questions
    }

    /// Quantiles over the buckets of all pods, of one, and without the last.
    fn quantiles(&self, rng: &mut ChaCha8Rng) -> Vec<Question> {
        let router = self.world.router;
        let latency = router.metrics().latency;
        if latency.duration.is_average() {
            return Vec::new();
        }
        let q = *[0.0, 0.01, 0.5, 0.9, 0.99, 1.0, -0.5, 1.5, f64::NAN].choose(rng).unwrap();
        let instance = ("instance", format!("10.0.0.{}:9090", rng.random_range(0..self.world.pods.len())));
        let all = router.selector(&self.world.namespace());
        let query = |more: &str| {
            let rates = format!("rate({}_bucket{{{all}{more}}}[{}])", latency.histogram, self.range);
            format!("histogram_quantile({q}, sum({rates}) by (le))")
        };
        let ours = |counted: &dyn Fn(&Counter) -> bool| histogram_quantile(q, &mut self.buckets(counted));
        let is_finite =
            |counter: &Counter| matches!(counter.counts, Counts::Bucket { le, .. } if le.is_finite());
        let of_pod = |counter: &Counter| counter.labels.contains(&instance);
        vec![
            self.question("quantile", query(""), ours(&|_| true)),
            self.question("quantile", query(", le!=\"+Inf\""), ours(&is_finite)),
            self.question("quantile", query(", le=\"+Inf\""), ours(&|counter| !is_finite(counter))),
            self.question("quantile", query(&format!(", instance=\"{}\"", instance.1)), ours(&of_pod)),
        ]
    }

    /// Averages over the series of all pods, of one, of good responses and of bad ones.
    fn averages(&self, rng: &mut ChaCha8Rng) -> Vec<Question> {
        let router = self.world.router;
        let Latency { histogram, layout, duration, .. } = router.metrics().latency;
        if !duration.is_average() {
            return Vec::new();
        }
        let instance = ("instance", format!("10.0.0.{}:9090", rng.random_range(0..self.world.pods.len())));
        let all = router.selector(&self.world.namespace());
        let query = |more: &str| {
            let rate = |what: &str| format!("sum(rate({histogram}_{what}{{{all}{more}}}[{}]))", self.range);
            format!("{} / {} * 1000", rate("sum"), rate("count"))
        };
        let ours = |counted: &dyn Fn(&Counter) -> bool| {
            let sum = |counts: Counts| self.sum(|counter| counter.counts == counts && counted(counter));
            average_ms(layout.unit, sum(Counts::LatencySum), sum(Counts::LatencyCount))
        };
        let of_pod = |counter: &Counter| counter.labels.contains(&instance);
        let is_good = |counter: &Counter| {
            let is_good = |value: &str| router.code.good.contains(&value);
            counter.labels.iter().any(|(name, value)| *name == router.code.label && is_good(value))
        };
        let (label, bad) = (router.code.label, router.code.bad.join("|"));
        vec![
            self.question("average", query(""), ours(&|_| true)),
            self.question("average", query(&format!(", instance=\"{}\"", instance.1)), ours(&of_pod)),
            self.question("average", query(&format!(", {}", router.metrics().good)), ours(&is_good)),
            self.question(
                "average",
                query(&format!(", {label}=~\"{bad}\"")),
                ours(&|counter| !is_good(counter)),
            ),
        ]
    }
}
