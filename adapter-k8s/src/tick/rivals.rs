//! Other controllers that write the status of the same Canary: a second Serin without the lease, or Flagger beside it.
//!
//! They are noticed by saves that are not ours and named by the field managers of the object. Each would undo and answer
//! what the other does, as fast as the API server takes it; so whoever notices it writes less and less often.

use std::{collections::VecDeque, time::Duration};

use serin_core::{revision::Text, tick::Pause};

use crate::{
    clock,
    cluster::request::Manager,
    object::{Object, saved},
    tick::{context::Context, observe::Look},
};

/// Saves of others within [`WINDOW`] that are looked into. An operator, or a controller that takes over, makes one or two.
const SUSPICIOUS: usize = 3;
const WINDOW: Duration = Duration::from_secs(60);
/// Between two writes, at most: a release has to come to its end beside a rival, too.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often it is asked who they are.
const ASK: Duration = Duration::from_secs(10);

/// What one Canary's driver knows of others.
#[derive(Debug, Default)]
pub(super) struct Rivals {
    /// The save that we know of: ours, or one of another controller that was counted.
    known: Option<Option<i64>>,
    /// When others saved, counted from the start of the machine.
    saves: VecDeque<Duration>,
    asked: Option<Duration>,
    found: Option<Text>,
    pause: Pause,
}

impl Rivals {
    /// We have saved this.
    pub(super) fn saved(&mut self, seq: i64) {
        self.known = Some(Some(seq));
    }

    /// Looks whether others write the status; what is wrong, if so.
    pub(super) async fn look(&mut self, context: &Context, look: &Look) -> Option<Text> {
        let now = clock::since_boot();
        self.note(&look.object, now);
        if self.saves.len() < SUSPICIOUS {
            self.found = None;
            self.pause = Pause::default();
            return None;
        }
        if self.asked.is_none_or(|then| now.saturating_sub(then) >= ASK) {
            self.asked = Some(now);
            let managers = context.cluster.managers(&look.object.key()).await;
            let found = words(&managers);
            if found != self.found
                && let Some(found) = &found
            {
                tracing::warn!(canary = %look.subject.display(), "{found}");
            }
            self.found = found;
        }
        self.found.clone()
    }

    /// How long to wait before the next write, so that there is an end to it.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        self.found.as_ref()?;
        Some(self.pause.grow(0).min(LONGEST_PAUSE))
    }

    fn note(&mut self, canary: &Object, now: Duration) {
        let seen = saved::seq(canary);
        if self.known.is_some_and(|known| known != seen) {
            self.saves.push_back(now);
        }
        self.known = Some(seen);
        while self.saves.front().is_some_and(|then| now.saturating_sub(*then) > WINDOW) {
            self.saves.pop_front();
        }
        while self.saves.len() > SUSPICIOUS {
            self.saves.pop_front();
        }
    }
}

/// What is said of those who wrote a status lately; nothing of one alone. All of them say the same of each other.
fn words(managers: &[Manager]) -> Option<Text> {
    let newest = managers.iter().map(|manager| manager.at).max()?;
    let recent = managers.iter().filter(|manager| newest.since(manager.at) < WINDOW);
    let mut names: Vec<&str> = recent.map(|manager| &*manager.name).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 {
        return None;
    }
    let names = names.join(", ");
    Some(
        format!(
            "several controllers write the status of this Canary, field managers {names}: stop all of them but one"
        )
        .into(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serin_core::Timestamp;

    use super::*;
    use crate::kinds::CANARY;

    fn manager(name: &str, second: u64) -> Manager {
        Manager { name: name.into(), at: Timestamp::from_millis(second * 1000) }
    }

    #[test]
    fn those_who_wrote_lately_are_named_in_one_order_and_one_alone_is_not() {
        let both = words(&[manager("serin_b", 100), manager("flagger", 90), manager("serin_old", 10)]);
        let said = "several controllers write the status of this Canary, field managers flagger, serin_b: \
                    stop all of them but one";
        assert_eq!(both.as_deref(), Some(said));
        assert_eq!(words(&[manager("serin_b", 100), manager("serin_old", 10)]), None);
        assert_eq!(words(&[]), None);
    }

    #[test]
    fn only_saves_that_are_not_ours_are_counted_and_for_a_minute() {
        let canary = |seq: i64| Object::read(CANARY, json!({"status": {"serin": {"seq": seq}}}));
        let mut rivals = Rivals::default();
        let note = |rivals: &mut Rivals, seq, second| {
            rivals.note(&canary(seq), Duration::from_secs(second));
            rivals.saves.len()
        };
        assert_eq!(note(&mut rivals, 7, 0), 0, "what was there is nobody's");
        rivals.saved(8);
        assert_eq!(note(&mut rivals, 8, 1), 0);
        assert_eq!(note(&mut rivals, 9, 2), 1);
        assert_eq!(note(&mut rivals, 9, 3), 1, "it is still the same");
        assert_eq!(note(&mut rivals, 12, 4), 2);
        assert_eq!(note(&mut rivals, 12, 63), 1);
        assert_eq!(note(&mut rivals, 12, 65), 0);
    }
}
