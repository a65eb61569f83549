//! `serin sweep`: the operating characteristics of a policy.

use std::{
    fs,
    io::{self, ErrorKind, Read as _, Write},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use serin_sim::{
    exact,
    report::{Look, exact as exact_report, html, sweep as report},
    scenario::Document,
    sweep::{self, Axis, Part, Shard, Sweep},
};

use super::{Exit, complaint, long_work::LongWork, report_file::ReportTo, screen::Screen};

/// Run a scenario in many worlds and count how it ends
///
/// Each point gives values to fields of the scenario; at each the rollout is run in the same worlds, one for each seed.
/// Counted are: a good release that is rolled back, a bad one that is promoted, how long either takes, and what users
/// meet. A release is good if it keeps within the bounds of all its metrics in the long run.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The scenario file
    #[arg(required = true, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// A field and its values: a list, or a span of whole numbers; more than one gives all combinations
    #[arg(long = "vary", value_name = "FIELD=VALUES", value_parser = Axis::parse)]
    axes: Vec<Axis>,
    /// Runs at each point
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Make only the runs of one machine of several: index, from 0, and count; prints what `sweep merge` reads
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, conflicts_with = "report")]
    shard: Option<Shard>,
    /// The most points that are run without being asked again
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max_points: u64,
    /// Compute instead of counting, where nothing but the requests is left to chance
    #[arg(long, conflicts_with_all = ["runs", "shard"])]
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

/// Put the shards of a sweep together
///
/// Prints what one machine would have printed that had made all the runs.
#[derive(Debug, clap::Args)]
struct MergeArgs {
    /// What `serin sweep --shard` printed, one file a shard, in any order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    print: Print,
}

#[derive(Debug, clap::Args)]
struct Print {
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
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
}

const EXAMPLES: &str = "\
Examples:
  serin sweep release.yaml --vary analysis.threshold=1..5
  serin sweep release.yaml --vary analysis.interval=30s,1m --vary world.versions.v2.errors=0%,1%,5% --runs 10000
  serin sweep release.yaml --vary analysis.threshold=1..5 --exact
  serin sweep release.yaml --runs 1000000 --shard 0/8 > 0.json
  serin sweep merge *.json
  serin sweep release.yaml --vary analysis.threshold=1..5 --report sweep.html

Fields:
  analysis.threshold, spec.provider, world.versions.v2.errors, analysis.metrics[request-success-rate].thresholdRange.min

Exit status:
  0    all runs were made
  2    a file or an argument cannot be used
  130  stopped by Ctrl-C; what was counted so far is printed";

impl Args {
    pub(crate) fn screen(&self) -> Screen {
        match &self.verb {
            Some(Verb::Merge(args)) => args.print.screen,
            None => self.print.screen,
        }
    }
}

/// Runs, prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, look: Look, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let printed = match &args.verb {
        Some(Verb::Merge(args)) => {
            let try_out = args.print.report.try_out();
            let part = try_out.and_then(|()| merged(&args.files));
            part.and_then(|part| print(&part, &args.print, &look, out).map(|()| false))
        }
        None if args.exact => computed(args, &look, out).map(|()| false),
        None => args.print.report.try_out().and_then(|()| swept(args, err)).and_then(|(part, stopped)| {
            let sharded = args.shard.is_some();
            let printed =
                if sharded { part_lines(&part, out) } else { print(&part, &args.print, &look, out) };
            printed.map(|()| stopped)
        }),
    };
    match printed {
        Ok(false) => Exit::AsExpected,
        Ok(true) => Exit::Interrupted,
        Err(what) => {
            // Standard error may be gone as well; the exit status tells.
            let _ = err.write_all(complaint(&what).as_bytes());
            Exit::Unusable
        }
    }
}

