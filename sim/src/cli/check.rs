//! `serin check`: searches for a world that breaks something that must always hold.

mod found;
mod told;

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ValueHint, builder::PossibleValuesParser};
use serin_core::time::parse_duration;
use serin_input::{Fault, InputError};
use serin_output::{Terminal, finding::Case};
use serin_policy::check::{self, Fired, Search, Searched, Tree, Watch};
use serin_simulator::scenario::{self, Scenario};

use self::{
    found::FoundWorld,
    told::{MARKED, held, line, together, unjudged},
};
use super::{
    Exit, complaint,
    exit::long_help,
    formats::{self, RunFormat as Format},
    long_work::LongWork,
    screen::Screen,
};

/// Search the worlds of a scenario for one that breaks a property
///
/// Each seed is a world: values are drawn from the ranges of the scenario, requests succeed or fail, faults happen. In
/// each world the `properties` of the scenario, the invariants and the checkers must hold; `expect` applies only to the
/// seed of the scenario and is not judged. The first world in which something breaks is made smaller and written as a
/// scenario file.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// Scenario files or folders that contain them
    #[arg(required = true, value_name = "SCENARIO", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Worlds to run of each scenario [default: 1000; no limit with --time]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), value_hint = ValueHint::Other)]
    cases: Option<u64>,
    /// Stop searching a scenario after this time, such as 30s, and print how many worlds were run
    #[arg(long, value_name = "TIME", value_parser = duration, value_hint = ValueHint::Other)]
    time: Option<Duration>,
    /// Seed of the first world instead of the scenario's own; those of the other worlds follow from it
    #[arg(long, value_name = "S", value_hint = ValueHint::Other)]
    seed: Option<u64>,
    /// Add faults or presets of faults by name, separated by commas; `all` adds every preset
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = fault_names())]
    faults: Vec<String>,
    /// Let each seed draw which faults occur and how often, as `world.swarm: true` does
    #[arg(long)]
    swarm: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Folder for the scenario files of worlds that break something
    #[arg(long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    out: PathBuf,
    #[command(flatten)]
    pub(super) screen: Screen,
}

impl Args {
    /// Whether one scenario is searched; then it is printed in full.
    fn is_of_one_file(&self) -> bool {
        matches!(&*self.paths, [path] if path.is_file())
    }
}

const EXAMPLES: &str = "\
Examples:
  1000 worlds:
    serin check my-rollout.yaml
  Every fault, for five minutes:
    serin check --time 5m --swarm --faults all my-rollout.yaml
  One world again:
    serin check --cases 1 --seed 42 my-rollout.yaml";

const DETAILS: &str = "\
JSON Lines, one for each scenario:
  scenario, title
  cases      worlds that were run
  stopped    true if the search was stopped before all worlds were run
  held       whether nothing broke
  unjudged   properties that had nothing to judge in any world, for example
             `eventually` with a `when` that never happens; these fail
  rules      the rules of the core that fired in some world
  moves      the moves between phases that some world made: from, to
  found      null, or the first world that breaks something:
    seed, case (from 0), claim, actual, moment, atMs, runs, file
  known      null, or the first world that breaks a property marked
             `mayBreak`, with the same fields";

const DEFAULT_CASES: u64 = 1_000;

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Searches, prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let mut worst = Exit::AsExpected;
    match check_all(args, terminal, &mut worst, out, err) {
        Ok(()) => worst,
        // The reader has stopped reading.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => worst,
        Err(error) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = writeln!(err, "error: cannot write: {error}");
            Exit::Unusable
        }
    }
}

fn check_all(
    args: &Args,
    terminal: Terminal,
    worst: &mut Exit,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    let files = match scenario::find(&args.paths) {
        Ok(files) => files,
        Err(error) => {
            err.write_all(complaint(&error.to_string()).as_bytes())?;
            *worst = Exit::Unusable;
            return Ok(());
        }
    };
    let mut cases = Vec::new();
    let mut fired = Fired::default();
    for file in &files {
        let one = match LoadedScenario::load(file, args) {
            Ok(subject) => {
                let Checked { exit, case, interrupted, fired: here } =
                    check_one(&subject, args, terminal, out)?;
                *worst = (*worst).max(exit);
                cases.push(case);
                fired.add(&here);
                if interrupted {
                    *worst = Exit::Interrupted;
                    break;
                }
                continue;
            }
            Err(error) => error,
        };
        err.write_all(complaint(&one.to_string()).as_bytes())?;
        cases.push(Case::unusable(&file.display().to_string(), &one));
        *worst = Exit::Unusable;
    }
    match args.format {
        Format::Text if files.len() > 1 => out.write_all(together(&fired, &terminal).as_bytes())?,
        Format::Text | Format::Json => {}
        Format::Junit => out.write_all(formats::junit_of_run("serin check", cases).as_bytes())?,
        Format::Github => {
            let findings = cases.iter().flat_map(|case| &case.findings);
            out.write_all(formats::github(findings).as_bytes())?;
        }
    }
    out.flush()
}

/// A scenario with everything that the command line adds.
struct LoadedScenario {
    path: String,
    scenario: Scenario,
    tree: Tree,
}

