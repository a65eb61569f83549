//! Series that disappear and return: `promtool test rules` queries the real engine, because the text format cannot
//! express that a series is gone.

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Duration};

use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use serin_simulator::prometheus::{Scraped, Scrapes, Series, Window, increase};

use crate::process;

/// Queries this many series. Returns the differences, as promtool reports them.
pub(crate) fn ask(promtool: &Path, folder: &Path, series: u64) -> Result<(), String> {
    // promtool loads samples up to the last evaluation before the last question: every second has one.
    let mut tests = String::from("evaluation_interval: 1s\ntests:\n");
    (0..series).for_each(|seed| write_test(&mut tests, seed));
    let file = folder.join("stale.yml");
    fs::write(&file, tests).map_err(|error| error.to_string())?;
    process::run(Command::new(promtool).args(["test", "rules"]).arg(&file), Duration::from_secs(120))
        .map(drop)
}

fn write_test(tests: &mut String, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let interval_s = *[7_u64, 15, 30, 60].choose(&mut rng).unwrap();
    let (values, series) = draw(&mut rng, interval_s);
    writeln!(tests, "- interval: {interval_s}s\n  name: seed {seed}").unwrap();
    writeln!(tests, "  input_series:\n  - {{series: requests, values: {values}}}").unwrap();
    writeln!(tests, "  promql_expr_test:").unwrap();
    for _ in 0..8 {
        let at_s = rng.random_range(0..SCRAPES as u64 * interval_s + 400);
        // At the exact time of a scrape, too.
        let at_s = if rng.random_bool(0.5) { at_s / interval_s * interval_s } else { at_s };
        let range_s = rng.random_range(1..600);
        let window = Window::new(at_s as i64 * 1000, Duration::from_secs(range_s));
        let counted = series.edges(window).and_then(|edges| increase(&edges, window));
        expect(tests, "requests", at_s, series.at(window.end_ms()).map(|value| ("requests", value)));
        expect(tests, &format!("increase(requests[{range_s}s])"), at_s, counted.map(|value| ("{}", value)));
    }
}

fn expect(tests: &mut String, query: &str, at_s: u64, ours: Option<(&str, f64)>) {
    writeln!(tests, "  - expr: {query}\n    eval_time: {at_s}s").unwrap();
    if let Some((labels, value)) = ours {
        writeln!(tests, "    exp_samples: [{{labels: '{labels}', value: {value:?}}}]").unwrap();
    }
}

const SCRAPES: usize = 40;

/// A counter in promtool's notation, and as it is stored.
fn draw(rng: &mut ChaCha8Rng, interval_s: u64) -> (String, Series) {
    let (mut values, mut series, mut count) = (Vec::new(), Series::default(), 0_u32);
    for at_ms in Scrapes::new(Duration::from_secs(interval_s), 0).times(-1, i64::MAX).take(SCRAPES) {
        let was_there = series.samples().last().map(|last| last.at_ms) > series.stale_ms().last().copied();
        count = if rng.random_bool(0.1) { 0 } else { count + rng.random_range(0..9) };
        let (value, scraped) = match rng.random_range(0..10) {
            0..2 => ("_".to_owned(), Scraped::Missed),
            2..5 if was_there => ("stale".to_owned(), Scraped::Absent),
            2..5 => ("_".to_owned(), Scraped::Absent),
            _ => (count.to_string(), Scraped::Value(f64::from(count))),
        };
        series.store(at_ms, scraped);
        values.push(value);
    }
    (values.join(" "), series)
}
