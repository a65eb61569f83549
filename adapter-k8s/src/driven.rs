//! What the controller drives is what the core's tables say: both ways.

use serin_core::{
    provider::{Provider, ROUTERS, SCALERS, TARGETS},
    spec::{AlertSystem, MetricSystem},
};

use crate::{metrics, notify, router, workload};

#[test]
fn every_router_that_is_called_driven_has_its_file_and_no_other_has() {
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
fn every_metric_system_that_is_called_driven_is_asked_and_no_other_is() {
    for system in MetricSystem::ALL {
        assert_eq!(metrics::of(system).is_some(), system.is_driven(), "{system}");
    }
}

#[test]
fn every_receiver_that_is_called_driven_is_sent_to_and_no_other_is() {
    for system in AlertSystem::ALL {
        assert_eq!(notify::of(system).is_some(), system.is_driven(), "{system}");
    }
}

#[test]
fn every_target_that_is_called_driven_is_released_and_no_other_is() {
    for target in TARGETS {
        let is_released = workload::of(target.api_version, target.kind).is_some();
        assert_eq!(is_released, target.driven, "{}", target.name);
    }
}

#[test]
fn every_autoscaler_that_is_called_driven_is_paused_and_no_other_is() {
    let called: Vec<&str> = SCALERS.iter().filter(|scaler| scaler.driven).map(|scaler| scaler.kind).collect();
    let mut written: Vec<&str> = workload::scaler::SCALERS.iter().map(|scaler| scaler.kind().kind).collect();
    written.sort_unstable();
    assert_eq!(called, written);
}
