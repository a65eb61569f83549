//! What a look has worked out before, for as long as what it was worked out from has not changed.
//!
//! A Canary is looked at whenever one of its objects changes, mostly in its status, and each look works out everything;
//! of that most follows from other objects. What has to be in the cluster follows from no status at all, and is the most
//! expensive part of a look.

use std::{collections::BTreeSet, sync::Arc};

use serin_core::{
    Invalid, Rollout, State,
    command::{Cookies, Routes},
    observation::{Fact, Services},
    revision::{Revision, Text},
    spec::raw,
};

use crate::{
    cluster::{cache::WakeOn, interests::Interest, reader::Reader},
    object::{Key, reader::BuildError},
    tick::drift::{DriftedPart, InOrder},
    workload::{PodStatus, ReadyThresholds, reach::Reach},
};

/// What was found, if it is there.
type Known<T> = Result<Option<T>, BuildError>;

/// What one Canary's driver remembers from look to look.
#[derive(Debug, Default)]
pub struct Memory {
    /// What the manifest means.
    pub parsed: Remembered<Version, Parsed>,
    /// What stands in one version of the object.
    pub standing: Option<SeenVersion>,
    /// What the target shows.
    pub shows: Remembered<Version, Known<Fact<Revision>>>,
    /// The pods of the target.
    pub canary_pods: Remembered<(Version, ReadyThresholds), Known<PodStatus>>,
    /// What the primary runs.
    pub runs: Remembered<Version, Known<Option<Revision>>>,
    /// The pods of the primary.
    pub primary_pods: Remembered<(Version, ReadyThresholds), Known<PodStatus>>,
    /// Which pods its services select.
    pub(crate) reach: Remembered<Version, Known<Reach>>,
    /// Whom the apex selects.
    pub services: Remembered<Version, Result<Services, BuildError>>,
    /// Whether the service of the target has an endpoint.
    pub canary_endpoints: Remembered<Version, Known<bool>>,
    /// Whether the service of the primary has an endpoint.
    pub primary_endpoints: Remembered<Version, Known<bool>>,
    /// Whether anybody publishes endpoints.
    pub published: Remembered<Version, Result<bool, BuildError>>,
    /// How requests are divided.
    pub routes: Remembered<Version, Known<Routes>>,
    /// What differs from what has to be.
    pub drift: Drifts,
    /// What somebody else has changed and was not put right yet.
    pub tampered: Vec<Key>,
    /// What of the services is not as it could be, and stays so.
    pub of_services: Remembered<Version, Vec<Text>>,
    /// What of the target makes releases harder than they look.
    pub hints: Remembered<Version, Result<Vec<Text>, BuildError>>,
    /// When nothing differed last.
    pub in_order: Option<InOrder>,
}

impl Memory {
    /// Forgets all that can be worked out anew.
    pub fn shrink(&mut self) {
        *self = Self { in_order: self.in_order.take(), ..Self::default() };
    }
}

/// What differs from what has to be, part by part. No status tells.
#[derive(Debug, Default)]
pub struct Drifts {
    /// The primary, its configuration and autoscaler.
    pub workloads: Remembered<Version, Result<DriftedPart, BuildError>>,
    /// The services.
    pub services: Remembered<Version, Result<DriftedPart, BuildError>>,
    /// The routes.
    pub routes: Remembered<(Version, Cookies), Result<DriftedPart, BuildError>>,
}

/// One version of one manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Of the Canary: one that is created anew is another.
    pub uid: Text,
    /// Counts the changes of the manifest.
    pub generation: i64,
}

/// What a manifest means.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What it means.
    pub canary: Arc<Result<Rollout, Invalid>>,
    /// What of it is beyond this controller's limits.
    pub clamped: Option<Text>,
}

