//! A story in short: how its last run ended, after how long, at which weight, and why. As one sentence, and in parts
//! for a list.

use std::time::Duration;

use serin_core::{
    Rollout,
    decision::{Cause, Finding, in_series},
    revision::Text,
    spec::MetricSource,
    time::Human,
};
use serin_simulator::record::Story;

use super::{
    chapter::{Chapter, Of, chapters},
    ending::Ending,
    moves, waits,
    words::count,
};
use crate::share::{self, Share};

/// How a story ended, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// The result of its last run.
    pub conclusion: Conclusion,
    /// How its last chapter ended: `promoted`, `rolled back` and so on.
    pub outcome: String,
    /// When, in virtual time; `None` if nothing was decided.
    pub at: Option<Duration>,
    /// Why, or what it waits for; empty if the outcome needs no reason.
    pub why: String,
    /// How long the last run took; `None` if it has not ended.
    pub took: Option<Duration>,
    /// One sentence without a full stop: `Rolled back after 6m at 10 %: success rate 97.97 % < 99 %`.
    pub sentence: String,
}

/// The result of the last run of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conclusion {
    /// The new revision was promoted.
    Promoted,
    /// It was rolled back.
    RolledBack,
    /// The primary did not get ready with the new revision.
    PromotionFailed,
    /// The run had not ended at the end of the story.
    NotEnded,
    /// No revision was released, or it was withdrawn, or the Canary was deleted.
    NoRelease,
}

/// The headline of a story.
#[must_use]
pub fn headline(canary: &Rollout, story: &Story) -> Headline {
    let chapters = chapters(story);
    let Some(last) = chapters.last() else {
        return Headline {
            conclusion: Conclusion::NoRelease,
            outcome: "nothing decided".into(),
            at: None,
            why: String::new(),
            took: None,
            sentence: "Nothing was decided".into(),
        };
    };
    let runs = chapters.iter().filter(|chapter| matches!(chapter.of, Of::Run(_))).count();
    let why = why(last, canary);
    let mut sentence = sentence(last, &why);
    if runs > 1 && matches!(last.of, Of::Run(_)) {
        sentence += &format!("; the last of {runs} runs");
    }
    let ended = last.ended.at.map(|(_, done)| done);
    Headline {
        conclusion: conclusion(last),
        outcome: last.ended.how.word().replace('-', " "),
        at: Some(ended.unwrap_or(last.until)),
        why,
        took: ended.map(|ended| ended.saturating_sub(last.began())),
        sentence,
    }
}

fn conclusion(chapter: &Chapter<'_>) -> Conclusion {
    match (&chapter.of, &chapter.ended.how) {
        (_, Ending::Promoted { .. }) => Conclusion::Promoted,
        (_, Ending::RolledBack(_)) => Conclusion::RolledBack,
        (_, Ending::PromotionFailed { .. }) => Conclusion::PromotionFailed,
        (Of::Run(_) | Of::Setup | Of::Deletion, Ending::UnderWay) => Conclusion::NotEnded,
        (Of::Run(_), Ending::Replaced(_) | Ending::StartedOver | Ending::ShapeChanged) => {
            Conclusion::NotEnded
        }
        (
            _,
            Ending::Initialized
            | Ending::TakenOver
            | Ending::Withdrawn
            | Ending::Replaced(_)
            | Ending::StartedOver
            | Ending::ShapeChanged
            | Ending::Deleted
            | Ending::Released,
        ) => Conclusion::NoRelease,
    }
}

fn sentence(chapter: &Chapter<'_>, why: &str) -> String {
    let ended = chapter.ended.at.map_or(chapter.until, |(_, done)| done);
    let after = format!("after {}", Human(ended.saturating_sub(chapter.began())));
    let at = moves::at_the_end(chapter).map(at_share).unwrap_or_default();
    match &chapter.ended.how {
        Ending::Initialized => "The primary was set up; no release followed".into(),
        Ending::TakenOver => "Taken over from Flagger; no release followed".into(),
        Ending::Promoted { skipped: false } => format!("Promoted {after}"),
        Ending::Promoted { skipped: true } => format!("Promoted {after}, {why}"),
        Ending::RolledBack(_) => format!("Rolled back {after}{at}: {why}"),
        Ending::PromotionFailed { .. } => {
            format!("Promotion failed {after}: the primary did not get ready: {why}")
        }
        Ending::Withdrawn => format!("Withdrawn {after}, before it started"),
        Ending::Replaced(_) => format!("Replaced {why} {after}{at}"),
        Ending::StartedOver => format!("Started over {after}{at}"),
        Ending::ShapeChanged => format!("Ended by an edit {after}{at}"),
        Ending::Deleted => format!("Canary deleted {after}{at}"),
        Ending::Released => format!("Canary deleted {after}"),
        Ending::UnderWay => {
            let what = match chapter.of {
                Of::Setup => "Primary not set up",
                Of::Run(_) if chapter.end().phase.is_idle() => "Not started",
                Of::Run(_) => "Not ended",
                Of::Deletion => "Canary not deleted",
            };
            format!("{what} {after}{at}: {why}")
        }
    }
}

/// Why a chapter ended this way, or what it waits for; empty if the ending needs no reason.
fn why(chapter: &Chapter<'_>, canary: &Rollout) -> String {
    match &chapter.ended.how {
        Ending::RolledBack(cause) => reason(cause, canary),
        Ending::PromotionFailed { why } => why.to_string(),
        Ending::Promoted { skipped: true } => "without analysis".into(),
        Ending::Replaced(revision) => format!("by {revision}"),
        Ending::UnderWay => {
            let on = waits::at_the_end(chapter, canary);
            let on = on.map(|on| format!(", waits for {on}")).unwrap_or_default();
            format!("{}{on}", chapter.end().phase)
        }
        Ending::Initialized
        | Ending::TakenOver
        | Ending::Promoted { skipped: false }
        | Ending::Withdrawn
        | Ending::StartedOver
        | Ending::ShapeChanged
        | Ending::Deleted
        | Ending::Released => String::new(),
    }
}

