//! Notices that were decided and are not yet known to be sent.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::message::{Message, Notice, NoticeId};
use crate::{phase::Phase, time::Timestamp};

/// Saved with the transition that causes them, and dropped once they are reported as sent.
///
/// It contains up to 32 notices. Beyond that the oldest that is not an alert is dropped. It contains up to twice as
/// many alerts, so that a status stays small even if a receiver is down for a long time: beyond that the oldest of the
/// lowest severity is dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outbox(Vec<Notice>);

impl Outbox {
    /// How many it contains, without alerts.
    pub const ROOM: usize = 32;
    /// How many it contains at most.
    pub const MOST: usize = 64;

    /// Whether the next alert replaces another.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.len() >= Self::MOST
    }

    /// What is to be sent, oldest first.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.0
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn drop_sent(&mut self, sent: &[NoticeId]) {
        self.0.retain(|notice| !sent.contains(&notice.id));
    }

    /// Adds the messages of a save; each comes with the phase that its receivers get.
    pub(crate) fn push(
        &mut self,
        seq: u64,
        at: Timestamp,
        messages: impl IntoIterator<Item = (Phase, Message)>,
    ) {
        // One save creates far fewer than u16::MAX messages.
        for (index, (phase, message)) in (0..).zip(messages) {
            self.0.push(Notice { id: NoticeId { seq, index }, at, phase, message });
        }
        while self.0.len() > Self::ROOM {
            let Some(oldest) = self.0.iter().position(|notice| notice.message.alert().is_none()) else {
                break;
            };
            self.0.remove(oldest);
        }
        while self.0.len() > Self::MOST {
            // The first of equal ones.
            let least = self.0.iter().enumerate().min_by_key(|(_, notice)| notice.message.alert());
            let Some((least, _)) = least else { break };
            self.0.remove(least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_beyond_the_limit_replace_the_oldest_of_the_lowest_severity() {
        let mut outbox = Outbox::default();
        let error = || Message::CommandStillFails { command: "promote".into(), error: "no".into() };
        outbox.push(1, Timestamp::default(), [(Phase::Failed, error())]);
        for seq in 2..=64 {
            outbox.push(seq, Timestamp::default(), [(Phase::Initialized, Message::Initialized)]);
        }
        assert!(outbox.is_full());
        for seq in 65..=67 {
            outbox.push(seq, Timestamp::default(), [(Phase::Failed, error())]);
        }
        let seqs: Vec<u64> = outbox.notices().iter().map(|notice| notice.id.seq).collect();
        assert_eq!(seqs, [1].into_iter().chain(5..=67).collect::<Vec<u64>>());
        for seq in 68..=200 {
            outbox.push(seq, Timestamp::default(), [(Phase::Failed, error())]);
        }
        let seqs: Vec<u64> = outbox.notices().iter().map(|notice| notice.id.seq).collect();
        assert_eq!(seqs, (137..=200).collect::<Vec<u64>>());
    }
}
