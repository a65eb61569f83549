//! `serin replay`: runs scenario files and shows what was decided.

mod details;
mod shown;

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use clap::ValueHint;
use rayon::prelude::*;
use serin_output::{Terminal, finding::Case};
use serin_report::{self as report, Ended, Item, html};
use serin_simulator::scenario::{find, is_scenario, named_by};

use self::{
    details::{Details, page_of_all, stopped},
    shown::Shown,
};
use super::{
    Exit, complaint,
    exit::long_help,
    formats::{self, RunFormat as Format},
    long_work::LongWork,
    report_file::{Patient, ReportTo},
    screen::Screen,
    watch::watch,
};

/// Replay scenarios and show what was decided, and why
///
/// A scenario describes one rollout: a Canary, the events around it, and what is expected. It runs in virtual time in a
/// scripted or simulated world, without a cluster. The same file always gives the same output.
///
/// One scenario prints its timeline. Several print one line each, and the timeline of those that did not go as expected.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// Scenario files or folders that contain them
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Print only what failed, as expected and actual, and the summary; with `--format json` only the verdicts
    #[arg(short, long, conflicts_with = "full")]
    quiet: bool,
    /// Print the timeline of every scenario, not only of those that failed
    #[arg(long)]
    full: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Ignore files that are not scenarios, as in folders; for a list of changed files
    #[arg(long)]
    skip_others: bool,
    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Replay each scenario twice and compare the JSON output byte by byte
    #[arg(long)]
    check_determinism: bool,
    #[command(flatten)]
    report: ReportTo,
    #[command(flatten)]
    pub(super) screen: Screen,
}

const EXAMPLES: &str = "\
Examples:
  The timeline of one release:
    serin replay scenarios/everyday/weighted-bad.yaml
  One line for each scenario of a folder, and what failed:
    serin replay scenarios/
  Only what failed, for CI:
    serin replay --quiet scenarios/
  Every rule that fired:
    serin replay --format json a.yaml | jq .decision.rule
  Charts for a browser:
    serin replay a.yaml --report a.html";

const DETAILS: &str = "\
JSON Lines:
  Each decision is an object on its own line:
    line       `decision`
    scenario   path of the file
    title      title of the scenario
    moment     number of the decision in its scenario, from 0
    atMs       virtual time since the start, in milliseconds
    happened   events in the world since the previous decision, as sentences
    asked      metric queries and hook calls: question, answer, tookMs
    decision   rule, measured, hook; after: the state of the Canary once this
               is saved
    commands   commands in order: command, outcome (done or failed), class and
               error of a failure
    saved      the status: phase, canaryWeight, failedChecks, iterations;
               null if none was saved
    notices    notices that were sent: id, type, text, and the severity of the
               alert or null
    wake       when the next call is due (at) and why; null if only a change
               wakes
  The last line of a scenario is its verdict:
    line       `verdict`
    scenario, title
    asExpected, expectations, decisions, virtualMs
    promoted   the revision that the primary runs at the end
    assumed    what the world assumes because the scenario does not say it, in words
    missed     scripted events that never happened, by their index in the file
    failed     expectations that do not hold: expected, actual, and the moment
               of each
    violations broken invariants: moment, what

A file that cannot be used does not stop the others from being replayed.";

/// Scenarios that are replayed before their output is written.
const AT_ONCE: usize = 64;

/// Replays, prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    if !args.watch {
        return once(args, terminal, out, err);
    }
    let work = |out: &mut dyn Write, err: &mut dyn Write| {
        once(args, terminal, out, err);
    };
    watch(&args.paths, || named_by(&args.paths), work, out, err)
}

fn once(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    if let Err(what) = args.report.try_out() {
        // Standard error may be closed as well; the exit status remains.
        let _ = err.write_all(complaint(&what).as_bytes());
        return Exit::Unusable;
    }
    let mut patient;
    let out: &mut dyn Write = if args.report.is_wanted() {
        patient = Patient::new(out);
        &mut patient
    } else {
        out
    };
    let mut replays = Replays::default();
    match replay_all(args, terminal, &mut replays, out, err) {
        Ok(()) => {}
        // The reader has stopped reading.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = writeln!(err, "error: cannot write: {error}");
            return Exit::Unusable;
        }
    }
    if let Err(what) = args.report.write(|| html::replays(&replays.runs, &replays.unusable)) {
        let _ = err.write_all(complaint(&what).as_bytes());
        return Exit::Unusable;
    }
    if replays.stopped {
        return Exit::Interrupted;
    }
    match replays.items.iter().map(|item| item.ended).max() {
        Some(Ended::AsExpected) | None => Exit::AsExpected,
        Some(Ended::Failed | Ended::Differed) => Exit::Failed,
        Some(Ended::Unusable) => Exit::Unusable,
    }
}

/// The results of the replays.
#[derive(Default)]
struct Replays {
    items: Vec<Item>,
    /// Their parts of the HTML report, if one is written.
    runs: Vec<html::Run>,
    /// Paths that cannot be used, and why.
    unusable: Vec<(String, String)>,
    /// Every path as a case of a test report.
    cases: Vec<Case>,
    /// Ctrl-C was pressed.
    stopped: bool,
}

impl Replays {
    fn unusable(&mut self, path: &Path, why: &str) {
        let path = path.display().to_string();
        self.unusable.push((path.clone(), why.into()));
        self.items.push(Item { path, ended: Ended::Unusable, headline: None, broken: None });
    }
}

