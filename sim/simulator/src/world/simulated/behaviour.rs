//! The behaviour of a version, with its drawn numbers: the share of requests that fail and the latency, now and in
//! other regimes. Times are seconds.

use super::{
    buckets,
    bursts::Bursts,
    chance::Chance,
    shares::{CellShares, Shares},
};
use crate::scenario::{Delay, Measure, Version};

/// A version with its drawn numbers.
#[derive(Clone, Debug)]
pub(super) struct Behaviour {
    normal: Regime,
    /// Until this long after its pods have started.
    warm_up: Option<(f64, Regime)>,
    defect: Option<Defect>,
    /// How the share of requests that fail varies over time.
    pub(super) bursts: Option<Bursts>,
    /// When a share of its requests fails because of something else, in seconds since the beginning of the story.
    incidents: Vec<Outage>,
    pub(super) ready: f64,
    crashes: f64,
    pub(super) flaps: Option<(f64, f64)>,
}

/// A time in which a share of all requests fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) errors: f64,
}

#[derive(Clone, Debug)]
struct Defect {
    /// From this long after its pods have started.
    after: f64,
    /// While it gets at least this many requests per second.
    above: f64,
    regime: Regime,
}

/// How requests end and how long they take.
#[derive(Clone, Debug)]
pub(super) struct Regime {
    /// The share that fails.
    pub(super) errors: f64,
    /// The share in each cell.
    cells: CellShares,
    /// The same on overloaded pods, if it differs.
    overloaded: Option<CellShares>,
    p50: f64,
    p99: f64,
}

impl Behaviour {
    /// With its drawn numbers; on overloaded pods requests take `overload` times as long.
    pub(super) fn draw(version: &Version, shares: &Shares, overload: f64, chance: &mut Chance) -> Self {
        let (p50, p99) = (chance.draw(version.p50), chance.draw(version.p99));
        let regime = |errors: f64, slower: f64| {
            let (p50, p99) = (p50 * slower, p99.max(p50) * slower);
            let overloaded = (overload > 1.0).then(|| shares.of(p50 * overload, p99 * overload));
            Regime { errors, cells: shares.of(p50, p99), overloaded, p50, p99 }
        };
        Self {
            normal: regime(chance.draw(version.errors), 1.0),
            warm_up: version.warm_up.map(|warm_up| {
                let (errors, slower) = (chance.draw(warm_up.errors), chance.draw(warm_up.slower));
                (chance.draw(warm_up.lasts), regime(errors, slower))
            }),
            defect: version.defect.map(|defect| {
                let (errors, slower) = (chance.draw(defect.errors), chance.draw(defect.slower));
                let (after, above) = (chance.draw(defect.after), chance.draw(defect.above));
                Defect { after, above, regime: regime(errors, slower) }
            }),
            ready: chance.draw(version.ready),
            crashes: chance.draw(version.crashes),
            flaps: version.flaps.map(|flaps| (chance.draw(flaps.every), chance.draw(flaps.lasts))),
            bursts: None,
            incidents: Vec::new(),
        }
    }

    /// Its errors come in bursts, and it has these incidents.
    pub(super) fn varying(self, bursts: Option<Bursts>, incidents: &[Outage]) -> Self {
        Self { bursts, incidents: incidents.to_vec(), ..self }
    }

    /// The share of requests that fail because of incidents at a time.
    pub(super) fn outage(&self, at: f64) -> f64 {
        let now = self.incidents.iter().filter(|outage| (outage.from..outage.to).contains(&at));
        1.0 - now.map(|outage| 1.0 - outage.errors).product::<f64>()
    }

    /// When the next incident begins or ends after a time, or a later step of its bursts begins.
    pub(super) fn varies_at(&self, at: f64) -> f64 {
        let edges = self.incidents.iter().flat_map(|outage| [outage.from, outage.to]);
        let step = self.bursts.as_ref().map_or(f64::INFINITY, |bursts| bursts.end_of_step(at));
        edges.filter(|edge| *edge > at).fold(step, f64::min)
    }

    /// The factor by which the share of requests that fail differs from its average at a time.
    pub(super) fn burst(&self, at: f64) -> f64 {
        self.bursts.as_ref().map_or(1.0, |bursts| bursts.factor(at))
    }

    /// Its behaviour at this age of its pods, with this many requests per second.
    pub(super) fn regime(&self, age: f64, rate: f64) -> &Regime {
        match (&self.warm_up, &self.defect) {
            (Some((lasts, regime)), _) if age < *lasts => regime,
            (_, Some(defect)) if age >= defect.after && rate >= defect.above => &defect.regime,
            _ => &self.normal,
        }
    }

    /// The ages at which another regime may begin.
    pub(super) fn turns(&self) -> [Option<f64>; 2] {
        [self.warm_up.as_ref().map(|(lasts, _)| *lasts), self.defect.as_ref().map(|defect| defect.after)]
    }

    /// Whether the regime depends on the load.
    pub(super) fn depends_on_load(&self) -> bool {
        self.defect.as_ref().is_some_and(|defect| defect.above > 0.0)
    }

    /// The long-run value of a measure: normally, and when its defect shows.
    pub(super) fn truths(&self, measure: Measure) -> impl Iterator<Item = f64> {
        let defect = self.defect.as_ref().map(|defect| &defect.regime);
        [Some(&self.normal), defect].into_iter().flatten().map(move |regime| regime.truth(measure))
    }

    /// Whether its pods ever get ready.
    pub(super) fn gets_ready(&self) -> bool {
        self.crashes <= 0.0
    }

    /// The start time of pods that are started now.
    pub(super) fn takes(&self, chance: &mut Chance) -> Delay {
        if chance.happens(self.crashes) {
            return Delay::Never;
        }
        Delay::seconds(self.ready)
    }
}

impl Regime {
    /// The share that fails and the share in each cell, during a burst and an outage, and if a part of the requests is
    /// more than the pods can serve.
    pub(super) fn under(&self, burst: f64, outage: f64, excess: f64) -> (f64, &CellShares) {
        let errors = (self.errors * burst).min(1.0);
        let errors = if outage > 0.0 { errors + (1.0 - errors) * outage } else { errors };
        if excess <= 0.0 {
            return (errors, &self.cells);
        }
        let cells = self.overloaded.as_ref().unwrap_or(&self.cells);
        (errors + (1.0 - errors) * excess, cells)
    }

    pub(super) fn truth(&self, measure: Measure) -> f64 {
        match (measure, measure.quantile()) {
            (_, Some(quantile)) => 1000.0 * buckets::quantile(self.p50, self.p99, quantile),
            (Measure::LatencyAverage, None) => 1000.0 * buckets::average(self.p50, self.p99),
            (measure, None) if measure.is_of_errors() => 100.0 * self.errors,
            (_, None) => 100.0 * (1.0 - self.errors),
        }
    }
}
