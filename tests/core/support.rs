//! Short constructors for a rollout and its observation.

use proptest::test_runner::{Config, RngSeed};
use serin_core::{
    Rollout, State,
    observation::Drift,
    request::{Request, RequestKind},
    spec::{Defaults, Invalid, raw},
    testing::{Did, Environment, Simulated},
};

/// The number of cases, unless `PROPTEST_CASES` is set; always the same ones, unless `PROPTEST_RNG_SEED` is set.
pub(crate) fn cases(cases: u32) -> Config {
    let given = Config::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_260_101),
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed),
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { cases };
    let shrinks = std::env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_some();
    let max_shrink_iters = if shrinks { given.max_shrink_iters } else { 20_000 };
    Config { cases, rng_seed, max_shrink_iters, ..given }
}

/// A Canary of this provider and analysis, the latter as YAML: `{stepWeight: 20, maxWeight: 60}`.
pub(crate) fn manifest(provider: &str, analysis: &str) -> raw::Canary {
    let analysis: raw::Analysis = serde_yaml::from_str(analysis).expect("the analysis in a test is YAML");
    let target = raw::ObjectRef { kind: "Deployment".into(), name: "web".into(), ..Default::default() };
    let ingress = raw::ObjectRef { kind: "Ingress".into(), name: "web".into(), ..Default::default() };
    raw::Canary {
        api_version: "flagger.app/v1beta1".into(),
        kind: "Canary".into(),
        metadata: raw::Metadata { name: "web".into(), uid: "uid".into(), ..Default::default() },
        spec: raw::CanarySpec {
            provider: Some(provider.into()),
            target_ref: Some(target),
            ingress_ref: Some(ingress),
            analysis: Some(analysis),
            ..Default::default()
        },
        ..Default::default()
    }
}

pub(crate) fn parse(raw: &raw::Canary) -> Result<Rollout, Invalid> {
    Rollout::parse(raw, &Defaults::default())
}

/// As [`manifest`], on Istio, and parsed.
pub(crate) fn rollout(analysis: &str) -> Rollout {
    parse(&manifest("istio", analysis)).expect("the Canary in a test makes sense")
}

/// Any drift: workloads, services, routes, and whether another client changed them.
pub(crate) fn drift_of([workloads, services, routes, tampered]: [bool; 4]) -> Drift {
    Drift { workloads, services, routes, tampered }
}

/// An operator requests something.
pub(crate) fn request(kind: RequestKind, value: &str) -> Request {
    Request { kind, value: value.into() }
}

/// As [`runs_until`](Simulated::runs_until), and stops right after the save, in the middle of a tick.
pub(crate) fn runs_until_saved(
    world: &mut Simulated,
    environment: &mut impl Environment,
    wanted: impl Fn(&State) -> bool,
) {
    for _ in 0..10_000 {
        if wanted(&world.state) {
            return;
        }
        if let Did::Slept(_) = world.does(environment) {
            world.sleeps();
        }
    }
    panic!("not reached; last rows: {:#?}", world.rows);
}
