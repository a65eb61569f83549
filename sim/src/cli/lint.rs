//! `serin lint`: reports errors and likely problems in manifests, and shows how a release would go.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use clap::ValueHint;
use serin_input::InputError;
use serin_lint::{self as lint, Input, Level, Report, Settings, json, text};
use serin_output::{
    Terminal,
    finding::{Case, Finding},
};
use serin_policy::outlook::Release;
use serin_simulator::scenario::{PerSecond, Share, Unit};

use super::{
    Exit, complaint,
    exit::long_help,
    formats::{self, LintFormat as Format},
    router_name::RouterName,
    screen::Screen,
    watch::watch,
};

/// Check manifests, and show how a release would go
///
/// Reads Canaries, MetricTemplates and AlertProviders together, without a cluster. Reports what is refused, and what is
/// accepted but will cause trouble, with line, column and field. For every valid Canary it prints the plan of a release
/// (moves, times, gates, how fast it rolls back) and how its fields compare with Flagger 1.44. With --rps and --errors it
/// says how often a release with this share of failing requests is promoted, and what would make the wrong verdict rarer:
/// computed where possible, else simulated. Objects of other kinds are read for facts about the Canaries.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// Manifest files, folders of them, or `-` for standard input
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Print the findings only, no plans
    #[arg(short, long)]
    quiet: bool,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Ignore files without an object of flagger.app, as in folders; for a list of changed files
    #[arg(long)]
    skip_others: bool,
    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// The controller's router, for a Canary without a provider
    #[arg(long, value_name = "NAME", default_value = "istio", value_parser = RouterName)]
    provider: String,
    /// The controller's namespace, where a metric's template is looked for second
    #[arg(long, value_name = "NAME", default_value = "flagger-system", value_hint = ValueHint::Other)]
    namespace: String,
    /// The controller that runs the manifests, if it is only one of the two
    ///
    /// With `serin`, a router, metric system or receiver that its controller does not support yet is an error; with
    /// `flagger` it is not reported, but fields that only Serin knows are. Without it the manifests are for both.
    #[arg(long = "for", value_name = "CONTROLLER")]
    controller: Option<Controller>,
    /// Requests per second of all users together; prints how often a release is promoted
    #[arg(long, value_name = "N", value_parser = number::<PerSecond>, requires = "errors",
          value_hint = ValueHint::Other)]
    rps: Option<f64>,
    /// The share of requests that fail in the new version, such as 0.8%
    #[arg(long, value_name = "SHARE", value_parser = number::<Share>, requires = "rps",
          value_hint = ValueHint::Other)]
    errors: Option<f64>,
    #[command(flatten)]
    pub(super) screen: Screen,
}

/// The controller that runs the manifests.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Controller {
    Serin,
    Flagger,
}

impl From<Controller> for lint::Controller {
    fn from(controller: Controller) -> Self {
        match controller {
            Controller::Serin => Self::Serin,
            Controller::Flagger => Self::Flagger,
        }
    }
}

/// A number in the syntax of scenarios.
pub(super) fn number<U: Unit>(text: &str) -> Result<f64, String> {
    let expected = U::EXPECTED.split(", or").next().unwrap_or_default();
    U::read(text.trim()).ok_or_else(|| format!("expected {expected}"))
}

const EXAMPLES: &str = "\
Examples:
  serin lint canary.yaml                        findings, the plan, differences from Flagger
  serin lint --quiet --strict deploy/           in CI: findings only, warnings fail
  serin lint --quiet --for flagger deploy/      the same for manifests that Flagger runs
  serin lint --rps 50 --errors 0.8% shop.yaml   how often such a release is promoted
  helm template . | serin lint -                the output of a chart
  serin lint --format json deploy/ | jq -r '.findings[].code'";

const DETAILS: &str = "\
Levels:
  error    the manifest is refused
  warning  it will cause trouble, or does not do what it seems to
  hint     worth knowing, but not wrong

