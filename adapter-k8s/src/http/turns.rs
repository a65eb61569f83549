//! Limits of concurrent requests, so that no Canary and no namespace uses all of them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serin_core::revision::Text;
use tokio::sync::Notify;

/// The maximum number of concurrent requests of one Canary.
pub const MOST_OF_CANARY: usize = 8;
/// From this many concurrent requests on, a Canary can start one only if it has none.
const CROWDED: usize = 256;
/// From this many concurrent requests on, only a namespace with few can start one.
const FULL: usize = 768;
/// This many are few.
const FEW_OF_NAMESPACE: usize = 16;
/// The maximum number of concurrent requests.
pub const MOST: usize = 1_024;

/// The sender of a request: a Canary.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
}

/// Requests that are under way.
#[derive(Default)]
pub(super) struct Turns {
    under_way: Mutex<UnderWay>,
    ended: Notify,
}

#[derive(Default)]
struct UnderWay {
    all: usize,
    of_canary: BTreeMap<Sender, usize>,
    of_namespace: BTreeMap<Text, usize>,
}

/// A permit for one request, as long as it is held.
pub(super) struct Turn {
    turns: Arc<Turns>,
    of: Sender,
}

impl Turns {
    /// Waits until that Canary may send a request.
    pub(super) async fn take(self: &Arc<Self>, of: &Sender) -> Turn {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // From here on, the end of a request is not missed.
            ended.as_mut().enable();
            if self.lock().begins(of) {
                return Turn { turns: self.clone(), of: of.clone() };
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        // No code panics while it holds the lock; if it did, the counts are still right.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn begins(&mut self, of: &Sender) -> bool {
        let of_canary = self.of_canary.get(of).copied().unwrap_or(0);
        let of_namespace = self.of_namespace.get(&of.namespace).copied().unwrap_or(0);
        let has_room = of_canary < MOST_OF_CANARY
            && (self.all < CROWDED
                || of_canary == 0 && self.all < FULL
                || of_namespace < FEW_OF_NAMESPACE && self.all < MOST);
        if has_room {
            self.all += 1;
            self.of_canary.insert(of.clone(), of_canary + 1);
            self.of_namespace.insert(of.namespace.clone(), of_namespace + 1);
        }
        has_room
    }

    fn ends(&mut self, of: &Sender) {
        self.all = self.all.saturating_sub(1);
        less(&mut self.of_canary, of);
        less(&mut self.of_namespace, &of.namespace);
    }
}

fn less<K: Ord + Clone>(counts: &mut BTreeMap<K, usize>, of: &K) {
    let left = counts.get(of).map_or(0, |count| count.saturating_sub(1));
    if left == 0 {
        counts.remove(of);
    } else {
        counts.insert(of.clone(), left);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.lock().ends(&self.of);
        self.turns.ended.notify_waiters();
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn canary(namespace: &str, name: usize) -> Sender {
        Sender { namespace: namespace.into(), name: name.to_string().into() }
    }

    #[tokio::test]
    async fn no_canary_and_no_namespace_uses_all_permits() {
        let turns = Arc::new(Turns::default());
        let take = |of: Sender| turns.take(&of).now_or_never();
        let mut held = Vec::new();
        // One namespace with many Canaries starts as many as it can.
        for name in 0..2_000 {
            while let Some(turn) = take(canary("greedy", name)) {
                held.push(turn);
            }
        }
        assert_eq!(held.len(), FULL);
        let of_first = held.iter().filter(|turn| turn.of == canary("greedy", 0)).count();
        assert_eq!(of_first, MOST_OF_CANARY);
        let one = take(canary("modest", 1)).expect("another namespace gets its turn");
        assert!(take(canary("greedy", 3_000)).is_none());
        held.clear();
        assert!(take(canary("greedy", 3_000)).is_some(), "what has ended makes room");
        drop(one);
        let left = turns.lock();
        assert_eq!((left.all, left.of_canary.len(), left.of_namespace.len()), (0, 0, 0), "nothing is kept");
    }
}