/// What stands in one version of a Canary.
#[derive(Clone, Debug)]
pub struct SeenVersion {
    /// The version.
    pub version: Text,
    /// Its metadata: labels and annotations change without a new generation.
    pub metadata: Arc<raw::Metadata>,
    /// The state.
    pub state: State,
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

impl<Of: PartialEq, Made: Clone, Error: Clone> Remembered<Of, Result<Made, Error>> {
    /// What was worked out of `of` last time, if what `wakes` of all that was read for it still says the same; else
    /// what `make` makes. What could not be worked out is not remembered.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn or_try(
        &mut self,
        of: Of,
        wakes: WakeOn,
        reader: &Reader<'_>,
        make: impl FnOnce() -> Result<Made, Error>,
    ) -> Result<Made, Error> {
        self.or_make(of, wakes, reader, make, Result::is_ok)
    }
}

impl<Of: PartialEq, Made: Clone> Remembered<Of, Made> {
    /// What was worked out of `of` last time, if what `wakes` of all that was read for it still says the same; else
    /// what `make` makes. It is remembered only if it `lasts`.
    pub fn or_make(
        &mut self,
        of: Of,
        wakes: WakeOn,
        reader: &Reader<'_>,
        make: impl FnOnce() -> Made,
        lasts: impl FnOnce(&Made) -> bool,
    ) -> Made {
        if let Some(before) = &self.0
            && before.of == of
            && before.read.iter().all(|(interest, stamp)| reader.stamp(interest, wakes) == *stamp)
        {
            reader.remember(before.read.iter().map(|(interest, _)| interest));
            return before.made.clone();
        }
        let (made, read) = reader.watching(make);
        self.0 = read.filter(|_| lasts(&made)).map(|read: BTreeSet<Interest>| {
            let stamped = read.into_iter().map(|interest| {
                let stamp = reader.stamp(&interest, wakes);
                (interest, stamp)
            });
            Thought { of, read: stamped.collect(), made: made.clone() }
        });
        made
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        cluster::{cache::Cache, reader::Contents},
        kinds::DEPLOYMENT,
        object::{Object, reader::ObjectReader as _},
    };

    fn deployment(version: u64, replicas: u64) -> Object {
        let metadata = json!({"name": "web", "namespace": "n", "resourceVersion": version.to_string()});
        let spec = json!({"replicas": replicas});
        Object::read(DEPLOYMENT, json!({"metadata": metadata, "spec": spec, "status": {"seen": version}}))
    }

    #[test]
    fn a_status_has_that_worked_out_anew_which_follows_from_statuses_and_nothing_else() {
        let (cache, contents) = (Cache::default(), Contents::default());
        cache.replace(DEPLOYMENT, Vec::new());
        let mut parts = [(WakeOn::Meant, Remembered::default()), (WakeOn::All, Remembered::default())];
        let mut look = |of: u8, is_known: bool| {
            let reader = Reader::new(&cache, &contents);
            let worked_out = parts.each_mut().map(|(wakes, part)| {
                let mut made = false;
                let make = || {
                    made = true;
                    let found = reader.find(&deployment(1, 1).key())?;
                    let refused = || BuildError::refused("it does not exist");
                    if is_known { found.map(|_| ()).ok_or_else(refused) } else { Err(refused()) }
                };
                part.or_try(of, *wakes, &reader, make).ok();
                made
            });
            assert!(reader.into_notes().read.len() == 1, "what was read is noted, remembered or not");
            worked_out
        };
        cache.put(deployment(1, 1));
        assert_eq!(look(1, false), [true, true]);
        assert_eq!(look(1, true), [true, true], "what could not be worked out is tried again");
        assert_eq!(look(1, true), [false, false]);
        cache.put(deployment(2, 1));
        assert_eq!(look(1, true), [false, true]);
        cache.put(deployment(3, 5));
        assert_eq!(look(1, true), [true, true]);
        assert_eq!(look(2, true), [true, true], "of something else");
        cache.break_down(DEPLOYMENT, "forbidden");
        assert_eq!(look(2, true), [true, true], "it is not known any more");
    }
}
