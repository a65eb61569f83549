//! The results of a search, for people and for programs.

use serde::Serialize;
use serin_core::{Phase, decision::Rule};
use serin_output::{
    Terminal,
    span::{Span, lines},
    terminal::PLAIN,
};
use serin_policy::check::{self, Fired, Searched};
use serin_simulator::scenario::{self, Scenario};

use super::{Args, Exit, Format, LoadedScenario, held_as};

/// Below a world that breaks what is marked.
pub(super) const MARKED: &str = "The property is marked `mayBreak`: this is not a failure.\n";

/// The result of a scenario in which nothing broke, or only what is marked with `mayBreak`.
pub(super) fn held(
    subject: &LoadedScenario,
    seed: u64,
    searched: &Searched,
    wanted: Option<u64>,
    args: &Args,
    terminal: &Terminal,
) -> String {
    let LoadedScenario { path, scenario, .. } = subject;
    match args.format {
        Format::Text => {}
        Format::Json => return line(subject, searched, None),
        Format::Junit | Format::Github => return String::new(),
    }
    let cases = searched.cases;
    let worlds = match cases {
        0 => "0 worlds".into(),
        1 if scenario.setting.simulated.is_none() => "1 world (nothing is random)".into(),
        1 => format!("1 world, seed {seed}"),
        _ => format!("{cases} worlds, seed {seed}"),
    };
    let stopped = match wanted {
        Some(wanted) if searched.stopped => format!("stopped after {cases} of {wanted} worlds; "),
        None if searched.stopped => "stopped; ".into(),
        Some(_) | None => String::new(),
    };
    let properties = match scenario.properties.len() {
        0 => "the invariants".into(),
        1 => "1 property and the invariants".into(),
        count => format!("{count} properties and the invariants"),
    };
    let word = match held_as(searched) {
        Exit::Unusable => "unknown",
        Exit::Failed => "FAIL",
        Exit::AsExpected | Exit::Interrupted => "held",
    };
    let known = searched.known.as_ref().map(|(case, broken)| {
        let seed = scenario::seed_of(seed, *case);
        format!("      breaks in the world of seed {seed}, as marked by `mayBreak`: {}\n", broken.claim)
    });
    let known = known.unwrap_or_default();
    let unjudged = unjudged(scenario, searched);
    let fired = &searched.fired;
    let fired =
        if args.is_of_one_file() { in_full(fired, terminal) } else { indented(&counts(fired), terminal) };
    format!("{word}  {path}\n      {stopped}{worlds}; {properties}\n{known}{unjudged}{fired}")
}

/// What the worlds of several scenarios reached, and which rules none of them did.
pub(super) fn together(fired: &Fired, terminal: &Terminal) -> String {
    let never = fired.never();
    let never = if never.is_empty() {
        String::new()
    } else {
        indented(&format!("never: {}", rules(never).join(", ")), terminal)
    };
    format!("all   {}\n{never}", counts(fired))
}

/// The rules that fired and the moves between phases, each by name.
fn in_full(fired: &Fired, terminal: &Terminal) -> String {
    let rules = rules(fired.rules.iter().copied()).join(", ");
    let to = terminal.signs.leads_to;
    let moves = fired.moves.iter().map(|(from, to)| [from, to].map(|phase| phase_name(*phase)));
    let moves: Vec<String> = moves.map(|[from, then]| format!("{from} {to} {then}")).collect();
    let moves = if moves.is_empty() { String::new() } else { indented(&moves.join(", "), terminal) };
    indented(&format!("{}: {rules}", counts(fired)), terminal) + &moves
}

fn counts(fired: &Fired) -> String {
    let Fired { rules, moves } = fired;
    let moves = if moves.len() == 1 { "1 move".into() } else { format!("{} moves", moves.len()) };
    format!("fired {} of {} rules, made {moves} between phases", rules.len(), Rule::ALL.len())
}

fn indented(sentence: &str, terminal: &Terminal) -> String {
    const INDENT: usize = 6;
    let lines = lines(&Span::sentence(PLAIN, sentence), terminal.width.saturating_sub(INDENT).max(24));
    lines.iter().map(|line| format!("{:INDENT$}{line}\n", "")).collect()
}

fn rules(rules: impl IntoIterator<Item = Rule>) -> Vec<String> {
    rules.into_iter().map(scenario::rule_name).collect()
}

/// A Canary that nothing was done with has no name for its phase.
fn phase_name(phase: Phase) -> &'static str {
    if phase == Phase::New { "New" } else { phase.name() }
}

/// A line for each property that no world could judge.
pub(super) fn unjudged(scenario: &Scenario, searched: &Searched) -> String {
    let claims = check::claims(scenario, &searched.unjudged);
    claims
        .iter()
        .map(|claim| format!("      never judged, because no world has anything to judge: {claim}\n"))
        .collect()
}

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    title: &'a str,
    cases: u64,
    stopped: bool,
    held: bool,
    unjudged: Vec<String>,
    rules: Vec<String>,
    moves: Vec<[&'static str; 2]>,
    found: Option<FoundField<'a>>,
    known: Option<FoundField<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundField<'a> {
    pub(super) seed: u64,
    pub(super) case: u64,
    pub(super) claim: &'a str,
    pub(super) actual: &'a str,
    pub(super) moment: Option<usize>,
    pub(super) at_ms: Option<u128>,
    pub(super) runs: Option<u64>,
    pub(super) file: &'a str,
}

/// The result of a scenario for programs.
pub(super) fn line(subject: &LoadedScenario, searched: &Searched, found: Option<FoundField<'_>>) -> String {
    let LoadedScenario { path, scenario, .. } = subject;
    let Searched { cases, stopped, .. } = *searched;
    let unjudged = check::claims(&subject.scenario, &searched.unjudged);
    let held = searched.found.is_none();
    let (found, known) = if held { (None, found) } else { (found, None) };
    let title = &scenario.title;
    let rules = rules(searched.fired.rules.iter().copied());
    let moves = searched.fired.moves.iter().map(|(from, to)| [phase_name(*from), phase_name(*to)]).collect();
    let line = Line { scenario: path, title, cases, stopped, held, unjudged, rules, moves, found, known };
    // Texts and numbers are always JSON.
    serde_json::to_string(&line).map(|line| line + "\n").unwrap_or_default()
}
