//! A simulated world: requests, versions, scrapes and faults, all drawn from a seed.
//!
//! [`Simulation`] is informed of the cluster ([`Copies`]) whenever it changes, and answers what a metric measures. It
//! knows nothing about rollouts.

mod autoscaler;
mod behaviour;
mod buckets;
mod bursts;
mod chance;
mod changes;
mod counters;
mod course;
mod expected;
mod fine;
mod flow;
mod load;
mod points;
mod scaling;
mod scrapes;
mod shares;
#[cfg(test)]
mod tests;
mod users;
mod weather;
mod window;

use std::{mem::take, rc::Rc, time::Duration};

use serin_core::{Rollout, provider::CountedBy, revision::Text, spec::Metric};

use self::{
    autoscaler::Autoscaler,
    behaviour::{Behaviour, Outage},
    bursts::Bursts,
    chance::{Chance, Stream},
    counters::Counters,
    course::{Piece, Stretch},
    fine::Fine,
    flow::Flow,
    load::{Load, Surroundings, Test},
    scrapes::Scrapes,
    users::Ended,
    window::{Memory, Query},
};
pub use self::{
    buckets::Buckets,
    expected::{Expected, Offered},
    scrapes::regular as scrapes,
    window::{rate_of, share_of},
};
pub(crate) use self::{
    changes::{ClusterChange, Copies, Copy},
    shares::Shares,
    weather::{Strike, Weather},
};
use crate::{
    prometheus::Window,
    record::Users,
    scenario::{Form, Measure, MetricAnswer, Scenario, Simulated, What},
};

/// The simulated part of a world.
#[derive(Clone)]
pub(crate) struct Simulation<'a> {
    scenario: &'a Scenario,
    simulated: &'a Simulated,
    flow: Flow,
    matched: f64,
    /// The delay of the router, in seconds.
    router: f64,
    ranges: Chance,
    names: Vec<Text>,
    versions: Vec<Behaviour>,
    canary: Load,
    primary: Load,
    /// The hooks whose load test runs, and until when.
    sending: Vec<(Text, f64)>,
    counters: Counters,
    /// The buckets of the counted requests, if people see them.
    fine: Option<Fine>,
    memory: Memory,
    /// The requests of users on the canary; the memory is used again.
    pieces: Vec<Piece>,
    requests: Chance,
    pods: Chance,
    scrapes: Scrapes,
    autoscaler: Option<Autoscaler>,
    /// The factor by which requests take longer on overloaded pods.
    slower: f64,
    shares: Rc<Shares>,
    /// What the built-in latency measures.
    duration: Measure,
    pub(crate) weather: Weather,
    users: Users,
    /// When pods of the canary were first started, in seconds since the beginning of the story.
    first_started: Option<f64>,
    /// The requests of users on the canary before that: no counter contains them.
    unstarted: Ended,
    /// The data for the course, if it is kept.
    kept: Option<Vec<Stretch>>,
    seed: u64,
    /// How much the bursts of the versions are alike.
    correlation: f64,
    incidents: Vec<Outage>,
}

/// What a metric measures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    measure: Measure,
    window: Duration,
    form: Form,
}

impl Measured {
    /// `None` if no simulated world knows it; `duration` is what the built-in latency measures.
    pub(crate) fn of(simulated: &Simulated, metric: &Metric, duration: Measure) -> Option<Self> {
        let measure = measure(simulated, metric, duration)?;
        Some(Self { measure, window: metric.window, form: simulated.form(metric) })
    }
}

/// The memory of a world that has not begun.
#[derive(Default)]
struct Empty {
    names: Vec<Text>,
    versions: Vec<Behaviour>,
    canary: Load,
    primary: Load,
    sending: Vec<(Text, f64)>,
    counters: Counters,
    memory: Memory,
    pieces: Vec<Piece>,
}

impl Empty {
    /// The memory of a world that has ended.
    fn of(ended: &mut Simulation<'_>) -> Self {
        let mut empty = Self {
            names: take(&mut ended.names),
            versions: take(&mut ended.versions),
            canary: take(&mut ended.canary),
            primary: take(&mut ended.primary),
            sending: take(&mut ended.sending),
            counters: take(&mut ended.counters),
            memory: take(&mut ended.memory),
            pieces: take(&mut ended.pieces),
        };
        empty.names.clear();
        empty.versions.clear();
        empty.canary.clear();
        empty.primary.clear();
        empty.sending.clear();
        empty.counters.clear();
        empty
    }
}

impl<'a> Simulation<'a> {
    /// The world of a seed; its latencies are counted in the cells of `shares`.
    pub(crate) fn begin(
        scenario: &'a Scenario,
        simulated: &'a Simulated,
        seed: u64,
        shares: Rc<Shares>,
    ) -> Self {
        let counters = Counters::new(2 * shares.buckets.count(), series(simulated, &scenario.canary));
        Self::within(Empty { counters, ..Empty::default() }, scenario, simulated, seed, shares)
    }

    /// Ends this world; that of another seed begins, in the same memory.
    pub(crate) fn restart(&mut self, seed: u64) {
        let empty = Empty::of(self);
        *self = Self::within(empty, self.scenario, self.simulated, seed, Rc::clone(&self.shares));
    }

