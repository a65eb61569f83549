//! Differences between the current objects and the wanted ones, and who caused them.
//!
//! Objects differ after a change of a Canary or of another source, if another controller made them, or if another
//! client has changed them. Only the last is reported.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use serin_core::{
    command::{ApexTo, Cookies, Split},
    observation::{Apex, Drift},
};

use crate::{
    cluster::{cache::WakeOn, interests::Interest, reader::Reader},
    object::{
        Key, Object,
        reader::{BuildError, ObjectReader as _},
    },
    services,
    subject::Subject,
    tick::{
        memory::Version,
        observe::{router_of, workload_of},
    },
};

/// The differences, part by part.
#[derive(Clone, Debug)]
pub struct FoundDrift {
    /// The primary, its configuration and autoscaler.
    pub workloads: DriftedPart,
    /// The services.
    pub services: DriftedPart,
    /// The routes. Weights do not count as drift: the current weights are rendered again.
    pub routes: DriftedPart,
}

/// The objects of one part.
#[derive(Clone, Debug, Default)]
pub struct DriftedPart {
    /// The objects that differ.
    differing: Arc<[Key]>,
    /// A hash of the current objects.
    stood: u64,
}

/// The hash of the objects when nothing differed last.
#[derive(Debug)]
pub struct InOrder {
    of: Version,
    stood: [u64; 3],
}

/// Whether the primary, its configuration or its autoscaler differs.
///
/// # Errors
/// It is not known, or what would be written is invalid.
pub fn of_workloads(subject: &Subject, reader: &Reader<'_>) -> Result<DriftedPart, BuildError> {
    DriftedPart::of(workload_of(subject)?.ensured(subject, reader)?, reader)
}

/// Whether a service differs.
///
/// # Errors
/// It is not known, or what would be written is invalid.
pub fn of_services(subject: &Subject, reader: &Reader<'_>) -> Result<DriftedPart, BuildError> {
    let apex = services::read(subject, reader)?.apex;
    DriftedPart::of(services::ensured(subject, kept(apex), reader)?, reader)
}

/// Whether a route differs.
///
/// # Errors
/// It is not known, or what would be written is invalid.
pub fn of_routes(
    subject: &Subject,
    cookies: &Cookies,
    reader: &Reader<'_>,
) -> Result<DriftedPart, BuildError> {
    DriftedPart::of(routes(subject, cookies, reader)?, reader)
}

/// The routes with their current weights; none if there are no routes.
///
/// # Errors
/// They are not known, or what would be written is invalid.
pub fn routes(subject: &Subject, cookies: &Cookies, reader: &Reader<'_>) -> Result<Vec<Object>, BuildError> {
    let router = router_of(subject)?;
    let Some(routes) = router.read(subject, reader)? else { return Ok(Vec::new()) };
    router.render(subject, &Split { routes, cookies: cookies.clone() }, reader)
}

/// The place to which the apex service has to point so that nothing moves.
fn kept(apex: Apex) -> ApexTo {
    match apex {
        Apex::Primary => ApexTo::Primary,
        Apex::Absent | Apex::Target | Apex::Other => ApexTo::Untouched,
    }
}

impl DriftedPart {
    fn of(wanted: Vec<Object>, reader: &Reader<'_>) -> Result<Self, BuildError> {
        let (mut differing, mut stood) = (Vec::new(), DefaultHasher::new());
        for object in wanted {
            let key = object.key();
            if reader.find(&key)?.as_deref() != Some(&object) {
                differing.push(key.clone());
            }
            reader.stamp(&Interest::Object(key), WakeOn::Meant).hash(&mut stood);
        }
        Ok(Self { differing: differing.into(), stood: stood.finish() })
    }
}

impl FoundDrift {
    /// Returns whether another client has changed it: it was in order for exactly this manifest, and differs from what
    /// it was then.
    #[must_use]
    pub fn told_apart(&self, in_order: &mut Option<InOrder>, version: &Version) -> Drift {
        let Self { workloads, services, routes } = self;
        let stood = [workloads, services, routes].map(|part| part.stood);
        let was = in_order.as_ref();
        let differs = |part: &DriftedPart| !part.differing.is_empty();
        let drift = Drift {
            workloads: differs(workloads),
            services: differs(services),
            routes: differs(routes),
            tampered: was.is_some_and(|was| was.of == *version && was.stood != stood),
        };
        if drift.is_any() {
            return drift;
        }
        *in_order = Some(InOrder { of: version.clone(), stood });
        Drift::default()
    }

    /// The objects that differ.
    pub fn differing(&self) -> impl Iterator<Item = &Key> {
        [&self.workloads, &self.services, &self.routes].into_iter().flat_map(|part| part.differing.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_under_the_same_manifest_is_by_another_client() {
        let key = Key::new(crate::kinds::SERVICE, "n", "web");
        let found = |differs, stood| FoundDrift {
            workloads: DriftedPart::default(),
            services: DriftedPart {
                differing: if differs { [key.clone()].into() } else { [].into() },
                stood,
            },
            routes: DriftedPart::default(),
        };
        let version = |generation| Version { uid: "1".into(), generation };
        let mut in_order = None;
        let mut tampered =
            |found: FoundDrift, generation| found.told_apart(&mut in_order, &version(generation)).tampered;
        assert!(!tampered(found(true, 1), 1), "another controller made it");
        assert!(!tampered(found(false, 2), 1));
        assert!(!tampered(found(true, 2), 1), "what it is made from was changed");
        assert!(tampered(found(true, 3), 1));
        assert!(!tampered(found(true, 3), 2), "the Canary was changed");
        assert!(!tampered(found(false, 4), 2));
        assert!(tampered(found(true, 5), 2));
    }
}
