//! A simulated world: requests, versions, scrapes and faults, all drawn from a seed.
//!
//! [`Simulation`] is informed of the cluster ([`Copies`]) whenever it changes, and answers what a metric measures. It
//! knows nothing about rollouts.

mod autoscaler;
mod behaviour;
mod buckets;
mod bursts;
mod chance;
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

use std::{rc::Rc, time::Duration};

use serin_core::{Rollout, provider::CountedBy, revision::Text, spec::Metric};

use self::{
    autoscaler::{Autoscaler, CANARY, PRIMARY},
    behaviour::{Behaviour, Outage},
    bursts::Bursts,
    chance::{Chance, Stream},
    counters::Counters,
    course::{Piece, Stretch},
    fine::Fine,
    flow::Flow,
    load::{Load, Segment, Surroundings, Test},
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
    shares::Shares,
    weather::{Strike, Weather},
};
use crate::{
    prometheus::Window,
    record::Users,
    scenario::{self, Delay, Form, Measure, MetricAnswer, Scenario, Simulated, What},
};

/// The simulated part of a world.
#[derive(Clone)]
pub(crate) struct Simulation<'a> {
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
    /// When the story ends at the latest.
    until: Duration,
    /// How much the bursts of the versions are alike.
    correlation: f64,
    incidents: Vec<Outage>,
}

/// A change of the cluster on which requests depend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClusterChange {
    /// The copies of the target from now on.
    Copies(Copies),
    /// Pods of the canary are started, with this revision.
    CanaryStarts(Text),
    /// Pods of the primary are started, with this revision.
    PrimaryStarts(Text),
    /// A hook, by its key, is called that sends this load to the canary.
    LoadTest(Text, scenario::Load),
}

/// The state of the copies of the target, as far as requests depend on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copies {
    pub(crate) canary: Copy,
    pub(crate) primary: Copy,
    /// The share of all requests, or of the matched ones, that goes to the canary.
    pub(crate) weight: f64,
    /// Only matched requests are divided.
    pub(crate) matched: bool,
    /// The share of the primary's requests that is mirrored to the canary.
    pub(crate) mirror: f64,
}

/// One copy of the target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copy {
    pub(crate) revision: Text,
    pub(crate) serves: bool,
}

impl<'a> Simulation<'a> {
    /// The world of a seed; its latencies are counted in the cells of `shares`.
    pub(crate) fn begin(
        scenario: &'a Scenario,
        simulated: &'a Simulated,
        seed: u64,
        shares: Rc<Shares>,
    ) -> Self {
        let (canary, until) = (&scenario.canary, scenario.until);
        let mut ranges = Chance::of(seed, Stream::Ranges);
        let flow = Flow::draw(&simulated.traffic, &mut ranges);
        let matched = ranges.draw(simulated.traffic.matched);
        let router = ranges.draw(simulated.router);
        let weather = Weather::draw(simulated, seed, &mut ranges);
        let duration = Measure::duration(canary);
        let scrapes = Scrapes::draw(seed, simulated.scrape, weather.of(What::ScrapeMissed));
        let autoscaler = simulated.autoscaler.as_ref().map(|settings| Autoscaler::draw(settings, seed));
        let (autoscaler, slower) = autoscaler.map_or((None, 1.0), |(scaler, slower)| (Some(scaler), slower));
        let mut load = Load::default();
        if let Some(test) = simulated.load_test {
            load.test(Test { from: 0.0, to: f64::INFINITY, rps: ranges.draw(test.rps) });
        }
        let incidents = simulated.incidents.iter().map(|incident| {
            let (from, lasts) = (ranges.draw(incident.from), ranges.draw(incident.lasts));
            Outage { from, to: from + lasts, errors: ranges.draw(incident.errors) }
        });
        let incidents = incidents.collect();
        let varies = simulated.correlation.max > 0.0;
        let correlation = if varies { ranges.draw(simulated.correlation) } else { 0.0 };
        Self {
            simulated,
            flow,
            matched,
            router,
            ranges,
            names: Vec::new(),
            versions: Vec::new(),
            canary: load,
            sending: Vec::new(),
            primary: Load::default(),
            counters: Counters::new(2 * shares.buckets.count(), series(simulated, canary)),
            fine: Fine::of(&shares, series(simulated, canary), seed),
            memory: Memory::default(),
            pieces: Vec::new(),
            requests: Chance::of(seed, Stream::Requests),
            pods: Chance::of(seed, Stream::Pods),
            scrapes,
            autoscaler,
            slower,
            shares,
            duration,
            weather,
            users: Users::default(),
            first_started: None,
            unstarted: Ended::default(),
            kept: None,
            seed,
            until,
            correlation,
            incidents,
        }
    }