    fn within(
        empty: Empty,
        scenario: &'a Scenario,
        simulated: &'a Simulated,
        seed: u64,
        shares: Rc<Shares>,
    ) -> Self {
        let mut ranges = Chance::of(seed, Stream::Ranges);
        let flow = Flow::draw(&simulated.traffic, &mut ranges);
        let matched = ranges.draw(simulated.traffic.matched);
        let router = ranges.draw(simulated.router);
        let weather = Weather::draw(simulated, seed, &mut ranges);
        let scrapes = Scrapes::draw(seed, simulated.scrape, weather.of(What::ScrapeMissed));
        let autoscaler = simulated.autoscaler.as_ref().map(|settings| Autoscaler::draw(settings, seed));
        let (autoscaler, slower) = autoscaler.map_or((None, 1.0), |(scaler, slower)| (Some(scaler), slower));
        let Empty { names, versions, mut canary, primary, sending, counters, memory, pieces } = empty;
        if let Some(test) = simulated.load_test {
            canary.test(Test { from: 0.0, to: f64::INFINITY, rps: ranges.draw(test.rps) });
        }
        let incidents = simulated.incidents.iter().map(|incident| {
            let (from, lasts) = (ranges.draw(incident.from), ranges.draw(incident.lasts));
            Outage { from, to: from + lasts, errors: ranges.draw(incident.errors) }
        });
        let incidents = incidents.collect();
        let varies = simulated.correlation.max > 0.0;
        let correlation = if varies { ranges.draw(simulated.correlation) } else { 0.0 };
        Self {
            scenario,
            simulated,
            flow,
            matched,
            router,
            ranges,
            names,
            versions,
            canary,
            sending,
            primary,
            fine: Fine::of(&shares, counters.pods(), seed),
            counters,
            memory,
            pieces,
            requests: Chance::of(seed, Stream::Requests),
            pods: Chance::of(seed, Stream::Pods),
            scrapes,
            autoscaler,
            slower,
            shares,
            duration: Measure::duration(&scenario.canary),
            weather,
            users: Users::default(),
            first_started: None,
            unstarted: Ended::default(),
            kept: None,
            seed,
            correlation,
            incidents,
        }
    }

    /// The current value of a metric; `None` if this world does not know it.
    pub(crate) fn answer(&mut self, at: Duration, metric: &Metric) -> Option<MetricAnswer> {
        let measured = Measured::of(self.simulated, metric, self.duration)?;
        if self.weather.strikes(What::MetricsDown, at) {
            return Some(MetricAnswer::Error("the metric server does not answer".into()));
        }
        if self.weather.strikes(What::MetricsEmpty, at) {
            return Some(MetricAnswer::None);
        }
        Some(self.value(at, &measured).map_or(MetricAnswer::None, MetricAnswer::Value))
    }

    /// The current value of what a metric measures, without faults of the metric server.
    pub(crate) fn value(&mut self, at: Duration, measured: &Measured) -> Option<f64> {
        let window = Window::new(at.as_millis() as i64, measured.window);
        let mut query = Query {
            load: &self.canary,
            around: Surroundings { flow: &self.flow, versions: &self.versions },
            scrapes: &self.scrapes,
            buckets: self.shares.finest(),
            fine: self.fine.as_mut(),
            chance: &mut self.requests,
            memory: &mut self.memory,
        };
        let answer = query.answer(measured.measure, window, &mut self.counters);
        let Form { scale, otherwise } = measured.form;
        answer.map(|value| value * scale).or(otherwise)
    }

    /// The requests of users from `since` to `at`.
    pub(crate) fn finish(&mut self, since: Duration, at: Duration) -> Users {
        let at = at.as_secs_f64();
        self.count_users(at);
        self.count_others(since.as_secs_f64(), at);
        self.users
    }

    /// Whether a revision stays within the bounds of every metric in the long run; the warm-up does not count.
    pub(crate) fn is_good(&mut self, revision: &Text, metrics: &[Metric]) -> bool {
        let version = self.version(revision);
        let behaviour = &self.versions[version];
        behaviour.gets_ready()
            && metrics.iter().all(|metric| {
                let Some(measure) = measure(self.simulated, metric, self.duration) else { return true };
                let scale = self.simulated.form(metric).scale;
                behaviour.truths(measure).all(|value| metric.bounds.hold(metric.compared(value * scale)))
            })
    }

    /// The index of a revision among the versions; its numbers are drawn at the first use.
    fn version(&mut self, revision: &Text) -> usize {
        if let Some(known) = self.names.iter().position(|name| name == revision) {
            return known;
        }
        let written = self.simulated.version(revision);
        let version = Behaviour::draw(written, &self.shares, self.slower, &mut self.ranges);
        let bursts = written.bursts.map(|bursts| {
            let (which, until) = ((self.seed, self.names.len()), self.scenario.until.as_secs_f64());
            Bursts::draw(bursts, &mut self.ranges, which, until, self.correlation)
        });
        let version = version.varying(bursts, &self.incidents);
        self.names.push(revision.clone());
        self.versions.push(version);
        self.names.len() - 1
    }
}

/// The number of sets of series that count the requests to the canary: one for each of its pods, or for each proxy,
/// depending on the router.
pub fn series(simulated: &Simulated, canary: &Rollout) -> usize {
    let count = match canary.topology().request_metrics().counted_by {
        CountedBy::Pods => simulated.pods,
        CountedBy::Proxies => simulated.proxies,
    };
    count as usize
}

/// What a metric measures in this world; `duration` is what the built-in latency measures.
pub fn measure(simulated: &Simulated, metric: &Metric, duration: Measure) -> Option<Measure> {
    simulated
        .measures
        .get(&*metric.key)
        .or(simulated.measures.get(&*metric.name))
        .copied()
        .or(Measure::of(metric, duration))
}
