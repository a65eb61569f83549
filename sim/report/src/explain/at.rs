//! One instant of a story: the evidence, the rule, the state, and what comes next.

use std::time::Duration;

use serin_core::{
    Rollout, State,
    decision::{Measured, Reading, Rule, Verdict},
    question::{Answer, Asked, HookResult},
    spec::Bounds,
    state::Intent,
    step::Why,
};
use serin_simulator::{
    record::{Moment, Story},
    scenario::{Scenario, rule_name},
};

use super::{chapter::born, words::time};

/// The decisions of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The last time, at or before the requested time, at which something was decided.
    pub at: Duration,
    /// What happened in the world since the previous decision.
    pub happened: Vec<String>,
    /// The decisions, in order; bookkeeping only if there is nothing else.
    pub decisions: Vec<Decided>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its index among the decisions of the story, from 0.
    pub moment: usize,
    /// The rule that fired.
    pub rule: String,
    /// What the rule is for.
    pub meaning: &'static str,
    /// The answers of metrics and hooks, and their meaning.
    pub seen: Vec<String>,
    /// What was done, with its result.
    pub done: Vec<String>,
    /// The notices that are sent.
    pub told: Vec<String>,
    /// The state of the Canary, with the number of failed checks that are still allowed.
    pub stands: String,
    /// When the controller looks at it again, and why.
    pub next: Vec<String>,
}

/// Explains the instant at or before `at`; `None` if nothing was decided by then.
#[must_use]
pub fn at(scenario: &Scenario, story: &Story, at: Duration) -> Option<At> {
    let last = story.moments.iter().rposition(|moment| moment.at <= at)?;
    let instant = story.moments[last].at;
    let first = story.moments.iter().position(|moment| moment.at == instant)?;
    let moments: Vec<(usize, &Moment)> =
        story.moments.iter().enumerate().take(last + 1).skip(first).collect();
    let told: Vec<_> = moments.iter().filter(|(_, moment)| !is_bookkeeping(moment.decision.rule)).collect();
    let told = if told.is_empty() { moments.iter().take(1).collect() } else { told };
    let mut decisions: Vec<Decided> = told.into_iter().map(|(i, _)| decided(scenario, story, *i)).collect();
    if let Some(decided) = decisions.last_mut() {
        // Any remaining work at the same time is bookkeeping.
        decided.next = next(scenario, story, last).into_iter().collect();
    }
    let happened = moments.iter().flat_map(|(_, moment)| moment.happened.iter().cloned()).collect();
    Some(At { at: instant, happened, decisions })
}

fn is_bookkeeping(rule: Rule) -> bool {
    matches!(rule, Rule::NotDue | Rule::NoticesDropped | Rule::RequestCleared | Rule::Idle)
}

fn decided(scenario: &Scenario, story: &Story, i: usize) -> Decided {
    let moment = &story.moments[i];
    let rule = moment.decision.rule;
    let done = moment.commands.iter().map(|effect| match &effect.failed {
        None => format!("{}.", effect.command),
        Some((_, error)) => format!("{} failed: {error}.", effect.command),
    });
    let told = born(moment).map(|notice| {
        let alert = if notice.message.alert().is_some() { " (alert)" } else { "" };
        format!("{}{alert}.", notice.message.text(&story.canary, &story.topology))
    });
    Decided {
        moment: i,
        rule: rule_name(rule),
        meaning: rule.meaning(),
        seen: seen(moment, &scenario.canary),
        done: done.collect(),
        told: told.collect(),
        stands: stands(moment, state_after(story, i)),
        next: next(scenario, story, i).into_iter().collect(),
    }
}

fn state_after(story: &Story, i: usize) -> Option<&State> {
    story.moments[..=i].iter().rev().find_map(|moment| moment.saved.as_ref())
}

/// The answers, and their meaning.
fn seen(moment: &Moment, canary: &Rollout) -> Vec<String> {
    let hooks = moment.asked.iter().filter_map(|asked| match &asked.question.id.of {
        Asked::Hook(key) => Some(hook(key, &asked.answer, canary)),
        Asked::Metric(_) => None,
    });
    hooks.chain(moment.decision.measured.iter().map(metric)).collect()
}

fn hook(key: &str, answer: &Answer, canary: &Rollout) -> String {
    let hook = canary.hooks().iter().find(|hook| *hook.key == *key);
    let kind = hook.map_or(String::new(), |hook| format!("{} ", hook.kind.name()));
    let (said, text) = match answer {
        Answer::Hook(HookResult::Pass(text)) => ("passed", text.to_string()),
        Answer::Hook(HookResult::Deny(text) | HookResult::Error(text)) => ("did not pass", text.to_string()),
        Answer::Metric(_) => ("did not pass", String::new()),
    };
    let text = if text.is_empty() { text } else { format!(": {text}") };
    format!("The {kind}hook {key} {said}{text}.")
}

fn metric(measured: &Measured) -> String {
    let Measured { metric, reading, verdict, .. } = measured;
    let reading = match reading {
        Reading::Value(value) => format!("was {value}"),
        Reading::NoData => "had no value".into(),
        Reading::Error(error) => format!("could not be measured ({error})"),
    };
    let meant = match verdict {
        Verdict::Passed => "it passed",
        Verdict::Failed => "it failed",
        Verdict::Held => "the check is not counted",
        Verdict::Waived => "it counts as passed",
        Verdict::Void => "the canary was not reached, so it does not count",
    };
    let bounds = match measured.bounds() {
        Bounds { min: None, max: None } => "no bound".into(),
        bounds => format!("bound {bounds}"),
    };
    format!("{metric} {reading}, {bounds}: {meant}.")
}

fn stands(moment: &Moment, state: Option<&State>) -> String {
    let after = &moment.decision.after;
    let phase = if after.phase.name().is_empty() { "no phase yet" } else { after.phase.name() };
    let mut told = format!(
        "{phase}, canaryWeight {}, failedChecks {}, iterations {}",
        after.weight, after.failed_checks, after.iterations
    );
    match state.and_then(|state| state.run.intent.as_ref()) {
        Some(Intent::Rollback { .. }) => return told + "; a rollback is decided.",
        Some(Intent::Promote { .. }) => return told + "; a promotion is decided.",
        Some(Intent::Delete { .. }) | None => {}
    }
    match after.budget {
        Some(0) => told += "; the next failed check rolls back",
        Some(1) => told += "; one more failed check is allowed",
        Some(left) => told += &format!("; {left} more failed checks are allowed"),
        None => {}
    }
    if moment.saved.is_none() && state.is_some_and(|state| state.seq > 0) {
        told += "; nothing was saved";
    }
    told + "."
}

/// When the controller looks at it again. If the clock jumps in the story, only the calendar time is certain.
fn next(scenario: &Scenario, story: &Story, i: usize) -> Option<String> {
    let Some(wake) = story.moments[i].wake else { return Some("Only a change wakes the controller.".into()) };
    let why = match wake.why {
        Why::AtOnce => return Some("It continues at once.".into()),
        Why::NextCheck => "the next check, or the next step of a promotion",
        Why::WarmedUp => "the end of the warm-up",
        Why::Deadline => "the deadline of a workload",
        Why::Retry => "a retry of a command or a hook",
        Why::Stalled => "a notice that the run is held up is due",
        Why::Notices => "notices are still undelivered",
    };
    let jumps = scenario.clock_jumps();
    let at = if jumps { wake.at.to_string() } else { time(wake.at.since(story.start)) };
    Some(format!("At {at}: {why}."))
}
