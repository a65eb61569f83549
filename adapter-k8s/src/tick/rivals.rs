//! Other programs that write the same objects, named by the field managers that the API server records.
//!
//! There are two kinds: a program that changes an object of a Canary, and another controller that writes the status of the
//! same Canary (a second Serin without the lease, or Flagger). The second kind is detected by saves that are not ours. Two
//! such controllers would undo each other's writes as fast as the API server accepts them, so Serin then writes less often.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures::future::join_all;
use serin_core::{revision::Text, tick::Pause};
use tokio::time::timeout;

use crate::{
    clock,
    cluster::{Cluster, managers::Manager, write::FIELD_MANAGER},
    object::{Key, Object, saved},
    tick::{context::Context, observe::Snapshot},
};

/// How long a repair waits for the name of the program that made it necessary.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time between two queries of the field managers, while a conflict lasts.
const BETWEEN: Duration = Duration::from_secs(1);
/// How many objects are queried: a rival of all objects is a rival of these.
const MOST_OBJECTS: usize = 3;

/// How many saves of others within [`WINDOW`] are accepted. An operator, or a controller that takes over, makes one or
/// two.
const SUSPICIOUS: usize = 3;
const WINDOW: Duration = Duration::from_secs(60);
/// The maximum time between two writes: a release has to end beside a rival, too.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often the field managers are queried.
const ASK: Duration = Duration::from_secs(10);

/// What one Canary's driver knows about rivals.
#[derive(Debug, Default)]
pub(super) struct Rivals {
    of_objects: OfObjects,
    of_status: OfStatus,
}

/// The program that changes the objects.
#[derive(Debug, Default)]
struct OfObjects {
    name: Option<Text>,
    asked: Option<Instant>,
}

/// The programs that save the status.
#[derive(Debug, Default)]
struct OfStatus {
    /// The last known save: ours, or one of another controller that was counted.
    known: Option<Option<i64>>,
    /// When others saved, counted from the start of the machine.
    saves: VecDeque<Duration>,
    asked: Option<Duration>,
    found: Option<Text>,
    pause: Pause,
}

impl Rivals {
    /// The program that changed these objects, which differ from the wanted ones; `None` if there are none, or if it
    /// cannot be determined in time.
    ///
    /// It is queried before they are repaired: a repair takes over the fields, and removes the other's name from them.
    pub(super) async fn of_objects(&mut self, cluster: &Cluster, differing: &[Key]) -> Option<Text> {
        self.of_objects.name(cluster, differing).await
    }

    /// Checks whether others write the status; returns the problem, if so.
    pub(super) async fn of_status(&mut self, context: &Context, snapshot: &Snapshot) -> Option<Text> {
        self.of_status.look(context, snapshot).await
    }

    /// We have saved this status.
    pub(super) fn saved(&mut self, seq: i64) {
        self.of_status.known = Some(Some(seq));
    }

    /// How long to wait before the next write, so that a conflict does not become a loop.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        self.of_status.pause()
    }
}

impl OfObjects {
    async fn name(&mut self, cluster: &Cluster, differing: &[Key]) -> Option<Text> {
        if differing.is_empty() {
            *self = Self::default();
            return None;
        }
        if self.asked.is_none_or(|asked| asked.elapsed() >= BETWEEN) {
            let objects = differing.iter().take(MOST_OBJECTS).map(|key| cluster.managers(key));
            let managers = timeout(PATIENCE, join_all(objects)).await.unwrap_or_default();
            // If it cannot be determined now, the last one is returned.
            self.name = last_other(managers.iter().flatten().flatten()).or_else(|| self.name.take());
            self.asked = Some(clock::monotonic());
        }
        self.name.clone()
    }
}

