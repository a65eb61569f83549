//! `serin lint`: says what is wrong with manifests, what will hurt, and what a release would look like.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serin_sim::{
    exact::Release,
    lint::{self, Input, Level, Report, Settings, json, text},
    report::Look,
    scenario::{PerSecond, Share, Unit},
};

use super::{Exit, Format, complaint, screen::Screen};

/// Look at manifests: what is wrong, what will hurt, how a release would go
///
/// Reads Canaries, MetricTemplates and AlertProviders together, without a cluster. What is refused is told with line,
/// column and field; so is what makes sense and will hurt all the same. For every Canary that makes sense follow the plan
/// of a release (moves, times, gates, how fast it rolls back) and how its fields stand to Flagger 1.44. With --rps and
/// --errors it is computed how often a release that fails so many requests is promoted, and what would make the wrong
/// verdict rarer. Objects of other kinds are passed over.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{DETAILS}"))]
pub(crate) struct Args {
    /// Manifest files, folders of them, or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print the findings only, no plans
    #[arg(short, long)]
    quiet: bool,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// How to print: for people, or as JSON Lines
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The controller's router, for a Canary that names no provider
    #[arg(long, value_name = "NAME", default_value = "istio")]
    provider: String,
    /// The controller's namespace: the second place a metric's template is looked for
    #[arg(long, value_name = "NAME", default_value = "flagger-system")]
    namespace: String,
    /// Requests a second of all users together: says what becomes of a release
    #[arg(long, value_name = "N", value_parser = number::<PerSecond>, requires = "errors")]
    rps: Option<f64>,
    /// The share of requests that fail in the new version, such as 0.8%
    #[arg(long, value_name = "SHARE", value_parser = number::<Share>, requires = "rps")]
    errors: Option<f64>,
    #[command(flatten)]
    pub(super) screen: Screen,
}

/// A number as scenarios write it.
fn number<U: Unit>(text: &str) -> Result<f64, String> {
    let expected = U::EXPECTED.split(", or").next().unwrap_or_default();
    U::read(text.trim()).ok_or_else(|| format!("expected {expected}"))
}

const EXAMPLES: &str = "\
Examples:
  serin lint canary.yaml                        findings, the plan, differences from Flagger
  serin lint --quiet --strict deploy/           in CI: findings only, warnings fail
  serin lint --rps 50 --errors 0.8% shop.yaml   how often such a release is promoted
  helm template . | serin lint -                what a chart renders
  serin lint --format json deploy/ | jq -r '.findings[].code'";

const DETAILS: &str = "\
Levels:
  error    the manifest is refused
  warning  it will hurt, or does not do what it seems to
  hint     worth knowing; nothing is wrong with it

JSON Lines, one object for each file:
  file      its path
  findings  by place: level, code (stable), line, column, field, what, remedy
  canaries  each that makes sense; none with --quiet:
    canary         name.namespace
    plan           strategy, intervalMs, moves (fromMs, toMs, move and its numbers), startsMs,
                   checks, decidedMs, promotionSteps, allUsersMs, doneMs, gates (type, name),
                   rollback (threshold, consecutive, afterFirstMoveMs; null where nothing is
                   checked), suspended. Times are since the new revision was seen, with pods
                   ready at once, checks that pass and gates that are open.
                   null: more than a million checks
    outlook        with --rps and --errors: rps, errors (0 to 1), says, wrong (how often the
                   verdict is, 0 to 1), the numbers of `serin sweep --exact`, remedies (change,
                   wrong), leftOut (metrics taken to pass); or notComputed, with the reason
    compatibility  each field that is set: field, standing (same, different, own, not-supported),
                   row of docs/differences.md, what; several times if it differs in several ways

Exit status:
  0  no errors; with --strict no warnings either
  1  with --strict: there are warnings
  2  there are errors, or a file or an argument cannot be used";

/// Looks, prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, look: Look, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let mut inputs = Vec::new();
    let mut is_usable = true;
    for path in &args.paths {
        match inputs_of(path) {
            Ok(found) => inputs.extend(found),
            Err(error) => {
                is_usable = false;
                // Standard error may be gone; the exit status tells.
                let _ = err.write_all(complaint(&error).as_bytes());
            }
        }
    }
    let settings = Settings {
        provider: args.provider.as_str().into(),
        namespace: args.namespace.as_str().into(),
        release: args.rps.zip(args.errors).map(|(rps, errors)| Release { rps, errors }),
    };
    let report = lint::lint(&inputs, &settings);
    let shown = match args.format {
        Format::Text if inputs.is_empty() => String::new(),
        Format::Text => text::text(&report, args.quiet, &look),
        Format::Json => json::lines(&report, args.quiet),
    };
    match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            let _ = writeln!(err, "error: cannot write: {error}");
            return Exit::Unusable;
        }
    }
    if is_usable { exit(&report, args.strict) } else { Exit::Unusable }
}

fn exit(report: &Report, strict: bool) -> Exit {
    if report.count(Level::Error) > 0 {
        Exit::Unusable
    } else if strict && report.count(Level::Warning) > 0 {
        Exit::Failed
    } else {
        Exit::AsExpected
    }
}

/// The files of an argument.
fn inputs_of(path: &Path) -> Result<Vec<Input>, String> {
    if path != Path::new("-") {
        let files = lint::find(path).map_err(|error| error.to_string())?;
        let beside = lint::beside(path).map_err(|error| error.to_string())?;
        return Ok(files.iter().map(|file| Input::read(file)).chain(beside).collect());
    }
    Ok(vec![Input::read_from(path, io::stdin().lock())])
}
