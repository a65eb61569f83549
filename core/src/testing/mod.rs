//! For tests: a simulated cluster that obeys at once, and the loop of a driver for it.
//!
//! A release from a manifest and one metric value for each check, and the commands that Serin gives:
//!
//! ```
//! use serin_core::{Phase, Rollout, spec::Defaults, testing::{Simulated, checks}};
//!
//! let manifest = serde_yaml::from_str("
//!     apiVersion: flagger.app/v1beta1
//!     kind: Canary
//!     metadata: {name: web, namespace: shop}
//!     spec:
//!       provider: istio
//!       targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
//!       analysis:
//!         {interval: 1m, threshold: 1, stepWeight: 20, metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]}
//! ").unwrap();
//! let rollout = Rollout::parse(&manifest, &Defaults::default()).unwrap();
//! let mut cluster = Simulated::initialized(rollout);
//! cluster.deploys("v2");
//! cluster.runs_to_its_end(&mut checks([99.9, 98.2]));
//! assert_eq!(cluster.state.phase, Phase::Failed);
//! assert_eq!(
//!     cluster.commands(),
//!     ["resume autoscaler", "scale canary up", "route 80/20", "route 60/40", "route 100/0", "pause autoscaler",
//!      "scale canary down"],
//! );
//! ```
//!
//! An environment is a function from a question to its answer; [`checks`] and [`well`] are two of them. A gate that is
//! closed at first, beside metrics that are good:
//!
//! ```
//! use serin_core::{Phase, Rollout, question::{Answer, Asked, Question}, spec::Defaults, testing::{Simulated, well}};
//!
//! let manifest = serde_yaml::from_str("
//!     apiVersion: flagger.app/v1beta1
//!     kind: Canary
//!     metadata: {name: web, namespace: shop}
//!     spec:
//!       provider: istio
//!       targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
//!       analysis:
//!         {interval: 1m, threshold: 1, stepWeight: 50, webhooks: [{name: sign-off, type: confirm-promotion, url: http://ci.test/}]}
//! ").unwrap();
//! let mut cluster = Simulated::initialized(Rollout::parse(&manifest, &Defaults::default()).unwrap());
//! cluster.deploys("v2");
//! let mut refusals = 3;
//! let mut answers = |question: &Question| match &question.id.of {
//!     Asked::Hook(name) if &**name == "sign-off" && refusals > 0 => {
//!         refusals -= 1;
//!         Answer::deny("not yet")
//!     }
//!     Asked::Hook(_) | Asked::Metric(_) => well(question),
//! };
//! cluster.runs_until(&mut answers, |state| state.phase == Phase::WaitingPromotion);
//! cluster.runs_to_its_end(&mut answers);
//! assert_eq!(cluster.state.phase, Phase::Succeeded);
//! ```
//!
//! A release can also be rolled back without a failed check: because its pods never get ready, or by a hook.
//!
//! A property over policies: whatever the threshold is, a release whose checks all fail never gets more users than the
//! first step has.
//!
//! ```
//! use proptest::{prelude::*, test_runner::{Config, TestRunner}};
//! use serin_core::{Rollout, spec::Defaults, testing::{Simulated, checks}};
//!
//! let config = Config { failure_persistence: None, ..Config::default() };
//! TestRunner::new(config).run(&(1_u32..20, 1_u8..=50), |(threshold, step)| {
//!     let manifest = serde_yaml::from_str(&format!("
//!         apiVersion: flagger.app/v1beta1
//!         kind: Canary
//!         metadata: {{name: web, namespace: shop}}
//!         spec:
//!           provider: istio
//!           targetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
//!           analysis: {{interval: 1m, threshold: {threshold}, stepWeight: {step},
//!             metrics: [{{name: request-success-rate, thresholdRange: {{min: 99}}}}]}}
//!     ")).unwrap();
//!     let mut cluster = Simulated::initialized(Rollout::parse(&manifest, &Defaults::default()).unwrap());
//!     cluster.deploys("v2");
//!     cluster.runs_to_its_end(&mut checks([0.0]));
//!     prop_assert!(cluster.rows.iter().all(|(_, row)| row.weight <= step));
//!     prop_assert_eq!(cluster.violations.len(), 0);
//!     Ok(())
//! }).unwrap();
//! ```

mod environment;
mod pods;
mod row;
mod simulated;

pub use self::{
    environment::{Environment, badly, checks, well},
    pods::Pods,
    row::Row,
    simulated::{Did, START, Simulated},
};
