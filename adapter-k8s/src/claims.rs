//! One Canary per target: two that release the same workload would undo each other's work.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serin_core::revision::Text;

use crate::{
    object::{Key, Object},
    subject::Subject,
};

/// Which Canaries want which target. The oldest has it.
#[derive(Debug, Default)]
pub struct Claims(Mutex<Claimed>);

#[derive(Debug, Default)]
struct Claimed {
    /// Who wants a target, by age.
    by_target: BTreeMap<Target, BTreeSet<Claimant>>,
    /// What each Canary wants.
    of: BTreeMap<Key, (Target, Claimant)>,
}

type Target = [Text; 3];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claimant {
    created: Text,
    canary: Key,
}

impl Claims {
    /// Notes which target a Canary wants.
    ///
    /// # Errors
    /// Who has it, in a sentence.
    pub fn claim(&self, canary: &Object, subject: &Subject) -> Result<(), Text> {
        let target =
            [subject.identity.namespace.clone(), subject.shape.kind.clone(), subject.shape.target.clone()];
        let claimant =
            Claimant { created: canary.text("/metadata/creationTimestamp").into(), canary: canary.key() };
        let mut claimed = self.lock();
        if claimed.of.get(&claimant.canary).is_none_or(|(known, _)| *known != target) {
            claimed.release(&claimant.canary);
            claimed.of.insert(claimant.canary.clone(), (target.clone(), claimant.clone()));
            claimed.by_target.entry(target.clone()).or_default().insert(claimant.clone());
        }
        match claimed.by_target.get(&target).and_then(BTreeSet::first) {
            Some(first) if *first != claimant => Err(format!(
                "spec.targetRef: {} {} is released by {} already; delete one of the two",
                target[1], target[2], first.canary
            )
            .into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Forgets a Canary. Returns who has waited for its target.
    pub fn release(&self, canary: &Key) -> Vec<Key> {
        self.lock().release(canary)
    }

    fn lock(&self) -> MutexGuard<'_, Claimed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claimed {
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
