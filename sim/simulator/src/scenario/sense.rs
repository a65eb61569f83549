//! Checks that the names in a scenario exist: metrics, hooks, commands, rules, revisions, simulated requests.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{decision::Rule, time::Human};
use serin_input::{Fault, Source, unknown};

use super::{
    event::{Pattern, Pods},
    expectation::{Expectation, Item},
    names::{self, Names},
    property::{Goal, Property},
    world::Setting,
};

/// The faults found so far.
pub(super) struct Faults<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) found: Vec<Fault>,
}

impl Faults<'_> {
    pub(super) fn add(&mut self, field: impl Into<String>, what: impl Into<String>) {
        self.found.push(self.source.fault(field, what));
    }

    pub(super) fn add_if(&mut self, wrong: bool, field: &str, what: &str) {
        if wrong {
            self.add(field, what);
        }
    }

    pub(super) fn metrics<T>(&mut self, field: &str, scripts: &BTreeMap<String, Vec<T>>, names: &Names) {
        self.scripts("metric", field, scripts, &names.metrics());
    }

    pub(super) fn hooks<T>(&mut self, field: &str, scripts: &BTreeMap<String, Vec<T>>, names: &Names) {
        self.scripts("hook", field, scripts, &names.hooks());
    }

    pub(super) fn receivers<T>(&mut self, field: &str, scripts: &BTreeMap<String, Vec<T>>, names: &Names) {
        self.scripts("alert", field, scripts, &names.alerts());
    }

    fn scripts<T>(&mut self, what: &str, field: &str, scripts: &BTreeMap<String, Vec<T>>, known: &[&str]) {
        for (name, answers) in scripts {
            let field = format!("{field}.{name}");
            self.name(what, &field, name, known);
            if answers.is_empty() {
                self.add(field, "needs at least one answer");
            }
        }
    }

    /// The versions of a simulated world must be revisions that the target or the primary can run.
    pub(super) fn versions(&mut self, setting: &Setting, names: &Names) {
        for version in setting.simulated.iter().flat_map(|simulated| simulated.versions.keys()) {
            if !names.revisions().contains(&version.as_str()) {
                let unknown = unknown("revision", version, &names.revisions());
                self.add(format!("world.versions.{version}"), format!("is never deployed: {unknown}"));
            }
        }
    }

    pub(super) fn name(&mut self, what: &str, field: &str, name: &str, known: &[&str]) {
        if !known.contains(&name) {
            self.add(field, unknown(what, name, known));
        }
    }
}

/// The largest weight.
const ALL: u8 = 100;
const NO_WEIGHT: &str = "is not a percentage from 0 to 100";

/// An item of `expect`, or of a property.
pub(super) fn item(field: &str, item: &Item, names: &Names, setting: &Setting, faults: &mut Faults<'_>) {
    match &item.expectation {
        Expectation::Hook(called) => {
            faults.name("hook", &format!("{field}.hook.name"), &called.name, &names.hooks());
        }
        Expectation::Receiver(receiver) => {
            faults.name("receiver", &format!("{field}.receiver.name"), &receiver.name, &names.receivers());
        }
        Expectation::Metric(counted) => {
            faults.name("metric", &format!("{field}.metric.name"), &counted.name, &names.metrics());
        }
        Expectation::Command(carried) => {
            command(&format!("{field}.command.name"), &carried.prefix, faults);
        }
        Expectation::Rule(counted) => {
            let not = if item.negated { ".not" } else { "" };
            rule(&format!("{field}{not}.rule"), &counted.name, faults);
        }
        Expectation::Requests(_) => {
            let simulated = setting.simulated.is_some();
            let what = "needs simulated requests: set `world.traffic` or `world.versions`";
            faults.add_if(!simulated, &format!("{field}.requests"), what);
        }
        Expectation::Weight { min, max } => {
            faults.add_if(*max > ALL, &format!("{field}.weight.max"), NO_WEIGHT);
            faults.add_if(
                min > max,
                &format!("{field}.weight"),
                "`min` is larger than `max`: no weight matches",
            );
        }
        Expectation::End(pattern) | Expectation::Always(pattern) => pattern_of(field, pattern, names, faults),
        Expectation::Never(pattern) => pattern_of(&format!("{field}.never"), pattern, names, faults),
        Expectation::Time(span) => {
            pattern_of(&format!("{field}.time.to"), &span.to, names, faults);
            if let Some(from) = &span.from {
                pattern_of(&format!("{field}.time.from"), from, names, faults);
            }
        }
        Expectation::Phases(_)
        | Expectation::Weights(_)
        | Expectation::Routes(_)
        | Expectation::Rows(_)
        | Expectation::Event(_)
        | Expectation::Alert(_, _)
        | Expectation::Condition(_) => {}
        Expectation::Promoted(revision) => {
            faults.name("revision", &format!("{field}.promoted"), revision, &names.revisions());
        }
    }
}

