//! A report as text: findings by file and place, then the plan of each Canary.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use serin_core::time::Human;
use serin_output::{
    Terminal,
    finding::{
        self,
        text::{paragraph, style},
    },
    span::{Span, paint, printable},
    terminal::{BAD, FAINT, GOOD, PLAIN, STRONG, WARNING},
};
use serin_policy::plan::{Plan, checks};

use super::{CanaryReport, Entry, Gate, Level, Outlook, Report, Support};

/// All files, and a summary.
#[must_use]
pub fn text(report: &Report, findings_only: bool, terminal: &Terminal) -> String {
    let mut text = String::new();
    for file in &report.files {
        let canaries = if findings_only { &[] } else { file.canaries.as_slice() };
        if file.findings.is_empty() && canaries.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", paint(STRONG, &printable(&file.file)));
        text += &finding::text::findings(&file.findings(), terminal);
        for canary in canaries {
            text += "\n";
            text += &told(canary, terminal);
        }
        text.push('\n');
    }
    text + &summary(report)
}

/// The plan of a Canary.
fn told(canary: &CanaryReport, terminal: &Terminal) -> String {
    let mut text = String::new();
    let head = match &canary.plan {
        Some(plan) => {
            format!(
                "{} {} {}, every {}",
                canary.canary,
                terminal.signs.and,
                plan.strategy,
                Human(plan.interval)
            )
        }
        None => format!("{} {} too many checks to list", canary.canary, terminal.signs.and),
    };
    paragraph(&mut text, "  ", 2, &Span::words(STRONG, &head), terminal);
    if let Some(plan) = &canary.plan {
        for (label, sentence) in plan_rows(plan) {
            row(&mut text, &label, &sentence, terminal);
        }
    }
    for (label, sentence) in canary.outlook.iter().flat_map(Outlook::rows) {
        row(&mut text, label, &sentence, terminal);
    }
    compatibility(&mut text, &canary.compatibility, terminal);
    text
}

const LABEL: usize = 14;

fn row(text: &mut String, label: &str, sentence: &str, terminal: &Terminal) {
    let lead = format!("  {label:>LABEL$}  ");
    paragraph(text, &paint(FAINT, &lead), lead.chars().count(), &Span::words(PLAIN, sentence), terminal);
}

/// The plan as rows: times, and what happens then.
fn plan_rows(plan: &Plan) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut row = |label: String, sentence: String| rows.push((label, sentence));
    if plan.suspended {
        row("suspended".into(), "no move is made until it is resumed; then:".into());
    }
    row(Human(Duration::ZERO).to_string(), "the new revision is detected; its pods are ready at once".into());
    let span = |from, to| {
        if from == to { Human(from).to_string() } else { format!("{} - {}", Human(from), Human(to)) }
    };
    for leg in &plan.moves {
        row(span(leg.from, leg.to), leg.what.words(plan.divides));
    }
    if plan.checks == 0 {
        row(Human(plan.done).to_string(), "promoted without analysis".into());
    } else {
        let decided = format!(
            "promotion is decided, after {} of analysis: {} passed every {}",
            Human(plan.analysis()),
            checks(plan.checks),
            Human(plan.interval)
        );
        row(Human(plan.decided).to_string(), decided);
        let how = match plan.promotion_steps {
            1 => "all users are on the new version".to_owned(),
            steps => format!("all users are on the new version, after {steps} steps of the promotion"),
        };
        row(Human(plan.all_users).to_string(), how);
        row(Human(plan.done).to_string(), "the canary is scaled down: succeeded".into());
    }
    if let Some(rollback) = plan.rollback {
        let in_a_row = if rollback.consecutive { " in a row" } else { "" };
        row(
            "rollback".into(),
            format!(
                "{} after the first move at the earliest: {} failed{in_a_row}, one every {}",
                Human(rollback.after_first_move),
                checks(rollback.threshold),
                Human(plan.interval)
            ),
        );
    } else if plan.checks > 0 {
        row("rollback".into(), "only if pods do not get ready, or on request".into());
    }
    if !plan.gates.is_empty() {
        let gates: Vec<String> =
            plan.gates.iter().map(|Gate { kind, name }| format!("{name} ({kind})")).collect();
        row(
            "gates".into(),
            format!("wait for {}; the times above assume that all of them are open", gates.join(", ")),
        );
    }
    rows
}

/// The differences from Flagger, and the number of fields that are the same.
fn compatibility(text: &mut String, entries: &[Entry], terminal: &Terminal) {
    let fields = |of: &dyn Fn(&&Entry) -> bool| {
        entries.iter().filter(of).map(|entry| entry.field).collect::<BTreeSet<_>>().len()
    };
    let count = |standing| fields(&|entry| entry.standing == standing);
    let mut parts = vec![format!("{} of {} fields are the same", count(Support::Same), fields(&|_| true))];
    for (standing, words) in [
        (Support::Different, "different"),
        (Support::Own, "Serin's own"),
        (Support::NotSupported, "not supported"),
    ] {
        if count(standing) > 0 {
            parts.push(format!("{} {words}", count(standing)));
        }
    }
    row(text, "Flagger 1.44", &parts.join(", "), terminal);
    for entry in entries.iter().filter(|entry| entry.standing != Support::Same) {
        let (sign, style) = match entry.standing {
            Support::Same => ("=", PLAIN),
            Support::Different => ("~", WARNING),
            Support::Own => ("+", GOOD),
            Support::NotSupported => ("-", BAD),
        };
        let mut spans = vec![Span::new(style, sign).leading(), Span::new(PLAIN, short(entry.field)).after(1)];
        if !entry.row.is_empty() {
            spans.push(Span::new(FAINT, entry.row).after(1));
        }
        spans.extend(Span::words(FAINT, entry.what));
        paragraph(text, &" ".repeat(LABEL + 4), LABEL + 4, &spans, terminal);
    }
}

fn short(field: &str) -> &str {
    field.strip_prefix("spec.analysis.").or_else(|| field.strip_prefix("spec.")).unwrap_or(field)
}

/// The number of findings, in a line.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut parts = Vec::new();
    for (level, one) in [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Hint, "hint")] {
        match report.count(level) {
            0 => {}
            1 => parts.push(paint(style(level), &format!("1 {one}"))),
            count => parts.push(paint(style(level), &format!("{count} {one}s"))),
        }
    }
    let files = match report.files.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let found = if parts.is_empty() { paint(GOOD, "nothing found") } else { parts.join(", ") };
    format!("{files}: {found}\n")
}
