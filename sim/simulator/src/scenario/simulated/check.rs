//! Converts the simulated part of a `world` to [`Simulated`], or reports its faults.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serin_input::{self as input, Fault, Source};

use super::{DEFAULT_SCRAPE, Measure, Simulated, Traffic, Trouble, Version, WrittenTraffic, read_trace};
use crate::scenario::world::WrittenWorld;

/// The simulated part of a world, which is removed from it; `None` if the world has none.
pub(in crate::scenario) fn simulated(
    world: &mut WrittenWorld,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Simulated> {
    let says_nothing = world.traffic.is_none()
        && world.versions.is_empty()
        && world.measures.is_empty()
        && world.scrape.is_none()
        && world.router.is_none()
        && world.proxies.is_none()
        && world.load_test.is_none()
        && world.incidents.is_empty()
        && world.correlation.is_none()
        && world.autoscaler.is_none()
        && world.faults.is_empty();
    if says_nothing {
        if world.swarm {
            faults.push(source.fault("world.swarm", "needs `faults` to draw from"));
        }
        return None;
    }
    let traffic = world.traffic.take().map(|traffic| self::traffic(traffic, source, faults));
    let scrape = world.scrape.map_or(DEFAULT_SCRAPE, |scrape| scrape.0);
    if scrape.is_zero() {
        faults.push(source.fault("world.scrape", "must be more than zero"));
    }
    let autoscaler = autoscaler(world, source, faults);
    // The canary begins each run with the minimum.
    let replicas = world.replicas().or(autoscaler.map(|autoscaler| autoscaler.min));
    Some(Simulated {
        traffic: traffic.unwrap_or_default(),
        versions: versions(world, source, faults),
        other: Version::default(),
        scrape,
        router: world.router.take().map_or(super::Range::exactly(0.0), |router| router.delay),
        // A target that begins without pods has one.
        pods: series(replicas.map(|pods| pods.max(1)), "world.target.replicas", source, faults),
        proxies: series(world.proxies, "world.proxies", source, faults),
        load_test: world.load_test.take(),
        incidents: std::mem::take(&mut world.incidents),
        correlation: world.correlation.unwrap_or(super::Range::exactly(0.0)),
        autoscaler,
        troubles: troubles(world, source, faults),
        swarm: world.swarm,
        measures: std::mem::take(&mut world.measures),
        derived: BTreeSet::new(),
        forms: BTreeMap::new(),
    })
}

/// The most pods or proxies of a world: the series of more are too many to be drawn one by one.
pub const MOST_SERIES: u32 = 1_000;

/// A number of pods or proxies; 1 if it is not written.
fn series(written: Option<u32>, field: &str, source: &Source<'_>, faults: &mut Vec<Fault>) -> u32 {
    let count = written.unwrap_or(1);
    if count == 0 {
        faults.push(source.fault(field, "must be at least 1"));
    }
    if count > MOST_SERIES {
        let what = format!("is more than {MOST_SERIES}, the most that a simulated world can have");
        faults.push(source.fault(field, what));
    }
    count.clamp(1, MOST_SERIES)
}

/// Every metric of a simulated world must be scripted or known: a metric that always looks healthy would prove nothing.
pub(in crate::scenario) fn unknown_metrics<'a>(
    metrics: &'a [serin_core::spec::Metric],
    measures: &BTreeMap<String, Measure>,
    is_scripted: impl Fn(&str) -> bool + 'a,
) -> Vec<&'a serin_core::spec::Metric> {
    let is_known = |metric: &&serin_core::spec::Metric| {
        let names = [&*metric.key, &*metric.name];
        names.iter().any(|name| measures.contains_key(*name) || is_scripted(name))
            || Measure::of(metric, Measure::LatencyP99).is_some()
    };
    metrics.iter().filter(|metric| !is_known(metric)).collect()
}

fn traffic(written: WrittenTraffic, source: &Source<'_>, faults: &mut Vec<Fault>) -> Traffic {
    let trace = written.trace.as_deref().map(|name| trace(name, source));
    let trace = match trace.transpose() {
        Ok(trace) => trace,
        Err(fault) => {
            faults.push(fault);
            return Traffic::default();
        }
    };
    written.check(trace).unwrap_or_else(|(field, what)| {
        faults.push(source.fault(format!("world.traffic{field}"), what));
        Traffic::default()
    })
}

fn trace(name: &str, source: &Source<'_>) -> Result<Vec<(f64, f64)>, Fault> {
    let path = source.path.parent().unwrap_or(Path::new("")).join(name);
    let text =
        input::read_named(&path).map_err(|error| source.fault("world.traffic.trace", error.to_string()))?;
    read_trace(&text).map_err(|(line, what)| Fault {
        file: path,
        at: Some((line, 1)),
        field: String::new(),
        what,
    })
}

fn versions(
    world: &mut WrittenWorld,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, Version> {
    let written = std::mem::take(&mut world.versions).into_iter();
    let versions: BTreeMap<String, Version> =
        written.map(|(name, version)| (name, Version::from(version))).collect();
    for (name, version) in &versions {
        if let Some((field, what)) = version.check() {
            faults.push(source.fault(format!("world.versions.{name}.{field}"), what));
        }
    }
    versions
}

fn autoscaler(
    world: &mut WrittenWorld,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<super::Autoscaler> {
    let read = world.autoscaler.take()?.check();
    read.map_err(|(field, what)| faults.push(source.fault(format!("world.autoscaler.{field}"), what))).ok()
}

fn troubles(world: &mut WrittenWorld, source: &Source<'_>, faults: &mut Vec<Fault>) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for (i, written) in std::mem::take(&mut world.faults).into_iter().enumerate() {
        match written.check() {
            Ok(found) => troubles.extend(found),
            Err((field, what)) => faults.push(source.fault(format!("world.faults[{i}]{field}"), what)),
        }
    }
    troubles
}
