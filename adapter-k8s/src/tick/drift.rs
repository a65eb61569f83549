//! What differs from what would be written, and who changed it.
//!
//! What stands there differs after a Canary or something else that it is made from was changed, where another controller
//! made it, and where somebody has changed it. Only the last is worth a word.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serin_core::{
    command::{ApexTo, Cookies, Split},
    observation::{Apex, Drift},
};

use crate::{
    cluster::{interests::Interest, reader::Reader},
    object::{
        Object,
        seen::{Seen as _, Unfit},
    },
    services,
    subject::Subject,
    tick::{
        memory::Version,
        observe::{router_of, workload_of},
    },
};

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    drift: Drift,
    /// What stood there, as a number.
    stood: u64,
}

/// What stood there when nothing differed last.
#[derive(Debug)]
pub struct InOrder {
    of: Version,
    stood: u64,
}

/// Looks for what differs from what would be written, weights aside.
///
/// # Errors
/// It is not known, or what would be written makes no sense.
pub fn find(subject: &Subject, cookies: &Cookies, reader: &Reader<'_>) -> Result<Found, Unfit> {
    let (workload, router) = (workload_of(subject)?, router_of(subject)?);
    let mut stood = DefaultHasher::new();
    let mut differs = |objects: Vec<Object>| -> Result<bool, Unfit> {
        let mut any = false;
        for object in objects {
            let key = object.key();
            any |= reader.find(&key)?.as_deref() != Some(&object);
            reader.stamp(&Interest::Object(key)).hash(&mut stood);
        }
        Ok(any)
    };
    let workloads = differs(workload.ensured(subject, reader)?)?;
    let apex = services::read(subject, reader)?.apex;
    let services = differs(services::ensured(subject, kept(apex), reader)?)?;
    // Weights are no drift: what is read is rendered again.
    let routes = match router.read(subject, reader)? {
        None => false,
        Some(routes) => {
            let split = Split { routes, cookies: cookies.clone() };
            differs(router.render(subject, &split, reader)?)?
        }
    };
    let drift = Drift { workloads, services, routes, tampered: false };
    Ok(Found { drift, stood: stood.finish() })
}

impl Found {
    /// Says whether somebody else has changed it: it was in order for this very manifest, and does not stand there any
    /// more as it did.
    #[must_use]
    pub fn told_apart(self, in_order: &mut Option<InOrder>, version: &Version) -> Drift {
        let Self { drift, stood } = self;
        if !drift.is_any() {
            *in_order = Some(InOrder { of: version.clone(), stood });
            return drift;
        }
        let tampered = in_order.as_ref().is_some_and(|before| before.of == *version && before.stood != stood);
        Drift { tampered, ..drift }
    }
}

/// Where the apex service is to point so that nothing moves.
fn kept(apex: Apex) -> ApexTo {
    match apex {
        Apex::Primary => ApexTo::Primary,
        Apex::Absent | Apex::Target | Apex::Other => ApexTo::Untouched,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_itself_under_the_same_manifest_was_changed_by_somebody_else() {
        let found = |services, stood| Found { drift: Drift { services, ..Drift::default() }, stood };
        let version = |generation| Version { uid: "1".into(), generation };
        let mut in_order = None;
        let mut tampered =
            |found: Found, generation| found.told_apart(&mut in_order, &version(generation)).tampered;
        assert!(!tampered(found(true, 1), 1), "another controller made it");
        assert!(!tampered(found(false, 2), 1));
        assert!(!tampered(found(true, 2), 1), "what it is made from was changed");
        assert!(tampered(found(true, 3), 1));
        assert!(!tampered(found(true, 3), 2), "the Canary was changed");
        assert!(!tampered(found(false, 4), 2));
        assert!(tampered(found(true, 5), 2));
    }
}
