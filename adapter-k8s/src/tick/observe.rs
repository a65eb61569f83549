//! From watch caches to what the core is given: the Canary, its state and the facts. Nothing is decided here.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serin_core::{
    Invalid, Observation, Rollout, State,
    command::Routes,
    observation::{Drift, Fact, Primary, Services, Target, Unseen},
    question::Answers,
    request::{Request, RequestKind, misspelt},
    revision::{Revision, Text},
    spec::{Defaults, Identity, MetricSource, Problem, Shape, raw},
    state::{Origin, Status},
};

use crate::{
    cluster::{cache::Told, reader::Reader},
    kinds::METRIC_TEMPLATE,
    object::{
        Key, Object,
        seen::{Seen as _, Unfit},
    },
    router::{self, Router},
    services,
    settings::Settings,
    subject::Subject,
    tick::{
        claims::Claims,
        drift::{self, Found},
        memory::{Memory, Parsed, Standing, Version},
    },
    workload::{self, ReadyThresholds, Workload, hints},
};

/// The finalizer that lets us give everything back; Flagger's name.
pub const FINALIZER: &str = "finalizer.flagger.app";
/// What annotations that ask for something begin with.
pub const REQUEST_PREFIX: &str = "flagger.app/";

/// Everything one call of the core is given, but for the time.
#[derive(Clone, Debug)]
pub struct Look {
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
    /// How many pods have to be available, as it goes into the facts.
    pub ready: ReadyThresholds,
    /// Whether anybody publishes endpoints of the Canary's services.
    pub published: bool,
}

/// Looks at a Canary; `None` if there is none any more.
///
/// # Errors
/// Why the Canary itself is not known now.
pub fn look(
    key: &Key,
    settings: &Arc<Settings>,
    namespace: &str,
    claims: &Claims,
    reader: &Reader<'_>,
    memory: &mut Memory,
) -> Result<Option<Look>, Unseen> {
    let Some(object) = reader.find(key)? else { return Ok(None) };
    let version = Version { uid: object.uid().into(), generation: generation(&object) };
    let parse = || parse(&object, settings, namespace, reader);
    let parsed = memory.parsed.or_make(version.clone(), Told::Meant, reader, parse, |_| true);
    let Parsed { manifest, canary } = parsed;
    let Standing { manifest, state, .. } = standing(&object, manifest, memory);
    let (identity, shape) = match &*canary {
        Ok(rollout) => (rollout.identity().clone(), rollout.shape().clone()),
        Err(invalid) => (invalid.identity.clone(), invalid.shape.clone()),
    };
    let subject = Subject { identity, shape, manifest, settings: settings.clone() };
    let ready = thresholds(&canary);
    let mut gaze = Gaze { subject: &subject, version, ready, claims, reader, memory };
    let seen = gaze.facts(&object, &state);
    let published = gaze.published();
    Ok(Some(Look { object, subject, canary, state, seen, ready, published }))
}

fn parse(object: &Object, settings: &Settings, namespace: &str, reader: &Reader<'_>) -> Parsed {
    let mut manifest = match raw::Canary::deserialize(object.value()) {
        Ok(manifest) => manifest,
        Err(error) => {
            let canary = Err(unreadable(object, &error.to_string()));
            return Parsed { manifest: Arc::default(), canary: Arc::new(canary) };
        }
    };
    let nested = manifest.spec.analysis.as_ref().and_then(|analysis| analysis.canary_analysis.as_ref());
    if nested.is_some_and(|nested| nested.template_variables.is_some()) {
        let canary = object.key();
        tracing::warn!(%canary, "spec.analysis.canaryAnalysis.templateVariables has no effect yet");
    }
    // It is read from the object where it is needed; here it would only be carried about.
    manifest.status = None;
    let templates = reader.members(METRIC_TEMPLATE);
    let defaults = Defaults {
        provider: settings.provider.as_str().into(),
        namespace: namespace.into(),
        templates: templates.iter().map(|it| (it.namespace.to_string(), it.name.to_string())).collect(),
    };
    let canary = Rollout::parse(&manifest, &defaults).and_then(|rollout| supported(rollout, settings));
    Parsed { manifest: Arc::new(manifest), canary: Arc::new(canary) }
}

