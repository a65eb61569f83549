//! Whether the installed CRDs keep what is saved.
//!
//! Flagger's own CRDs drop `.status.serin`. They can be put back at any time, by its kustomize base or a GitOps tool:
//! then what was saved is not there when it is read again, and every decision is made again, as often as it is saved.
//! While they are installed nothing is written. Who [watches](crate::run::crds) the CRDs sets this; a save that was
//! not kept sets it at once.

use serin_core::revision::Text;
use tokio::sync::{Notify, watch};

use super::{
    Cluster,
    request::{self, Published},
};
use crate::object::Kind;

/// Another CRD than ours is installed.
pub const DROPPED: &str =
    "the CRD canaries.flagger.app is not Serin's and drops `.status.serin`; apply deploy/crds.yaml";
/// None is installed.
pub const MISSING: &str = "the CRD canaries.flagger.app is not installed; apply deploy/crds.yaml";

/// What is known of the installed CRDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// They were not looked at yet.
    #[default]
    Unknown,
    /// All of a status.
    Whole,
    /// Not all of it, and why; nothing may be written.
    Cut(Text),
}

/// Whether the installed CRDs keep what is saved, for those who write and those who wait for it.
#[derive(Debug, Default)]
pub struct Schema {
    kept: watch::Sender<Kept>,
    doubted: Notify,
}

impl Schema {
    /// Notes what the CRDs keep. Only news wakes those who follow it.
    pub fn set(&self, kept: Kept) {
        self.kept.send_if_modified(|known| {
            let is_new = *known != kept;
            *known = kept;
            is_new
        });
    }

    /// A save was not kept: nothing is written any more until the CRDs were looked at again.
    pub fn cut(&self) {
        self.set(Kept::Cut(DROPPED.into()));
        self.doubt();
    }

    /// Has the CRDs looked at again at once.
    pub fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// Waits until somebody doubts that the CRDs are as they were.
    pub async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// Why nothing may be written; `None` if everything may.
    #[must_use]
    pub fn refusal(&self) -> Option<Text> {
        match &*self.kept.borrow() {
            Kept::Cut(why) => Some(why.clone()),
            Kept::Unknown | Kept::Whole => None,
        }
    }

    /// What is known, and every change of it.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Kept> {
        self.kept.subscribe()
    }
}

impl Cluster {
    /// What the API server publishes of this kind and those beside it, if that is not what had this `tag`. Every account
    /// may read it.
    ///
    /// # Errors
    /// It cannot be read now.
    pub async fn published(&self, kind: Kind, tag: &str) -> Result<Published, String> {
        request::published(&self.client, kind, tag).await.map_err(|error| request::words(&error))
    }
}
