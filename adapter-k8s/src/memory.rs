//! What a look has worked out before, for as long as what it was worked out from has not changed.
//!
//! A Canary is looked at whenever one of its objects changes, mostly in its status; what has to be in the cluster does
//! not follow from any status, and is the most expensive part of a look.

use std::{collections::BTreeSet, sync::Arc};

use serin_core::{
    Invalid, Rollout,
    command::Cookies,
    observation::{Drift, Fact},
    revision::Text,
    spec::raw,
};

use crate::cluster::{interests::Interest, reader::Reader};

/// What one Canary's driver remembers from look to look.
#[derive(Debug, Default)]
pub struct Memory {
    /// The manifest and what it means.
    pub parsed: Remembered<Version, Parsed>,
    /// What differs from what has to be.
    pub drift: Remembered<(Version, Cookies), Fact<Drift>>,
}

/// One version of one manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Of the Canary: one that is created anew is another.
    pub uid: Text,
    /// Counts the changes of the manifest.
    pub generation: i64,
}

/// A manifest and what it means.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// As written.
    pub manifest: Arc<raw::Canary>,
    /// What it means.
    pub canary: Result<Rollout, Invalid>,
}

/// One thing that was worked out, and from what.
#[derive(Debug)]
pub struct Remembered<Of, Made>(Option<(Of, Vec<(Interest, u64)>, Made)>);

impl<Of, Made> Default for Remembered<Of, Made> {
    fn default() -> Self {
        Self(None)
    }
}

impl<Of: PartialEq, Made: Clone> Remembered<Of, Made> {
    /// What was worked out of `of` last time, if all that was read for it still says the same; else what `make` makes.
    /// It is remembered only if it `lasts`.
    pub fn or_make(
        &mut self,
        of: Of,
        reader: &Reader<'_>,
        make: impl FnOnce() -> Made,
        lasts: impl FnOnce(&Made) -> bool,
    ) -> Made {
        if let Some((known_of, read, made)) = &self.0
            && *known_of == of
            && read.iter().all(|(interest, stamp)| reader.stamp(interest) == *stamp)
        {
            reader.remember(read.iter().map(|(interest, _)| interest));
            return made.clone();
        }
        let (made, read) = reader.watching(make);
        self.0 = read.filter(|_| lasts(&made)).map(|read: BTreeSet<Interest>| {
            let stamped = read.into_iter().map(|interest| {
                let stamp = reader.stamp(&interest);
                (interest, stamp)
            });
            (of, stamped.collect(), made.clone())
        });
        made
    }
}
