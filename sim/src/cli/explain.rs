//! `serin explain`: what a replay decided, why, and what would have had to be different.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use rayon::prelude::*;
use serin_core::time::parse_duration;
use serin_sim::{
    drive,
    explain::{at, explain, json, json_at, text, text_at},
    input::InputError,
    report::Look,
    scenario::{find, load},
};

use super::{Exit, Format, complaint, screen::Screen, written};

/// Explain how releases went, and what would have had to be different
///
/// Replays scenarios and tells each as a short story: how it began, what moved when, which checks failed by how much,
/// what it waited for, which rule ended it, how many users met the new version. Then everything is replayed with one
/// thing changed at a time, and the smallest changes that lead elsewhere are told: facts of this story, no advice.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{DETAILS}"))]
pub(crate) struct Args {
    /// Scenario files, and folders of them
    #[arg(required = true, value_name = "SCENARIO")]
    paths: Vec<PathBuf>,
    /// Explain one moment only: what was decided last at or before this virtual time, such as 11m30s
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Duration>,
    /// How to print: sentences for people, or JSON Lines
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    pub(super) screen: Screen,
}

const EXAMPLES: &str = "\
Examples:
  serin explain scenarios/everyday/weighted-bad.yaml             why it was rolled back
  serin explain --at 11m scenarios/everyday/weighted-bad.yaml    what was decided then, and why
  serin explain --format json a.yaml | jq '.chapters[].different'";

const DETAILS: &str = "\
JSON Lines:
  Each scenario is an object on a line of its own:
    line       `explanation`
    scenario, title, canary
    chapters   setting up, each run, the deletion
  Each chapter has:
    of         `setup`, `run` or `deletion`; revision: that of a run
    fromMs     virtual time; toMs: null if it had not ended when the story did
    outcome    initialized, taken-over, promoted, rolled-back, promotion-failed, withdrawn,
               replaced, started-over, shape-changed, deleted, released, under-way
    rule       the rule that ended it; summary: how it ended, as a sentence
    users      the largest share: percent, matched, fromMs, lastedMs, lasts; null if none
    told       the sentences, by topic; notices: all that was sent
    different  what leads elsewhere: change, set (field, to), outcome, told; tried: how many
  With --at:
    line       `moment`
    scenario, title, atMs, happened
    decisions  moment, rule, meaning, seen, done, told, stands, next

Exit status:
  0  everything was explained; expectations are not judged, that is what `serin replay` does
  2  a file or an argument cannot be used; the other scenarios are explained all the same";

fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Explains to `out`, complains to `err`.
pub(super) fn run(args: &Args, look: Look, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let mut unusable = false;
    let outcome = explain_all(args, &look, &mut unusable, out, err);
    let exit = written(outcome, err);
    if unusable { Exit::Unusable } else { exit }
}

fn explain_all(
    args: &Args,
    look: &Look,
    unusable: &mut bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
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
    for files in files.chunks(AT_ONCE) {
        let explained: Vec<_> = files.par_iter().map(|file| explained(file, args, look)).collect();
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
    out.flush()
}

/// So many scenarios are explained before their output is written.
const AT_ONCE: usize = 64;

fn explained(file: &Path, args: &Args, look: &Look) -> Result<String, InputError> {
    let scenario = load(file)?;
    let story = drive::run(&scenario);
    let path = file.display().to_string();
    let Some(instant) = args.at else {
        let explanation = explain(&scenario, &story);
        return Ok(match args.format {
            Format::Text => text(&path, &explanation, look),
            Format::Json => json(&path, &explanation),
        });
    };
    // The first decision is made when a story begins.
    let Some(at) = at(&scenario, &story, instant) else { return Ok(String::new()) };
    Ok(match args.format {
        Format::Text => text_at(&path, &scenario, &at, look),
        Format::Json => json_at(&path, &scenario.title, &at),
    })
}
