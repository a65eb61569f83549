//! The controller supports exactly what the core's tables say.

use serin_core::{
    provider::{Provider, ROUTERS, SCALERS, TARGETS},
    spec::{AlertSystem, MetricSystem},
};

use crate::{metrics, notify, router, workload};

#[test]
fn exactly_the_supported_routers_have_a_file() {
    let called: Vec<&str> = ROUTERS.iter().filter(|router| router.driven).map(|router| router.name).collect();
    let written: Vec<&str> = router::ROUTERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(called, written);
    for router in ROUTERS {
        assert_eq!(router::of(router.name).is_some(), router.driven, "{}", router.name);
    }
    for mesh in ["smi:v1alpha1:istio", "smi:v1alpha2:istio", "smi:v1alpha3:istio"] {
        assert!(Provider::named(mesh).unwrap().is_driven() && router::of(mesh).is_some(), "{mesh}");
    }
}

#[test]
fn exactly_the_supported_metric_systems_are_queried() {
    for system in MetricSystem::ALL {
        assert_eq!(metrics::of(system).is_some(), system.is_driven(), "{system}");
    }
}

#[test]
fn exactly_the_supported_receivers_get_alerts() {
    for system in AlertSystem::ALL {
        assert_eq!(notify::of(system).is_some(), system.is_driven(), "{system}");
    }
}

#[test]
fn exactly_the_supported_targets_are_released() {
    for target in TARGETS {
        let is_released = workload::of(target.api_version, target.kind).is_some();
        assert_eq!(is_released, target.driven, "{}", target.name);
    }
}

#[test]
fn exactly_the_supported_autoscalers_are_paused() {
    let called: Vec<&str> = SCALERS.iter().filter(|scaler| scaler.driven).map(|scaler| scaler.kind).collect();
    let mut written: Vec<&str> = workload::scaler::SCALERS.iter().map(|scaler| scaler.kind().kind).collect();
    written.sort_unstable();
    assert_eq!(called, written);
}
