//! The expectations of a scenario: the results of its replay, in statements that a user would write.

use std::time::Duration;

use serin_core::{Phase, State, time::Human};
use serin_simulator::record::Story;

use super::yaml;

/// The maximum number of weights that are listed.
const MOST_WEIGHTS: usize = 16;

/// The part `expect`.
pub(super) fn expected(story: &Story) -> String {
    let mut text = String::from(
        "\n# What must hold. If something does not hold, `serin replay` prints expected and\n# actual, and exits with code 1.\nexpect:\n",
    );
    let phases: Vec<&str> = changes(story, |state| state.phase)
        .into_iter()
        .map(Phase::name)
        .skip_while(|name| *name != "Initialized")
        .collect();
    text += "  # The phases, in this order; others may come in between.\n";
    text += &format!("  - phases: [{}]\n", phases.join(", "));
    text += &weights(story);
    if let Some(reason) = reason(story) {
        text += "  # Why v3 is rolled back; a part of the event's text is enough.\n";
        text += &format!("  - event: {}\n", yaml::scalar(&reason));
    }
    if let Some(took) = promotion(story) {
        text += "  # How long v2 takes.\n";
        text += &format!(
            "  - time: {{from: {{phase: Progressing}}, to: {{phase: Succeeded}}, max: {}}}\n",
            Human(took)
        );
    }
    text += "  # The version that all users get in the end.\n  - promoted: v2\n";
    text
}

fn weights(story: &Story) -> String {
    let weights = changes(story, |state| state.canary_weight);
    let max = weights.iter().copied().max().unwrap_or_default();
    if max == 0 {
        return "  # No user is sent to the canary by weight.\n  - weight: {max: 0}\n".into();
    }
    if weights.len() > MOST_WEIGHTS {
        return format!("  # The canary never gets more than this percentage.\n  - weight: {{max: {max}}}\n");
    }
    let listed: Vec<String> = weights.iter().skip(1).map(ToString::to_string).collect();
    format!("  # The canary's percentage, step by step.\n  - weights: [{}]\n", listed.join(", "))
}

/// The saved statuses, without repetitions.
fn changes<T: PartialEq>(story: &Story, shown: impl Fn(&State) -> T) -> Vec<T> {
    let mut changes: Vec<T> = saved(story).map(|(_, state)| shown(state)).collect();
    changes.dedup();
    changes
}

fn saved(story: &Story) -> impl Iterator<Item = (Duration, &State)> {
    story.moments.iter().filter_map(|moment| Some((moment.at, moment.saved.as_ref()?)))
}

/// The event with the reason for the last rollback.
fn reason(story: &Story) -> Option<String> {
    let notices = story.moments.iter().flat_map(|moment| &moment.sent);
    let mut texts = notices.map(|notice| notice.message.text(&story.canary, &story.topology));
    texts.rfind(|text| text.starts_with("Rolling back"))
}

/// The whole minutes within which the first release was promoted.
fn promotion(story: &Story) -> Option<Duration> {
    const MINUTE: u64 = 60;
    let mut saved = saved(story).skip_while(|(_, state)| state.phase != Phase::Progressing);
    let (from, _) = saved.next()?;
    let (to, _) = saved.find(|(_, state)| state.phase == Phase::Succeeded)?;
    Some(Duration::from_secs(((to - from).as_secs() / MINUTE + 1) * MINUTE))
}
