//! How a command changes an observation, in a cluster that obeys at once.
//!
//! It is used for dry runs, for the exhaustive walk, and by the simulated world. Pods are not ready because they were
//! requested: the world decides how long that takes. Pods that are being replaced serve until the new ones do.

use crate::{
    command::{ApexTo, Command, Routes},
    observation::{Apex, Drift, Fact, Observation, Primary, Readiness, Services},
};

/// Changes `seen` as `command` changes a cluster. An unknown fact stays unknown.
pub fn apply(command: &Command, seen: &mut Observation) {
    match command {
        Command::EnsureFinalizer(wanted) => seen.finalizer = *wanted,
        Command::EnsureWorkloads => ensure_workloads(seen),
        Command::EnsureServices(to) => ensure_services(*to, seen),
        Command::SetRoutes(split) => set_routes(Some(split.routes), seen),
        Command::ScaleUp | Command::ScaleToPrimary => {
            scale(seen, |replicas| replicas.max(1), "pods are starting");
        }
        Command::ScaleDown => scale(seen, |_| 0, "scaled to zero"),
        Command::PauseScaler | Command::ResumeScaler => {}
        Command::Promote { revision, .. } => {
            if let Some(Some(primary)) = seen.primary.known_mut()
                && primary.runs.as_ref() != Some(revision)
            {
                primary.runs = Some(revision.clone());
                primary.readiness = Readiness::not_ready("pods are being replaced");
            }
        }
        Command::Abandon(_) => {
            set_routes(Some(Routes::PRIMARY), seen);
            scale(seen, |_| 0, "scaled to zero");
        }
        Command::ClearRequest(request) => seen.requests.retain(|other| other != request),
        Command::RevertServices => {
            let serving = seen.canary_serves() == Some(true);
            set_apex(Apex::Target, serving, seen);
        }
        Command::RevertRoutes => set_routes(None, seen),
        Command::Release => seen.finalizer = false,
    }
}

fn ensure_workloads(seen: &mut Observation) {
    let runs =
        seen.target.known().and_then(Option::as_ref).and_then(|target| target.revision.known().cloned());
    if let Some(primary @ None) = seen.primary.known_mut() {
        let readiness = Readiness::not_ready("pods are starting");
        *primary = Some(Primary { runs, readiness, serves: Fact::Known(false) });
    }
    mend(seen, |drift| drift.workloads = false);
}

fn ensure_services(to: ApexTo, seen: &mut Observation) {
    let apex = seen.services.known().map(|services| services.apex);
    match (to, apex) {
        (ApexTo::Primary, _) => {
            let serving = seen.primary_serves() == Some(true);
            set_apex(Apex::Primary, serving, seen);
        }
        (ApexTo::Untouched, Some(Apex::Absent)) => set_apex(Apex::Target, true, seen),
        (ApexTo::Untouched, Some(Apex::Target | Apex::Primary | Apex::Other) | None) => {}
    }
    mend(seen, |drift| drift.services = false);
}

/// Once nothing differs, no other client has changed anything since.
fn mend(seen: &mut Observation, part: impl Fn(&mut Drift)) {
    if let Some(drift) = seen.drift.known_mut() {
        part(drift);
        drift.tampered &= drift.is_any();
    }
}

fn set_apex(apex: Apex, serving: bool, seen: &mut Observation) {
    if let Fact::Known(services) = &mut seen.services {
        *services = Services { apex, serving };
    }
}

fn set_routes(routes: Option<Routes>, seen: &mut Observation) {
    if let Fact::Known(there) = &mut seen.routes {
        *there = routes;
    }
    mend(seen, |drift| drift.routes = false);
}

fn scale(seen: &mut Observation, replicas: impl Fn(u32) -> u32, why: &str) {
    if let Some(Some(target)) = seen.target.known_mut() {
        let wanted = replicas(target.replicas);
        if wanted != target.replicas {
            target.replicas = wanted;
            target.readiness = Readiness::not_ready(why);
            target.serves = Fact::Known(false);
        }
    }
}
