//! A first scenario for a Canary: a good release, which is promoted, then a bad one, which is rolled back, with
//! comments that explain each part.
//!
//! Its expectations are the results of a replay, and are judged once before the text is returned. The world is
//! scripted, so that every Canary can have a scenario, whatever it measures.

mod cause;
mod expected;
mod found;
mod yaml;

use std::path::Path;

use serin_core::{
    Phase, Rollout,
    spec::{HookKind, Metric, MetricSource},
};
use serin_input::InputError;
use serin_simulator::{
    drive,
    expect::judge,
    record::Story,
    scenario::{self, Scenario},
};

use self::cause::Cause;
pub use self::found::{Written, find};

/// The input of a scenario.
#[derive(Clone, Debug)]
pub struct InitInput {
    /// Name of the Canary.
    pub name: String,
    /// The Canary.
    pub canary: Written,
    /// Its MetricTemplates, except those in the file of `canary`.
    pub templates: Vec<Written>,
    /// The controller's router, for a Canary without a provider.
    pub provider: Option<String>,
    /// The controller's namespace, if it is not the default: a metric's template is looked for there second.
    pub namespace: Option<String>,
}

/// Why there is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// The Canary cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A release is not promoted although everything is good.
    #[error("a release is not promoted although its metrics pass and its gates are open: {0}")]
    NeverPromoted(String),
    /// The expectations do not hold when the scenario is replayed.
    #[error("the scenario does not go as expected: {0}")]
    NotAsExpected(String),
}

/// The text of a scenario for the file `path`. The paths in it are relative to that file.
///
/// # Errors
/// The Canary cannot be used, or none of its releases is promoted.
pub fn scenario(subject: &InitInput, path: &Path) -> Result<String, InitError> {
    let head = head(subject);
    let canary = scenario::parse(&head, path)?.canary;
    let (draft, story) = draft(&canary, &head, path)?;
    let text = draft + &expected::expected(&story) + &simulated(&canary);
    let scenario = scenario::parse(&text, path)?;
    let story = drive::run(&scenario);
    let verdict = judge(&scenario, &story);
    if verdict.holds() {
        return Ok(text);
    }
    let failed = verdict.outcomes.iter().map(|outcome| format!("{:?}", outcome.judged));
    let broken = verdict.violations.iter().map(|(_, what)| what.clone());
    Err(InitError::NotAsExpected(failed.chain(broken).collect::<Vec<_>>().join("; ")))
}

/// The parts before the events, and the story: with the first cause that rolls the bad release back.
fn draft(canary: &Rollout, head: &str, path: &Path) -> Result<(String, Story), InitError> {
    /// The values of `until` that are tried; the first is the default and is not written.
    const ENDS: [Option<&str>; 3] = [None, Some("7d"), Some("400d")];
    let mut good_only = None;
    for until in ENDS {
        for cause in cause::causes(canary).into_iter().map(Some).chain([None]) {
            let text = format!("{head}{}{}", world(canary), events(canary, cause.as_ref(), until));
            let scenario = scenario::parse(&text, path)?;
            let story = drive::run(&scenario);
            match (&cause, story.end.phase) {
                (Some(_), Phase::Failed) if is_promoted(&story) => return Ok((text, story)),
                (None, Phase::Succeeded) if is_promoted(&story) && good_only.is_none() => {
                    good_only = Some((text, story));
                }
                (None, _) if until == ENDS[2] && good_only.is_none() => {
                    return Err(InitError::NeverPromoted(waits_for(&scenario, &story)));
                }
                (Some(_) | None, _) => {}
            }
        }
    }
    good_only.ok_or_else(|| InitError::NeverPromoted(String::new()))
}

fn is_promoted(story: &Story) -> bool {
    story.promoted.as_deref() == Some("v2")
}

/// The last event of a release that does not end.
fn waits_for(scenario: &Scenario, story: &Story) -> String {
    let notices = story.moments.iter().flat_map(|moment| &moment.sent);
    let last = notices.last().map(|notice| notice.message.text(&story.canary, &story.topology));
    last.unwrap_or_else(|| format!("nothing happens to {}", scenario.canary.identity().name))
}

