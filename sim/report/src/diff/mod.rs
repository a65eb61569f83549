//! Two policies side by side: as text, as Markdown for a comment, and as JSON.

mod json;
mod markdown;
mod rows;
mod text;

use serin_policy::diff::{Change, Diff, Results, Risk};
use serin_simulator::scenario::{Range, SIMULATION, Share};

pub use self::{json::json, markdown::markdown, text::text};

/// The most important result, in one sentence.
#[must_use]
pub fn verdict(diff: &Diff) -> String {
    let risk = match &diff.risk {
        Ok(risk) => risk,
        Err(why) => return format!("The risk is not compared: {why}."),
    };
    let all = risk.results.compare();
    if all.iter().all(|compared| compared.difference.new_less_old == 0.0) {
        return "The results are the same.".into();
    }
    let parts = [
        (Change::Worse, "Surely worse"),
        (Change::Better, "Surely better"),
        (Change::NotSure, "No sure difference"),
    ];
    let sentences = parts.into_iter().filter_map(|(change, words)| {
        let named = all.iter().filter(|compared| compared.change() == change);
        let names: Vec<String> = named.map(|compared| compared.criterion.to_string()).collect();
        (!names.is_empty()).then(|| format!("{words}: {}.", names.join(", ")))
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// The release of a Canary without a scenario, in words.
fn release(diff: &Diff) -> Option<String> {
    let release = diff.release.as_ref()?;
    let errors = Range::<Share>::exactly(release.errors);
    Some(format!("a release with {errors} errors, at {} requests a second", release.rps))
}

/// Where the results are from, and what they mean.
fn legend(risk: &Risk) -> Vec<String> {
    const GOOD: &str = "A release is good if it stays within the bounds of the old policy in the long run.";
    const COUNTED: &str = "In brackets: 95 % intervals of the differences. A difference is sure if its interval does not \
                           contain 0. Times are means of the releases that both policies promote or roll back; requests \
                           are means per release.";
    const COMPUTED: &str = "Times are means of the releases that are promoted or rolled back; requests are means per \
                            release.";
    let (how, means) = match &risk.results {
        Results::Computed(_) => ("Computed, not simulated.".to_owned(), COMPUTED),
        Results::Counted(pairs) => {
            let Risk { runs, seed, .. } = risk;
            let stopped = if pairs.old.runs < *runs {
                format!("Stopped after {} of {runs} worlds", pairs.old.runs)
            } else {
                format!("Simulated in {runs} worlds, the same for both")
            };
            (format!("{stopped}; seed {seed}, simulation {SIMULATION}."), COUNTED)
        }
    };
    vec![how, means.into(), GOOD.into()]
}
