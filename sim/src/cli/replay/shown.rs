//! One scenario: replayed, judged and printed.

use std::path::Path;

use serin_input::InputError;
use serin_output::{
    Terminal,
    finding::{Case, Finding, Level},
};
use serin_report::{
    self as report, Ended, Item, Page, html, json,
    replay::{Replayed, replay_until},
};

use super::{Args, Format, complaint, details::Details};

/// A replayed scenario with its output.
pub(super) struct Shown {
    pub(super) item: Item,
    pub(super) out: String,
    pub(super) err: String,
    /// Its part of the HTML report, if one is written.
    pub(super) run: Option<html::Run>,
    /// Its findings, for the formats that print only findings.
    pub(super) case: Option<Case>,
}

impl Shown {
    /// `None` if it was stopped before its end.
    pub(super) fn of(
        file: &Path,
        among: Option<usize>,
        args: &Args,
        details: Details,
        terminal: &Terminal,
        is_over: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let path = file.display().to_string();
        let (first, second) = match twice(file, args.check_determinism, is_over) {
            Ok(replayed) => replayed?,
            Err(error) => {
                let item = Item { path, ended: Ended::Unusable, headline: None, broken: None };
                let err = complaint(&error.to_string());
                let case = is_about_cases(args).then(|| Case::unusable(&item.path, &error));
                return Some(Self { item, out: String::new(), err, run: None, case });
            }
        };
        let page = page(&path, &first);
        let difference =
            second.and_then(|second| difference(&lines(&page), &lines(&self::page(&path, &second))));
        let out = match args.format {
            Format::Text => details.text(&page, terminal),
            Format::Json if args.quiet => json::verdict(&page),
            Format::Json => lines(&page),
            Format::Junit | Format::Github => String::new(),
        };
        let ended = match &difference {
            Some(_) => Ended::Differed,
            None if first.verdict.holds() => Ended::AsExpected,
            None => Ended::Failed,
        };
        let case = is_about_cases(args).then(|| case(&first, difference.as_deref()));
        let err =
            difference.map(|difference| complaint(&format!("{path}: {difference}"))).unwrap_or_default();
        let run = args.report.is_wanted().then(|| html::Run::of(&page, ended, among));
        let broken = report::first_broken(&page);
        let item = Item { ended, headline: Some(first.headline.clone()), broken, path: path.clone() };
        Some(Self { item, out, err, run, case })
    }
}

/// Whether the format prints only cases.
fn is_about_cases(args: &Args) -> bool {
    match args.format {
        Format::Text | Format::Json => false,
        Format::Junit | Format::Github => true,
    }
}

fn case(replayed: &Replayed, difference: Option<&str>) -> Case {
    let mut case = replayed.case();
    case.findings.extend(difference.map(|difference| Finding {
        level: Level::Error,
        code: "not-deterministic",
        file: case.file.clone(),
        at: None,
        field: String::new(),
        what: difference.into(),
        remedy: String::new(),
        edits: Vec::new(),
    }));
    case
}

/// `None` if a run was stopped before its end.
fn twice(
    file: &Path,
    again: bool,
    is_over: &dyn Fn() -> bool,
) -> Result<Option<(Replayed, Option<Replayed>)>, InputError> {
    let Some(first) = replay_until(file, is_over)? else { return Ok(None) };
    if !again {
        return Ok(Some((first, None)));
    }
    Ok(replay_until(file, is_over)?.map(|second| (first, Some(second))))
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
        let [first, second] = [pair.0, pair.1].map(|line| line.unwrap_or("(no line)"));
        return Some(format!("two replays differ in line {number}\n  first   {first}\n  second  {second}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let shown = difference("a\nb\n", "a\nc\n").unwrap();
        assert_eq!(shown, "two replays differ in line 2\n  first   b\n  second  c");
        let shown = difference("a\n", "a\nc\n").unwrap();
        assert_eq!(shown, "two replays differ in line 2\n  first   (no line)\n  second  c");
    }
}
