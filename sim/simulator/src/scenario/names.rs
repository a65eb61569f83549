//! The names that a scenario can use: metrics and hooks of its Canary, commands and rules of the core.

use std::collections::BTreeSet;

use serin_core::{Rollout, decision::Rule, spec::HookKind};

use super::{
    event::{Action, Event},
    world::Setting,
};

/// The metrics and hooks of a Canary, by key and by name, and the revisions of a story.
#[derive(Default)]
pub(super) struct Names {
    metrics: BTreeSet<String>,
    hooks: BTreeSet<String>,
    event_hooks: BTreeSet<String>,
    alerts: BTreeSet<String>,
    revisions: BTreeSet<String>,
}

impl Names {
    pub(super) fn add(&mut self, canary: &Rollout) {
        let metrics = canary.metrics().iter().flat_map(|metric| [&metric.name, &metric.key]);
        self.metrics.extend(metrics.map(ToString::to_string));
        let hooks = canary.hooks().iter().flat_map(|hook| [&hook.name, &hook.key]);
        self.hooks.extend(hooks.map(ToString::to_string));
        let of_events = canary.hooks_of(HookKind::Event).flat_map(|hook| [&hook.name, &hook.key]);
        self.event_hooks.extend(of_events.map(ToString::to_string));
        let alerts = canary.alerts().iter().flat_map(|alert| [&alert.name, &alert.key]);
        self.alerts.extend(alerts.map(ToString::to_string));
    }

    /// The revisions that the target or the primary can run.
    pub(super) fn add_revisions<'a>(&mut self, setting: &Setting, events: impl Iterator<Item = &'a Event>) {
        self.revisions.extend([setting.revision.clone(), setting.primary_runs.clone()]);
        for event in events {
            if let Action::Deploy(revision) = &event.action {
                self.revisions.insert(revision.clone());
            }
        }
    }

    pub(super) fn revisions(&self) -> Vec<&str> {
        self.revisions.iter().map(String::as_str).collect()
    }

    pub(super) fn metrics(&self) -> Vec<&str> {
        self.metrics.iter().map(String::as_str).collect()
    }

    pub(super) fn hooks(&self) -> Vec<&str> {
        self.hooks.iter().map(String::as_str).collect()
    }

    pub(super) fn alerts(&self) -> Vec<&str> {
        self.alerts.iter().map(String::as_str).collect()
    }

    /// All receivers of notices: event hooks and receivers of alerts.
    pub(super) fn receivers(&self) -> Vec<&str> {
        self.event_hooks.union(&self.alerts).map(String::as_str).collect()
    }
}

/// The beginnings of the texts of commands, see `Command`'s `Display`.
pub(super) const COMMANDS: &[&str] = &[
    "add finalizer",
    "drop finalizer",
    "ensure primary",
    "ensure services",
    "ensure services, apex to primary",
    "route",
    "scale canary up",
    "scale canary to primary",
    "scale canary down",
    "pause autoscaler",
    "resume autoscaler",
    "promote",
    "leave",
    "clear request",
    "give services back",
    "give routes back",
    "release the Canary",
];

/// Commands whose text has more parts.
const WITH_MORE: &[&str] = &["route", "promote", "leave", "clear request"];

/// Whether the text of some command can begin with this.
pub(super) fn begins_a_command(prefix: &str) -> bool {
    let more = |command: &&str| prefix.strip_prefix(*command).is_some_and(|rest| rest.starts_with(' '));
    COMMANDS.iter().any(|command| command.starts_with(prefix)) || WITH_MORE.iter().any(more)
}

/// The name of a rule in files.
pub fn rule(rule: Rule) -> String {
    match serde_json::to_value(rule) {
        Ok(serde_json::Value::String(name)) => name,
        // Rules have no fields, so they are serialized as strings.
        Ok(_) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serin_core::{
        Command,
        command::{ApexTo, Routes, Split},
        request::{Request, RequestKind},
        revision::Revision,
        spec::Topology,
    };

    use super::*;

    #[test]
    fn every_command_begins_as_listed() {
        let split = Split { routes: Routes::split(10), cookies: Default::default() };
        let request = Request { kind: RequestKind::Promote, value: "true".into() };
        for command in [
            Command::EnsureFinalizer(true),
            Command::EnsureFinalizer(false),
            Command::EnsureWorkloads,
            Command::EnsureServices(ApexTo::Untouched),
            Command::EnsureServices(ApexTo::Primary),
            Command::SetRoutes(split),
            Command::ScaleUp,
            Command::ScaleToPrimary,
            Command::ScaleDown,
            Command::PauseScaler,
            Command::ResumeScaler,
            Command::Promote { revision: Revision::of("v2"), run: 1 },
            Command::Abandon(Topology::default()),
            Command::ClearRequest(request),
            Command::RevertServices,
            Command::RevertRoutes,
            Command::Release,
        ] {
            assert!(begins_a_command(&command.to_string()), "{command}");
        }
        assert!(begins_a_command("scale"));
        assert!(!begins_a_command("routes"));
        assert!(!begins_a_command("scales"));
    }

    #[test]
    fn rules_are_written_with_dashes() {
        assert_eq!(rule(Rule::CheckFailed), "check-failed");
        let names: BTreeSet<String> = Rule::ALL.iter().copied().map(rule).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
