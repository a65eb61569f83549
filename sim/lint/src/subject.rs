//! One Canary among the files, for commands that are about a single one.

use serde_json::Value;
use serin_core::{
    Rollout,
    spec::{Defaults, raw},
};
use serin_input::manifest::typed::{Read, read_all};
use serin_policy::{
    outlook::{Question, Release},
    plan::Plan,
};

use super::{
    Input, Settings, canary,
    manifests::{Files, ManifestKind, Object},
    together,
};

/// A valid Canary, with what the files around it say.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The Canary as parsed.
    pub rollout: Rollout,
    /// The plan of a release; `None` if it has too many checks to list.
    pub plan: Option<Plan>,
    json: Value,
    defaults: Defaults,
    pods: Option<u32>,
}

/// Why no Canary was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// There is none.
    #[error("the files contain no Canary")]
    None,
    /// There are several, as `name.namespace`.
    #[error("there are several Canaries; choose one with --canary: {}", .0.join(", "))]
    Several(Vec<String>),
    /// None has this name.
    #[error("there is no Canary `{0}`; the files contain: {known}", known = .1.join(", "))]
    Unknown(String, Vec<String>),
}

/// The only Canary, or the one that is `wanted` (`name` or `name.namespace`); `title` is `name.namespace`.
///
/// # Errors
/// There is none, or more than one.
pub fn choose<T: Copy>(
    canaries: &[T],
    title: impl Fn(T) -> String,
    wanted: Option<&str>,
) -> Result<T, Missing> {
    let is_wanted =
        |title: &str| wanted.is_none_or(|wanted| title == wanted || title.split('.').next() == Some(wanted));
    let titles = |of: &[T]| of.iter().map(|canary| title(*canary)).collect::<Vec<_>>();
    let chosen: Vec<T> = canaries.iter().copied().filter(|canary| is_wanted(&title(*canary))).collect();
    match (chosen.as_slice(), wanted) {
        ([canary], _) => Ok(*canary),
        ([], Some(wanted)) if !canaries.is_empty() => Err(Missing::Unknown(wanted.into(), titles(canaries))),
        ([], _) => Err(Missing::None),
        (several, _) => Err(Missing::Several(titles(several))),
    }
}

/// The [chosen](choose) Canary of the files; `None` if it is invalid, which [`lint`](super::lint()) reports.
///
/// # Errors
/// There is none, or more than one.
pub fn subject(
    inputs: &[Input],
    settings: &Settings,
    wanted: Option<&str>,
) -> Result<Option<Subject>, Missing> {
    let files = Files::read(inputs, settings);
    let canaries: Vec<&Object> = files.of(ManifestKind::Canary).collect();
    Ok(Subject::of(choose(&canaries, Object::title, wanted)?, &files))
}

impl Subject {
    fn of(object: &Object, files: &Files<'_>) -> Option<Self> {
        let json = canary::normal(&object.json);
        let defaults = canary::defaults(&json, files, object);
        let Read { raw, wrong, .. } = read_all::<raw::Canary>(&json);
        let rollout = Rollout::parse(&raw.filter(|_| wrong.is_empty())?, &defaults).ok()?;
        let pods = together::replicas(object, files);
        Some(Self { plan: Plan::of(&rollout), rollout, json, defaults, pods })
    }

    /// The question how a release of it goes.
    #[must_use]
    pub fn question(&self, release: Release) -> Question<'_> {
        let Self { json: canary, defaults, pods, plan, .. } = self;
        Question { canary, defaults, checks: plan.as_ref().map(|plan| plan.checks), pods: *pods, release }
    }
}
