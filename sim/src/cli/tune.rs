//! `serin tune`: the policies that meet goals.

use std::{io::Write, path::PathBuf};

use clap::ValueHint;
use serin_output::Terminal;
use serin_policy::sweep::{self, Axis, Frontier, Goal, Met, Runs, Shard, Sweep};
use serin_report::{html, sweep as report};
use serin_simulator::scenario::Document;

use super::{
    Exit, Format, complaint, exit::long_help, long_work::LongWork, report_file::ReportTo, screen::Screen,
    sweep::written,
};

/// Search for policies that meet goals
///
/// Tries many policies in the same worlds. Policies for which the goals are undecided get more runs, until their 95 %
/// intervals decide or --max-runs is reached. Prints today's policy as the baseline, and the policies that no other policy
/// beats in both speed and risk, with the lines to paste into the Canary. Succeeds only if a policy meets the goals. The
/// world of the scenario must contain good and bad releases, such as `versions: {v2: {errors: 0%..5%}}`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES]))]
pub(crate) struct Args {
    /// The scenario file
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    scenario: PathBuf,
    /// A limit to meet: false-rollback<=1%, missed<=5%, to-promote<=30m, to-roll-back<=5m
    #[arg(long = "goal", required = true, value_name = "GOAL", value_parser = Goal::parse, value_hint = ValueHint::Other)]
    goals: Vec<Goal>,
    /// A field and its values [default: several intervals, thresholds and steps]
    #[arg(long = "vary", value_name = "FIELD=VALUES", value_parser = Axis::parse, value_hint = ValueHint::Other)]
    axes: Vec<Axis>,
    /// Runs of each policy in the last round
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = clap::value_parser!(u64).range(1..),
          value_hint = ValueHint::Other)]
    runs: u64,
    /// Most runs of a policy that is still undecided [default: 16 times --runs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), value_hint = ValueHint::Other)]
    max_runs: Option<u64>,
    /// Refuse a search of more policies than this
    #[arg(long, value_name = "N", default_value_t = 1_000, value_hint = ValueHint::Other)]
    max_points: u64,
    /// Output format: text for people, or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    report: ReportTo,
    #[command(flatten)]
    pub(super) screen: Screen,
}

const EXAMPLES: &str = "\
Examples:
  serin tune release.yaml --goal 'false-rollback<=1%' --goal 'missed<=5%'

  serin tune release.yaml --goal 'missed<=1%' \\
    --vary analysis.threshold=1..10 --vary analysis.stepWeight=5,10,20";

/// Searches, prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let found =
        args.report.try_out().and_then(|()| tuned(args, terminal)).and_then(|(title, found, stopped)| {
            let text = match args.format {
                Format::Text => report::frontier(&found, &args.goals, &terminal),
                Format::Json => report::frontier_json(&found, &args.goals),
            };
            written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
            args.report.write(|| html::frontier(&title, &found, &args.goals))?;
            Ok((found, stopped))
        });
    match found {
        Ok((_, true)) => Exit::Interrupted,
        Ok((found, false)) => match found.met() {
            Met::Yes => Exit::AsExpected,
            Met::Perhaps | Met::No => Exit::Failed,
        },
        Err(what) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = err.write_all(complaint(&what).as_bytes());
            Exit::Unusable
        }
    }
}

/// The title of the scenario, the result, and whether the search was stopped.
fn tuned(args: &Args, terminal: Terminal) -> Result<(String, Frontier, bool), String> {
    let path = args.scenario.display();
    let document = Document::load(&args.scenario).map_err(|error| error.to_string())?;
    let scenario = document.with(&[]).map_err(|error| error.to_string())?;
    if scenario.setting.simulated.is_none() {
        return Err(format!("{path}: {}", super::sweep::SCRIPTED));
    }
    let usual_axes = sweep::usual_axes(&scenario);
    let axes = if args.axes.is_empty() { &usual_axes } else { &args.axes };
    let points = sweep::count(axes);
    let usual = Runs::usual(args.runs);
    let runs = Runs { most: args.max_runs.unwrap_or(usual.most).max(args.runs), ..usual };
    if points > u128::from(args.max_points) {
        let runs = sweep::most_rollouts(points, runs);
        let takes = super::sweep::estimate(runs);
        return Err(format!(
            "{points} policies are at most {runs} rollouts, which take about {takes}; add --max-points {points} to run them"
        ));
    }
    // A default field can have no effect on this policy; a field that the user gave must have one.
    let asked_for = Sweep::new(&document, &args.axes, 1, Shard::WHOLE);
    let matters = asked_for.and_then(|sweep| sweep.each_matters(&document, &args.axes));
    matters.map_err(|error| error.to_string())?;
    // Few policies need more than the usual runs.
    let most = sweep::most_rollouts(points, Runs { most: args.runs, ..runs });
    let work = LongWork::begin(u64::try_from(most).unwrap_or(u64::MAX), "rollouts", terminal);
    let found = sweep::tune(&document, axes, &args.goals, runs, work.stop(), &|runs| work.done(runs));
    let stopped = work.end();
    let found = found.map_err(|error| error.to_string())?;
    // A search that was stopped early may not have run such a release yet.
    for goal in args.goals.iter().filter(|_| !stopped) {
        let lacks = match goal {
            Goal::FalseRollback(_) => {
                found.choices.iter().all(|choice| choice.point.tally.good == 0).then_some("good")
            }
            Goal::Missed(_) => {
                found.choices.iter().all(|choice| choice.point.tally.bad == 0).then_some("bad")
            }
            Goal::ToPromote(_) | Goal::ToRollBack(_) => None,
        };
        if let Some(lacks) = lacks {
            return Err(format!(
                "{path}: no world has a {lacks} release, so `{goal}` cannot be judged; use a range, such as `versions: \
                 {{v2: {{errors: 0%..5%}}}}`"
            ));
        }
    }
    Ok((scenario.title, found, stopped))
}
