//! Expectations about the number of metric queries, hook calls, commands and fired rules.

use serin_core::question::Asked;

use super::{Broken, Count, Held, often};
use crate::{
    record::{Call, Story},
    scenario::{Called, CarriedOut, Counted, Listed, rule_name},
};

pub(super) fn hook(wanted: &Called, story: &Story) -> Held {
    let is_it = |of: &Asked| matches!(of, Asked::Hook(key) if **key == *wanted.name);
    let calls: Vec<&Call> = story.calls.iter().filter(|call| is_it(&call.question.id.of)).collect();
    let moments: Vec<usize> = calls.iter().map(|call| call.moment).collect();
    let seen = || calls_shown(&calls);
    let answers_alone = wanted.times.is_none() && (wanted.phases.is_some() || wanted.answers.is_some());
    // A hook that was never called got no phase and gave no answer.
    if !answers_alone || calls.is_empty() {
        often(&moments, wanted.times, false, seen)?;
    }
    if let Some(phases) = &wanted.phases
        && let Some(other) = calls.iter().find(|call| !phases.contains(&call.question.phase))
    {
        return Err(Broken { actual: seen(), broke_at: Some(other.moment) });
    }
    if let Some(answers) = &wanted.answers {
        let answers: Vec<String> = answers.iter().map(|answer| answer.outcome.to_string()).collect();
        let used = calls.iter().flat_map(|call| call.answers.iter().map(|answer| (call.moment, answer)));
        let used: Vec<(usize, &String)> = used.collect();
        let same = answers.iter().zip(&used).take_while(|(wanted, (_, used))| *wanted == *used).count();
        if same < answers.len().max(used.len()) {
            let broke_at = used.get(same).or(used.last()).map(|(moment, _)| *moment);
            return Err(Broken { actual: seen(), broke_at });
        }
    }
    Ok(())
}

/// Every call, with the phase that was sent and the answer.
fn calls_shown(calls: &[&Call]) -> String {
    let shown: Vec<String> = calls
        .iter()
        .take(40)
        .map(|call| {
            let answers = if call.answers.is_empty() { "no answer".into() } else { call.answers.join(" ") };
            format!("{} {answers}", call.question.phase)
        })
        .collect();
    let listed = if shown.is_empty() { String::new() } else { format!(": {}", Listed(&shown)) };
    format!("called {}{listed}", Count(calls.len()))
}

pub(super) fn metric(wanted: &Counted, story: &Story) -> Held {
    let is_it = |of: &Asked| matches!(of, Asked::Metric(key) if **key == *wanted.name);
    let calls = story.calls.iter().filter(|call| is_it(&call.question.id.of));
    let moments: Vec<usize> = calls.map(|call| call.moment).collect();
    often(&moments, wanted.times, false, || format!("queried {}", Count(moments.len())))
}

pub(super) fn command(wanted: &CarriedOut, story: &Story) -> Held {
    let mut moments = Vec::new();
    let mut texts = Vec::new();
    for (i, moment) in story.moments.iter().enumerate() {
        for effect in moment.commands.iter().filter(|effect| effect.failed.is_none()) {
            let text = effect.command.to_string();
            if text.starts_with(&wanted.prefix) {
                moments.push(i);
                texts.push(text);
            }
        }
    }
    often(&moments, wanted.times, false, || {
        format!("carried out {}: {}", Count(moments.len()), Listed(&texts))
    })
}

pub(super) fn rule(wanted: &Counted, negated: bool, story: &Story) -> Held {
    let fired = story.moments.iter().enumerate();
    let fired = fired.filter(|(_, moment)| rule_name(moment.decision.rule) == wanted.name);
    let moments: Vec<usize> = fired.map(|(i, _)| i).collect();
    often(&moments, wanted.times, negated, || format!("fired {}", Count(moments.len())))
}
