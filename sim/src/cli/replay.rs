//! `serin replay`: runs scenario files and shows what was decided.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use serin_sim::{
    input::InputError,
    replay::{Replayed, replay},
    report::{self, Ended, Look, Page, html, json},
    scenario::find,
};

use super::{
    Exit, Format, complaint,
    report_file::{Patient, ReportTo},
    screen::Screen,
};

/// Replay scenarios and show what was decided, and why
///
/// A scenario is the story of one rollout: a Canary, what happens to it, and what must hold. It is run in virtual time
/// against a scripted world, without a cluster; the same file gives the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{DETAILS}"))]
pub(crate) struct Args {
    /// Scenario files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print the summary only; with `--format json` the verdicts only
    #[arg(short, long)]
    quiet: bool,
    /// How to print: a timeline for people, or JSON Lines
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Replay everything twice and compare the bytes of the JSON output
    #[arg(long)]
    check_determinism: bool,
    #[command(flatten)]
    report: ReportTo,
    #[command(flatten)]
    pub(super) screen: Screen,
}

const EXAMPLES: &str = "\
Examples:
  serin replay scenarios/everyday/weighted-bad.yaml      the timeline of one release
  serin replay --quiet scenarios/                        whether all of them went as expected
  serin replay --format json a.yaml | jq .decision.rule  every rule that fired
  serin replay a.yaml --report a.html                    charts of it, for a browser";

const DETAILS: &str = "\
JSON Lines:
  Each decision is an object on a line of its own:
    line       `decision`
    scenario   path of the file
    title      what the scenario is about
    moment     counts the decisions of the scenario, from 0
    atMs       virtual time since the story began, in milliseconds
    happened   what happened in the world since the decision before, as sentences
    asked      metrics and hooks asked for it: question, answer, tookMs
    decision   rule, measured, hook; after: where the Canary stands once this is saved
    commands   what was done, in order: command, outcome (done or failed), class and error of a failure
    saved      the status: phase, canaryWeight, failedChecks, iterations; null if none was saved
    notices    what people were told: id, type, text, and the severity of the alert or null
    wake       when the next call is due (at) and why; null if only a change wakes
  The last line of a scenario is its verdict:
    line       `verdict`
    scenario, title
    asExpected, expectations, decisions, virtualMs
    promoted   the revision that the primary runs at the end
    assumed    what the world took for granted because the scenario says nothing of it, in words
    missed     scripted events that never happened, by their place in the file
    failed     expectations that do not hold: expected, actual, and the moment each broke on
    violations broken invariants: moment, what

Exit status:
  0  everything is as expected
  1  an expectation or an invariant does not hold, or two replays differ
  2  a file or an argument cannot be used; the other scenarios are replayed all the same";

/// So many scenarios are replayed before their output is written.
const AT_ONCE: usize = 64;

/// Replays, prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, look: Look, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    if let Err(what) = args.report.try_out() {
        // Standard error may be gone as well; the exit status tells.
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
    let (mut ended, mut told) = (Vec::new(), Told::default());
    match replay_all(args, &look, &mut ended, &mut told, out, err) {
        Ok(()) => {}
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            // Standard error may be gone as well; the exit status tells.
            let _ = writeln!(err, "error: cannot write: {error}");
            return Exit::Unusable;
        }
    }
    if let Err(what) = args.report.write(|| html::replays(&told.runs, &told.unusable)) {
        let _ = err.write_all(complaint(&what).as_bytes());
        return Exit::Unusable;
    }
    match ended.iter().map(|(_, ended)| *ended).max() {
        Some(Ended::AsExpected) | None => Exit::AsExpected,
        Some(Ended::Failed | Ended::Differed) => Exit::Failed,
        Some(Ended::Unusable) => Exit::Unusable,
    }
}

/// What goes into the report.
#[derive(Default)]
struct Told {
    runs: Vec<html::Run>,
    /// Paths that cannot be used, and why.
    unusable: Vec<(String, String)>,
}

fn replay_all(
    args: &Args,
    look: &Look,
    ended: &mut Vec<(String, Ended)>,
    told: &mut Told,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    let mut files = Vec::new();
    for path in &args.paths {
        match find(std::slice::from_ref(path)) {
            Ok(found) => files.extend(found),
            Err(error) => {
                err.write_all(complaint(&error.to_string()).as_bytes())?;
                ended.push((path.display().to_string(), Ended::Unusable));
                told.unusable.push((path.display().to_string(), error.to_string()));
            }
        }
    }
    let is_alone = files.len() == 1 && ended.is_empty();
    let mut is_first = true;
    for (chunk, files) in files.chunks(AT_ONCE).enumerate() {
        let numbered = files.par_iter().enumerate();
        let place =
            |i| if is_alone { html::Place::Alone } else { html::Place::Among(chunk * AT_ONCE + i + 1) };
        let shown = numbered.map(|(i, file)| Shown::of(file, place(i), args, look));
        for shown in shown.collect::<Vec<Shown>>() {
            match shown.run {
                Some(run) => told.runs.push(run),
                None if shown.ended == Ended::Unusable => {
                    told.unusable.push((shown.path.clone(), shown.err.clone()));
                }
                None => {}
            }
            if !shown.out.is_empty() && args.format == Format::Text && !std::mem::take(&mut is_first) {
                writeln!(out)?;
            }
            ended.push((shown.path, shown.ended));
            out.write_all(shown.out.as_bytes())?;
            err.write_all(shown.err.as_bytes())?;
        }
    }
    if args.format == Format::Text {
        let gap = if is_first { "" } else { "\n" };
        write!(out, "{gap}{}", report::summary(ended, look))?;
    }
    out.flush()
}