fn at_share(share: Share) -> String {
    match share.which() {
        share::Of::Requests => format!(" at {} %", share.percent()),
        share::Of::Matched => format!(" at {} % of matching requests", share.percent()),
        share::Of::Copies => String::new(),
    }
}

/// Why a run was rolled back, in a few words.
fn reason(cause: &Cause, canary: &Rollout) -> String {
    match cause {
        Cause::Checks { last: Some(finding), .. } => checked(finding, canary),
        Cause::Checks { failed, threshold, last: None } => {
            format!("{} reached the threshold of {threshold}", count(*failed as usize, "failed check"))
        }
        Cause::Trigger { hook } => format!("rollback hook {hook}"),
        Cause::Deadline { who, why, gave_up: true, .. } => {
            format!("{who} reported as failed by the platform: {why}")
        }
        Cause::Deadline { who, why, deadline, gave_up: false } => {
            format!("{who} not ready within {}: {why}", Human(*deadline))
        }
        Cause::Gate { kind, hook, deadline } => {
            format!("{} gate {hook} not open within {}", kind.0, Human(*deadline))
        }
        Cause::NotJudged { deadline, why } => format!("no judged check for {}: {why}", Human(*deadline)),
        Cause::Request => "requested by an operator".into(),
        Cause::Reverted => "the target was set back to the promoted revision".into(),
    }
}

fn checked(finding: &Finding, canary: &Rollout) -> String {
    let compared = |metric: &str, (value, bound): (String, String), sign: &str, series: &Option<Text>| {
        let unit = unit(metric, canary);
        let series = in_series(series.as_ref());
        format!("{} {}{unit} {sign} {}{unit}{series}", measured(metric), plain(&value), plain(&bound))
    };
    match finding {
        Finding::Below { metric, value, series, min, unit } => {
            compared(metric, unit.show(*value, *min), "<", series)
        }
        Finding::Above { metric, value, series, max, unit } => {
            compared(metric, unit.show(*value, *max), ">", series)
        }
        Finding::NoData { metric } => format!("{} had no value", measured(metric)),
        Finding::MetricError { metric, error } => {
            format!("{} could not be measured: {error}", measured(metric))
        }
        Finding::Hook { kind, hook, said } if said.is_empty() => format!("{} hook {hook} failed", kind.0),
        Finding::Hook { kind, hook, said } => format!("{} hook {hook} failed: {said}", kind.0),
    }
}

/// The built-in metrics in words.
fn measured(metric: &str) -> &str {
    match metric {
        "request-success-rate" => "success rate",
        "request-duration" => "latency",
        own => own,
    }
}

/// A number without decimals that are 0.
fn plain(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// The unit of a metric, if it is known. The value of a latency includes its unit.
fn unit(metric: &str, canary: &Rollout) -> &'static str {
    let known = canary.metrics().iter().find(|known| *known.name == *metric);
    match known.map(|metric| &metric.source) {
        Some(MetricSource::SuccessRate) => " %",
        Some(
            MetricSource::Duration
            | MetricSource::Query(_)
            | MetricSource::Template { .. }
            | MetricSource::Shipped(_),
        )
        | None => "",
    }
}

#[cfg(test)]
mod tests {
    use serin_simulator::drive;

    use super::*;
    use crate::explain::tests::story;

    fn of(analysis: &str, rest: &str) -> (Conclusion, String) {
        let scenario = story(analysis, rest);
        let Headline { conclusion, sentence, .. } = headline(&scenario.canary, &drive::run(&scenario));
        (conclusion, sentence)
    }

    #[test]
    fn a_number_has_no_decimals_that_are_0() {
        assert_eq!(["99.00", "97.90", "100", "900ms"].map(plain), ["99", "97.9", "100", "900ms"]);
    }

    #[test]
    fn a_story_is_summarized_in_one_sentence() {
        let deploy = "events: [{at: 5m, deploy: v2}]";
        let world = |world: &str| format!("world: {world}\n{deploy}");
        let gate =
            "threshold: 1\n      webhooks: [{name: sign-off, type: confirm-promotion, url: \"http://gate\"}]";
        for (analysis, rest, conclusion, sentence) in [
            ("threshold: 1", deploy.to_owned(), Conclusion::Promoted, "Promoted after 5m"),
            (
                "threshold: 1",
                world("{metrics: {request-success-rate: [99.9, 97.97]}}"),
                Conclusion::RolledBack,
                "Rolled back after 3m at 20 %: success rate 97.97 % < 99 %",
            ),
            (
                "threshold: 1",
                world("{metrics: {request-duration: [900]}}"),
                Conclusion::RolledBack,
                "Rolled back after 2m at 10 %: latency 900ms > 500ms",
            ),
            (
                gate,
                format!("world: {{hooks: {{sign-off: [403]}}}}\nuntil: 20m\n{deploy}"),
                Conclusion::NotEnded,
                "Not ended after 15m at 20 %: WaitingPromotion, waits for approval to continue: confirm-promotion gate sign-off",
            ),
            (
                "threshold: 1",
                String::new(),
                Conclusion::NoRelease,
                "The primary was set up; no release followed",
            ),
            (
                "threshold: 1",
                "events: [{at: 5m, deploy: v2}, {at: 7m, deploy: v3}]".into(),
                Conclusion::Promoted,
                "Promoted after 5m; the last of 2 runs",
            ),
        ] {
            assert_eq!(of(analysis, &rest), (conclusion, sentence.to_owned()));
        }
    }
}