fn head(subject: &InitInput) -> String {
    let title = |name: &str| format!("a good release of {name} is promoted, and a bad one is rolled back");
    let title = if yaml::is_plain(&subject.name) {
        title(&subject.name)
    } else {
        yaml::scalar(&title(&subject.name))
    };
    let mut text = format!(
        "# A first scenario. `serin replay` runs it in virtual time, without a cluster,\n\
         # and `serin explain` says why it went so.\n\
         scenario: {title}\n"
    );
    text += "\n# The manifest, as the cluster gets it";
    text += match &subject.canary {
        Written::Path(_) => "; the path is relative to this file.\n",
        Written::Manifest(_) => ".\n",
    };
    text += &yaml::manifest("canary", &subject.canary);
    if !subject.templates.is_empty() {
        text += "\n# The MetricTemplates that it names.\ntemplates:\n";
        text += &yaml::items(&subject.templates);
    }
    let started_with = [("provider", &subject.provider), ("namespace", &subject.namespace)];
    let started_with: Vec<String> = started_with
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}: {}", yaml::scalar(value.as_ref()?))))
        .collect();
    if !started_with.is_empty() {
        text += "\n# Settings of the controller that are not in the manifest.\n";
        text += &format!("controller: {{{}}}\n", started_with.join(", "));
    }
    text
}

fn world(canary: &Rollout) -> String {
    let mut rows = String::new();
    let metrics: Vec<(&Metric, f64)> =
        canary.metrics().iter().filter_map(|metric| Some((metric, cause::good(metric)?))).collect();
    if !metrics.is_empty() {
        rows += "  metrics:\n";
        for (metric, good) in &metrics {
            rows += &format!("    {}: [{good}]  # passes: {}\n", yaml::scalar(&metric.key), metric.bounds);
        }
    }
    let hooks: Vec<_> = canary.hooks().iter().filter(|hook| hook.kind != HookKind::Event).collect();
    if !hooks.is_empty() {
        rows += "  hooks:\n";
        for hook in &hooks {
            let (answer, comment) = healthy(hook.kind);
            rows += &format!("    {}: [{answer}]  # {}: {comment}\n", yaml::scalar(&hook.key), hook.kind);
        }
    }
    if rows.is_empty() {
        return "\n# Without `world` everything works: pods are ready at once.\n".into();
    }
    format!(
        "\n# How the cluster answers. A list has one answer for each call, and the last one\n\
         # repeats. A metric answers a number, `none` or {{error: text}}; a hook answers a\n\
         # status, `timeout` or `refused`. Pods are ready at once.\n\
         world:\n{rows}"
    )
}

/// The answer of a hook if everything works, and what its answers mean.
fn healthy(kind: HookKind) -> (u16, &'static str) {
    match kind {
        HookKind::ConfirmRollout => (200, "a gate, open; 403 closes it before the release begins"),
        HookKind::ConfirmTrafficIncrease => (200, "a gate, open; 403 closes it before the next step"),
        HookKind::ConfirmPromotion => (200, "a gate, open; 403 closes it before the promotion"),
        HookKind::PreRollout => (200, "passes; 500 is a failed check before users are sent"),
        HookKind::Rollout => (200, "passes with every check; 500 is a failed check"),
        HookKind::PostRollout => (200, "called after the release"),
        HookKind::RollbackTrigger => (403, "called with every check; 200 rolls back"),
        HookKind::RollbackAction => (200, "called after a rollback"),
        HookKind::Event => (200, "gets every event"),
    }
}

fn events(canary: &Rollout, cause: Option<&Cause>, until: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(until) = until {
        text += &format!("\n# When the story ends at the latest; 24h by default.\nuntil: {until}\n");
    }
    text += "\n# What happens: `at` counts from the beginning, `after` from the event before, and\n\
             # `when` waits for a status.\n\
             events:\n";
    if canary.is_suspended() {
        text += "  # The manifest says `suspend: true`, so nothing would be released.\n  \
                 - {at: 5m, edit: {suspend: false}}\n";
    }
    text += "  # v2 is good.\n  - {at: 10m, deploy: v2}\n";
    match cause {
        Some(cause) => {
            text += &format!("  # v3 is bad: {}.\n", cause.what());
            text += &format!("  - {{when: {{phase: Succeeded}}, after: 10m, {}}}\n", cause.event());
            text += "  - {after: 1s, deploy: v3}\n";
        }
        None => {
            text += "  # Nothing in this manifest can roll a release back, so there is no bad one.\n";
        }
    }
    text
}

/// A suggestion for a simulated world, if the world knows what every metric measures.
fn simulated(canary: &Rollout) -> String {
    let is_known =
        |metric: &Metric| matches!(metric.source, MetricSource::SuccessRate | MetricSource::Duration);
    if canary.metrics().is_empty() || !canary.metrics().iter().all(is_known) {
        return String::new();
    }
    "\n# Next, replace the scripted answers by traffic. With this world, and with v2 as\n\
     # the only release, `serin sweep` counts how often such a release is rolled back by\n\
     # chance.\n\
     # world:\n\
     #   traffic: {rps: 50}\n\
     #   versions: {v2: {errors: 0.5%}}\n"
        .into()
}