fn swept(args: &Args, err: &mut dyn Write) -> Result<(Part, bool), String> {
    let path = args.scenario.as_deref().unwrap_or(Path::new(""));
    let points = sweep::count(&args.axes);
    if points > u128::from(args.max_points) {
        let runs = points.saturating_mul(args.runs.into());
        return Err(format!(
            "{points} points of {} runs each are {runs} rollouts, about {}; ask for them with --max-points {points}",
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
    let work = LongWork::begin(shard.of(args.runs) * sweep.points.len() as u64, "rollouts");
    let points = sweep.run(work.stop(), &|runs| work.done(runs));
    let part = Part::new(title, &sweep, points);
    let stopped = work.end();
    if stopped {
        let done: u64 = part.points.iter().map(|point| point.tally.runs).sum();
        let _ = err.write_all(complaint(&format!("stopped after {done} rollouts")).as_bytes());
    }
    Ok((part, stopped))
}

/// Computes every point and prints them.
fn computed(args: &Args, look: &Look, out: &mut dyn Write) -> Result<(), String> {
    let path = args.scenario.as_deref().unwrap_or(Path::new(""));
    let points = sweep::count(&args.axes);
    if points > u128::from(args.max_points) {
        return Err(format!("{points} points; ask for them with --max-points {points}"));
    }
    let document = Document::load(path).map_err(|error| error.to_string())?;
    let sweep = Sweep::new(&document, &args.axes, 1, Shard::WHOLE).map_err(|error| error.to_string())?;
    sweep.each_matters(&document, &args.axes).map_err(|error| error.to_string())?;
    let title = sweep.scenarios.first().map_or("", |scenario| scenario.title.as_str());
    let points = sweep.points.iter().zip(&sweep.scenarios).map(|(point, scenario)| {
        let set: Vec<_> = point.iter().map(|set| (set.path.clone(), set.value.clone())).collect();
        let computed = exact::of(scenario).map_err(|why| {
            let at: Vec<String> = set.iter().map(|(field, value)| format!("{field}={value}")).collect();
            let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
            format!("{}{at}: cannot be computed: {why}; without --exact it is estimated", path.display())
        });
        computed.map(|exact| (set, exact))
    });
    let points: Vec<_> = points.collect::<Result<_, String>>()?;
    let text = match args.print.format {
        Format::Text => exact_report::text(title, &points, look),
        Format::Json => exact_report::json(title, &points),
        Format::Csv => exact_report::csv(&points),
    };
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Why nothing is learnt from running a scripted world many times.
pub(super) const SCRIPTED: &str = "the world is scripted, so all runs are the same; give it traffic and versions, such as \
                                   `world: {traffic: {rps: 100}, versions: {v2: {errors: 0%..5%}}}`";

/// How long so many rollouts take, told roughly.
pub(super) fn estimate(runs: u128) -> String {
    /// What one core of a laptop makes at least.
    const A_SECOND: u128 = 15_000;
    let cores = rayon::current_num_threads().max(1) as u128;
    match runs / (A_SECOND * cores) {
        0..60 => "less than a minute".into(),
        seconds @ 60..7200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}

/// A shard, which is small whatever was counted: a few hundred bytes for each point.
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

fn merged(files: &[PathBuf]) -> Result<Part, String> {
    let mut parts = Vec::new();
    for file in files {
        let part = serde_json::from_slice(&read(file)?);
        parts.push(part.map_err(|error| format!("{}: is no shard of a sweep: {error}", file.display()))?);
    }
    sweep::merge(parts).map_err(|error| error.to_string())
}

fn part_lines(part: &Part, out: &mut dyn Write) -> Result<(), String> {
    let text = serde_json::to_string(part).map_err(|error| error.to_string())?;
    written(writeln!(out, "{text}"))
}

fn print(part: &Part, args: &Print, look: &Look, out: &mut dyn Write) -> Result<(), String> {
    let text = match args.format {
        Format::Text => report::text(part, look),
        Format::Json => report::json(part),
        Format::Csv => report::csv(part),
    };
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    args.report.write(|| html::sweep(part))
}

/// A failed write as a message; a reader who left early is none.
pub(super) fn written(result: io::Result<()>) -> Result<(), String> {
    match result {
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| format!("cannot write: {error}")),
    }
}
