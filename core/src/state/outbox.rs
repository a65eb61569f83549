//! Notices that were decided and are not yet known to be sent.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::message::{Message, Notice, NoticeId};
use crate::{phase::Phase, time::Timestamp};

/// Saved with the transition that causes them, dropped once reported sent.
///
/// Holds 32. Beyond that the oldest that is no alert goes; an alert never does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outbox(Vec<Notice>);

const ROOM: usize = 32;

impl Outbox {
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

    /// Adds what a save has to tell; each message comes with the phase it is told in.
    pub(crate) fn push(
        &mut self,
        seq: u64,
        at: Timestamp,
        messages: impl IntoIterator<Item = (Phase, Message)>,
    ) {
        // Far fewer than u16::MAX messages are born in one save.
        for (index, (phase, message)) in (0..).zip(messages) {
            self.0.push(Notice { id: NoticeId { seq, index }, at, phase, message });
        }
        while self.0.len() > ROOM {
            let Some(oldest) = self.0.iter().position(|notice| notice.message.alert().is_none()) else {
                break;
            };
            self.0.remove(oldest);
        }
    }
}
