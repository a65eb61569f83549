//! What a replay took for granted, in one line.

use crate::record::Story;

/// `assumed: request-success-rate 100, hook smoke answers 200`; `None` where the scenario says everything that was asked for.
pub(crate) fn assumed(story: &Story) -> Option<String> {
    let assumed: Vec<String> = story.assumed.iter().map(ToString::to_string).collect();
    (!assumed.is_empty()).then(|| format!("assumed: {}", assumed.join(", ")))
}