/// The manifest with the labels and annotations that the object has now: they change without a new generation.
fn with_metadata(mut manifest: Arc<raw::Canary>, object: &Object) -> Arc<raw::Canary> {
    let now = object.at("/metadata").map(raw::Metadata::deserialize);
    if let Some(Ok(now)) = now
        && now != manifest.metadata
    {
        Arc::make_mut(&mut manifest).metadata = now;
    }
    manifest
}

/// A provider that the core knows and this controller cannot write is as wrong as an unknown one; so is what the flags
/// forbid.
fn supported(rollout: Rollout, settings: &Settings) -> Result<Rollout, Invalid> {
    let mut problems = Vec::new();
    let provider = &rollout.shape().provider;
    if router::of(provider).is_none() {
        let known: Vec<&str> = router::ROUTERS.iter().map(|(name, _)| *name).collect();
        let known = known.join(", ");
        let what = format!("`{provider}` is not supported by this controller; supported are {known}");
        problems.push(Problem { path: "spec.provider".into(), what });
    }
    if settings.no_cross_namespace_refs {
        problems.extend(foreign_refs(&rollout));
    }
    if problems.is_empty() {
        return Ok(rollout);
    }
    Err(Invalid {
        identity: rollout.identity().clone(),
        shape: rollout.shape().clone(),
        revert_on_deletion: rollout.reverts_on_deletion(),
        problems,
    })
}

/// References to other namespaces.
fn foreign_refs(rollout: &Rollout) -> Vec<Problem> {
    let own = &rollout.identity().namespace;
    let templates = rollout.metrics().iter().enumerate().filter_map(|(i, metric)| match &metric.source {
        MetricSource::Template { namespace, .. } if namespace != own => {
            Some((format!("spec.analysis.metrics[{i}].templateRef.namespace"), namespace))
        }
        MetricSource::SuccessRate
        | MetricSource::Duration
        | MetricSource::Shipped(_)
        | MetricSource::Query(_)
        | MetricSource::Template { .. } => None,
    });
    let alerts = rollout.alerts().iter().enumerate().filter(|(_, alert)| alert.namespace != *own);
    let alerts = alerts
        .map(|(i, alert)| (format!("spec.analysis.alerts[{i}].providerRef.namespace"), &alert.namespace));
    let what =
        |namespace| format!("`{namespace}` is another namespace, and --no-cross-namespace-refs is set");
    templates.chain(alerts).map(|(path, namespace)| Problem { path, what: what(namespace) }).collect()
}

/// A Canary of another shape than the CRD allows; its names are read as far as they can be.
fn unreadable(object: &Object, error: &str) -> Invalid {
    let text = |pointer: &str| Text::from(object.text(pointer));
    let service = text("/spec/service/name");
    let target = text("/spec/targetRef/name");
    Invalid {
        identity: Identity {
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
        },
        shape: Shape {
            strategy: Text::default(),
            provider: text("/spec/provider"),
            kind: text("/spec/targetRef/kind"),
            service: if service.is_empty() { target.clone() } else { service },
            target,
        },
        revert_on_deletion: object.at("/spec/revertOnDeletion") != Some(&Value::Bool(false)),
        problems: vec![Problem { path: "spec".into(), what: error.into() }],
    }
}

