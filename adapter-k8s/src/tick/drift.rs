//! Whether what stands in the cluster differs from what would be written.

use serin_core::{
    State,
    command::{ApexTo, Split},
    observation::Apex,
};

use crate::{
    object::{
        Object,
        seen::{Seen, Unfit},
    },
    services,
    subject::Subject,
    tick::observe::{router_of, workload_of},
};

/// Whether the primary, its configuration or its autoscaler is not as it has to be.
///
/// # Errors
/// It is not known.
pub fn of_workloads(subject: &Subject, seen: &dyn Seen) -> Result<bool, Unfit> {
    differs(seen, workload_of(subject)?.ensured(subject, seen)?)
}

/// Whether a service is not as it has to be.
///
/// # Errors
/// It is not known.
pub fn of_services(subject: &Subject, seen: &dyn Seen) -> Result<bool, Unfit> {
    let apex = services::read(subject, seen)?.apex;
    differs(seen, services::ensured(subject, kept(apex), seen)?)
}

/// Whether a route is not as it has to be. Weights are no drift: what is read is rendered again.
///
/// # Errors
/// It is not known.
pub fn of_routes(subject: &Subject, state: &State, seen: &dyn Seen) -> Result<bool, Unfit> {
    let router = router_of(subject)?;
    let Some(routes) = router.read(subject, seen)? else { return Ok(false) };
    let split = Split { routes, cookies: state.cookies.clone() };
    differs(seen, router.render(subject, &split, seen)?)
}

/// Where the apex service is to point so that nothing moves.
fn kept(apex: Apex) -> ApexTo {
    match apex {
        Apex::Primary => ApexTo::Primary,
        Apex::Absent | Apex::Target | Apex::Other => ApexTo::Untouched,
    }
}

/// Whether one of these objects is not as it has to be.
fn differs(seen: &dyn Seen, wanted: Vec<Object>) -> Result<bool, Unfit> {
    for object in wanted {
        if seen.find(&object.key())?.as_deref() != Some(&object) {
            return Ok(true);
        }
    }
    Ok(false)
}
