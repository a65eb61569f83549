//! Whether the installed CRDs keep all of the status.
//!
//! Flagger's own CRDs drop `.status.serin`. Its kustomize base or a GitOps tool can install them again at any time.
//! Then the saved state is missing when it is read again, and every decision is made again, at every save. Nothing is
//! written while they are installed. The [watch](crate::run::crds) of the CRDs sets this; a save that was not kept sets
//! it at once.

use serin_core::revision::Text;
use tokio::sync::{Notify, watch};

use super::{
    Cluster,
    request::{self, Published},
};
use crate::object::Kind;

/// Other CRDs than ours are installed.
pub const DROPPED: &str =
    "the CRD canaries.flagger.app is not Serin's and drops `.status.serin`; apply deploy/crds.yaml";
/// None is installed.
pub const MISSING: &str = "the CRD canaries.flagger.app is not installed; apply deploy/crds.yaml";

/// The state of the installed CRDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// They were not checked yet.
    #[default]
    Unknown,
    /// They keep the whole status.
    Whole,
    /// They drop a part of it, with the reason; nothing may be written.
    Cut(Text),
}

/// Whether the installed CRDs keep the whole status, for writers and for those who wait for it.
#[derive(Debug, Default)]
pub struct Schema {
    kept: watch::Sender<Kept>,
    doubted: Notify,
}

impl Schema {
    /// Notes what the CRDs keep. Only a change wakes the waiting ones.
    pub fn set(&self, kept: Kept) {
        self.kept.send_if_modified(|known| {
            let is_new = *known != kept;
            *known = kept;
            is_new
        });
    }

    /// A save was not kept: nothing is written any more until the CRDs were checked again.
    pub fn cut(&self) {
        self.set(Kept::Cut(DROPPED.into()));
        self.doubt();
    }

    /// Requests a new check of the CRDs at once.
    pub fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// Waits until a check is requested.
    pub async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// Why nothing may be written; `None` if writes are allowed.
    #[must_use]
    pub fn refusal(&self) -> Option<Text> {
        match &*self.kept.borrow() {
            Kept::Cut(why) => Some(why.clone()),
            Kept::Unknown | Kept::Whole => None,
        }
    }

    /// The current state, and every change of it.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Kept> {
        self.kept.subscribe()
    }
}

impl Cluster {
    /// The schema that the API server publishes for the group of this kind, unless it still has this `tag`. Every
    /// account may read it.
    ///
    /// # Errors
    /// It cannot be read now.
    pub async fn published(&self, kind: Kind, tag: &str) -> Result<Published, String> {
        request::published(&self.client, kind, tag).await.map_err(|error| request::words(&error))
    }
}
