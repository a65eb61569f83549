//! Commands become writes. Each is computed from what is seen now, and nothing is written that is so already.

use std::sync::Arc;

use serde_json::{Value, json};
use serin_core::{
    Command,
    command::{Routes, Split},
    observation::{Fact, FailureClass, Unseen},
    request::Request,
    revision::{Revision, Text},
    spec::Shape,
};

use crate::{
    cluster::Cluster,
    object::{
        Object,
        change::{self, Change},
        seen::{Seen, Unfit},
    },
    router, services,
    subject::Subject,
    tick::observe::{FINALIZER, Look, REQUEST_PREFIX, router_of, workload_of},
    workload::Scale,
};

/// Why a command was not carried out.
pub type Failed = (FailureClass, Text);

/// Carries a command out.
///
/// # Errors
/// What failed; the writes before it stand.
pub async fn apply(cluster: &Arc<Cluster>, look: &Look, command: &Command) -> Result<(), Failed> {
    let writer = cluster.writer().await;
    let changes = cluster.worked_out(|seen| changes(seen, look, command)).await?;
    for change in changes {
        writer.write(change).await.map_err(|error| (error.class, error.what))?;
    }
    Ok(())
}

/// Why the writes of a command could not be worked out.
enum Hindrance {
    /// What they are made from is not known, or makes no sense.
    Unfit(Unfit),
    /// What the command was decided on has changed.
    Moved(&'static str),
}

impl From<Unfit> for Hindrance {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl From<Hindrance> for Failed {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Moved(why) => (FailureClass::Moved, why.into()),
            Hindrance::Unfit(Unfit::Refused(why)) => (FailureClass::Refused, why),
            Hindrance::Unfit(Unfit::Unseen(why)) => (FailureClass::Retry, why.to_string().into()),
        }
    }
}

/// The writes a command takes.
fn changes(seen: &dyn Seen, look: &Look, command: &Command) -> Result<Vec<Change>, Hindrance> {
    let subject = &look.subject;
    Ok(match command {
        Command::EnsureFinalizer(wanted) => canary(seen, look, |object| finalize(object, *wanted))?,
        Command::Release => canary(seen, look, |object| finalize(object, false))?,
        Command::ClearRequest(request) => canary(seen, look, |object| clear(object, request))?,
        Command::EnsureWorkloads => differing(seen, workload_of(subject)?.ensured(subject, seen)?)?,
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
        Command::Promote { revision, run } => promote(seen, look, revision, *run)?,
        Command::LeaveShape(shape) => leave(seen, subject, shape)?,
    })
}

/// The writes that give the routes back. Where there is no router there never were any.
fn reverted(subject: &Subject, seen: &dyn Seen) -> Result<Vec<Change>, Unfit> {
    if let Some(router) = router::of(&subject.shape.provider) {
        return router.revert(subject, seen);
    }
    let (canary, provider) = (subject.display(), &subject.shape.provider);
    tracing::warn!(%canary, "spec.provider: `{provider}` is not supported, so no routes are given back");
    Ok(Vec::new())
}

/// The writes that make of what is seen what has to be.
fn differing(seen: &dyn Seen, wanted: impl IntoIterator<Item = Object>) -> Result<Vec<Change>, Unfit> {
    let mut changes = Vec::new();
    for object in wanted {
        let there = seen.find(&object.key())?;
        changes.extend(change::to(object, there.as_deref()));
    }
    Ok(changes)
}

/// The same for objects that are not ours: only what differs is sent, and others may write them meanwhile.
fn adjusting(seen: &dyn Seen, wanted: Option<Object>) -> Result<Vec<Change>, Unfit> {
    let changes = differing(seen, wanted)?.into_iter().map(|change| match change {
        Change::Replace(object) => Change::Adjust(object),
        Change::Create(_) | Change::Adjust(_) | Change::Recreate(_) => change,
    });
    Ok(changes.collect())
}

/// Changes the Canary object itself.
fn canary(seen: &dyn Seen, look: &Look, edit: impl Fn(&mut Object)) -> Result<Vec<Change>, Unfit> {
    let Some(there) = seen.find(&look.object.key())? else { return Ok(Vec::new()) };
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

/// Takes a request away, if it still says the same: another one is another request.
fn clear(object: &mut Object, request: &Request) {
    let annotation = format!("{REQUEST_PREFIX}{}", request.kind);
    if object.annotation(&annotation) == Some(&*request.value) {
        object.remove_annotation(&annotation);
    }
}

fn promote(seen: &dyn Seen, look: &Look, revision: &Revision, run: u32) -> Result<Vec<Change>, Hindrance> {
    let workload = workload_of(&look.subject)?;
    let shows = workload.shows(&look.subject, seen)?;
    match shows.as_ref().and_then(Fact::known) {
        Some(shows) if shows == revision => {
            Ok(differing(seen, workload.promoted(&look.subject, run, seen)?)?)
        }
        Some(_) => Err(Hindrance::Moved("the target shows another revision")),
        None => Err(Unfit::from(Unseen::Unreadable("what the target runs is not known".into())).into()),
    }
}

/// Users go back to the primary through the objects the run began with, and that canary's pods go.
fn leave(seen: &dyn Seen, subject: &Subject, shape: &Shape) -> Result<Vec<Change>, Unfit> {
    let before = subject.of_shape(shape);
    let split = Split { routes: Routes::PRIMARY, cookies: Default::default() };
    let mut changes = differing(seen, router_of(&before)?.render(&before, &split, seen)?)?;
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
        subject.shape.provider = "appmesh:v1beta2".into();
        assert_eq!(reverted(&subject, &cluster).unwrap(), []);
    }
}