fn replay_all(
    args: &Args,
    terminal: Terminal,
    replays: &mut Replays,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    let mut files = Vec::new();
    let is_wanted = |path: &&PathBuf| !args.skip_others || path.is_dir() || is_scenario(path);
    let paths: Vec<&PathBuf> = args.paths.iter().filter(is_wanted).collect();
    if paths.is_empty() {
        return Ok(());
    }
    for path in paths {
        match find(std::slice::from_ref(path)) {
            Ok(found) => files.extend(found),
            Err(error) => {
                err.write_all(complaint(&error.to_string()).as_bytes())?;
                replays.cases.push(Case::unusable(&path.display().to_string(), &error));
                replays.unusable(path, &error.to_string());
            }
        }
    }
    let is_alone = files.len() == 1 && replays.items.is_empty();
    let all = replays.items.len() + files.len();
    let details = Details::of(args, is_alone);
    // A single scenario ends by itself, or at the first Ctrl-C.
    let work = (files.len() > 1).then(|| LongWork::begin(files.len() as u64, "scenarios", terminal));
    let mut later = Vec::new();
    for (chunk, files) in files.chunks(AT_ONCE).enumerate() {
        let numbered = files.par_iter().enumerate();
        let among = |i| (!is_alone).then_some(chunk * AT_ONCE + i + 1);
        let is_over = || work.as_ref().is_some_and(LongWork::is_over);
        let shown = numbered.filter(|_| !is_over()).map(|(i, file)| {
            let shown = Shown::of(file, among(i), args, details, &terminal, &is_over);
            work.iter().for_each(|work| work.done(1));
            shown
        });
        for shown in shown.flatten_iter().collect::<Vec<Shown>>() {
            replays.runs.extend(shown.run);
            replays.cases.extend(shown.case);
            match shown.item.ended {
                Ended::Unusable => replays.unusable(Path::new(&shown.item.path), &shown.err),
                Ended::AsExpected | Ended::Failed | Ended::Differed => replays.items.push(shown.item),
            }
            err.write_all(shown.err.as_bytes())?;
            match args.format {
                Format::Json => out.write_all(shown.out.as_bytes())?,
                Format::Text => later.push(shown.out),
                Format::Junit | Format::Github => {}
            }
        }
    }
    replays.stopped = work.is_some_and(LongWork::end);
    if replays.stopped && args.format != Format::Text {
        err.write_all(stopped(replays, all).as_bytes())?;
    }
    let page = match args.format {
        Format::Text => page_of_all(args, is_alone, later, replays, all, terminal),
        Format::Json => String::new(),
        Format::Junit => formats::junit_of_run("serin replay", std::mem::take(&mut replays.cases)),
        Format::Github => {
            let found = formats::github(replays.cases.iter().flat_map(|case| &case.findings));
            found + &report::summary(&replays.items, &terminal)
        }
    };
    out.write_all(page.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_bytes;
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    const GOOD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/everyday/weighted-good.yaml");

    /// Runs a command line; returns how it ends, and its error messages.
    fn replayed(line: &[&str], out: &mut dyn Write) -> (Exit, String) {
        let args = Line::parse_from(["replay"].iter().chain(line)).args;
        let mut err = Vec::new();
        let exit = run(&args, Terminal::new(100, true), out, &mut err);
        (exit, String::from_utf8(err).unwrap())
    }

    /// The output without colours.
    fn plain(out: &[u8]) -> String {
        String::from_utf8(strip_bytes(out).into_vec()).unwrap()
    }

    /// Standard output that cannot be written.
    struct Closed(ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_story_that_goes_as_expected_exits_with_success() {
        let mut out = Vec::new();
        let ended = replayed(&["--check-determinism", GOOD], &mut out);
        assert_eq!(ended, (Exit::AsExpected, String::new()));
        assert!(plain(&out).ends_with("\n\n1 scenario: 1 as expected\n"), "{}", plain(&out));
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let folder = Path::new(GOOD).parent().and_then(Path::to_str).unwrap();
        let [first, second] = [(); 2].map(|()| {
            let mut out = Vec::new();
            replayed(&["--format", "json", folder], &mut out);
            out
        });
        assert!(first == second && first.ends_with(b"}\n"));
    }

    #[test]
    fn a_path_that_does_not_exist_is_reported_and_the_others_are_replayed() {
        let mut out = Vec::new();
        let (exit, err) = replayed(&["--quiet", "no/such.yaml", GOOD], &mut out);
        assert_eq!(exit, Exit::Unusable);
        assert!(err.starts_with("error: no/such.yaml: cannot be read"), "{err}");
        let expected = "2 scenarios: 1 as expected, 1 not usable\n  FAIL no/such.yaml  not usable\n";
        assert_eq!(plain(&out), expected);
    }

    #[test]
    fn a_closed_pipe_ends_it_silently() {
        assert_eq!(replayed(&[GOOD], &mut Closed(ErrorKind::BrokenPipe)), (Exit::AsExpected, String::new()));
    }

    #[test]
    fn output_that_cannot_be_written_is_reported() {
        let (exit, err) = replayed(&[GOOD], &mut Closed(ErrorKind::StorageFull));
        assert_eq!((exit, &*err), (Exit::Unusable, "error: cannot write: no storage space\n"));
    }

    #[test]
    fn every_fault_is_a_line_of_its_own() {
        assert_eq!(complaint("a: b\nc: d\n  e"), "error: a: b\nerror: c: d\n  e\n");
    }
}