/// A share of a copy's pods must be a whole number of pods.
pub(super) fn share(field: &str, pods: Pods, setting: &Setting, faults: &mut Faults<'_>) {
    let (Pods::Share(share), all) = (pods, setting.pods()) else { return };
    if (u64::from(all) * u64::from(share)).is_multiple_of(100) {
        return;
    }
    let fewest = (1..=100_u32).find(|pods| (pods * u32::from(share)).is_multiple_of(100)).unwrap_or(100);
    let of = if all == 1 { "1 pod".into() } else { format!("{all} pods") };
    let what = format!(
        "{share} % of {of} is not a whole number of pods; change the share, or set `world.target.replicas` to a \
         multiple of {fewest}"
    );
    faults.add(field, what);
}

/// Whether an expected time is within the story.
pub(super) fn ends_in_time(field: &str, item: &Item, until: Duration, faults: &mut Faults<'_>) {
    if let Expectation::Time(span) = &item.expectation {
        faults.add_if(span.min > Some(until), &format!("{field}.time.min"), &behind(until));
    }
}

fn behind(until: Duration) -> String {
    format!("is after the end of the story, which is `until: {}`", Human(until))
}

/// Properties, each with its index in the file.
pub(super) fn properties(
    properties: &[(usize, Property)],
    names: &Names,
    setting: &Setting,
    until: Duration,
    faults: &mut Faults<'_>,
) {
    for (i, property) in properties {
        let field = format!("properties[{i}]");
        match property {
            Property::Safety { text, item, .. } => safety(&field, text, item, names, setting, faults),
            Property::Eventually { goal: wanted, within, when, .. } => {
                goal(&format!("{field}.eventually"), wanted, names, faults);
                if let Some(when) = when {
                    pattern_of(&format!("{field}.when"), when, names, faults);
                }
                faults.add_if(*within > until, &format!("{field}.within"), &behind(until));
                never_stops(&field, setting, faults);
            }
        }
    }
}

fn safety(field: &str, text: &str, item: &Item, names: &Names, setting: &Setting, faults: &mut Faults<'_>) {
    let keyword = if text.starts_with("never") { "never" } else { "always" };
    let field = format!("{field}.{keyword}");
    let promoted = text.strip_prefix("never promoted: ");
    match (&item.expectation, promoted) {
        (_, Some(revision)) => {
            faults.name("revision", &format!("{field}.promoted"), revision, &names.revisions());
        }
        (Expectation::Never(pattern), None) => pattern_of(&field, pattern, names, faults),
        // Its keyword negates it, not a `not` of its own.
        (Expectation::Rule(counted), None) => rule(&format!("{field}.rule"), &counted.name, faults),
        _ => self::item(&field, item, names, setting, faults),
    }
}

fn goal(field: &str, goal: &Goal, names: &Names, faults: &mut Faults<'_>) {
    match goal {
        Goal::Status(pattern) => pattern_of(field, pattern, names, faults),
        Goal::Rule(counted) => rule(&format!("{field}.rule"), &counted.name, faults),
        Goal::Command(carried) => command(&format!("{field}.command.name"), &carried.prefix, faults),
        Goal::Promoted(revision) => {
            faults.name("revision", &format!("{field}.promoted"), revision, &names.revisions());
        }
        Goal::Event(_) | Goal::Alert(_, _) => {}
    }
}

/// Liveness is judged after faults have stopped: a fault that always happens and never stops leaves nothing to judge.
fn never_stops(field: &str, setting: &Setting, faults: &mut Faults<'_>) {
    let Some(simulated) = setting.simulated.as_ref().filter(|simulated| !simulated.swarm) else { return };
    let endless =
        simulated.troubles.iter().find(|trouble| trouble.lasts == Duration::MAX && trouble.chance.max >= 1.0);
    if let Some(endless) = endless {
        let what = format!(
            "can never be judged: the fault `{}` happens every time and never stops; set `for`, or a `chance` below \
             100%",
            endless.what.name()
        );
        faults.add(format!("{field}.eventually"), what);
    }
}

pub(super) fn pattern_of(field: &str, pattern: &Pattern, names: &Names, faults: &mut Faults<'_>) {
    if pattern.canary_weight.is_some_and(|weight| weight > ALL) {
        faults.add(format!("{field}.canaryWeight"), NO_WEIGHT);
    }
    if let Some(revision) = &pattern.revision {
        faults.name("revision", &format!("{field}.revision"), revision, &names.revisions());
    }
}

fn rule(field: &str, name: &str, faults: &mut Faults<'_>) {
    let rules: Vec<String> = Rule::ALL.into_iter().map(names::rule).collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    faults.name("rule", field, name, &rules);
}

pub(super) fn command(field: &str, prefix: &str, faults: &mut Faults<'_>) {
    if !names::begins_a_command(prefix) {
        faults.add(field, unknown("command", prefix, names::COMMANDS));
    }
}
