//! From watch caches to the input of the core: the Canary, its state and the facts. Nothing is decided here.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serin_core::{
    Invalid, Observation, Rollout, State,
    command::Routes,
    decision::Workload,
    observation::{self, Drift, Fact, Primary, Services, Target, Unseen},
    question::Answers,
    request::{Request, RequestKind, misspelt},
    revision::{Revision, Text},
    spec::raw,
    state::{Origin, Status},
};

use crate::{
    cluster::{cache::WakeOn, reader::Reader},
    object::{
        Key, Object,
        reader::{BuildError, ObjectReader as _},
        saved,
    },
    router::{self, Router},
    services,
    settings::Settings,
    subject::Subject,
    tick::{
        claims::Claims,
        drift::{self, FoundDrift},
        manifest::parse,
        memory::{Memory, Parsed, SeenVersion, Version},
    },
    workload::{self, PodStatus, ReadyThresholds, hints, reach::Reach},
};

/// The finalizer that lets us give everything back; Flagger's name.
pub const FINALIZER: &str = "finalizer.flagger.app";
/// The maximum number of other Canaries in one message.
const MOST_NAMED: usize = 3;
/// The prefix of annotations that contain requests.
pub const REQUEST_PREFIX: &str = "flagger.app/";

/// The input of one call of the core, without the time.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The object it was read from.
    pub object: Arc<Object>,
    /// The Canary and its names.
    pub subject: Subject,
    /// The Canary as parsed.
    pub canary: Arc<Result<Rollout, Invalid>>,
    /// Its state.
    pub state: State,
    /// The facts.
    pub seen: Observation,
    /// The ready thresholds, as they are used in the facts.
    pub ready: ReadyThresholds,
    /// Whether endpoints of the Canary's services are published.
    pub published: bool,
}

/// Observes a Canary; `None` if it does not exist any more.
///
/// # Errors
/// The Canary itself is not known now.
pub fn snapshot(
    key: &Key,
    settings: &Arc<Settings>,
    namespace: &str,
    claims: &Claims,
    reader: &Reader<'_>,
    memory: &mut Memory,
) -> Result<Option<Snapshot>, Unseen> {
    let Some(object) = reader.find(key)? else { return Ok(None) };
    let version = Version { uid: object.uid().into(), generation: generation(&object) };
    let parse = || parse(&object, settings, namespace, reader);
    let parsed = memory.parsed.or_make(version.clone(), WakeOn::Meant, reader, parse, |_| true);
    let Parsed { canary, clamped } = parsed;
    let SeenVersion { metadata, state, .. } = standing(&object, memory);
    let subject = Subject::of(&canary, metadata, settings.clone());
    let ready = thresholds(&canary);
    let mut observer = Observer { subject: &subject, version, ready, claims, reader, memory, clamped };
    let seen = observer.facts(&object, &state);
    let published = observer.published();
    if canary.as_ref().as_ref().is_ok_and(|rollout| state.is_misrouted(rollout, &seen)) {
        // Weights do not count as drift, but this shows that another client has changed them.
        let routes = drift::routes(&subject, &state.cookies, reader).unwrap_or_default();
        memory.tampered.extend(routes.iter().map(Object::key));
    }
    Ok(Some(Snapshot { object, subject, canary, state, seen, ready, published }))
}

/// The content of the object except its spec, read once for every version of it.
fn standing(object: &Object, memory: &mut Memory) -> SeenVersion {
    let version = object.resource_version();
    if let Some(known) = &memory.standing
        && *known.version == *version
    {
        return known.clone();
    }
    let metadata = object.at("/metadata").map(raw::Metadata::deserialize);
    let metadata = metadata.and_then(Result::ok).unwrap_or_default().into();
    let standing = SeenVersion { version: version.into(), metadata, state: state_of(object) };
    memory.standing = (!version.is_empty()).then(|| standing.clone());
    standing
}

/// The number of versions of an object's spec.
pub fn generation(object: &Object) -> i64 {
    object.number("/metadata/generation").unwrap_or_default()
}

/// The state as it was saved. One that is not understood is kept as it is, like one of a newer version.
fn state_of(object: &Object) -> State {
    if saved::cut(object).is_some() {
        return not_understood();
    }
    let Some(status) = object.at("/status").filter(|status| !status.is_null()) else {
        return State::default();
    };
    Status::deserialize(status).map_or_else(|_| not_understood(), State::from)
}

fn not_understood() -> State {
    State { origin: Origin::Newer(u16::MAX), ..State::default() }
}

fn thresholds(canary: &Result<Rollout, Invalid>) -> ReadyThresholds {
    let policy = canary.as_ref().ok().map(Rollout::policy);
    ReadyThresholds {
        primary: policy.map_or(100, |policy| policy.primary_ready_threshold),
        canary: policy.map_or(100, |policy| policy.canary_ready_threshold),
    }
}

