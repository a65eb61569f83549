//! A story as JSON Lines: one object for each decision, and one for the verdict.

use serde::Serialize;
use serin_core::{
    Phase,
    decision::Decision,
    message::{EventType, Notice},
    observation::FailureClass,
    question::{Answer, Question},
    spec::Severity,
    step::Wake,
    strategy::Weight,
};
use serin_simulator::{
    expect::Judged,
    record::{Effect, Moment, Story},
};

use super::Page;

/// One decision.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DecisionLine<'a> {
    /// `decision`.
    line: &'static str,
    /// Path of the scenario.
    scenario: &'a str,
    /// What the scenario is about.
    title: &'a str,
    /// Counts the decisions of the scenario, from 0.
    moment: usize,
    /// Virtual time since the story began, in milliseconds.
    at_ms: u128,
    /// What happened in the world since the previous decision, as sentences.
    happened: &'a [String],
    /// The queries and calls for this decision.
    asked: Vec<AskedField<'a>>,
    /// The decision: `rule`, `measured`, `hook`, and `after`, the state of the Canary once it is saved.
    decision: &'a Decision,
    /// The commands in order, up to one that failed.
    commands: Vec<CommandField>,
    /// The status that was saved; `null` if none was.
    saved: Option<SavedField>,
    /// The notices that were sent.
    notices: Vec<NoticeField>,
    /// When the next call is due (`at`, on the world's calendar) and why; `null` if only a change wakes the controller.
    wake: Option<Wake>,
}

/// A question with its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AskedField<'a> {
    question: &'a Question,
    answer: &'a Answer,
    took_ms: u128,
}

/// A command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CommandField {
    /// Its text: `route 90/10`.
    command: String,
    /// Its outcome.
    outcome: CommandOutcome,
    /// The class of its failure, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<FailureClass>,
    /// The error of the cluster, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum CommandOutcome {
    /// It was carried out.
    Done,
    /// It failed.
    Failed,
}

/// The numbers of a saved status.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SavedField {
    phase: Phase,
    canary_weight: Weight,
    failed_checks: u32,
    iterations: u32,
}

/// An event, and an alert where `alert` is its severity.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NoticeField {
    id: String,
    r#type: EventType,
    text: String,
    alert: Option<Severity>,
}

/// How the story was judged.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictLine<'a> {
    /// `verdict`.
    line: &'static str,
    /// Path of the scenario.
    scenario: &'a str,
    /// What the scenario is about.
    title: &'a str,
    /// Whether everything was as expected.
    as_expected: bool,
    /// The number of expectations.
    expectations: usize,
    /// The number of decisions.
    decisions: usize,
    /// Virtual time of the last decision, in milliseconds.
    virtual_ms: u128,
    /// The revision the primary runs at the end.
    promoted: Option<&'a str>,
    /// What the world assumed because the scenario does not define it.
    assumed: Vec<String>,
    /// Scripted events that never happened, by their index in the file.
    missed: &'a [usize],
    /// Expectations that do not hold.
    failed: Vec<FailedField<'a>>,
    /// Invariants that do not hold.
    violations: Vec<ViolationField<'a>>,
}

/// An expectation that does not hold.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedField<'a> {
    expected: &'a str,
    actual: &'a str,
    /// The decision at which it broke.
    moment: Option<usize>,
}

/// An invariant that does not hold.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ViolationField<'a> {
    /// The decision at which it broke.
    moment: usize,
    what: &'a str,
}

/// The decisions of a story, one per line.
#[must_use]
pub fn decisions(page: &Page<'_>) -> String {
    let lines = page.story.moments.iter().enumerate();
    lines.map(|(i, moment)| line(&decision(page, i, moment))).collect()
}

/// The verdict on a story, as a line.
#[must_use]
pub fn verdict(page: &Page<'_>) -> String {
    line(&judged(page))
}

fn line(value: &impl Serialize) -> String {
    // serde_json refuses maps whose keys are not strings; these lines contain no such maps.
    serde_json::to_string(value)
        .map_or_else(|error| format!("{{\"error\":{:?}}}\n", error.to_string()), |line| line + "\n")
}

fn decision<'a>(page: &Page<'a>, i: usize, moment: &'a Moment) -> DecisionLine<'a> {
    let asked = moment.asked.iter().map(|asked| AskedField {
        question: &asked.question,
        answer: &asked.answer,
        took_ms: asked.took.as_millis(),
    });
    DecisionLine {
        line: "decision",
        scenario: page.path,
        title: page.title,
        moment: i,
        at_ms: moment.at.as_millis(),
        happened: &moment.happened,
        asked: asked.collect(),
        decision: &moment.decision,
        commands: moment.commands.iter().map(command).collect(),
        saved: moment.saved.as_ref().map(|state| SavedField {
            phase: state.phase,
            canary_weight: state.canary_weight,
            failed_checks: state.failed_checks,
            iterations: state.iterations,
        }),
        notices: moment.sent.iter().map(|sent| notice(page.story, sent)).collect(),
        wake: moment.wake,
    }
}

fn command(effect: &Effect) -> CommandField {
    let failed = effect.failed.as_ref();
    CommandField {
        command: effect.command.to_string(),
        outcome: if failed.is_some() { CommandOutcome::Failed } else { CommandOutcome::Done },
        class: failed.map(|(class, _)| *class),
        error: failed.map(|(_, error)| error.clone()),
    }
}

fn notice(story: &Story, notice: &Notice) -> NoticeField {
    NoticeField {
        id: notice.id.to_string(),
        r#type: notice.message.event_type(),
        text: notice.message.text(&story.canary, &story.topology),
        alert: notice.message.alert(),
    }
}

fn judged<'a>(page: &Page<'a>) -> VerdictLine<'a> {
    let failed = page.verdict.outcomes.iter().filter_map(|outcome| match &outcome.judged {
        Judged::Held => None,
        Judged::Failed { expected, actual, broke_at, .. } => {
            Some(FailedField { expected, actual, moment: *broke_at })
        }
    });
    let violations = page.verdict.violations.iter();
    VerdictLine {
        line: "verdict",
        scenario: page.path,
        title: page.title,
        as_expected: page.verdict.holds(),
        expectations: page.verdict.outcomes.len(),
        decisions: page.story.moments.len(),
        virtual_ms: page.story.moments.last().map_or(0, |moment| moment.at.as_millis()),
        promoted: page.story.promoted.as_deref(),
        assumed: page.story.assumed.iter().map(ToString::to_string).collect(),
        missed: &page.story.missed,
        failed: failed.collect(),
        violations: violations.map(|(moment, what)| ViolationField { moment: *moment, what }).collect(),
    }
}
