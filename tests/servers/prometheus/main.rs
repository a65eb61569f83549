//! `serin_simulator::prometheus` gives the same answers as a real Prometheus for the same samples.

#![expect(clippy::unwrap_used, reason = "a test that cannot begin has failed")]

#[path = "../../support/process.rs"]
mod process;
mod questions;
mod routers;
mod server;
mod stale;
mod text;
#[path = "../support/tools.rs"]
mod tools;
mod worlds;

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use rayon::prelude::*;
use serin_simulator::prometheus::Window;

use crate::{
    questions::{Question, questions},
    server::Server,
    tools::Tool,
    worlds::{BEGIN_MS, LENGTH_MS, World},
};

const PROMETHEUS: Tool = program("prometheus", "github.com/prometheus/prometheus/cmd/prometheus");
const PROMTOOL: Tool = program("promtool", "github.com/prometheus/prometheus/cmd/promtool");

const fn program(name: &'static str, package: &'static str) -> Tool {
    // Without service discovery, which is half of its code. Before Prometheus 3 the start of a range is included.
    let build = &["-tags=remove_all_sd"];
    Tool { name, module: "prometheus", package, build, too_old: ", version 2." }
}

/// How many worlds are drawn; a world's number is its seed.
const WORLDS: u64 = 280;

/// The largest relative difference of two answers that count as equal.
///
/// On amd64 there is none. Elsewhere Go fuses multiplications with additions, which changes the last bits.
const SAME: f64 = 1e-9;

#[test]
fn sim_answers_are_those_of_a_real_prometheus() {
    let Some([prometheus, promtool]) = tools::programs([&PROMETHEUS, &PROMTOOL]) else { return };
    let worlds: Vec<World> = (0..WORLDS).into_par_iter().map(World::draw).collect();
    let folder = tempfile::tempdir().unwrap();
    load(&promtool, folder.path(), &worlds);
    let server = Server::start(&prometheus, folder.path());

    let asked: Vec<Asked> = worlds.par_iter().flat_map(|world| ask(&server, world)).collect();

    let wrong: Vec<String> = asked.iter().filter_map(Asked::complaint).collect();
    let few = &wrong[..wrong.len().min(10)];
    assert!(wrong.is_empty(), "{} of {} answers differ:\n{}", wrong.len(), asked.len(), few.join("\n"));
    every_kind_of_answer_occurred(&asked);
}

#[test]
fn sim_series_that_are_gone_are_gone_for_a_real_prometheus() {
    let Some([promtool]) = tools::programs([&PROMTOOL]) else { return };
    let folder = tempfile::tempdir().unwrap();

    let disagreed = stale::ask(&promtool, folder.path(), WORLDS);

    assert_eq!(disagreed, Ok(()));
}

#[test]
fn scrapes_give_the_span_of_samples_without_reading_them() {
    let mut compared = 0;
    for world in (0..WORLDS).map(World::draw).filter(|world| world.is_whole) {
        for counter in &world.counters {
            let pod = &world.pods[counter.pod];
            for (at_ms, range_s) in
                [(300_000, 60), (700_000, 300), (LENGTH_MS, 45), (LENGTH_MS + 60_000, 600)]
            {
                // At any time, chosen so that a scrape is at the end of the window, and often one at its start.
                for at_ms in [BEGIN_MS + at_ms, pod.scrapes.until(BEGIN_MS + at_ms)] {
                    let window = Window::new(at_ms, Duration::from_secs(range_s));
                    let told = pod.scrapes.span(window, pod.from_ms, pod.to_ms, &world.outages);
                    let stored = counter.series.edges(window).map(|edges| edges.span());
                    assert_eq!(told, stored, "seed {}, {}", world.seed, counter.metric);
                    compared += usize::from(stored.is_some());
                }
            }
        }
    }
    assert!(compared > 1000, "{compared} spans");
}

/// Writes the scraped samples into the database of a Prometheus that starts in this folder.
fn load(promtool: &Path, folder: &Path, worlds: &[World]) {
    let text = folder.join("samples.txt");
    fs::write(&text, text::open_metrics(worlds)).unwrap();
    let mut command = Command::new(promtool);
    command
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .arg(&text)
        .arg(folder.join("data"));
    process::run(&mut command, Duration::from_secs(300)).unwrap();
}

/// A question with both answers.
struct Asked {
    seed: u64,
    question: Question,
    theirs: Option<f64>,
}

fn ask(server: &Server, world: &World) -> Vec<Asked> {
    let ask = |question: Question| {
        let theirs = server.ask(&question.query, &rfc3339(question.at_ms)).map(|value| value * question.unit);
        Asked { seed: world.seed, question, theirs }
    };
    questions(world).into_iter().map(ask).collect()
}

impl Asked {
    fn complaint(&self) -> Option<String> {
        let Self { seed, question: Question { query, at_ms, ours, .. }, theirs } = self;
        let same = match (ours, theirs) {
            (Some(ours), Some(theirs)) => is_same(*ours, *theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        let at = rfc3339(*at_ms);
        (!same).then(|| format!("seed {seed} at {at}: ours {ours:?}, theirs {theirs:?}\n    {query}"))
    }
}

fn is_same(one: f64, other: f64) -> bool {
    let is_near = || (one - other).abs() <= SAME * one.abs().max(other.abs());
    one == other || (one.is_nan() && other.is_nan()) || (one.is_finite() && other.is_finite() && is_near())
}

/// Every question was answered with a value and with none; those that can be `NaN` were.
fn every_kind_of_answer_occurred(asked: &[Asked]) {
    let mut seen: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for Asked { question, theirs, .. } in asked {
        let answer = theirs.map_or(0, |value| if value.is_nan() { 1 } else { 2 });
        seen.entry(question.kind).or_default()[answer] += 1;
    }
    for (kind, [none, nan, value]) in seen {
        let counted = format!("{kind}: {none} without values, {nan} NaN, {value} values");
        assert!(none >= 50 && value >= 50, "{counted}");
        assert!(nan >= 50 || ["rate", "increase", "instant"].contains(&kind), "{counted}");
    }
}

/// A time on the first day, in the milliseconds that Prometheus reads.
fn rfc3339(at_ms: i64) -> String {
    let (seconds, millis) = ((at_ms - BEGIN_MS) / 1000, (at_ms - BEGIN_MS) % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("2026-01-01T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}
