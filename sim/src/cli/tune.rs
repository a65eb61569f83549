//! `serin tune`: the policies that meet goals.

use std::{io::Write, path::PathBuf};

use serin_sim::{
    report::{Look, html, sweep as report},
    scenario::Document,
    sweep::{self, Axis, Frontier, Goal, Met, Shard, Sweep},
};

use super::{
    Exit, Format, complaint, long_work::LongWork, report_file::ReportTo, screen::Screen, sweep::written,
};

/// Search for policies that meet goals
///
/// Tries many policies in the same worlds and shows those of which none is both slower and riskier than another, with the
/// lines to paste into the Canary. The scenario's world must hold good and bad releases, such as
/// `versions: {v2: {errors: 0%..5%}}`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// What to keep to: false-rollback<=1%, missed<=5%, to-promote<=30m, to-roll-back<=5m
    #[arg(long = "goal", required = true, value_name = "GOAL", value_parser = Goal::parse)]
    goals: Vec<Goal>,
    /// A field and its values; interval, threshold and steps where none is given
    #[arg(long = "vary", value_name = "FIELD=VALUES", value_parser = Axis::parse)]
    axes: Vec<Axis>,
    /// Runs of each policy that is left in the last round
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// The most policies that are tried without being asked again
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max_points: u64,
    /// How to print
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
  serin tune release.yaml --goal 'missed<=1%' --vary analysis.threshold=1..10 --vary analysis.stepWeight=5,10,20

Exit status:
  0    a policy meets the goals, or may
  1    none does
  2    a file or an argument cannot be used
  130  stopped by Ctrl-C; what was found so far is printed";

/// Searches, prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, look: Look, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let found = args.report.try_out().and_then(|()| tuned(args)).and_then(|(title, found, stopped)| {
        let text = match args.format {
            Format::Text => report::frontier(&found, &args.goals, &look),
            Format::Json => report::frontier_json(&found, &args.goals),
        };
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
        args.report.write(|| html::frontier(&title, &found, &args.goals))?;
        Ok((found, stopped))
    });
    match found {
        Ok((_, true)) => Exit::Interrupted,
        Ok((found, false)) if found.choices.iter().any(|choice| choice.met > Met::No) => Exit::AsExpected,
        Ok(_) => Exit::Failed,
        Err(what) => {
            // Standard error may be gone as well; the exit status tells.
            let _ = err.write_all(complaint(&what).as_bytes());
            Exit::Unusable
        }
    }
}

/// The title of the scenario, what was found, and whether the search was stopped.
fn tuned(args: &Args) -> Result<(String, Frontier, bool), String> {
    let path = args.scenario.display();
    let document = Document::load(&args.scenario).map_err(|error| error.to_string())?;
    let scenario = document.with(&[]).map_err(|error| error.to_string())?;
    if scenario.setting.simulated.is_none() {
        return Err(format!("{path}: {}", super::sweep::SCRIPTED));
    }
    let usual = sweep::usual_axes(&scenario);
    let axes = if args.axes.is_empty() { &usual } else { &args.axes };
    let points = sweep::count(axes);
    if points > u128::from(args.max_points) {
        let runs = sweep::most_rollouts(points, args.runs);
        let takes = super::sweep::estimate(runs);
        return Err(format!(
            "{points} policies are at most {runs} rollouts, about {takes}; ask for them with --max-points {points}"
        ));
    }
    // Of the usual fields one may have no effect on this policy; of those asked for none.
    let asked_for = Sweep::new(&document, &args.axes, 1, Shard::WHOLE);
    let matters = asked_for.and_then(|sweep| sweep.each_matters(&document, &args.axes));
    matters.map_err(|error| error.to_string())?;
    let most = sweep::most_rollouts(points, args.runs);
    let work = LongWork::begin(u64::try_from(most).unwrap_or(u64::MAX), "rollouts");
    let found = sweep::tune(&document, axes, &args.goals, args.runs, work.stop(), &|runs| work.done(runs));
    let stopped = work.end();
    let found = found.map_err(|error| error.to_string())?;
    for goal in &args.goals {
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
                "{path}: no world has a {lacks} release, so `{goal}` cannot be judged; give a range, such as `versions: \
                 {{v2: {{errors: 0%..5%}}}}`"
            ));
        }
    }
    Ok((scenario.title, found, stopped))
}
