//! The slices: the subject of each, its events, and the phases that it has to visit.

mod faults;
mod hooks;
mod people;
mod strategies;

pub(crate) use self::{faults::*, hooks::*, people::*, strategies::*};
use serin_core::{
    Phase, Rollout,
    observation::FailureClass,
    question::Answer,
    request::RequestKind,
    spec::{Defaults, Invalid, raw},
};

use crate::{
    slice::{Slice, Start},
    world::{Deviation, Lasting, Passing},
};

/// Two steps.
const RAMP: &str = "stepWeight: 30\nmaxWeight: 50";

/// The phases of a run, from Initialized.
const RUN: [Phase; 6] = [
    Phase::Initialized,
    Phase::Progressing,
    Phase::Promoting,
    Phase::Finalising,
    Phase::Succeeded,
    Phase::Failed,
];

const A: Deviation = Deviation::Lasting(Lasting::Shows("A"));
const B: Deviation = Deviation::Lasting(Lasting::Shows("B"));
const C: Deviation = Deviation::Lasting(Lasting::Shows("C"));
const PRIMARY_UNREADY: Deviation = Deviation::Passing(Passing::PrimaryUnready);
const CANARY_UNREADY: Deviation = Deviation::Passing(Passing::CanaryUnready);

const PRIMARY_SHORT: Deviation = Deviation::Passing(Passing::PrimaryShort);
const CANARY_HIDDEN: Deviation = Deviation::Passing(Passing::CanaryHidden);

const fn passing(passing: Passing) -> Deviation {
    Deviation::Passing(passing)
}

const fn lasting(lasting: Lasting) -> Deviation {
    Deviation::Lasting(lasting)
}

const fn asks(kind: RequestKind, value: &'static str) -> Deviation {
    Deviation::Lasting(Lasting::Requested(kind, value))
}

/// A Canary that is at rest with A, with these events, one at a time.
fn slice(name: &'static str, manifest: Result<Rollout, Invalid>, deviations: &[Deviation]) -> Slice {
    Slice {
        name,
        manifests: vec![manifest],
        start: Start::Settled,
        deviations: deviations.to_vec(),
        pairs: false,
        stops: false,
        failures: Vec::new(),
        lapses: false,
        set_back: false,
        readings: vec![Answer::value(100.0), Answer::value(0.0)],
        unjudged: false,
        contested: false,
        notices: false,
        follows: false,
        beyond: |_| false,
        phases: RUN.to_vec(),
    }
}

/// As [`RUN`], with these phases added.
fn run_and(phases: &[Phase]) -> Vec<Phase> {
    [&RUN[..], phases].concat()
}

/// A Canary of this analysis on Istio; `edit` changes the rest of it.
fn manifest(analysis: &str, edit: impl Fn(&mut raw::CanarySpec)) -> Result<Rollout, Invalid> {
    let common =
        "interval: 30s\nthreshold: 2\nmetrics: [{name: request-success-rate, thresholdRange: {min: 99}}]";
    let analysis = format!("{common}\n{analysis}");
    parse(&analysis, edit)
}

/// As [`manifest`], with a setting for each field that is otherwise shared.
fn parse(analysis: &str, edit: impl Fn(&mut raw::CanarySpec)) -> Result<Rollout, Invalid> {
    let target = raw::ObjectRef { kind: "Deployment".into(), name: "app".into(), ..Default::default() };
    let mut spec = raw::CanarySpec {
        provider: Some("istio".into()),
        // A quarter of it is an interval of 30 s, so that fewer moments have to be distinguished.
        progress_deadline_seconds: Some(120.into()),
        target_ref: Some(target),
        analysis: Some(serde_yaml::from_str(analysis).expect("the analysis of a slice is YAML")),
        ..Default::default()
    };
    edit(&mut spec);
    let canary = raw::Canary {
        api_version: "flagger.app/v1beta1".into(),
        kind: "Canary".into(),
        metadata: raw::Metadata { name: "app".into(), uid: "uid".into(), ..Default::default() },
        spec,
        ..Default::default()
    };
    Rollout::parse(&canary, &Defaults::default())
}

/// A Canary of this analysis on Istio.
fn analysis(analysis: &str) -> Result<Rollout, Invalid> {
    manifest(analysis, |_| {})
}

/// The same with hooks, each `(name, type)`; a type may be followed by more fields.
fn with_hooks(analysis: &str, hooks: &[(&str, &str)]) -> String {
    let hooks: Vec<String> =
        hooks.iter().map(|(name, kind)| format!("{{name: {name}, url: 'http://x', type: {kind}}}")).collect();
    format!("{analysis}\nwebhooks: [{}]", hooks.join(", "))
}
