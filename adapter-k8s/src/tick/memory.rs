//! What a look has worked out before, for as long as what it was worked out from has not changed.
//!
//! A Canary is looked at whenever one of its objects changes, mostly in its status; what has to be in the cluster does
//! not follow from any status, and is the most expensive part of a look.

use std::{collections::BTreeSet, sync::Arc};

use serin_core::{
    Invalid, Rollout,
    command::Cookies,
    observation::Fact,
    revision::{Revision, Text},
    spec::raw,
};

use crate::{
    cluster::{interests::Interest, reader::Reader},
    object::seen::Unfit,
    tick::drift::{Found, InOrder},
};

/// What one Canary's driver remembers from look to look.
#[derive(Debug, Default)]
pub struct Memory {
    /// The manifest and what it means.
    pub parsed: Remembered<Version, Parsed>,
    /// What the target shows.
    pub shows: Remembered<Version, Result<Option<Fact<Revision>>, Unfit>>,
    /// What the primary runs.
    pub runs: Remembered<Version, Result<Option<Option<Revision>>, Unfit>>,
    /// What differs from what has to be.
    pub drift: Remembered<(Version, Cookies), Result<Found, Unfit>>,
    /// When nothing differed last.
    pub in_order: Option<InOrder>,
}

impl Memory {
    /// Forgets all that can be worked out anew.
    pub fn shrink(&mut self) {
        *self = Self { in_order: self.in_order.take(), ..Self::default() };
    }
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
    pub canary: Arc<Result<Rollout, Invalid>>,
}

/// One thing that was worked out.
#[derive(Debug)]
pub struct Remembered<Of, Made>(Option<Thought<Of, Made>>);

#[derive(Debug)]
struct Thought<Of, Made> {
    of: Of,
    /// What was read for it, and what that said.
    read: Vec<(Interest, u64)>,
    made: Made,
}

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
        if let Some(before) = &self.0
            && before.of == of
            && before.read.iter().all(|(interest, stamp)| reader.stamp(interest) == *stamp)
        {
            reader.remember(before.read.iter().map(|(interest, _)| interest));
            return before.made.clone();
        }
        let (made, read) = reader.watching(make);
        self.0 = read.filter(|_| lasts(&made)).map(|read: BTreeSet<Interest>| {
            let stamped = read.into_iter().map(|interest| {
                let stamp = reader.stamp(&interest);
                (interest, stamp)
            });
            Thought { of, read: stamped.collect(), made: made.clone() }
        });
        made
    }
}
