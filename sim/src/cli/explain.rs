//! `serin explain`: what a replay decided, why, and what would have changed the outcome.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::ValueHint;
use rayon::prelude::*;
use serin_core::time::parse_duration;
use serin_input::InputError;
use serin_output::Terminal;
use serin_report::explain::{at, explain_until, json, json_at, text, text_at};
use serin_simulator::{
    drive,
    scenario::{find, load},
};

use super::{Exit, Format, complaint, exit::long_help, long_work::LongWork, screen::Screen, written};

/// Explain how releases went, and what would have changed the outcome
///
/// Replays scenarios and describes each: how it began, what moved when, which checks failed and by how much, what it
/// waited for, which rule ended it, and how many users saw the new version. Then it replays the scenario again with one
/// change at a time and prints the smallest changes that lead to another outcome. These are facts about this scenario,
/// not advice.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES, DETAILS]))]
pub(crate) struct Args {
    /// Scenario files or folders that contain them
    #[arg(required = true, value_name = "SCENARIO", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Explain only the last decision at or before this virtual time, such as 11m30s
    #[arg(long, value_name = "TIME", value_parser = time, value_hint = ValueHint::Other)]
    at: Option<Duration>,
    /// Output format: text for people, or JSON Lines
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    pub(super) screen: Screen,
}

const EXAMPLES: &str = "\
Examples:
  Why it was rolled back:
    serin explain scenarios/everyday/weighted-bad.yaml
  What was decided at one time, and why:
    serin explain --at 11m scenarios/everyday/weighted-bad.yaml
  What would have changed the outcome:
    serin explain --format json a.yaml | jq '.chapters[].different'";

const DETAILS: &str = "\
JSON Lines:
  Each scenario is an object on its own line:
    line       `explanation`
    scenario, title, canary
    chapters   the setup, each run, the deletion
  Each chapter has:
    of         `setup`, `run` or `deletion`; revision: that of a run
    fromMs     virtual time; toMs: null if it had not ended when the scenario
               did
    outcome    initialized, taken-over, promoted, rolled-back,
               promotion-failed, withdrawn, replaced, started-over,
               shape-changed, deleted, released, under-way
    rule       the rule that ended it; summary: how it ended, as a sentence
    users      the largest share: percent, matched, fromMs, lastedMs, lasts;
               null if there was none
    told       the sentences, by topic; notices: all that were sent
    different  changes that lead to another outcome: change, set (field, to),
               outcome, told; tried: how many were tried
  With --at:
    line       `moment`
    scenario, title, atMs, happened
    decisions  moment, rule, meaning, seen, done, told, stands, next

Expectations are not judged; `serin replay` does that. A file that cannot be
used does not stop the others from being explained.";

fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Explains to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let mut unusable = false;
    let outcome = explain_all(args, &terminal, &mut unusable, out, err);
    let stopped = matches!(outcome, Ok(true));
    let exit = written(outcome.map(|_| ()), err);
    if stopped {
        Exit::Interrupted
    } else if unusable {
        Exit::Unusable
    } else {
        exit
    }
}

/// Whether Ctrl-C stopped it.
fn explain_all(
    args: &Args,
    terminal: &Terminal,
    unusable: &mut bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<bool> {
    let mut files = Vec::new();
    for path in &args.paths {
        match find(std::slice::from_ref(path)) {
            Ok(found) => files.extend(found),
            Err(error) => {
                *unusable = true;
                err.write_all(complaint(&error.to_string()).as_bytes())?;
            }
        }
    }
    let mut is_first = true;
    let mut done = 0;
    // A single scenario ends by itself, or at the first Ctrl-C.
    let work = (files.len() > 1).then(|| LongWork::begin(files.len() as u64, "scenarios", *terminal));
    for files in files.chunks(AT_ONCE) {
        let files = files.par_iter().filter(|_| !work.as_ref().is_some_and(LongWork::is_over));
        let explained = files.map(|file| {
            let explained = explained(file, args, terminal, &|| work.as_ref().is_some_and(LongWork::is_over));
            work.iter().for_each(|work| work.done(1));
            explained.transpose()
        });
        let explained: Vec<_> = explained.flatten_iter().collect();
        done += explained.len();
        for explained in explained {
            match explained {
                Ok(explained) => {
                    if args.format == Format::Text && !std::mem::take(&mut is_first) {
                        writeln!(out)?;
                    }
                    out.write_all(explained.as_bytes())?;
                }
                Err(error) => {
                    *unusable = true;
                    err.write_all(complaint(&error.to_string()).as_bytes())?;
                }
            }
        }
    }
    let stopped = work.is_some_and(LongWork::end);
    if stopped {
        writeln!(err, "stopped after {done} of {} scenarios", files.len())?;
    }
    out.flush()?;
    Ok(stopped)
}

/// Scenarios that are explained before their output is written.
const AT_ONCE: usize = 64;

/// `None` if it was stopped before it was complete.
fn explained(
    file: &Path,
    args: &Args,
    terminal: &Terminal,
    is_over: &dyn Fn() -> bool,
) -> Result<Option<String>, InputError> {
    let scenario = load(file)?;
    let Some(story) = drive::run_until(&scenario, scenario.setting.seed, is_over) else { return Ok(None) };
    let path = file.display().to_string();
    let Some(instant) = args.at else {
        let explanation = explain_until(&scenario, &story, is_over);
        let shown = match args.format {
            Format::Text => text(&path, &explanation, terminal),
            Format::Json => json(&path, &explanation),
        };
        return Ok(Some(shown).filter(|_| !is_over()));
    };
    // The first decision is made at the beginning of a story.
    let Some(at) = at(&scenario, &story, instant) else { return Ok(Some(String::new())) };
    Ok(Some(match args.format {
        Format::Text => text_at(&path, &scenario, &at, terminal),
        Format::Json => json_at(&path, &scenario.title, &at),
    }))
}
