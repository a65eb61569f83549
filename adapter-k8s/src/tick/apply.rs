//! Turns commands into writes. Each is computed from the current objects, and only differences are written.

use std::sync::Arc;

use serde_json::{Value, json};
use serin_core::{
    Command,
    command::{Routes, Split},
    observation::{Fact, FailureClass, Unseen},
    request::Request,
    revision::{Revision, Text},
    spec::Topology,
};

use crate::{
    cluster::Cluster,
    object::{
        Object,
        change::{self, Change},
        reader::{BuildError, ObjectReader},
    },
    router, services,
    subject::Subject,
    tick::observe::{FINALIZER, REQUEST_PREFIX, Snapshot, router_of, workload_of},
    workload::Scale,
};

/// Why a command was not carried out.
pub type Failed = (FailureClass, Text);

/// Carries a command out.
///
/// # Errors
/// The error; the writes before it were made.
pub async fn apply(cluster: &Arc<Cluster>, snapshot: &Snapshot, command: &Command) -> Result<(), Failed> {
    let writer = cluster.writer().await;
    let changes = cluster.worked_out(|seen| changes(seen, snapshot, command)).await?;
    for change in changes {
        writer.write(change).await.map_err(|error| (error.class, error.what))?;
    }
    Ok(())
}

/// Why the writes of a command could not be computed.
enum ApplyError {
    /// A source is not known, or is invalid.
    BuildError(BuildError),
    /// The input of the decision has changed.
    Moved(&'static str),
}

impl From<BuildError> for ApplyError {
    fn from(unfit: BuildError) -> Self {
        Self::BuildError(unfit)
    }
}

impl From<ApplyError> for Failed {
    fn from(hindrance: ApplyError) -> Self {
        match hindrance {
            ApplyError::Moved(why) => (FailureClass::Moved, why.into()),
            ApplyError::BuildError(BuildError::Refused(why)) => (FailureClass::Refused, why),
            ApplyError::BuildError(BuildError::Unseen(why)) => (FailureClass::Retry, why.to_string().into()),
        }
    }
}

/// The writes of a command.
fn changes(
    seen: &dyn ObjectReader,
    snapshot: &Snapshot,
    command: &Command,
) -> Result<Vec<Change>, ApplyError> {
    let subject = &snapshot.subject;
    Ok(match command {
        Command::EnsureFinalizer(wanted) => canary(seen, snapshot, |object| finalize(object, *wanted))?,
        Command::Release => canary(seen, snapshot, |object| finalize(object, false))?,
        Command::ClearRequest(request) => canary(seen, snapshot, |object| clear(object, request))?,
        Command::EnsureWorkloads => workloads(seen, subject)?,
        Command::EnsureServices(to) => differing(seen, services::ensured(subject, *to, seen)?)?,
        Command::RevertServices => differing(seen, services::reverted(subject, seen)?)?,
        Command::SetRoutes(split) => differing(seen, router_of(subject)?.render(subject, split, seen)?)?,
        Command::RevertRoutes => reverted(subject, seen)?,
        Command::ScaleUp => adjusting(seen, workload_of(subject)?.scaled(subject, Scale::Up, seen)?)?,
        Command::ScaleToPrimary => {
            adjusting(seen, workload_of(subject)?.scaled(subject, Scale::ToPrimary, seen)?)?
        }
        Command::ScaleDown => adjusting(seen, workload_of(subject)?.scaled(subject, Scale::Down, seen)?)?,
        Command::PauseScaler => adjusting(seen, workload_of(subject)?.paused(subject, true, seen)?)?,
        Command::ResumeScaler => adjusting(seen, workload_of(subject)?.paused(subject, false, seen)?)?,
        Command::Promote { revision, run } => promote(seen, snapshot, revision, *run)?,
        Command::Abandon(topology) => leave(seen, subject, topology)?,
    })
}

/// The writes of the primary, and of the objects that its pods need before.
fn workloads(seen: &dyn ObjectReader, subject: &Subject) -> Result<Vec<Change>, BuildError> {
    let router = router::of(&subject.topology.provider);
    let before = router.map_or(Ok(Vec::new()), |router| router.before_pods(subject, seen))?;
    let mut changes = differing(seen, before)?;
    changes.extend(differing(seen, workload_of(subject)?.ensured(subject, seen)?)?);
    Ok(changes)
}

/// The writes that give the routes back. Without a router there are none.
fn reverted(subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
    if let Some(router) = router::of(&subject.topology.provider) {
        return router.revert(subject, seen);
    }
    let (canary, provider) = (subject.display(), &subject.topology.provider);
    tracing::warn!(%canary, "spec.provider: `{provider}` is not supported, so no routes are given back");
    Ok(Vec::new())
}

/// The writes that turn the current objects into the wanted ones.
fn differing(
    seen: &dyn ObjectReader,
    wanted: impl IntoIterator<Item = Object>,
) -> Result<Vec<Change>, BuildError> {
    let mut changes = Vec::new();
    for object in wanted {
        let there = seen.find(&object.key())?;
        changes.extend(change::to(object, there.as_deref()));
    }
    Ok(changes)
}

/// The same for objects that are not ours: only differences are sent, so that other programs can write them meanwhile.
fn adjusting(seen: &dyn ObjectReader, wanted: Option<Object>) -> Result<Vec<Change>, BuildError> {
    let changes = differing(seen, wanted)?.into_iter().map(|change| match change {
        Change::Replace(object) => Change::Adjust(object),
        Change::Create(_) | Change::Adjust(_) | Change::Recreate(_) | Change::Delete(_) => change,
    });
    Ok(changes.collect())
}

/// The writes that delete those of these objects that exist.
fn deleting(seen: &dyn ObjectReader, objects: Vec<Object>) -> Result<Vec<Change>, BuildError> {
    let there: Result<Vec<_>, _> = objects.iter().map(|object| seen.find(&object.key())).collect();
    Ok(there?.into_iter().flatten().map(|object| Change::Delete(Arc::unwrap_or_clone(object))).collect())
}

/// Changes the Canary object itself.
fn canary(
    seen: &dyn ObjectReader,
    snapshot: &Snapshot,
    edit: impl Fn(&mut Object),
) -> Result<Vec<Change>, BuildError> {
    let Some(there) = seen.find(&snapshot.object.key())? else { return Ok(Vec::new()) };
    let mut wanted = Object::clone(&there);
    edit(&mut wanted);
    Ok(change::to(wanted, Some(&there)).into_iter().collect())
}

fn finalize(object: &mut Object, wanted: bool) {
    let there = object.at("/metadata/finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
    if there.iter().any(|finalizer| finalizer == FINALIZER) == wanted {
        return;
    }
    let mut finalizers: Vec<Value> = there.into_iter().filter(|finalizer| finalizer != FINALIZER).collect();
    if wanted {
        finalizers.push(json!(FINALIZER));
    }
    object.set("/metadata/finalizers", finalizers);
}

/// Removes a request, if it still has the same value: another value is another request.
fn clear(object: &mut Object, request: &Request) {
    let annotation = format!("{REQUEST_PREFIX}{}", request.kind);
    if object.annotation(&annotation) == Some(&*request.value) {
        object.remove_annotation(&annotation);
    }
}

fn promote(
    seen: &dyn ObjectReader,
    snapshot: &Snapshot,
    revision: &Revision,
    run: u32,
) -> Result<Vec<Change>, ApplyError> {
    let workload = workload_of(&snapshot.subject)?;
    let shows = workload.shows(&snapshot.subject, seen)?;
    match shows.as_ref().and_then(Fact::known) {
        Some(shows) if shows == revision => {
            Ok(differing(seen, workload.promoted(&snapshot.subject, run, seen)?)?)
        }
        Some(_) => Err(ApplyError::Moved("the target shows another revision")),
        None => {
            Err(BuildError::from(Unseen::Unreadable("the revision of the target is not known".into())).into())
        }
    }
}

/// Users return to the primary through the objects that the run began with, and that canary is scaled to zero. An
/// object that the deletion of the Canary would leave behind is deleted now: without it, requests reach the apex
/// service, which selects the primary.
fn leave(seen: &dyn ObjectReader, subject: &Subject, topology: &Topology) -> Result<Vec<Change>, BuildError> {
    let before = subject.of_topology(topology);
    let split = Split { routes: Routes::PRIMARY, cookies: Default::default() };
    let routes = router_of(&before)?.render(&before, &split, seen)?;
    let (collected, left): (Vec<Object>, Vec<Object>) =
        routes.into_iter().partition(|object| object.kind().namespaced);
    let mut changes = differing(seen, collected)?;
    changes.extend(deleting(seen, left)?);
    changes.extend(adjusting(seen, workload_of(&before)?.scaled(&before, Scale::Down, seen)?)?);
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    const WEB: &str = include_str!("../fixtures/deployment.yaml");

    #[test]
    fn without_a_router_there_are_no_routes_to_give_back() {
        let (mut subject, cluster) = fixtures::read(WEB);
        subject.topology.provider = "knative".into();
        assert_eq!(reverted(&subject, &cluster).unwrap(), []);
    }
}
