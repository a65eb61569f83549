//! `serin diff`: what a change of policy does.

mod side;

use std::{io::Write, path::PathBuf};

use clap::{
    ValueHint,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serin_lint::{Settings, Subject};
use serin_output::Terminal;
use serin_policy::{
    diff::{Change, Criterion, Diff, Pairs, Results, Risk},
    outlook::{self, Release, Story, Unanswered},
};
use serin_report::diff as report;
use serin_simulator::scenario::{PerSecond, Scenario, Share};

use self::side::Sides;
use super::{
    Exit, complaint,
    exit::long_help,
    lint::number,
    long_work::LongWork,
    router_name::RouterName,
    screen::Screen,
    sweep::{SCRIPTED, written},
};

/// Compare two policies: their plans, and what the change does to the risk
///
/// Compares two scenarios, or two manifests with a Canary. Of scenarios, both policies run in the same simulated worlds. Of
/// manifests, the plans are compared; with --rps and --errors also how such a release goes, computed where possible, else
/// simulated. Prints false rollbacks, missed regressions, the times to promote and to roll back, and the requests that the
/// canary answers, and says which differences are sure.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// The old policy: a scenario, a manifest, a folder of manifests, or `-` for standard input
    #[arg(value_name = "OLD", value_hint = ValueHint::AnyPath)]
    old: PathBuf,
    /// The new policy
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    new: PathBuf,
    /// The Canary to use if the manifests have several: its name, or `name.namespace`
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    canary: Option<String>,
    /// Requests per second of all users together, for manifests
    #[arg(long, value_name = "N", value_parser = number::<PerSecond>, requires = "errors",
          value_hint = ValueHint::Other)]
    rps: Option<f64>,
    /// The share of requests that fail in the new version, such as 0.8%
    #[arg(long, value_name = "SHARE", value_parser = number::<Share>, requires = "rps",
          value_hint = ValueHint::Other)]
    errors: Option<f64>,
    /// Worlds in which both policies are run
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..),
          value_hint = ValueHint::Other)]
    runs: u64,
    /// Exit with 1 if the new policy is surely worse in one of these: false-rollback, missed, to-promote, to-roll-back,
    /// canary-requests, canary-failed [without a value: false-rollback,missed]
    #[arg(long, value_name = "WHAT", value_parser = criterion(), num_args = 0.., require_equals = true,
          value_delimiter = ',', default_missing_values = ["false-rollback", "missed"], hide_possible_values = true)]
    fail_on_worse: Vec<Criterion>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The controller's router, for a Canary without a provider
    #[arg(long, value_name = "NAME", default_value = "istio", value_parser = RouterName)]
    provider: String,
    /// The controller's namespace, where a metric's template is looked for second
    #[arg(long, value_name = "NAME", default_value = "flagger-system", value_hint = ValueHint::Other)]
    namespace: String,
    #[command(flatten)]
    pub(super) screen: Screen,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// For a comment on a pull request
    Markdown,
}

const EXAMPLES: &str = "\
Examples:
  Two scenarios, or two manifests:
    serin diff old.yaml new.yaml
  How a release goes with what this branch changes:
    git show main:canary.yaml | serin diff --rps 50 --errors 0.8% - canary.yaml
  A comment on a pull request:
    serin diff --format markdown --fail-on-worse old.yaml new.yaml";

const DETAILS: &str = "\
A release is good if it stays within the bounds of OLD in the long run, or within those of NEW if
OLD has none. Each simulated world is run once under each policy, so two equal policies differ in
nothing. A simulated difference is sure if its 95 % interval does not contain 0.

JSON, one object:
  canary       name.namespace
  says         the verdict
  old, new     file, plan (as `serin lint` prints it), numbers (as `serin sweep` prints them)
  differences  what, old, new, difference, low, high, change (better, worse, not-sure); shares
               from 0 to 1, times in seconds, requests per release
  simulated    worlds, seed, simulation; stopped (made, of) after Ctrl-C; null if computed
  release      of manifests: rps, errors (0 to 1)
  notCompared  instead of differences: why the risk is not compared
  notes        assumptions";

/// Compares, prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let printed = compared(args, terminal).and_then(|(diff, stopped)| {
        let text = match args.format {
            Format::Text => report::text(&diff, &terminal),
            Format::Json => report::json(&diff),
            Format::Markdown => report::markdown(&diff),
        };
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
            .map_err(|what| complaint(&what))?;
        let worse = worse(&diff, &args.fail_on_worse).map_err(|what| complaint(&what))?;
        if !worse.is_empty() {
            // Standard error may be closed; the exit status remains.
            let _ = err.write_all(complaint(&format!("surely worse: {}", worse.join(", "))).as_bytes());
        }
        Ok(match (stopped, worse.is_empty()) {
            (true, _) => Exit::Interrupted,
            (false, false) => Exit::Failed,
            (false, true) => Exit::AsExpected,
        })
    });
    printed.unwrap_or_else(|what| {
        let _ = err.write_all(what.as_bytes());
        Exit::Unusable
    })
}

/// The criteria of `--fail-on-worse` in which the new policy is worse.
fn worse(diff: &Diff, judged: &[Criterion]) -> Result<Vec<String>, String> {
    if judged.is_empty() {
        return Ok(Vec::new());
    }
    let risk = diff.risk.as_ref().map_err(|why| format!("--fail-on-worse cannot be judged: {why}"))?;
    let all = risk.results.compare().into_iter();
    let worse =
        all.filter(|compared| compared.change() == Change::Worse && judged.contains(&compared.criterion));
    Ok(worse.map(|compared| compared.criterion.to_string()).collect())
}

