//! What holds for every router, and helpers for the tests of each.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use serde_json::{Value, json};

use super::*;
use crate::{
    spec::{Defaults, Rollout},
    strategy::Strategy,
};

/// A Canary with every reference that a router can need.
fn manifest(provider: &str, service: Value, analysis: Value) -> Value {
    let reference = json!({"name": "web"});
    let mut manifest = json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web"},
        "spec": {
            "provider": provider, "targetRef": {"kind": "Deployment", "name": "web"},
            "ingressRef": reference, "routeRef": reference, "upstreamRef": reference,
            "service": service, "analysis": analysis,
        },
    });
    manifest["spec"]["service"]["gatewayRefs"] = json!([reference]);
    if manifest["spec"]["service"].get("meshName").is_none() {
        manifest["spec"]["service"]["meshName"] = "mesh".into();
    }
    manifest
}

fn why_refused(manifest: Value) -> String {
    let raw = serde_json::from_value(manifest).unwrap();
    Rollout::parse(&raw, &Defaults::default()).map_or_else(|why| why.to_string(), |_| String::new())
}

/// Why a Canary is refused; empty if it is not.
pub(super) fn refused(provider: &str, service: Value, analysis: Value) -> String {
    why_refused(manifest(provider, service, analysis))
}

/// The strategy of a Canary.
pub(super) fn strategy_of(provider: &str, analysis: Value) -> Strategy {
    let raw = serde_json::from_value(manifest(provider, json!({"port": 80}), analysis)).unwrap();
    Rollout::parse(&raw, &Defaults::default()).unwrap().strategy().clone()
}

/// Why a Canary with these items in `analysis.match` is refused.
pub(crate) fn of_items(provider: &str, items: Value) -> String {
    refused(provider, json!({"port": 80}), json!({"iterations": 3, "match": items}))
}

#[test]
fn a_mesh_behind_smi_is_known() {
    let provider = Provider::named("smi:v1alpha1:istio").unwrap();
    assert_eq!(
        (&**provider.name(), provider.router().name, provider.mesh(), provider.is_driven()),
        ("smi:v1alpha1:istio", "smi:v1alpha1", Some("istio"), true)
    );
    assert_eq!(Provider::named("istio").unwrap().mesh(), None);
    for unknown in ["smi:v1alpha1istio", "istio:v1", "gatewayapi", ""] {
        assert_eq!(Provider::named(unknown), None, "{unknown}");
    }
}

#[test]
fn names_are_sorted() {
    assert!(ROUTERS.is_sorted_by_key(|router| router.name));
}

#[test]
fn a_missing_reference_that_a_router_needs_is_refused() {
    let mut needed = Vec::new();
    for router in ROUTERS {
        for reference in Reference::ALL {
            let mut manifest = manifest(router.name, json!({"port": 80}), json!({}));
            let (parent, field) = reference.field().rsplit_once('.').unwrap();
            let parent = manifest.pointer_mut(&format!("/{}", parent.replace('.', "/"))).unwrap();
            parent.as_object_mut().unwrap().remove(field);
            let why = why_refused(manifest);
            if !why.is_empty() {
                needed.push(format!("{}: {why}", router.name));
            }
        }
    }
    assert_eq!(
        needed,
        [
            "apisix: spec.routeRef: is missing: provider apisix needs it",
            "gatewayapi:v1: spec.service.gatewayRefs: is missing: provider gatewayapi:v1 needs it",
            "gatewayapi:v1beta1: spec.service.gatewayRefs: is missing: provider gatewayapi:v1beta1 needs it",
            "nginx: spec.ingressRef: is missing: provider nginx needs it",
            "skipper: spec.ingressRef: is missing: provider skipper needs it",
        ]
    );
}

#[test]
fn a_reference_without_a_name_is_none() {
    let mut manifest = manifest("nginx", json!({"port": 80}), json!({}));
    manifest["spec"]["ingressRef"] = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"});
    assert_eq!(why_refused(manifest), "spec.ingressRef: is missing: provider nginx needs it");
}

#[test]
fn abilities_build_on_each_other() {
    for Router { name, can, .. } in ROUTERS {
        let Abilities { weights, matches, weights_of_matches, mirror, affinity } = *can;
        assert!(weights || !(matches || mirror || affinity), "{name}");
        assert!(matches || !weights_of_matches, "{name}");
    }
}

const NAMES: CanaryNames<'_> = CanaryNames {
    namespace: "my-ns",
    target: "shop",
    kind: "Deployment",
    service: "front.a",
    ingress: "door-a",
    route: "way",
};

#[test]
fn every_name_in_braces_is_known() {
    for Router { name, metrics, .. } in ROUTERS {
        let named = metrics.canary.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
        let unknown: Vec<&str> = named.filter(|named| NAMES.named(named).is_none()).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

#[test]
fn names_are_filled_in_as_the_router_writes_them() {
    let filled = NAMES.fill(r#"a="{service as a word}",b=~"{pods}",c="{route}"#);
    assert_eq!(filled, r#"a="front_a",b=~"shop-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)",c="way"#);
}

#[test]
fn a_service_is_measured_by_istio_unless_the_router_names_no_pods() {
    let own = ROUTERS.iter().filter(|router| RequestMetrics::of(router.name, "Service") == router.metrics);
    let own: BTreeSet<&str> = own.map(|router| router.name).collect();
    let expected = [
        "appmesh",
        "appmesh:v1beta2",
        "gatewayapi:v1",
        "gatewayapi:v1beta1",
        "gloo",
        "istio",
        "knative",
        "smi:v1alpha1",
        "smi:v1alpha2",
        "smi:v1alpha3",
    ];
    assert_eq!(own, BTreeSet::from(expected));
    assert_eq!(*RequestMetrics::of("nginx", "Service"), *RequestMetrics::of("istio", "Deployment"));
    assert!(RequestMetrics::of("nginx", "Deployment").latency.duration.is_average());
}

#[test]
fn averages_are_where_flagger_asks_for_them() {
    let averages = ROUTERS.iter().filter(|router| router.metrics.latency.duration.is_average());
    assert_eq!(averages.map(|router| router.name).collect::<Vec<_>>(), ["nginx", "skipper"]);
}

#[test]
fn bounds_ascend() {
    for Router { name, metrics, .. } in ROUTERS {
        let bounds = metrics.latency.layout.bounds;
        assert!(bounds.is_sorted_by(|one, next| one < next) && bounds[0] > 0.0, "{name}: {bounds:?}");
    }
}