/// A replayed scenario as it is printed.
struct Shown {
    path: String,
    ended: Ended,
    out: String,
    err: String,
    /// Its part of the report, if there is to be one.
    run: Option<html::Run>,
}

impl Shown {
    fn of(file: &Path, place: html::Place, args: &Args, look: &Look) -> Self {
        let path = file.display().to_string();
        let (first, second) = match twice(file, args.check_determinism) {
            Ok(replayed) => replayed,
            Err(error) => {
                let err = complaint(&error.to_string());
                return Self { path, ended: Ended::Unusable, out: String::new(), err, run: None };
            }
        };
        let page = page(&path, &first);
        let difference =
            second.and_then(|second| difference(&lines(&page), &lines(&self::page(&path, &second))));
        let out = match args.format {
            Format::Text if args.quiet => String::new(),
            Format::Text => report::text(&page, look),
            Format::Json if args.quiet => json::verdict(&page),
            Format::Json => lines(&page),
        };
        let ended = match &difference {
            Some(_) => Ended::Differed,
            None if first.verdict.holds() => Ended::AsExpected,
            None => Ended::Failed,
        };
        let err =
            difference.map(|difference| complaint(&format!("{path}: {difference}"))).unwrap_or_default();
        let run = args.report.is_wanted().then(|| html::Run::of(&page, ended, place));
        Self { ended, out, err, run, path }
    }
}

fn twice(file: &Path, again: bool) -> Result<(Replayed, Option<Replayed>), InputError> {
    let first = replay(file)?;
    let second = if again { Some(replay(file)?) } else { None };
    Ok((first, second))
}

fn page<'a>(path: &'a str, replayed: &'a Replayed) -> Page<'a> {
    let Replayed { title, canary, story, verdict, .. } = replayed;
    Page { path, title, canary, story, verdict }
}

fn lines(page: &Page<'_>) -> String {
    json::decisions(page) + &json::verdict(page)
}

/// The first line in which two replays differ.
fn difference(first: &str, second: &str) -> Option<String> {
    if first == second {
        return None;
    }
    let (mut firsts, mut seconds) = (first.lines(), second.lines());
    let mut number = 0;
    loop {
        number += 1;
        let pair = (firsts.next(), seconds.next());
        if pair.0 == pair.1 && pair.0.is_some() {
            continue;
        }
        let [first, second] = [pair.0, pair.1].map(|line| line.unwrap_or("no such line"));
        return Some(format!("two replays differ in line {number}\n  first   {first}\n  second  {second}"));
    }
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

    /// Runs a command line; how it ends, and what it complains of.
    fn replayed(line: &[&str], out: &mut dyn Write) -> (Exit, String) {
        let args = Line::parse_from(["replay"].iter().chain(line)).args;
        let mut err = Vec::new();
        let exit = run(&args, Look::new(100, true), out, &mut err);
        (exit, String::from_utf8(err).unwrap())
    }

    /// As a reader without colours sees it.
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
    fn a_story_that_goes_as_expected_ends_well() {
        let mut out = Vec::new();
        let ended = replayed(&["--check-determinism", GOOD], &mut out);
        assert_eq!(ended, (Exit::AsExpected, String::new()));
        assert!(plain(&out).ends_with("\n\n1 scenario: 1 as expected\n"));
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
    fn a_path_that_is_not_there_is_told_and_the_others_are_replayed() {
        let mut out = Vec::new();
        let (exit, err) = replayed(&["--quiet", "no/such.yaml", GOOD], &mut out);
        assert_eq!(exit, Exit::Unusable);
        assert!(err.starts_with("error: no/such.yaml: cannot be read"), "{err}");
        let expected = "2 scenarios: 1 as expected, 1 not usable\n  FAIL no/such.yaml  not usable\n";
        assert_eq!(plain(&out), expected);
    }

    #[test]
    fn a_reader_who_leaves_early_ends_it_silently() {
        assert_eq!(replayed(&[GOOD], &mut Closed(ErrorKind::BrokenPipe)), (Exit::AsExpected, String::new()));
    }

    #[test]
    fn output_that_cannot_be_written_is_told() {
        let (exit, err) = replayed(&[GOOD], &mut Closed(ErrorKind::StorageFull));
        assert_eq!((exit, &*err), (Exit::Unusable, "error: cannot write: no storage space\n"));
    }

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let shown = difference("a\nb\n", "a\nc\n").unwrap();
        assert_eq!(shown, "two replays differ in line 2\n  first   b\n  second  c");
        let shown = difference("a\n", "a\nc\n").unwrap();
        assert_eq!(shown, "two replays differ in line 2\n  first   no such line\n  second  c");
    }

    #[test]
    fn every_fault_is_a_line_of_its_own() {
        assert_eq!(complaint("a: b\nc: d\n  e"), "error: a: b\nerror: c: d\n  e\n");
    }
}