/// Reads the name of a criterion.
fn criterion() -> impl TypedValueParser<Value = Criterion> {
    let names = PossibleValuesParser::new(Criterion::ALL.map(Criterion::name));
    names.try_map(|name| Criterion::ALL.into_iter().find(|known| known.name() == name).ok_or("unknown"))
}

/// The comparison, and whether Ctrl-C stopped it.
fn compared(args: &Args, terminal: Terminal) -> Result<(Diff, bool), String> {
    let settings = Settings {
        provider: args.provider.as_str().into(),
        namespace: args.namespace.as_str().into(),
        controller: None,
        release: None,
    };
    let sides = Sides::read([&args.old, &args.new], args.canary.as_deref(), &settings, &terminal)?;
    let identity = sides.rollouts()[0].identity();
    let mut diff = Diff {
        canary: format!("{}.{}", identity.name, identity.namespace),
        files: [&args.old, &args.new].map(|path| path.display().to_string()),
        plans: sides.plans(),
        release: None,
        risk: Err("add --rps and --errors to compare how a release goes".into()),
        notes: Vec::new(),
    };
    let stopped = match &sides {
        Sides::Scenarios(both) => {
            is_simulated(both.each_ref(), args)?;
            if !both[0].has_worlds_of(&both[1]) {
                diff.notes.push(
                    "the scenarios differ in their worlds as well, so the policies alone do not explain the differences"
                        .into(),
                );
            }
            simulated(both.each_ref(), &mut diff, args, terminal)
        }
        Sides::Manifests(both) => match args.rps.zip(args.errors) {
            Some((rps, errors)) => released(both, Release { rps, errors }, &mut diff, args, terminal),
            None => false,
        },
    };
    Ok((diff, stopped))
}

/// Refuses worlds in which all runs are the same.
fn is_simulated(scenarios: [&Scenario; 2], args: &Args) -> Result<(), String> {
    let mut sides = scenarios.into_iter().zip([&args.old, &args.new]);
    match sides.find(|(scenario, _)| scenario.setting.simulated.is_none()) {
        Some((_, path)) => Err(complaint(&format!("{}: {SCRIPTED}", path.display()))),
        None => Ok(()),
    }
}

/// Compares a release of two Canaries; returns whether Ctrl-C stopped it.
fn released(both: &[Subject; 2], release: Release, diff: &mut Diff, args: &Args, terminal: Terminal) -> bool {
    diff.release = Some(release);
    let [old, new] = both.each_ref().map(|subject| outlook::story(&subject.question(release)));
    let stories = match (old, new) {
        (Ok(old), Ok(new)) => [old, new],
        (Err(why), _) | (_, Err(why)) => {
            diff.risk = Err(why.to_string());
            return false;
        }
    };
    diff.notes = notes(&stories);
    if let [Some(why), Some(_)] = stories.each_ref().map(|story| story.not_judged.as_ref()) {
        diff.risk = Err(why.to_string());
        return false;
    }
    let work = LongWork::begin(stories.len() as u64, "policies", terminal);
    let computed = Results::computed(stories.each_ref().map(|story| &story.scenario), &|| work.is_over());
    let stopped = work.end();
    match computed {
        Ok(Some(results)) => {
            diff.risk = Ok(Risk { results, runs: 0, seed: 0 });
            stopped
        }
        Ok(None) => {
            diff.risk = Err("stopped before it was computed".into());
            stopped
        }
        Err(_) => {
            let [Some(old), Some(new)] = stories.each_ref().map(|story| story.ends) else {
                diff.risk = Err(Unanswered::TooLong.to_string());
                return stopped;
            };
            let [old, new] = stories.map(|story| Scenario { until: old.max(new), ..story.scenario });
            simulated([&old, &new], diff, args, terminal)
        }
    }
}

/// Runs both policies in the same worlds; returns whether Ctrl-C stopped it.
fn simulated(scenarios: [&Scenario; 2], diff: &mut Diff, args: &Args, terminal: Terminal) -> bool {
    let work = LongWork::begin(args.runs.saturating_mul(2), "rollouts", terminal);
    let pairs = Pairs::run(scenarios, args.runs, work.stop(), &|rollouts| work.done(rollouts));
    let seed = scenarios[0].setting.seed;
    diff.risk = Ok(Risk { results: Results::Counted(Box::new(pairs)), runs: args.runs, seed });
    work.end()
}

/// The assumptions about both releases; those that both share are printed once.
fn notes(stories: &[Story; 2]) -> Vec<String> {
    let of = |story: &Story| {
        let mut notes = Vec::new();
        notes.extend(story.not_judged.as_ref().map(ToString::to_string));
        notes.extend(story.judged.as_ref().map(|judged| format!("requests: {judged}")));
        if !story.assumed.is_empty() {
            notes.push(format!("assumed: {}", story.assumed.join(", ")));
        }
        if !story.left_out.is_empty() {
            notes.push(format!("not judged: {}", story.left_out.join(", ")));
        }
        notes
    };
    let [old, new] = stories.each_ref().map(of);
    let mut notes: Vec<String> = old.iter().filter(|note| new.contains(note)).cloned().collect();
    for (side, own, other) in [("old", &old, &new), ("new", &new, &old)] {
        notes.extend(own.iter().filter(|note| !other.contains(note)).map(|note| format!("{side}: {note}")));
    }
    notes
}
