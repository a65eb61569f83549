//! What a replay assumed, in one line.

use serin_simulator::record::Story;

/// `assumed: request-success-rate 100, hook smoke answers 200`; `None` if the scenario defines everything that was
/// needed.
pub(crate) fn assumed(story: &Story) -> Option<String> {
    let assumed: Vec<String> = story.assumed.iter().map(ToString::to_string).collect();
    (!assumed.is_empty()).then(|| format!("assumed: {}", assumed.join(", ")))
}
