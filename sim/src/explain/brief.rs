//! How a story ended, in a few words: for a list of many.

use std::time::Duration;

use serin_core::decision::{Cause, Finding};

use super::{
    chapter::{Chapter, chapters},
    ending::Ending,
    waits,
    words::{cause, finding},
};
use crate::{record::Story, scenario::Scenario};

/// The end of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// How its last chapter ended: `promoted`, `rolled back` and so on.
    pub outcome: String,
    /// When, in virtual time.
    pub at: Duration,
    /// Why, or what it waits for; empty where the outcome says it all.
    pub why: String,
}

/// How a story of this scenario ended; `None` where nothing was decided.
#[must_use]
pub fn brief(scenario: &Scenario, story: &Story) -> Option<Brief> {
    let chapters = chapters(story);
    let last = chapters.last()?;
    let at = last.ended.at.map_or(last.until, |(_, done)| done);
    Some(Brief { outcome: last.ended.how.word().replace('-', " "), at, why: why(last, scenario) })
}

fn why(chapter: &Chapter<'_>, scenario: &Scenario) -> String {
    match &chapter.ended.how {
        Ending::RolledBack(Cause::Checks { last: Some(last), .. }) => short(last),
        Ending::RolledBack(why) => cause(why),
        Ending::PromotionFailed { why } => why.to_string(),
        Ending::Promoted { skipped: true } => "without analysis".into(),
        Ending::UnderWay => {
            let phase = chapter.end().phase;
            waits::at_the_end(chapter, &scenario.canary)
                .map_or_else(|| phase.to_string(), |on| format!("{phase}, waits for {on}"))
        }
        Ending::Replaced(revision) => format!("by {revision}"),
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

fn short(last: &Finding) -> String {
    match last {
        Finding::Below { metric, value, min } => {
            format!("{} {} < {}", measured(metric), plain(value), plain(min))
        }
        Finding::Above { metric, value, max } => {
            format!("{} {} > {}", measured(metric), plain(value), plain(max))
        }
        Finding::NoData { metric } => format!("no value of {}", measured(metric)),
        Finding::MetricError { .. } | Finding::Hook { .. } => finding(last),
    }
}

/// The built-in metrics in words.
pub(super) fn measured(metric: &str) -> &str {
    match metric {
        "request-success-rate" => "success rate",
        "request-duration" => "latency",
        own => own,
    }
}

/// A number without decimals that are 0.
pub(super) fn plain(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_no_decimals_that_are_0() {
        assert_eq!(["99.00", "97.90", "100", "900ms"].map(plain), ["99", "97.9", "100", "900ms"]);
    }
}