impl LoadedScenario {
    fn load(file: &Path, args: &Args) -> Result<Self, InputError> {
        let mut scenario = scenario::load(file)?;
        let mut tree = Tree::load(file, &scenario)?;
        if !args.faults.is_empty() || args.swarm {
            let refuse = |what: String| InputError::from(Fault::of_file(file, format!("--faults: {what}")));
            tree = tree.with_faults(&scenario, &names(&args.faults), args.swarm).map_err(refuse)?;
            scenario = tree.scenario()?;
        }
        Ok(Self { path: file.display().to_string(), scenario, tree })
    }
}

/// The names that `--faults` takes.
fn fault_names() -> PossibleValuesParser {
    let presets = scenario::PRESETS.iter().map(|(name, _)| *name);
    let faults = scenario::TROUBLES.iter().map(|(name, _)| *name);
    ["all"].into_iter().chain(presets).chain(faults).collect::<Vec<_>>().into()
}

fn names(written: &[String]) -> Vec<String> {
    let presets = scenario::PRESETS.iter().map(|(name, _)| (*name).to_string());
    if written.iter().any(|name| name == "all") { presets.collect() } else { written.to_vec() }
}

/// Shows the progress.
struct Looker<'a>(&'a LongWork);

impl Watch for Looker<'_> {
    fn ran(&self, cases: u64) {
        self.0.done(cases);
    }

    fn shrinks(&self, _: u64, _: u64) {
        self.0.done(1);
    }

    fn stops(&self) -> bool {
        self.0.is_over()
    }
}

/// The result of one scenario.
struct Checked {
    exit: Exit,
    /// The scenario as a test case.
    case: Case,
    /// Ctrl-C stopped it.
    interrupted: bool,
    fired: Fired,
}

/// Searches one scenario.
fn check_one(
    subject: &LoadedScenario,
    args: &Args,
    terminal: Terminal,
    out: &mut dyn Write,
) -> io::Result<Checked> {
    let LoadedScenario { scenario, tree, .. } = subject;
    let cases = args.cases.or(args.time.is_none().then_some(DEFAULT_CASES));
    let seed = args.seed.unwrap_or(scenario.setting.seed);
    let search = Search { cases: cases.unwrap_or(u64::MAX), seed };
    let work = cases.map_or_else(
        || LongWork::open_ended("worlds", terminal),
        |cases| LongWork::begin(cases, "worlds", terminal),
    );
    let work = work.at_most(args.time);
    let searched = check::search(scenario, search, &Looker(&work));
    let interrupted = work.end();
    let Some((case, broken)) = searched.found.as_ref().or(searched.known.as_ref()) else {
        out.write_all(held(subject, seed, &searched, cases, args, &terminal).as_bytes())?;
        let case = check::case(scenario, None, &searched.unjudged);
        return Ok(Checked { exit: held_as(&searched), case, interrupted, fired: searched.fired });
    };
    let is_known = searched.found.is_none();
    if is_known && args.format != Format::Json && !(args.format == Format::Text && args.is_of_one_file()) {
        out.write_all(held(subject, seed, &searched, cases, args, &terminal).as_bytes())?;
        let case = check::case(scenario, None, &searched.unjudged);
        return Ok(Checked { exit: held_as(&searched), case, interrupted, fired: searched.fired });
    }
    let seed = scenario::seed_of(seed, *case);
    let whole = tree.clone().about(scenario, seed, &broken.claim);
    // A world that was found is shrunk even if the time for the search is over.
    let (shrunk, interrupted) = if interrupted {
        (None, true)
    } else {
        let work = LongWork::begin(check::MOST_RUNS, "runs to make it smaller", terminal);
        let shrunk = check::shrink(whole.clone(), &broken.claim, &Looker(&work));
        (shrunk, work.end())
    };
    let found = FoundWorld { seed, case: *case, broken, shrunk: shrunk.as_ref() };
    let file = found.write(subject, &whole, &args.out)?;
    let text = match args.format {
        Format::Text if is_known => {
            found.text(subject, &file, terminal) + "\n" + MARKED + &unjudged(scenario, &searched)
        }
        Format::Text => found.text(subject, &file, terminal),
        Format::Json => line(subject, &searched, Some(found.line(&file))),
        Format::Junit | Format::Github => String::new(),
    };
    out.write_all(text.as_bytes())?;
    let (exit, found) = if is_known {
        (held_as(&searched), None)
    } else {
        (Exit::Failed, Some((broken, seed, file.as_str())))
    };
    let case = check::case(scenario, found, &searched.unjudged);
    Ok(Checked { exit, case, interrupted, fired: searched.fired })
}

/// The exit of a search that found nothing, or only what is marked with `mayBreak`.
fn held_as(searched: &Searched) -> Exit {
    match searched {
        // If no world ended within the time limit, nothing is known.
        Searched { cases: 0, .. } => Exit::Unusable,
        // As in a replay, a claim that had nothing to judge fails.
        Searched { unjudged, .. } if !unjudged.is_empty() => Exit::Failed,
        Searched { .. } => Exit::AsExpected,
    }
}