/// What stands in the object beside its spec, read once for every version of it.
fn standing(object: &Object, parsed: Arc<raw::Canary>, memory: &mut Memory) -> Standing {
    let version = object.resource_version();
    if let Some(known) = &memory.standing
        && *known.version == *version
        && Arc::ptr_eq(&known.parsed, &parsed)
    {
        return known.clone();
    }
    let manifest = with_metadata(parsed.clone(), object);
    let standing = Standing { version: version.into(), parsed, manifest, state: state_of(object) };
    memory.standing = (!version.is_empty()).then(|| standing.clone());
    standing
}

/// Counts the versions of an object's spec.
pub fn generation(object: &Object) -> i64 {
    object.number("/metadata/generation").unwrap_or_default()
}

/// The state as it was saved. One that cannot be understood is held as it is, like one of a newer version.
fn state_of(object: &Object) -> State {
    let Some(status) = object.at("/status").filter(|status| !status.is_null()) else {
        return State::default();
    };
    Status::deserialize(status)
        .map_or_else(|_| State { origin: Origin::Newer(u16::MAX), ..State::default() }, State::from)
}

fn thresholds(canary: &Result<Rollout, Invalid>) -> ReadyThresholds {
    let policy = canary.as_ref().ok().map(Rollout::policy);
    ReadyThresholds {
        primary: policy.map_or(100, |policy| policy.primary_ready_threshold),
        canary: policy.map_or(100, |policy| policy.canary_ready_threshold),
    }
}

/// What a look at one Canary goes by.
struct Gaze<'a> {
    subject: &'a Subject,
    version: Version,
    ready: ReadyThresholds,
    claims: &'a Claims,
    reader: &'a Reader<'a>,
    memory: &'a mut Memory,
}

impl Gaze<'_> {
    fn facts(&mut self, object: &Object, state: &State) -> Observation {
        Observation {
            target: fact(self.target(object)),
            primary: fact(self.primary()),
            services: fact(self.services()),
            routes: fact(self.routes()),
            drift: fact(self.drift(state)),
            concern: Fact::Known(self.concern(object)),
            deleting: object.is_being_deleted(),
            finalizer: has_finalizer(object),
            requests: requests(object),
            answers: Answers::default(),
            failed: None,
            sent: Vec::new(),
        }
    }

    fn target(&mut self, object: &Object) -> Result<Option<Target>, Unfit> {
        self.claims.claim(object).map_err(Unfit::Refused)?;
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let workload = workload_of(subject)?;
        let lasts = |shows: &Result<Option<Fact<Revision>>, Unfit>| matches!(shows, Ok(Some(Fact::Known(_))));
        let shows = || workload.shows(subject, reader);
        let Some(revision) = self.memory.shows.or_make(version.clone(), Told::Meant, reader, shows, lasts)?
        else {
            return Ok(None);
        };
        let pods = || workload.canary_pods(subject, self.ready, reader);
        let pods = self.memory.canary_pods.or_try((version, self.ready), Told::All, reader, pods)?;
        Ok(pods.map(|(replicas, readiness)| Target { revision, replicas, readiness }))
    }

    fn primary(&mut self) -> Result<Option<Primary>, Unfit> {
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let workload = workload_of(subject)?;
        let runs = || workload.runs(subject, reader);
        let Some(runs) = self.memory.runs.or_try(version.clone(), Told::Meant, reader, runs)? else {
            return Ok(None);
        };
        let pods = || workload.primary_pods(subject, self.ready, reader);
        let pods = self.memory.primary_pods.or_try((version, self.ready), Told::All, reader, pods)?;
        Ok(pods.map(|readiness| Primary { runs, readiness }))
    }

    fn services(&mut self) -> Result<Services, Unfit> {
        let (subject, reader) = (self.subject, self.reader);
        let services = || services::read(subject, reader);
        self.memory.services.or_try(self.version.clone(), Told::All, reader, services)
    }

    /// Whether anybody publishes endpoints; what is not known may be.
    fn published(&mut self) -> bool {
        let (subject, reader) = (self.subject, self.reader);
        let published = || services::are_endpoints_published(subject, reader);
        self.memory.published.or_try(self.version.clone(), Told::All, reader, published).unwrap_or(true)
    }

    fn routes(&mut self) -> Result<Option<Routes>, Unfit> {
        let (subject, reader) = (self.subject, self.reader);
        let routes = || router_of(subject)?.read(subject, reader);
        self.memory.routes.or_try(self.version.clone(), Told::All, reader, routes)
    }

    /// What is wrong and holds nothing up.
    fn concern(&mut self, object: &Object) -> Option<Text> {
        let (subject, reader) = (self.subject, self.reader);
        let hidden = services::hidden_endpoints(subject, reader);
        let hints = || hints::of(subject, reader);
        // What is not known is said by the rule that needs it.
        let hints =
            self.memory.hints.or_try(self.version.clone(), Told::Meant, reader, hints).unwrap_or_default();
        let names = object.annotations().filter_map(|(name, _)| name.strip_prefix(REQUEST_PREFIX));
        let all: Vec<Text> = hidden.into_iter().chain(hints).chain(names.filter_map(misspelt)).collect();
        (!all.is_empty()).then(|| all.join(" ").into())
    }

    /// What differs from what would be written, weights aside.
    fn drift(&mut self, state: &State) -> Result<Drift, Unfit> {
        let (subject, reader, version) = (self.subject, self.reader, self.version.clone());
        let drifts = &mut self.memory.drift;
        let workloads = || drift::of_workloads(subject, reader);
        let services = || drift::of_services(subject, reader);
        let routes = || drift::of_routes(subject, &state.cookies, reader);
        let of_routes = (version.clone(), state.cookies.clone());
        let found = Found {
            workloads: drifts.workloads.or_try(version.clone(), Told::Meant, reader, workloads)?,
            services: drifts.services.or_try(version.clone(), Told::Meant, reader, services)?,
            routes: drifts.routes.or_try(of_routes, Told::Meant, reader, routes)?,
        };
        Ok(found.told_apart(&mut self.memory.in_order, &version))
    }
}

