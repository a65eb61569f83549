//! `serin sweep`: the operating characteristics of a policy.

use std::{
    fs,
    io::{self, ErrorKind, Read as _, Write},
    path::{Path, PathBuf},
};

use clap::{ValueEnum, ValueHint};
use serin_output::Terminal;
use serin_policy::{
    exact,
    sweep::{self, Axis, Goal, Shard, ShardResult, Sweep},
};
use serin_report::{exact as exact_report, html, sweep as report};
use serin_simulator::scenario::Document;

use super::{
    Exit, complaint,
    exit::{EXIT_STATUS, long_help},
    formats::junit_of_run,
    goals::{self, unmet},
    long_work::LongWork,
    report_file::ReportTo,
    screen::Screen,
};

/// Run a scenario in many worlds and count the outcomes
///
/// Each point sets values for fields of the scenario. At each point the rollout runs in the same worlds, one for each
/// seed. The table shows false rollbacks (good releases that are rolled back), missed regressions (bad releases that are
/// promoted), how long both take, and how many requests users made. A release is good if it stays within the bounds of
/// all its metrics in the long run.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// The scenario file
    #[arg(required = true, value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    scenario: Option<PathBuf>,
    /// A field and its values: a list, or a range of whole numbers. Several fields give all combinations
    #[arg(long = "vary", value_name = "FIELD=VALUES", value_parser = Axis::parse, value_hint = ValueHint::Other)]
    axes: Vec<Axis>,
    /// Runs at each point
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..),
          value_hint = ValueHint::Other)]
    runs: u64,
    /// Make only the runs of shard I (from 0) of N, and print them for `serin sweep merge`
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, conflicts_with_all = ["report", "goals"], value_hint = ValueHint::Other)]
    shard: Option<Shard>,
    /// Refuse a sweep of more points than this
    #[arg(long, value_name = "N", default_value_t = 1_000, value_hint = ValueHint::Other)]
    max_points: u64,
    /// Compute the results instead of simulating them; possible if only the requests are random
    #[arg(long, conflicts_with_all = ["runs", "shard", "goals"])]
    exact: bool,
    #[command(flatten)]
    print: Print,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Merge(MergeArgs),
}

/// Merge the shards of a sweep
///
/// Prints the same result as one machine that makes all the runs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXIT_STATUS)]
struct MergeArgs {
    /// Output files of `serin sweep --shard`, one for each shard, in any order
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    print: Print,
}

#[derive(Debug, clap::Args)]
struct Print {
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// A limit that each point has to meet: false-rollback<=1%, missed<=5%, to-promote<=30m, to-roll-back<=5m
    #[arg(long = "goal", value_name = "GOAL", value_parser = Goal::parse)]
    goals: Vec<Goal>,
    #[command(flatten)]
    report: ReportTo,
    #[command(flatten)]
    screen: Screen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
    /// A JUnit report: a test case for each point and goal
    Junit,
}

const EXAMPLES: &str = "\
Examples:
  serin sweep release.yaml --vary analysis.threshold=1..5

  serin sweep release.yaml --runs 10000 \\
    --vary analysis.interval=30s,1m \\
    --vary world.versions.v2.errors=0%,1%,5%

  serin sweep release.yaml --vary analysis.threshold=1..5 --exact

  serin sweep release.yaml --runs 1000000 --shard 0/8 > 0.json
  serin sweep merge *.json

  serin sweep release.yaml --vary analysis.threshold=1..5 \\
    --report sweep.html";

const DETAILS: &str = "\
Examples of fields:
  analysis.threshold
  spec.provider
  world.versions.v2.errors
  analysis.metrics[request-success-rate].thresholdRange.min";

impl Args {
    pub(crate) fn screen(&self) -> Screen {
        self.print().screen
    }

    fn print(&self) -> &Print {
        match &self.verb {
            Some(Verb::Merge(args)) => &args.print,
            None => &self.print,
        }
    }
}

impl Print {
    fn has_nothing_to_report_on(&self) -> bool {
        self.format == Format::Junit && self.goals.is_empty()
    }
}

/// Runs, prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let printed = match &args.verb {
        _ if args.print().has_nothing_to_report_on() => {
            Err("--format junit reports only goals; add --goal".into())
        }
        Some(Verb::Merge(args)) => {
            let try_out = args.print.report.try_out();
            let part = try_out.and_then(|()| merged(&args.files));
            part.and_then(|part| print(&part, &args.print, &terminal, out, err))
        }
        None if args.exact => computed(args, &terminal, out, err)
            .map(|stopped| if stopped { Exit::Interrupted } else { Exit::AsExpected }),
        None => args.print.report.try_out().and_then(|()| swept(args, terminal, err)).and_then(
            |(part, stopped)| {
                let printed = match args.shard {
                    Some(_) => part_lines(&part, out).map(|()| Exit::AsExpected),
                    None => print(&part, &args.print, &terminal, out, err),
                };
                printed.map(|exit| if stopped { Exit::Interrupted } else { exit })
            },
        ),
    };
    match printed {
        Ok(exit) => exit,
        Err(what) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = err.write_all(complaint(&what).as_bytes());
            Exit::Unusable
        }
    }
}