JSON Lines, one object for each file:
  file      its path
  findings  by place: level, code (stable), line, column, field, what, remedy, and if the
            remedy is a change of the object: edits (path, value; without value: remove it)
  canaries  each valid one; none with --quiet:
    canary         name.namespace
    plan           strategy, divides (which requests: all, matched, nothing), intervalMs, moves
                   (fromMs, toMs, move and its numbers), startsMs, checks, decidedMs, promotionSteps, allUsersMs, doneMs, gates (type, name),
                   rollback (threshold, consecutive, afterFirstMoveMs; null if nothing is
                   checked), suspended. Times are since the new revision was seen, with pods
                   ready at once, checks that pass and gates that are open.
                   null: more than a million checks
    outlook        with --rps and --errors: rps, errors (0 to 1), says, wrong (how often the
                   verdict is, 0 to 1), simulated (true: the numbers of `serin sweep`; false:
                   computed, those of `serin sweep --exact`), reach (whose requests are judged:
                   users, matched, nobody, or hook and rps of a load test), remedies (change,
                   wrong, edits), assumed, leftOut (metrics that are assumed to pass); or notComputed, with
                   the reason
    compatibility  each field that is set: field, standing (same, different, own, not-supported),
                   row of docs/differences.md, what; several times if it differs in several ways";

/// Checks, prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    if !args.watch {
        return once(args, terminal, out, err);
    }
    let work = |out: &mut dyn Write, err: &mut dyn Write| {
        once(args, terminal, out, err);
    };
    watch(&args.paths, Vec::new, work, out, err)
}

fn once(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let (mut inputs, mut unusable) = (Vec::new(), Vec::new());
    let paths: Vec<&PathBuf> = args.paths.iter().filter(|path| is_wanted(path, args)).collect();
    if paths.is_empty() {
        return Exit::AsExpected;
    }
    for path in paths {
        match inputs_of(path) {
            Ok(found) => inputs.extend(found),
            Err(error) => {
                // Standard error may be closed; the exit status remains.
                let _ = err.write_all(complaint(&error.to_string()).as_bytes());
                unusable.push(Case::unusable(&path.display().to_string(), &error));
            }
        }
    }
    let settings = Settings {
        provider: args.provider.as_str().into(),
        namespace: args.namespace.as_str().into(),
        controller: args.controller.map(Into::into),
        release: args.rps.zip(args.errors).map(|(rps, errors)| Release { rps, errors }),
    };
    let report = lint::lint(&inputs, &settings);
    let shown = match args.format {
        Format::Text if inputs.is_empty() => String::new(),
        Format::Text => text::text(&report, args.quiet, &terminal),
        Format::Json => json::lines(&report, args.quiet),
        Format::Junit => {
            let fails = if args.strict { Level::Warning } else { Level::Error };
            formats::junit("serin lint", report.suites(), &unusable, fails)
        }
        Format::Github => formats::github(&found(&report, &unusable)) + &text::summary(&report),
        Format::Sarif => formats::sarif(&found(&report, &unusable)),
        Format::Gitlab => formats::gitlab(&found(&report, &unusable)),
    };
    match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        // The reader has stopped reading.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            let _ = writeln!(err, "error: cannot write: {error}");
            return Exit::Unusable;
        }
    }
    if unusable.is_empty() { exit(&report, args.strict, err) } else { Exit::Unusable }
}

/// All findings, and the files that cannot be read.
fn found(report: &Report, unusable: &[Case]) -> Vec<Finding> {
    let unusable = unusable.iter().flat_map(|case| case.findings.iter().cloned());
    report.findings().into_iter().chain(unusable).collect()
}

fn exit(report: &Report, strict: bool, err: &mut dyn Write) -> Exit {
    if report.is_unusable() {
        return Exit::Unusable;
    }
    if report.holds_nothing() {
        let what = "nothing to check: no file contains an object of flagger.app";
        let _ = err.write_all(complaint(what).as_bytes());
        return Exit::Unusable;
    }
    let fails = report.count(Level::Error) > 0 || (strict && report.count(Level::Warning) > 0);
    if fails { Exit::Failed } else { Exit::AsExpected }
}

/// Whether an argument is used: with `--skip-others`, a file without an object of ours is skipped.
fn is_wanted(path: &Path, args: &Args) -> bool {
    !args.skip_others || path == Path::new("-") || path.is_dir() || lint::is_manifest(path)
}

/// The files of an argument.
fn inputs_of(path: &Path) -> Result<Vec<Input>, InputError> {
    if path != Path::new("-") {
        let files = lint::find(path)?;
        let beside = lint::beside(path)?;
        return Ok(files.iter().map(|file| Input::read(file)).chain(beside).collect());
    }
    Ok(vec![Input::read_from(path, io::stdin().lock())])
}