fn fact<T>(known: Result<T, Unfit>) -> Fact<T> {
    match known {
        Ok(fact) => Fact::Known(fact),
        Err(Unfit::Unseen(why)) => Fact::Unknown(why),
        Err(Unfit::Refused(why)) => Fact::Unknown(Unseen::Unreadable(why)),
    }
}

/// The kind of target a Canary releases.
///
/// # Errors
/// It is no kind that can be released.
pub fn workload_of(subject: &Subject) -> Result<&'static dyn Workload, Unfit> {
    let target = subject.manifest.spec.target_ref.clone().unwrap_or_default();
    let of_shape = raw::ObjectRef { kind: subject.shape.kind.to_string(), ..target };
    workload::of(&of_shape).ok_or_else(|| {
        Unfit::refused(format!("spec.targetRef.kind: a {} cannot be released", subject.shape.kind))
    })
}

/// The router of a Canary.
///
/// # Errors
/// There is none of that name.
pub fn router_of(subject: &Subject) -> Result<&'static dyn Router, Unfit> {
    let provider = &subject.shape.provider;
    router::of(provider)
        .ok_or_else(|| Unfit::refused(format!("spec.provider: `{provider}` is not supported")))
}

fn has_finalizer(object: &Object) -> bool {
    let finalizers = object.at("/metadata/finalizers").and_then(Value::as_array);
    finalizers.into_iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// What operators ask for by annotation.
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
        let canary = |version: &str| {
            let metadata = json!({"name": "web", "generation": 1, "annotations": {"version": version}});
            Object::read(CANARY, json!({ "metadata": metadata, "spec": {"provider": "istio"} }))
        };
        let before: raw::Canary = canary("1").parse().unwrap();
        let after = with_metadata(Arc::new(before.clone()), &canary("2"));
        assert_eq!(after.metadata.annotations["version"], "2");
        assert_eq!(after.spec, before.spec);
    }
}
