//! The three services of a Canary: of the primary, of the canary, and the apex that users call.
//!
//! A target of kind Service has its own (see `workload/service.rs`), and uses nothing of this.

mod ports;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use serin_core::{
    command::ApexTo,
    decision::Workload,
    observation::{Apex, Services},
    revision::Text,
    spec::raw::ServiceMetadata,
};

use crate::{
    kinds::{ENDPOINT_SLICE, SERVICE},
    object::{
        Object, map_of,
        metadata::{self, Begun, HANDS_OFF, LAST_APPLIED, MANAGED_BY},
        owners,
        reader::{BuildError, ObjectReader},
        text_map,
    },
    subject::Subject,
    workload::{
        self,
        selector::{self, Selector},
    },
};

/// The pointer to a Service's address, and the value for one without an address.
const ADDRESS: &str = "/spec/clusterIP";
const NO_ADDRESS: &str = "None";

/// Label of an EndpointSlice that names its Service.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The wanted services. An apex that has to stay as it is, is only created if it is missing, and then selects the
/// target.
///
/// # Errors
/// A source is missing, not known or invalid. While the apex stays as it is, a port that the pods do not have is
/// refused, too: such a service would have no endpoint.
pub fn ensured(subject: &Subject, to: ApexTo, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
    let Some(pods) = Pods::of(subject, seen)? else { return Ok(Vec::new()) };
    let service = subject.service();
    let ports = ports::of(subject, &pods.template)?;
    if to == ApexTo::Untouched {
        ports::exist(subject, &pods.template)?;
    }
    let (target, primary) = (pods.selector.target.selects(), pods.selector.primary.selects());
    let make = |name: &str, selects: Value, metadata: &ServiceMetadata| {
        pods.service(subject, name, &ports, selects, metadata, seen)
    };
    let mut services = vec![
        make(&subject.canary_service(), target.clone(), &service.canary)?,
        make(&subject.primary_service(), primary.clone(), &service.primary)?,
    ];
    let of_apex = service.apex.clone().unwrap_or_default();
    let exists = seen.find(&subject.key(SERVICE, subject.apex()))?.is_some();
    match (to, exists) {
        (ApexTo::Primary, _) => services.push(make(subject.apex(), primary, &of_apex)?),
        (ApexTo::Untouched, false) => services.push(make(subject.apex(), target, &of_apex)?),
        (ApexTo::Untouched, true) => {}
    }
    Ok(services)
}

/// Which pods the apex selects, and whether it has ready endpoints among those.
///
/// # Errors
/// It is not known, or there is no target to compare with.
pub fn read(subject: &Subject, seen: &dyn ObjectReader) -> Result<Services, BuildError> {
    if !has_pods(subject) {
        // Only routes decide which copy serves.
        return Ok(Services { apex: Apex::Primary, serving: true });
    }
    let Some(apex) = seen.find(&subject.key(SERVICE, subject.apex()))? else {
        return Ok(Services { apex: Apex::Absent, serving: false });
    };
    let pods = Pods::of(subject, seen)?.ok_or_else(|| missing(subject))?;
    let apex = pods.selected_by(&text_map(apex.at("/spec/selector")));
    let workload = match apex {
        Apex::Primary => Some(subject.primary()),
        Apex::Absent | Apex::Target | Apex::Other => None,
    };
    let slices = slices(subject, subject.apex(), seen)?;
    let serving = slices.iter().any(|slice| serves(slice, workload.as_deref()));
    Ok(Services { apex, serving })
}

/// Whether the service of a copy has a ready endpoint with a port; `None` if its endpoints belong to other pods, and
/// say nothing about this copy.
///
/// # Errors
/// It is not known.
pub fn has_endpoint(
    subject: &Subject,
    copy: Workload,
    seen: &dyn ObjectReader,
) -> Result<Option<bool>, BuildError> {
    let (service, workload) = match copy {
        Workload::Canary => (subject.canary_service(), target(subject, seen)?),
        Workload::Primary => (subject.primary_service(), primary(subject, seen)?),
    };
    if !slices(subject, &service, seen)?.iter().any(|slice| serves(slice, None)) {
        return Ok(Some(false));
    }
    let service = seen.find(&subject.key(SERVICE, &service))?;
    let is_its_own = match (service, workload) {
        (Some(service), Some(workload)) => {
            let labels = text_map(workload.at("/spec/template/metadata/labels"));
            selects(&text_map(service.at("/spec/selector")), &labels)
        }
        // There is nothing to compare.
        (Some(_) | None, _) => true,
    };
    Ok(is_its_own.then_some(true))
}

