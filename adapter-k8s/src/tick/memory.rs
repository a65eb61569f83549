//! Results of earlier looks, as long as their sources have not changed.
//!
//! A Canary is observed whenever one of its objects changes, mostly in its status, and each look computes everything.
//! Most results do not depend on the object that changed. The wanted objects depend on no status at all, and are the
//! most expensive part of a look.

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

/// The differences, if they are known.
type Known<T> = Result<Option<T>, BuildError>;

/// What one Canary's driver remembers from look to look.
#[derive(Debug, Default)]
pub struct Memory {
    /// The parsed manifest.
    pub parsed: Remembered<Version, Parsed>,
    /// The content of one version of the object.
    pub standing: Option<SeenVersion>,
    /// The revision of the target.
    pub shows: Remembered<Version, Known<Fact<Revision>>>,
    /// The pods of the target.
    pub canary_pods: Remembered<(Version, ReadyThresholds), Known<PodStatus>>,
    /// The revision of the primary.
    pub runs: Remembered<Version, Known<Option<Revision>>>,
    /// The pods of the primary.
    pub primary_pods: Remembered<(Version, ReadyThresholds), Known<PodStatus>>,
    /// Which pods its services select.
    pub(crate) reach: Remembered<Version, Known<Reach>>,
    /// Which pods the apex selects.
    pub services: Remembered<Version, Result<Services, BuildError>>,
    /// Whether the service of the target has an endpoint.
    pub canary_endpoints: Remembered<Version, Known<bool>>,
    /// Whether the service of the primary has an endpoint.
    pub primary_endpoints: Remembered<Version, Known<bool>>,
    /// Whether endpoints are published.
    pub published: Remembered<Version, Result<bool, BuildError>>,
    /// How requests are divided.
    pub routes: Remembered<Version, Known<Routes>>,
    /// The differences from the wanted objects.
    pub drift: Drifts,
    /// What another client has changed and was not repaired yet.
    pub tampered: Vec<Key>,
    /// Hints about the services that stay.
    pub of_services: Remembered<Version, Vec<Text>>,
    /// Hints about the target.
    pub hints: Remembered<Version, Result<Vec<Text>, BuildError>>,
    /// When nothing differed last.
    pub in_order: Option<InOrder>,
}

impl Memory {
    /// Forgets everything that can be computed again.
    pub fn shrink(&mut self) {
        *self = Self { in_order: self.in_order.take(), ..Self::default() };
    }
}

/// The differences from the wanted objects, part by part. They depend on no status.
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
    /// The uid of the Canary: one that is created again is another.
    pub uid: Text,
    /// Counts the changes of the manifest.
    pub generation: i64,
}

/// A parsed manifest.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The result.
    pub canary: Arc<Result<Rollout, Invalid>>,
    /// The parts that exceed this controller's limits.
    pub clamped: Option<Text>,
}

/// The content of one version of a Canary.
#[derive(Clone, Debug)]
pub struct SeenVersion {
    /// The version.
    pub version: Text,
    /// Its metadata: labels and annotations change without a new generation.
    pub metadata: Arc<raw::Metadata>,
    /// The state.
    pub state: State,
}

/// One result.
#[derive(Debug)]
pub struct Remembered<Of, Made>(Option<Thought<Of, Made>>);

#[derive(Debug)]
struct Thought<Of, Made> {
    of: Of,
    /// The objects that were read for it, and their stamps.
    read: Vec<(Interest, u64)>,
    made: Made,
}

impl<Of, Made> Default for Remembered<Of, Made> {
    fn default() -> Self {
        Self(None)
    }
}

impl<Of: PartialEq, Made: Clone, Error: Clone> Remembered<Of, Result<Made, Error>> {
    /// The last result for `of`, if the parts that `wakes` selects of all objects that were read for it are unchanged;
    /// otherwise the result of `make`. A failure is not remembered.
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
    /// The last result for `of`, if the parts that `wakes` selects of all objects that were read for it are unchanged;
    /// otherwise the result of `make`, which is remembered only if it `lasts`.
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
    fn a_status_change_recomputes_only_what_depends_on_statuses() {
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
