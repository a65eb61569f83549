//! One file from its text to its verdict.

use std::path::{Path, PathBuf};

use serin_core::{Rollout, time::Human};
use serin_input::{self as input, InputError, Source};
use serin_output::finding::{Case, Finding, Level};
use serin_simulator::{
    drive,
    expect::{self, Judged, Outcome, Verdict},
    record::Story,
    scenario::{self, Scenario},
};

use crate::explain::{Headline, headline};

/// A scenario that was run and judged.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The file.
    pub path: PathBuf,
    /// The title of the scenario.
    pub title: String,
    /// The Canary at the beginning.
    pub canary: Rollout,
    /// What happened.
    pub story: Story,
    /// The verdict.
    pub verdict: Verdict,
    /// How it ended, in short.
    pub headline: Headline,
    /// The expectations that do not hold, each with its place in the file.
    pub findings: Vec<Finding>,
}

impl Replayed {
    /// The scenario as a case of a test report.
    #[must_use]
    pub fn case(&self) -> Case {
        let findings = self.findings.clone();
        Case { name: self.title.clone(), file: self.path.display().to_string(), findings, is_unusable: false }
    }
}

/// Reads a scenario file, runs it and judges it.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn replay(path: &Path) -> Result<Replayed, InputError> {
    let text = input::read(path)?;
    let scenario = scenario::parse(&text, path)?;
    let story = drive::run(&scenario);
    Ok(judged(scenario, story, &text))
}

/// As [`replay`]; `None` if `is_over` became true before the end of the run.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn replay_until(path: &Path, is_over: &dyn Fn() -> bool) -> Result<Option<Replayed>, InputError> {
    let text = input::read(path)?;
    let scenario = scenario::parse(&text, path)?;
    let story = drive::run_until(&scenario, scenario.setting.seed, is_over);
    Ok(story.map(|story| judged(scenario, story, &text)))
}

fn judged(scenario: Scenario, story: Story, text: &str) -> Replayed {
    let verdict = expect::judge(&scenario, &story);
    let findings = findings(&scenario, &story, &verdict, &Source::new(text, &scenario.path));
    let headline = headline(&scenario.canary, &story);
    let Scenario { path, title, canary, .. } = scenario;
    Replayed { path, title, canary, story, verdict, headline, findings }
}

/// Expectations that do not hold, and events that never happened, by their place in the file.
fn findings(scenario: &Scenario, story: &Story, verdict: &Verdict, source: &Source<'_>) -> Vec<Finding> {
    let finding = |level, code, field: String, what| Finding {
        level,
        code,
        file: source.path.display().to_string(),
        at: source.fault(&*field, "").at,
        field,
        what,
        remedy: String::new(),
        edits: Vec::new(),
    };
    let statements =
        verdict.outcomes.iter().enumerate().filter_map(|(i, Outcome { judged, .. })| match judged {
            Judged::Held => None,
            Judged::Failed { expected, actual, at, .. } => {
                let at = at.map_or(String::new(), |at| format!("\nat {}", Human(at)));
                let what = format!("expected {expected}\nactual   {actual}{at}");
                Some(match i.checked_sub(scenario.expect.len()) {
                    None => finding(Level::Error, "expectation-failed", format!("expect[{i}]"), what),
                    Some(i) => finding(Level::Error, "property-broken", format!("properties[{i}]"), what),
                })
            }
        });
    let violations = verdict.violations.iter().map(|(moment, what)| {
        let at =
            story.moments.get(*moment).map_or(String::new(), |moment| format!("\nat {}", Human(moment.at)));
        finding(Level::Error, "invariant-broken", "scenario".into(), format!("{what}{at}"))
    });
    let missed = story.missed.iter().map(|event| {
        finding(Level::Warning, "event-missed", format!("events[{event}]"), "never happened".into())
    });
    let mut findings: Vec<Finding> = statements.chain(violations).chain(missed).collect();
    findings.sort_by_key(|finding| finding.at);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_an_error_in_a_line() {
        let error = replay(Path::new("no/such/story.yaml")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/story.yaml: cannot be read: "), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
