//! From a file as it is written to a [`Scenario`]: everything that the shape of a file cannot say.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serin_core::{Rollout, spec::Defaults, time::Human};

use super::{
    Scenario,
    event::{Action, Event, Fail, Trigger},
    expectation::Item,
    file::{Controller, File},
    manifest::{self, Canary, Manifests},
    names::Names,
    property::Property,
    sense::{self, Faults},
    simulated,
    world::Setting,
};
use crate::input::{self, InputError, Source};

const DEFAULT_UNTIL: Duration = Duration::from_secs(86_400);
/// The longest story; so that every file comes to an end.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// The scenario that a file means.
pub(super) fn check(mut file: File, source: &Source<'_>) -> Result<Scenario, InputError> {
    let Manifests { canary: manifest, templates } = manifest::manifests(file.canary, file.templates, source)?;
    let defaults = defaults(file.controller, templates);
    let canary = parse_canary(&manifest, &defaults, source)?;

    let mut faults = Faults { source, found: Vec::new() };
    if file.status.is_none() {
        let only = "is for a story that begins with a `status`";
        faults.add_if(file.world.primary.is_some(), "world.primary", only);
        faults.add_if(file.world.routes.is_some(), "world.routes", only);
    }
    let until = file.until.map_or(DEFAULT_UNTIL, |until| until.0);
    faults.add_if(until > LONGEST, "until", "is more than 400 days");
    let simulated = simulated::simulated(&mut file.world, source, &mut faults.found);
    let is_scaled = simulated.as_ref().is_some_and(|simulated| simulated.autoscaler.is_some());
    let names_it = manifest.json.pointer("/spec/autoscalerRef").is_some_and(|named| !named.is_null());
    let no_scaler = "needs `spec.autoscalerRef` in the Canary: nothing else scales its pods";
    faults.add_if(is_scaled && !names_it, "world.autoscaler", no_scaler);
    let setting = Setting { simulated, ..Setting::from(file.world) };
    let events = events(file.events, &mut faults);
    events_are_reached(&events, until, &mut faults);
    let expect = expect(file.expect, &mut faults);
    let properties = properties(file.properties, &mut faults);

    let mut names = all_names(&canary, &manifest.json, &defaults, &events, &mut faults);
    names.add_revisions(&setting, events.iter().map(|(_, event)| event));
    faults.metrics("world.metrics", &setting.metrics, &names);
    faults.hooks("world.hooks", &setting.hooks, &names);
    faults.receivers("world.receivers", &setting.receivers, &names);
    metrics_are_known(&canary, &setting, &events, &mut faults);
    events_make_sense(&events, &names, &setting, &mut faults);
    for (i, item) in &expect {
        sense::item(&format!("expect[{i}]"), item, &names, &setting, &mut faults);
        sense::ends_in_time(&format!("expect[{i}]"), item, until, &mut faults);
    }
    sense::properties(&properties, &names, &setting, until, &mut faults);
    if !faults.found.is_empty() {
        return Err(InputError { faults: faults.found });
    }
    Ok(Scenario {
        title: file.scenario,
        path: source.path.into(),
        manifest: manifest.json,
        standard: canary.metrics().to_vec(),
        canary,
        defaults,
        setting,
        status: file.status,
        events: events.into_iter().map(|(_, event)| event).collect(),
        until,
        expect: expect.into_iter().map(|(_, item)| item).collect(),
        properties: properties.into_iter().map(|(_, property)| property).collect(),
    })
}

fn defaults(controller: Controller, templates: Vec<(String, String)>) -> Defaults {
    let defaults = Defaults::default();
    Defaults {
        provider: controller.provider.map_or(defaults.provider, |provider| provider.as_str().into()),
        namespace: controller.namespace.map_or(defaults.namespace, |namespace| namespace.as_str().into()),
        templates: templates.into_iter().collect(),
    }
}

/// The Canary, or everything that is wrong with it.
fn parse_canary(manifest: &Canary, defaults: &Defaults, source: &Source<'_>) -> Result<Rollout, InputError> {
    let raw = read_raw(&manifest.json).map_err(|(field, what)| manifest.fault(source, &field, what))?;
    Rollout::parse(&raw, defaults).map_err(|invalid| {
        let problems = invalid.problems.into_iter();
        let faults = problems.map(|problem| manifest.fault(source, &problem.path, problem.what));
        InputError { faults: faults.collect() }
    })
}

/// The manifest's fields, or the field that has the wrong type.
pub(crate) fn read_raw<T: DeserializeOwned>(json: &Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let field = error.path().to_string();
        (if field == "." { String::new() } else { field }, input::reword(&error.into_inner().to_string()))
    })
}

type Placed<T> = Vec<(usize, T)>;