fn swept(args: &Args, terminal: Terminal, err: &mut dyn Write) -> Result<(ShardResult, bool), String> {
    let path = args.scenario.as_deref().unwrap_or(Path::new(""));
    let points = sweep::count(&args.axes);
    if points > u128::from(args.max_points) {
        let runs = points.saturating_mul(args.runs.into());
        return Err(format!(
            "{points} points of {} runs each are {runs} rollouts, which take about {}; add --max-points {points} to run them",
            args.runs,
            estimate(runs)
        ));
    }
    let document = Document::load(path).map_err(|error| error.to_string())?;
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let sweep = Sweep::new(&document, &args.axes, args.runs, shard).map_err(|error| error.to_string())?;
    sweep.each_matters(&document, &args.axes).map_err(|error| error.to_string())?;
    let title = sweep.scenarios.first().map_or("", |scenario| scenario.title.as_str());
    if sweep.scenarios.iter().any(|scenario| scenario.setting.simulated.is_none()) {
        return Err(format!("{}: {SCRIPTED}", path.display()));
    }
    let work = LongWork::begin(shard.of(args.runs) * sweep.points.len() as u64, "rollouts", terminal);
    let points = sweep.run(work.stop(), &|runs| work.done(runs));
    let part = ShardResult::new(title, &sweep, points);
    let stopped = work.end();
    let is_said = args.print.format == Format::Text && args.shard.is_none();
    if !part.is_complete() && !is_said {
        let all = shard.of(args.runs).saturating_mul(part.points.len() as u64);
        let _ = writeln!(err, "stopped after {} of {all} rollouts", part.made());
    }
    Ok((part, stopped))
}

/// Computes every point and prints them; returns whether Ctrl-C stopped it.
fn computed(
    args: &Args,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<bool, String> {
    let path = args.scenario.as_deref().unwrap_or(Path::new(""));
    let points = sweep::count(&args.axes);
    if points > u128::from(args.max_points) {
        return Err(format!("there are {points} points; add --max-points {points} to compute them"));
    }
    let document = Document::load(path).map_err(|error| error.to_string())?;
    let sweep = Sweep::new(&document, &args.axes, 1, Shard::WHOLE).map_err(|error| error.to_string())?;
    sweep.each_matters(&document, &args.axes).map_err(|error| error.to_string())?;
    let title = sweep.scenarios.first().map_or("", |scenario| scenario.title.as_str());
    let work = LongWork::begin(sweep.points.len() as u64, "points", *terminal);
    let mut points = Vec::new();
    for (point, scenario) in sweep.points.iter().zip(&sweep.scenarios) {
        let set: Vec<_> = point.iter().map(|set| (set.path.clone(), set.value.clone())).collect();
        let computed = exact::of_until(scenario, &|| work.is_over()).map_err(|why| {
            let at: Vec<String> = set.iter().map(|(field, value)| format!("{field}={value}")).collect();
            let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
            format!("{}{at}: cannot be computed: {why}; remove --exact to simulate it", path.display())
        })?;
        let Some(exact) = computed else { break };
        points.push((set, exact));
        work.done(1);
    }
    let stopped = work.end();
    if stopped {
        let _ = writeln!(err, "stopped after {} of {} points", points.len(), sweep.points.len());
    }
    let text = match args.print.format {
        Format::Text => exact_report::text(title, &points, terminal),
        Format::Json => exact_report::json(title, &points),
        Format::Csv => exact_report::csv(&points),
        Format::Junit => {
            return Err("--format junit reports only goals, and --exact does not judge goals".into());
        }
    };
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    Ok(stopped)
}

/// Why a scripted world cannot be swept.
pub(super) const SCRIPTED: &str = "the world is scripted, so all runs are the same; add traffic and versions, such as \
                                   `world: {traffic: {rps: 100}, versions: {v2: {errors: 0%..5%}}}`";

/// A rough estimate of how long this many rollouts take.
pub(super) fn estimate(runs: u128) -> String {
    /// The minimum that one core of a laptop runs.
    const A_SECOND: u128 = 15_000;
    let cores = rayon::current_num_threads().max(1) as u128;
    match runs / (A_SECOND * cores) {
        0..60 => "less than a minute".into(),
        seconds @ 60..7200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}

/// Reads a shard, which is always small: a few hundred bytes for each point.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    const MOST_BYTES: u64 = 256 << 20;
    let unreadable = |error: io::Error| format!("{}: cannot be read: {error}", file.display());
    let mut bytes = Vec::new();
    let open = fs::File::open(file).map_err(unreadable)?;
    open.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("{}: is larger than 256 MiB", file.display()));
    }
    Ok(bytes)
}

fn merged(files: &[PathBuf]) -> Result<ShardResult, String> {
    let mut parts = Vec::new();
    for file in files {
        let part = serde_json::from_slice(&read(file)?);
        parts.push(part.map_err(|error| format!("{}: is not a shard of a sweep: {error}", file.display()))?);
    }
    sweep::merge(parts).map_err(|error| error.to_string())
}

fn part_lines(part: &ShardResult, out: &mut dyn Write) -> Result<(), String> {
    let text = serde_json::to_string(part).map_err(|error| error.to_string())?;
    written(writeln!(out, "{text}"))
}

/// Prints the counts, and reports goals that are not met.
fn print(
    part: &ShardResult,
    args: &Print,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, String> {
    let cases = goals::cases(part, &args.goals)?;
    let complaints: Vec<String> = unmet(&cases).map(complaint).collect();
    let text = match args.format {
        Format::Text => report::text(part, terminal),
        Format::Json => report::json(part),
        Format::Csv => report::csv(part),
        Format::Junit => junit_of_run("serin sweep", cases),
    };
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    args.report.write(|| html::sweep(part))?;
    // Standard error may be gone; the exit status remains.
    let _ = err.write_all(complaints.concat().as_bytes());
    Ok(if complaints.is_empty() { Exit::AsExpected } else { Exit::Failed })
}

/// A failed write as a message; a closed pipe is not a failure.
pub(super) fn written(result: io::Result<()>) -> Result<(), String> {
    match result {
        // The reader has stopped reading.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| format!("cannot write: {error}")),
    }
}
