//! One Canary per target, because two that release the same workload would undo each other's work; and each with its
//! own pods.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serin_core::revision::Text;

use super::overlaps::Overlaps;
use crate::{
    object::{Key, Object},
    workload::reach::Reach,
};

/// Which Canaries claim which target, of which the oldest has it; and whose services select whose pods.
#[derive(Debug, Default)]
pub struct Claims {
    targets: Mutex<Claimed>,
    pods: Mutex<Overlaps>,
}

#[derive(Debug, Default)]
struct Claimed {
    /// The claims of a target, by age.
    by_target: BTreeMap<Target, BTreeSet<Claimant>>,
    /// The target that each Canary claims.
    of: BTreeMap<Key, (Target, Claimant)>,
}

type Target = [Text; 3];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claimant {
    created: Text,
    canary: Key,
    /// A Canary that was deleted and created again is another one.
    uid: Text,
}

impl Claims {
    /// Notes which target a Canary claims.
    pub fn announce(&self, canary: &Object) {
        lock(&self.targets).announce(canary);
    }

    /// Notes which target a Canary claims, and returns whether it has it.
    ///
    /// # Errors
    /// Another Canary has it; the text names it.
    pub fn claim(&self, canary: &Object) -> Result<(), Text> {
        let mut claimed = lock(&self.targets);
        let (target, claimant) = claimed.announce(canary);
        match claimed.by_target.get(&target).and_then(BTreeSet::first) {
            Some(first) if *first != claimant => Err(format!(
                "spec.targetRef: {} {} is released by {} already; delete one of the two",
                target[1], target[2], first.canary
            )
            .into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes which pods the services of a Canary select. Returns the Canaries that share pods with it, each with the
    /// shared label; they have to be [woken](Self::disturbed) if that is new. An unknown reach stays as it was.
    pub(crate) fn reach(&self, canary: &Key, reach: Option<Reach>) -> Vec<(Key, Text)> {
        let mut pods = lock(&self.pods);
        match reach {
            Some(reach) => pods.note(canary, reach),
            None => pods.others(canary),
        }
    }

    /// The Canaries that have to look again because others now share their pods, or no longer do.
    pub fn disturbed(&self) -> BTreeSet<Key> {
        lock(&self.pods).take_disturbed()
    }

    /// Removes a Canary. Returns those that have waited for its target, or shared pods with it.
    pub fn release(&self, canary: &Key) -> Vec<Key> {
        let waiting = lock(&self.targets).release(canary);
        lock(&self.pods).forget(canary);
        waiting.into_iter().chain(self.disturbed()).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Claimed {
    fn announce(&mut self, canary: &Object) -> (Target, Claimant) {
        let names =
            [canary.namespace(), canary.text("/spec/targetRef/kind"), canary.text("/spec/targetRef/name")];
        let target = names.map(Text::from);
        let created = canary.text("/metadata/creationTimestamp").into();
        let claimant = Claimant { created, canary: canary.key(), uid: canary.uid().into() };
        let wanted = (target, claimant);
        if self.of.get(&wanted.1.canary) != Some(&wanted) {
            let (target, claimant) = &wanted;
            self.release(&claimant.canary);
            self.of.insert(claimant.canary.clone(), wanted.clone());
            self.by_target.entry(target.clone()).or_default().insert(claimant.clone());
        }
        wanted
    }

    fn release(&mut self, canary: &Key) -> Vec<Key> {
        let Some((target, claimant)) = self.of.remove(canary) else { return Vec::new() };
        let Some(claimants) = self.by_target.get_mut(&target) else { return Vec::new() };
        claimants.remove(&claimant);
        let left: Vec<Key> = claimants.iter().map(|claimant| claimant.canary.clone()).collect();
        if left.is_empty() {
            self.by_target.remove(&target);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::CANARY;

    fn canary(name: &str, created: &str, target: &str) -> Object {
        let uid = format!("uid of {created}");
        let metadata = json!({"name": name, "namespace": "n", "uid": uid, "creationTimestamp": created});
        let spec = json!({"targetRef": {"kind": "Deployment", "name": target}});
        Object::read(CANARY, json!({"metadata": metadata, "spec": spec}))
    }

    #[test]
    fn the_oldest_canary_has_the_target_until_it_is_deleted_or_claims_another() {
        let claims = Claims::default();
        let (old, young) =
            (canary("b", "2026-01-01T00:00:00Z", "app"), canary("a", "2026-01-02T00:00:00Z", "app"));
        claims.announce(&old);
        let refused =
            "spec.targetRef: Deployment app is released by Canary b.n already; delete one of the two";
        assert_eq!((claims.claim(&young), claims.claim(&old)), (Err(refused.into()), Ok(())));
        claims.claim(&canary("b", "2026-01-01T00:00:00Z", "other")).unwrap();
        assert_eq!(claims.claim(&young), Ok(()));
        claims.claim(&old).unwrap();
        assert_eq!(claims.release(&old.key()), [young.key()]);
        assert_eq!(claims.claim(&young), Ok(()));
    }

    #[test]
    fn a_canary_that_is_created_again_has_its_target_before_the_earlier_one_is_released() {
        let claims = Claims::default();
        claims.announce(&canary("a", "2026-01-01T00:00:00Z", "app"));
        let again = canary("a", "2026-01-02T00:00:00Z", "app");
        claims.announce(&again);
        assert_eq!(claims.claim(&again), Ok(()));
        assert_eq!(claims.release(&again.key()), []);
    }
}