/// The input of a look at one Canary.
struct Observer<'a> {
    subject: &'a Subject,
    version: Version,
    ready: ReadyThresholds,
    claims: &'a Claims,
    reader: &'a Reader<'a>,
    memory: &'a mut Memory,
    /// The parts of the manifest that exceed this controller's limits.
    clamped: Option<Text>,
}

impl Observer<'_> {
    fn facts(&mut self, object: &Object, state: &State) -> Observation {
        let claimed = self.claims.claim(object);
        let sharing = self.sharing(object, claimed.is_ok());
        let primary = self.primary();
        let begins = matches!(primary, Ok(None));
        let claimed = claimed.and_then(|()| if begins { shares_no_pods(object, &sharing) } else { Ok(()) });
        // A run that has begun continues, and the problem is reported.
        let sharing = if begins { Ok(()) } else { shares_no_pods(object, &sharing) };
        Observation {
            target: fact(claimed.map_err(BuildError::Refused).and_then(|()| self.target())),
            primary: fact(primary),
            services: fact(self.services()),
            routes: fact(self.routes()),
            drift: fact(self.drift(state)),
            rival: None,
            concern: Fact::Known(self.concern(object, sharing.err())),
            deleting: object.is_being_deleted(),
            finalizer: has_finalizer(object),
            requests: requests(object),
            answers: Answers::default(),
            failed: None,
            sent: Vec::new(),
        }
    }

    /// The other Canaries that share pods with this one, each with the shared label.
    fn sharing(&mut self, object: &Object, has_target: bool) -> Vec<(Key, Text)> {
        let (subject, reader) = (self.subject, self.reader);
        let reach = || workload::reach::of(subject, reader);
        let reach = self.memory.reach.or_try(self.version.clone(), WakeOn::Meant, reader, reach);
        let reach = match reach {
            Ok(reach) if has_target => Some(reach.unwrap_or_default()),
            Ok(_) | Err(BuildError::Refused(_)) => Some(Reach::default()),
            Err(BuildError::Unseen(_)) => None,
        };
        self.claims.reach(&object.key(), reach)
    }

    fn target(&mut self) -> Result<Option<Target>, BuildError> {
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let workload = workload_of(subject)?;
        let lasts =
            |shows: &Result<Option<Fact<Revision>>, BuildError>| matches!(shows, Ok(Some(Fact::Known(_))));
        let shows = || workload.shows(subject, reader);
        let Some(revision) =
            self.memory.shows.or_make(version.clone(), WakeOn::Meant, reader, shows, lasts)?
        else {
            return Ok(None);
        };
        let pods = || workload.canary_pods(subject, self.ready, reader);
        let pods = self.memory.canary_pods.or_try((version, self.ready), WakeOn::All, reader, pods)?;
        Ok(pods.map(|pods| {
            let serves = self.serves(Workload::Canary, &pods);
            Target { revision, replicas: pods.wanted, readiness: pods.readiness, serves }
        }))
    }

    fn primary(&mut self) -> Result<Option<Primary>, BuildError> {
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let workload = workload_of(subject)?;
        let runs = || workload.runs(subject, reader);
        let Some(runs) = self.memory.runs.or_try(version.clone(), WakeOn::Meant, reader, runs)? else {
            return Ok(None);
        };
        let pods = || workload.primary_pods(subject, self.ready, reader);
        let pods = self.memory.primary_pods.or_try((version, self.ready), WakeOn::All, reader, pods)?;
        Ok(pods.map(|pods| {
            let serves = self.serves(Workload::Primary, &pods);
            Primary { runs, readiness: pods.readiness, serves }
        }))
    }

    /// Whether a copy serves: by its endpoints, or by its pods if no endpoints are published.
    fn serves(&mut self, copy: Workload, pods: &PodStatus) -> Fact<bool> {
        let endpoints = if self.published() { self.has_endpoint(copy) } else { Ok(None) };
        fact(endpoints.map(|endpoints| observation::serves(endpoints, pods.available, &pods.readiness)))
    }

    fn has_endpoint(&mut self, copy: Workload) -> Result<Option<bool>, BuildError> {
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let memory = match copy {
            Workload::Canary => &mut self.memory.canary_endpoints,
            Workload::Primary => &mut self.memory.primary_endpoints,
        };
        memory.or_try(version, WakeOn::All, reader, || services::has_endpoint(subject, copy, reader))
    }

    fn services(&mut self) -> Result<Services, BuildError> {
        let (subject, reader) = (self.subject, self.reader);
        let services = || services::read(subject, reader);
        self.memory.services.or_try(self.version.clone(), WakeOn::All, reader, services)
    }

    /// Whether endpoints are published; if that is not known, they may be.
    fn published(&mut self) -> bool {
        let (subject, reader) = (self.subject, self.reader);
        let published = || services::are_endpoints_published(subject, reader);
        self.memory.published.or_try(self.version.clone(), WakeOn::All, reader, published).unwrap_or(true)
    }

    fn routes(&mut self) -> Result<Option<Routes>, BuildError> {
        let (subject, reader) = (self.subject, self.reader);
        let routes = || router_of(subject)?.read(subject, reader);
        self.memory.routes.or_try(self.version.clone(), WakeOn::All, reader, routes)
    }

    /// The concerns, `sharing` among them: what is wrong but blocks nothing.
    fn concern(&mut self, object: &Object, sharing: Option<Text>) -> Option<Text> {
        let (subject, reader) = (self.subject, self.reader);
        let known = [sharing, self.clamped.clone(), services::hidden_endpoints(subject, reader)];
        let of_services = || {
            let found = [services::outdated_label(subject, reader), services::unchangeable(subject, reader)];
            found.into_iter().flatten().collect()
        };
        let version = self.version.clone();
        let of_services =
            self.memory.of_services.or_make(version, WakeOn::Meant, reader, of_services, |_| true);
        let hints = || hints::of(subject, reader);
        // Unknown facts are reported by the rules that need them.
        let hints =
            self.memory.hints.or_try(self.version.clone(), WakeOn::Meant, reader, hints).unwrap_or_default();
        let names = object.annotations().filter_map(|(name, _)| name.strip_prefix(REQUEST_PREFIX));
        let all =
            known.into_iter().flatten().chain(of_services).chain(hints).chain(names.filter_map(misspelt));
        let all: Vec<Text> = all.collect();
        (!all.is_empty()).then(|| all.join(" ").into())
    }

    /// The differences from the wanted objects, without weights.
    fn drift(&mut self, state: &State) -> Result<Drift, BuildError> {
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let drifts = &mut self.memory.drift;
        let workloads = || drift::of_workloads(subject, reader);
        let services = || drift::of_services(subject, reader);
        let routes = || drift::of_routes(subject, &state.cookies, reader);
        let of_routes = (version.clone(), state.cookies.clone());
        let found = FoundDrift {
            workloads: drifts.workloads.or_try(version.clone(), WakeOn::Meant, reader, workloads)?,
            services: drifts.services.or_try(version.clone(), WakeOn::Meant, reader, services)?,
            routes: drifts.routes.or_try(of_routes, WakeOn::Meant, reader, routes)?,
        };
        let drift = found.told_apart(&mut self.memory.in_order, &version);
        self.memory.tampered = found.differing().filter(|_| drift.tampered).cloned().collect();
        Ok(drift)
    }
}