fn events(written: Vec<super::event::WrittenEvent>, faults: &mut Faults<'_>) -> Placed<Event> {
    let mut events = Vec::new();
    for (i, event) in written.into_iter().enumerate() {
        match event.read() {
            Ok(event) => events.push((i, event)),
            Err(("", what)) => faults.add(format!("events[{i}]"), what),
            Err((field, what)) => faults.add(format!("events[{i}].{field}"), what),
        }
    }
    events
}

fn expect(written: Vec<super::expectation::WrittenItem>, faults: &mut Faults<'_>) -> Placed<Item> {
    let mut items = Vec::new();
    for (i, item) in written.into_iter().enumerate() {
        match item.read() {
            Ok(item) => items.push((i, item)),
            Err(what) => faults.add(format!("expect[{i}]"), what),
        }
    }
    items
}

fn properties(written: Vec<super::property::WrittenProperty>, faults: &mut Faults<'_>) -> Placed<Property> {
    let mut properties = Vec::new();
    for (i, property) in written.into_iter().enumerate() {
        match property.read() {
            Ok(property) => properties.push((i, property)),
            Err(("", what)) => faults.add(format!("properties[{i}]"), what),
            Err((field, what)) => faults.add(format!("properties[{i}].{field}"), what),
        }
    }
    properties
}

/// In a simulated world every metric is simulated or scripted, from the beginning or by an event.
fn metrics_are_known(canary: &Rollout, setting: &Setting, events: &Placed<Event>, faults: &mut Faults<'_>) {
    let Some(simulated) = &setting.simulated else { return };
    let by_events = |name: &str| {
        events
            .iter()
            .any(|(_, event)| matches!(&event.action, Action::Metrics(scripts) if scripts.contains_key(name)))
    };
    let is_scripted = |name: &str| setting.metrics.contains_key(name) || by_events(name);
    for metric in simulated::unknown_metrics(canary.metrics(), &simulated.measures, is_scripted) {
        let what = format!(
            "the world does not know what the metric `{metric}` measures; say so in `world.measures`, such as \
             `{metric}: error-rate`, or script its answers in `world.metrics`"
        );
        faults.add("world", what);
    }
}

/// The names of the Canary at the beginning and after each edit.
fn all_names(
    canary: &Rollout,
    manifest: &Value,
    defaults: &Defaults,
    events: &Placed<Event>,
    faults: &mut Faults<'_>,
) -> Names {
    let mut names = Names::default();
    names.add(canary);
    let mut edited = manifest.clone();
    for (i, event) in events {
        let Action::Edit(patch) = &event.action else { continue };
        manifest::merge(&mut edited["spec"], patch);
        match read_raw(&edited) {
            // One that makes no sense has its place in a story.
            Ok(raw) => {
                if let Ok(canary) = Rollout::parse(&raw, defaults) {
                    names.add(&canary);
                }
            }
            Err((field, what)) => {
                let field = field.strip_prefix("spec").unwrap_or_default();
                faults.add(
                    format!("events[{i}].edit{field}"),
                    format!("the API server would refuse it: {what}"),
                );
            }
        }
    }
    names
}

/// No event lies behind the end of the story for certain.
fn events_are_reached(events: &Placed<Event>, until: Duration, faults: &mut Faults<'_>) {
    for (i, event) in events {
        let earliest = match &event.trigger {
            Trigger::At(time) | Trigger::After(time) | Trigger::When(_, time) => *time,
        };
        if earliest > until {
            let until = Human(until);
            faults.add(
                format!("events[{i}]"),
                format!("lies behind the end of the story, which is `until: {until}`"),
            );
        }
    }
}

fn events_make_sense(events: &Placed<Event>, names: &Names, setting: &Setting, faults: &mut Faults<'_>) {
    for (i, event) in events {
        match &event.action {
            Action::Metrics(scripts) => faults.metrics(&format!("events[{i}].metrics"), scripts, names),
            Action::Hooks(scripts) => faults.hooks(&format!("events[{i}].hooks"), scripts, names),
            Action::Receivers(scripts) => {
                faults.receivers(&format!("events[{i}].receivers"), scripts, names);
            }
            Action::Fail(Fail::Command { prefix, .. }, _) => {
                sense::command(&format!("events[{i}].fail.command"), prefix, faults);
            }
            Action::Ready(copies) => {
                for (copy, pods) in copies {
                    sense::share(&format!("events[{i}].ready.{copy}"), *pods, setting, faults);
                }
            }
            Action::Deploy(_)
            | Action::Config(_)
            | Action::Annotate(_)
            | Action::Edit(_)
            | Action::Delete(_)
            | Action::Scale(_)
            | Action::Routes(_)
            | Action::Drift(_)
            | Action::Fail(Fail::Save(_) | Fail::Notices, _)
            | Action::Unknown { .. }
            | Action::Restart
            | Action::Stop(_)
            | Action::Clock(_)
            | Action::Away(_)
            | Action::SecondController(_) => {}
        }
    }
}