/// Whether endpoints are published for the pods of the services: if no pod has a node, none are.
///
/// # Errors
/// It is not known.
pub fn are_endpoints_published(subject: &Subject, seen: &dyn ObjectReader) -> Result<bool, BuildError> {
    if !has_pods(subject) {
        return Ok(false);
    }
    for service in [subject.apex(), &subject.primary_service(), &subject.canary_service()] {
        let slices = slices(subject, service, seen)?;
        let named = |slice: &Arc<Object>| {
            slice.at("/endpoints").and_then(Value::as_array).is_some_and(|endpoints| !endpoints.is_empty())
        };
        if slices.iter().any(named) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Why the endpoints may not be read, if so: then they count as missing.
#[must_use]
pub fn hidden_endpoints(subject: &Subject, seen: &dyn ObjectReader) -> Option<Text> {
    let why = seen.refusal(ENDPOINT_SLICE).filter(|_| has_pods(subject))?;
    Some(format!("The endpoints of the services are ignored: {why}").into())
}

/// The endpoints of a service. They are one sign that a copy serves: if they may not be read, the other signs have to
/// be enough.
fn slices(subject: &Subject, service: &str, seen: &dyn ObjectReader) -> Result<Vec<Arc<Object>>, BuildError> {
    match seen.labelled(ENDPOINT_SLICE, &subject.identity.namespace, SERVICE_NAME, service) {
        Err(_) if seen.refusal(ENDPOINT_SLICE).is_some() => Ok(Vec::new()),
        slices => Ok(slices?),
    }
}

/// The apex as it was before Serin, selecting the target. It stays when the Canary is deleted. Empty if there is no
/// target to select.
///
/// # Errors
/// The existing apex is not known.
pub fn reverted(subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
    let apex = seen.find(&subject.key(SERVICE, subject.apex()))?;
    let (Some(apex), Some(target)) = (apex, target(subject, seen)?) else { return Ok(Vec::new()) };
    let primary = primary(subject, seen)?;
    let selector = Selector::of(subject, &target, primary.as_deref());
    // It is given back even if no label distinguishes the target from the primary, which is deleted.
    let selects = selector.or_else(|_| Selector::of_target(subject, &target))?.target.selects();
    let mut apex = Arc::unwrap_or_clone(apex);
    let applied: Value =
        apex.annotation(LAST_APPLIED).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if owners::is_controlled(&apex, &subject.identity) {
        owners::leave(&mut apex, &subject.identity);
        apex.remove(&format!("/metadata/labels/{}", MANAGED_BY.0.replace('/', "~1")));
    }
    let selector = applied.pointer("/spec/selector").filter(|selector| selector.is_object()).cloned();
    apex.set("/spec/selector", selector.unwrap_or(selects));
    for (key, value) in HANDS_OFF {
        let was_there =
            applied.pointer("/metadata/annotations").is_some_and(|there| there.get(key).is_some());
        if apex.annotation(key) == Some(value) && !was_there {
            apex.remove_annotation(key);
        }
    }
    Ok(vec![apex])
}

/// The sources of the services.
struct Pods {
    selector: Selector,
    /// The target.
    template: Value,
    /// Labels of the primary's pods; the future ones, if there is no primary.
    of_primary: BTreeMap<String, String>,
}

impl Pods {
    /// `None` if the target has no pods.
    fn of(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Self>, BuildError> {
        if !has_pods(subject) {
            return Ok(None);
        }
        let target = target(subject, seen)?.ok_or_else(|| missing(subject))?;
        let primary = primary(subject, seen)?;
        let selector = Selector::of(subject, &target, primary.as_deref())?;
        let template = target.at("/spec/template").cloned().unwrap_or_default();
        let of_primary = match &primary {
            Some(primary) => text_map(primary.at("/spec/template/metadata/labels")),
            None => {
                let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or_default();
                selector.put_on_primary(&mut labels);
                text_map(Some(&labels))
            }
        };
        Ok(Some(Self { selector, template, of_primary }))
    }

    /// One service. If another program made it, only ports and selector are changed.
    fn service(
        &self,
        subject: &Subject,
        name: &str,
        ports: &[Value],
        selects: Value,
        metadata: &ServiceMetadata,
        seen: &dyn ObjectReader,
    ) -> Result<Object, BuildError> {
        let Begun { mut object, is_new, is_ours } =
            metadata::begin(&subject.key(SERVICE, name), &subject.identity, seen)?;
        if is_new {
            describe(subject, &mut object);
        }
        if is_ours && let Some(distribution) = &subject.service().traffic_distribution {
            object.set("/spec/trafficDistribution", &**distribution);
        }
        let ports = ports::merged(ports, object.at("/spec/ports"));
        let changes =
            object.at("/spec/ports") != Some(&ports) || object.at("/spec/selector") != Some(&selects);
        object.set("/spec/ports", ports);
        object.set("/spec/selector", selects);
        if is_ours {
            self.label(subject, name, metadata, &mut object);
        } else if changes {
            metadata::set_hands_off(&mut object);
        }
        Ok(object)
    }

    /// Labels and annotations come from the manifest and from Serin; others are removed, unless they are listed as
    /// unmanaged.
    fn label(&self, subject: &Subject, name: &str, metadata: &ServiceMetadata, object: &mut Object) {
        let ServiceMetadata { mut labels, mut annotations } = metadata.clone();
        labels.insert(self.selector.primary.key.clone(), name.into());
        labels.entry(MANAGED_BY.0.into()).or_insert_with(|| MANAGED_BY.1.into());
        annotations.extend(HANDS_OFF.map(|(key, value)| (key.into(), value.into())));
        let unmanaged = &subject.service().unmanaged;
        let keep =
            |there: BTreeMap<String, String>, keys: &[String], wanted: &mut BTreeMap<String, String>| {
                wanted.extend(there.into_iter().filter(|(key, _)| keys.contains(key)));
            };
        keep(text_map(object.at("/metadata/labels")), &unmanaged.labels, &mut labels);
        keep(text_map(object.at("/metadata/annotations")), &unmanaged.annotations, &mut annotations);
        object.set("/metadata/labels", map_of(texts(&labels)));
        object.set("/metadata/annotations", map_of(texts(&annotations)));
    }

    fn selected_by(&self, selector: &BTreeMap<String, String>) -> Apex {
        let target = text_map(self.template.pointer("/metadata/labels"));
        match (selects(selector, &target), selects(selector, &self.of_primary)) {
            (true, false) => Apex::Target,
            (false, true) => Apex::Primary,
            (true, true) | (false, false) => Apex::Other,
        }
    }
}

/// Fields that are set when a service is created, because Kubernetes does not allow changing them.
fn describe(subject: &Subject, object: &mut Object) {
    object.set("/spec/type", "ClusterIP");
    if subject.service().headless {
        object.set(ADDRESS, NO_ADDRESS);
    }
}

/// A hint if flags or target require another label than the one that selects the primary.
#[must_use]
pub fn outdated_label(subject: &Subject, seen: &dyn ObjectReader) -> Option<Text> {
    let (target, primary) = (target(subject, seen).ok()??, primary(subject, seen).ok()??);
    selector::outdated(subject, &target, &primary).map(Into::into)
}

/// A hint if the manifest differs from existing services in a field that cannot be changed.
#[must_use]
pub fn unchangeable(subject: &Subject, seen: &dyn ObjectReader) -> Option<Text> {
    let headless = subject.service().headless;
    let names = [subject.canary_service(), subject.primary_service(), subject.apex().to_owned()];
    let differs = |name: &String| {
        let service = seen.find(&subject.key(SERVICE, name)).ok().flatten()?;
        let is_so = (service.text(ADDRESS) == NO_ADDRESS) == headless;
        (!is_so && (headless || owners::is_controlled(&service, &subject.identity))).then(|| name.clone())
    };
    let names: Vec<String> = names.iter().filter_map(differs).collect();
    if names.is_empty() || !has_pods(subject) {
        return None;
    }
    let (has, names) = (if headless { "an address" } else { "no address" }, names.join(", "));
    let said = format!(
        "spec.service.headless is {headless}, but these services have {has}: {names}. Kubernetes never changes that; \
         delete them to have them made again, which is an outage for those who call them, or set it to {}.",
        !headless
    );
    Some(said.into())
}

/// Whether a service with this selector selects pods with these labels.
fn selects(selector: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a slice has a ready endpoint with a port, of that workload if one is named. Endpoints of a workload that was
/// selected before can remain for a while. A slice has no ports if no container has the port of the service.
fn serves(slice: &Object, workload: Option<&str>) -> bool {
    let ports = slice.at("/ports").and_then(Value::as_array);
    if ports.is_none_or(Vec::is_empty) {
        return false;
    }
    let endpoints = slice.at("/endpoints").and_then(Value::as_array);
    endpoints.into_iter().flatten().any(|endpoint| {
        let pod = endpoint.pointer("/targetRef/name").and_then(Value::as_str);
        let is_of_workload = match (pod, workload) {
            (Some(pod), Some(workload)) => pod.starts_with(&pod_prefix(workload)),
            (_, None) | (None, _) => true,
        };
        let is_ready = endpoint.pointer("/conditions/ready").and_then(Value::as_bool);
        is_of_workload && is_ready.unwrap_or(true)
    })
}

/// The prefix of the names of a workload's pods; Kubernetes cuts long ones to leave space for a unique suffix.
fn pod_prefix(workload: &str) -> String {
    format!("{workload}-").chars().take(58).collect()
}

fn has_pods(subject: &Subject) -> bool {
    workload::with_pods(&subject.topology.kind).is_some()
}

fn target(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Arc<Object>>, BuildError> {
    let Some(kind) = workload::with_pods(&subject.topology.kind) else { return Ok(None) };
    Ok(seen.find(&subject.key(kind, subject.target()))?)
}

fn primary(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Arc<Object>>, BuildError> {
    let Some(kind) = workload::with_pods(&subject.topology.kind) else { return Ok(None) };
    Ok(seen.find(&subject.key(kind, &subject.primary()))?)
}

fn missing(subject: &Subject) -> BuildError {
    BuildError::refused(format!(
        "{} {}.{} not found, but spec.targetRef of Canary {} names it: create it, or name another",
        subject.topology.kind.to_ascii_lowercase(),
        subject.target(),
        subject.identity.namespace,
        subject.display(),
    ))
}

fn texts(map: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}