fn fact<T>(known: Result<T, BuildError>) -> Fact<T> {
    match known {
        Ok(fact) => Fact::Known(fact),
        Err(BuildError::Unseen(why)) => Fact::Unknown(why),
        Err(BuildError::Refused(why)) => Fact::Unknown(Unseen::Unreadable(why)),
    }
}

/// The kind of target a Canary releases.
///
/// # Errors
/// This kind is not supported.
pub fn workload_of(subject: &Subject) -> Result<&'static dyn workload::TargetKind, BuildError> {
    workload::of(&subject.setup.target_api_version, &subject.topology.kind).ok_or_else(|| {
        BuildError::refused(format!("spec.targetRef.kind: a {} cannot be released", subject.topology.kind))
    })
}

/// The router of a Canary.
///
/// # Errors
/// There is no router of that name.
pub fn router_of(subject: &Subject) -> Result<&'static dyn Router, BuildError> {
    let provider = &subject.topology.provider;
    router::of(provider)
        .ok_or_else(|| BuildError::refused(format!("spec.provider: `{provider}` is not supported")))
}

fn has_finalizer(object: &Object) -> bool {
    let finalizers = object.at("/metadata/finalizers").and_then(Value::as_array);
    finalizers.into_iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// Whether the services of a Canary select only its own pods.
///
/// # Errors
/// They do not; the text says why.
fn shares_no_pods(object: &Object, sharing: &[(Key, Text)]) -> Result<(), Text> {
    let Some((_, label)) = sharing.first() else { return Ok(()) };
    let others: Vec<String> = sharing.iter().take(MOST_NAMED).map(|(other, _)| other.to_string()).collect();
    Err(format!(
        "The services of {} and of {} select each other's pods by {label}: give the pods of each target a value of their \
         own, in its spec.selector.matchLabels and its spec.template.metadata.labels.",
        object.key(),
        others.join(", ")
    )
    .into())
}

/// The requests of operators in annotations.
fn requests(object: &Object) -> Vec<Request> {
    let asked = RequestKind::ALL.into_iter().filter_map(|kind| {
        let value = object.annotation(&format!("{REQUEST_PREFIX}{kind}"))?;
        Some(Request { kind, value: value.into() })
    });
    asked.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::CANARY;

    #[test]
    fn labels_and_annotations_are_those_of_the_newest_object() {
        let mut memory = Memory::default();
        let mut annotation_of = |version: &str| {
            let annotations = json!({"version": version});
            let metadata = json!({"name": "web", "resourceVersion": version, "annotations": annotations});
            let seen = standing(&Object::read(CANARY, json!({ "metadata": metadata })), &mut memory);
            seen.metadata.annotations["version"].clone()
        };
        assert_eq!(["1", "1", "2"].map(&mut annotation_of), ["1", "1", "2"]);
    }
}
