//! Words and phrases of the sentences.

use std::time::Duration;

use serin_core::{
    decision::{Cause, Finding, in_series},
    time::Human,
};

/// `2m`, `1d6h`.
pub(super) fn time(at: Duration) -> String {
    Human(at).to_string()
}

/// `1 check`, `2 checks`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`; of a long list the first and the last.
pub(super) fn list(items: &[String]) -> String {
    const LONGEST: usize = 8;
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first, second, .., last] if items.len() > LONGEST => {
            format!("{first}, {second}, …, {last}")
        }
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// With a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// The measured value and the bound.
pub(super) fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Below { metric, value, series, min, unit } => {
            let (value, min) = unit.show(*value, *min);
            format!("{metric} was {value}{}, at least {min} is required", in_series(series.as_ref()))
        }
        Finding::Above { metric, value, series, max, unit } => {
            let (value, max) = unit.show(*value, *max);
            format!("{metric} was {value}{}, at most {max} is required", in_series(series.as_ref()))
        }
        Finding::NoData { metric } => format!("{metric} had no value"),
        Finding::MetricError { metric, error } => format!("{metric} could not be measured: {error}"),
        Finding::Hook { kind, hook, said } if said.is_empty() => format!("the {} hook {hook} failed", kind.0),
        Finding::Hook { kind, hook, said } => format!("the {} hook {hook} failed: {said}", kind.0),
    }
}

/// Why a run was rolled back.
pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Checks { failed, threshold, last } => {
            let last = last.as_ref().map(|last| format!("; the last one: {}", finding(last)));
            let checks = count(*failed as usize, "failed check");
            format!("{checks} reached the threshold of {threshold}{}", last.unwrap_or_default())
        }
        Cause::Trigger { hook } => format!("the rollback hook {hook} requested it"),
        Cause::Deadline { who, why, gave_up: true, .. } => {
            format!("the platform reported the {who} as failed: {why}")
        }
        Cause::Deadline { who, why, deadline, gave_up: false } => {
            format!("the {who} was not ready within progressDeadlineSeconds, {}: {why}", Human(*deadline))
        }
        Cause::Gate { kind, hook, deadline } => {
            format!("the {} gate {hook} did not open within its deadline of {}", kind.0, Human(*deadline))
        }
        Cause::NotJudged { deadline, why } => {
            format!("no check could be judged for {}: {why}", Human(*deadline))
        }
        Cause::Request => "an operator requested it".into(),
        Cause::Reverted => "the target was set back to the promoted revision".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_joined_with_commas_and_and() {
        let items = |count: usize| (1..=count).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(list(&items(0)), "");
        assert_eq!(list(&items(1)), "1");
        assert_eq!(list(&items(3)), "1, 2 and 3");
        assert_eq!(list(&items(9)), "1, 2, …, 9");
    }

    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(capital("the canary"), "The canary");
        assert_eq!(capital(""), "");
    }
}