    /// The cluster changes. Returns how long pods take that are started.
    pub(crate) fn hear(&mut self, at: Duration, change: &ClusterChange) -> Option<Delay> {
        match change {
            ClusterChange::Copies(copies) => self.note(at, copies),
            ClusterChange::CanaryStarts(revision) => return Some(self.start_canary(at, revision)),
            ClusterChange::PrimaryStarts(revision) => return Some(self.start_primary(revision)),
            ClusterChange::LoadTest(hook, load) => self.call(at, hook, *load),
        }
        None
    }

    /// The state of the cluster from now on.
    fn note(&mut self, at: Duration, copies: &Copies) {
        let at = at.as_secs_f64();
        let reach = if copies.matched { self.matched } else { 1.0 };
        let users = copies.weight * reach;
        let mirrored = copies.mirror * (1.0 - users);
        if self.canary.last().is_none() {
            self.settle_scalers(users);
        }
        let (canary, primary) =
            (self.version(&copies.canary.revision), self.version(&copies.primary.revision));
        // Changes of routes take effect with the router's delay, changes of pods at once.
        let is_told = self.canary.last().is_some_and(|last| last.users != users || last.mirrored != mirrored);
        let from = if is_told { at + self.router } else { at };
        let started = |load: &Load, version: usize| match load.last() {
            Some(last) if last.version == version => last.started,
            Some(_) | None => at,
        };
        let serves = (copies.canary.serves, copies.primary.serves);
        let started = (started(&self.canary, canary), started(&self.primary, primary));
        self.canary.note(Segment {
            from,
            users,
            mirrored,
            version: canary,
            started: started.0,
            serves: serves.0,
            capacity: self.capacity(CANARY),
        });
        self.primary.note(Segment {
            from,
            users: 1.0 - users,
            mirrored: 0.0,
            version: primary,
            started: started.1,
            serves: serves.1,
            capacity: self.capacity(PRIMARY),
        });
    }

    /// Pods of the canary are started: their counters begin at zero. Returns how long they take to get ready.
    fn start_canary(&mut self, at: Duration, revision: &Text) -> Delay {
        self.count_users(at.as_secs_f64());
        self.counters.restart(at.as_secs_f64());
        if let Some(fine) = &mut self.fine {
            fine.restart(at.as_secs_f64());
        }
        self.first_started.get_or_insert(at.as_secs_f64());
        let version = self.version(revision);
        self.restart_scaler();
        if let Some(last) = self.canary.last().copied() {
            let (from, capacity) = (at.as_secs_f64(), self.capacity(CANARY));
            self.canary.note(Segment { from, version, started: from, serves: false, capacity, ..last });
        }
        self.versions[version].takes(&mut self.pods)
    }

    /// Pods of the primary are started. Returns how long they take to get ready.
    fn start_primary(&mut self, revision: &Text) -> Delay {
        let version = self.version(revision);
        self.versions[version].takes(&mut self.pods)
    }

    /// A hook is called that starts a load test of the canary. A load test that runs is not started again.
    fn call(&mut self, at: Duration, hook: &Text, load: scenario::Load) {
        let from = at.as_secs_f64();
        self.sending.retain(|(_, until)| *until > from);
        let is_sending = self.sending.iter().any(|(key, _)| key == hook);
        if self.simulated.load_test.is_some() || is_sending {
            return;
        }
        let to = from + load.lasts.as_secs_f64();
        self.sending.push((hook.clone(), to));
        self.canary.test(Test { from, to, rps: load.rps });
    }

    /// How often pods of a revision stop being ready, and for how long.
    pub(crate) fn flaps(&mut self, revision: &Text) -> Option<(Duration, Duration)> {
        let version = self.version(revision);
        let (every, lasts) = self.versions[version].flaps?;
        Some((Duration::from_secs_f64(every), Duration::from_secs_f64(lasts)))
    }

    /// The current value of a metric; `None` if this world does not know it.
    pub(crate) fn answer(&mut self, at: Duration, metric: &Metric) -> Option<MetricAnswer> {
        let measure = measure(self.simulated, metric, self.duration)?;
        if self.weather.strikes(What::MetricsDown, at) {
            return Some(MetricAnswer::Error("the metric server does not answer".into()));
        }
        if self.weather.strikes(What::MetricsEmpty, at) {
            return Some(MetricAnswer::None);
        }
        let window = Window::new(at.as_millis() as i64, metric.window);
        let mut query = Query {
            load: &self.canary,
            around: Surroundings { flow: &self.flow, versions: &self.versions },
            scrapes: &self.scrapes,
            buckets: self.shares.finest(),
            fine: self.fine.as_mut(),
            chance: &mut self.requests,
            memory: &mut self.memory,
        };
        let answer = query.answer(measure, window, &mut self.counters);
        let Form { scale, otherwise } = self.simulated.form(metric);
        let answer = answer.map(|value| value * scale).or(otherwise);
        Some(answer.map_or(MetricAnswer::None, MetricAnswer::Value))
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
            let (which, until) = ((self.seed, self.names.len()), self.until.as_secs_f64());
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