impl OfStatus {
    async fn look(&mut self, context: &Context, snapshot: &Snapshot) -> Option<Text> {
        let now = clock::since_boot();
        self.note(&snapshot.object, now);
        if self.saves.len() < SUSPICIOUS {
            self.found = None;
            self.pause = Pause::default();
            return None;
        }
        if self.asked.is_none_or(|then| now.saturating_sub(then) >= ASK) {
            self.asked = Some(now);
            let key = snapshot.object.key();
            let managers = context.cluster.managers(&key).await.unwrap_or_else(|error| {
                tracing::warn!(canary = %snapshot.subject.display(), error, "its field managers cannot be read");
                Vec::new()
            });
            let found = words(&managers);
            if found != self.found
                && let Some(found) = &found
            {
                tracing::warn!(canary = %snapshot.subject.display(), "{found}");
            }
            // The server forgets a manager once another one has overwritten all its fields. So names are kept.
            self.found = found.or_else(|| self.found.take());
        }
        self.found.clone()
    }

    fn pause(&mut self) -> Option<Duration> {
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

/// The manager that wrote last to these objects, except Serin.
///
/// Writes of a status do not count: no object of ours differs by its status.
fn last_other<'a>(managers: impl IntoIterator<Item = &'a Manager>) -> Option<Text> {
    let others = managers.into_iter().filter(|manager| !manager.of_status && *manager.name != *FIELD_MANAGER);
    others.max_by(|a, b| (a.at, &*a.name).cmp(&(b.at, &*b.name))).map(Manager::shown)
}

/// The problem with several recent writers of a status; none if there is only one. All of them report the same of each
/// other.
fn words(managers: &[Manager]) -> Option<Text> {
    let of_status = || managers.iter().filter(|manager| manager.of_status);
    let newest = of_status().map(|manager| manager.at).max()?;
    let recent = of_status().filter(|manager| newest.since(manager.at) < WINDOW);
    let mut names: Vec<Text> = recent.map(Manager::shown).collect();
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
        Manager { name: name.into(), at: Timestamp::from_millis(second * 1000), of_status: true }
    }

    #[test]
    fn recent_writers_are_named_in_a_fixed_order_and_a_single_one_is_not() {
        let both = words(&[manager("serin_b", 100), manager("flagger", 90), manager("serin_old", 10)]);
        let said = "several controllers write the status of this Canary, field managers flagger, serin_b: \
                    stop all of them but one";
        assert_eq!(both.as_deref(), Some(said));
        assert_eq!(words(&[manager("serin_b", 100), manager("serin_old", 10)]), None);
        let object = Manager { of_status: false, ..manager("helm", 100) };
        assert_eq!(words(&[manager("serin_b", 100), object]), None, "it wrote no status");
        assert_eq!(words(&[]), None);
    }

    fn wrote(name: &str, second: u64) -> Manager {
        Manager { of_status: false, ..manager(name, second) }
    }

    #[test]
    fn the_last_other_writer_of_any_of_the_objects_is_named() {
        let apex = [wrote(FIELD_MANAGER, 9), wrote("kubectl-edit", 7), wrote("argocd-controller", 3)];
        let route = [wrote("helm", 8)];
        assert_eq!(last_other(&apex).as_deref(), Some("kubectl-edit"));
        assert_eq!(last_other(apex.iter().chain(&route)).as_deref(), Some("helm"));
        assert_eq!(last_other(&[wrote(FIELD_MANAGER, 9)]), None);
    }

    #[test]
    fn a_write_of_a_status_is_no_change_of_an_object() {
        assert_eq!(last_other(&[manager("kube-controller-manager", 9)]), None);
        assert_eq!(last_other(&[]), None);
    }

    #[test]
    fn only_saves_by_others_are_counted_for_a_minute() {
        let canary = |seq: i64| Object::read(CANARY, json!({"status": {"serin": {"seq": seq}}}));
        let mut rivals = OfStatus::default();
        let note = |rivals: &mut OfStatus, seq, second| {
            rivals.note(&canary(seq), Duration::from_secs(second));
            rivals.saves.len()
        };
        assert_eq!(note(&mut rivals, 7, 0), 0, "the state that was there does not count");
        rivals.known = Some(Some(8));
        assert_eq!(note(&mut rivals, 8, 1), 0);
        assert_eq!(note(&mut rivals, 9, 2), 1);
        assert_eq!(note(&mut rivals, 9, 3), 1, "it is still the same");
        assert_eq!(note(&mut rivals, 12, 4), 2);
        assert_eq!(note(&mut rivals, 12, 63), 1);
        assert_eq!(note(&mut rivals, 12, 65), 0);
    }
}
