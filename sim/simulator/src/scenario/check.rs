//! Converts a file to a [`Scenario`]: checks everything that the types of the file cannot express.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use serin_core::{
    Rollout,
    spec::{Defaults, Metric, raw},
    time::Human,
};
use serin_input::{
    InputError, Source,
    manifest::{
        misspelt, read_raw,
        typed::{self, Read},
        unrendered,
    },
};

use super::{
    Scenario, driven,
    event::{Action, Event, Fail, Trigger},
    expectation::Item,
    file::{Controller, File},
    manifest::{self, Canary, Manifests},
    names::Names,
    property::Property,
    sense::{self, Faults},
    simulated,
    world::{LeftOut, Setting},
};

const DEFAULT_UNTIL: Duration = Duration::from_secs(86_400);
/// The longest story, so that every file ends.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// The scenario of a file.
pub(super) fn check(file: File, source: &Source<'_>) -> Result<Scenario, InputError> {
    let Manifests { canary: manifest, templates, others } =
        manifest::manifests(file.canary, file.templates, source)?;
    let defaults = defaults(file.controller, templates.keys().cloned());
    let canary = parse_canary(&manifest, &defaults, source)?;

    let mut faults = Faults { source, found: Vec::new() };
    let left_out = LeftOut::of(file.world.as_ref());
    let mut world = file.world.unwrap_or_default();
    if file.status.is_none() {
        let only = "is only for a story that begins with a `status`";
        faults.add_if(world.primary.is_some(), "world.primary", only);
        faults.add_if(world.routes.is_some(), "world.routes", only);
    }
    let until = file.until.map_or(DEFAULT_UNTIL, |until| until.0);
    faults.add_if(until > LONGEST, "until", "is more than 400 days");
    let simulated = simulated::simulated(&mut world, source, &mut faults.found);
    let simulated = simulated.map(|simulated| simulated.asked_by(&canary, &templates));
    let is_scaled = simulated.as_ref().is_some_and(|simulated| simulated.autoscaler.is_some());
    let names_it = manifest.json.pointer("/spec/autoscalerRef").is_some_and(|named| !named.is_null());
    let no_scaler = "needs `spec.autoscalerRef` in the Canary: nothing else scales its pods";
    faults.add_if(is_scaled && !names_it, "world.autoscaler", no_scaler);
    let setting = Setting { simulated, left_out, ..Setting::from(world) };
    let events = events(file.events, &mut faults);
    events_are_reached(&events, until, &mut faults);
    let expect = expect(file.expect, &mut faults);
    let properties = properties(file.properties, &mut faults);

    let mut names = all_names(&canary, &manifest.json, &defaults, &events, &mut faults);
    names.add_revisions(&setting, events.iter().map(|(_, event)| event));
    faults.metrics("world.metrics", &setting.metrics, &names);
    faults.hooks("world.hooks", &setting.hooks, &names);
    faults.receivers("world.receivers", &setting.receivers, &names);
    faults.versions(&setting, &names);
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
        not_driven: driven::not_driven(&manifest.json, &canary, &others),
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

fn defaults(controller: Controller, templates: impl Iterator<Item = (String, String)>) -> Defaults {
    let defaults = Defaults::default();
    Defaults {
        provider: controller.provider.map_or(defaults.provider, |provider| provider.as_str().into()),
        namespace: controller.namespace.map_or(defaults.namespace, |namespace| namespace.as_str().into()),
        templates: templates.collect(),
    }
}

/// The Canary, or all its faults.
fn parse_canary(manifest: &Canary, defaults: &Defaults, source: &Source<'_>) -> Result<Rollout, InputError> {
    let mut faults = Vec::new();
    let mut add = |field: &str, what: String| faults.push(manifest.fault(source, field, what));
    if let Some(helm) = unrendered::helm(&manifest.json) {
        return Err(manifest.fault(source, &helm.field, helm.what).into());
    }
    let variables = unrendered::variables(&manifest.json);
    let is_variable = |field: &str| variables.iter().any(|variable| variable.field == field);
    variables.iter().for_each(|variable| add(&variable.field, variable.what.clone()));
    for misspelt in misspelt::look(&manifest.json) {
        add(misspelt.field(), format!("{}; {}", misspelt.what, misspelt.remedy));
    }
    let Read { raw, wrong, .. } = typed::read_all::<raw::Canary>(&manifest.json);
    for wrong in wrong.iter().filter(|wrong| !is_variable(&wrong.field)) {
        add(&wrong.field, wrong.sentence());
    }
    let rollout = match raw.map(|raw| Rollout::parse(&raw, defaults)) {
        Some(Ok(rollout)) => Some(rollout),
        Some(Err(invalid)) => {
            let problems = typed::news(invalid.problems, &wrong);
            problems
                .into_iter()
                .filter(|problem| !is_variable(&problem.path))
                .for_each(|problem| add(&problem.path, problem.what));
            None
        }
        None => None,
    };
    rollout.filter(|_| faults.is_empty()).ok_or(InputError { faults })
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
    let events = events.iter().map(|(_, event)| event);
    let is_scripted = |name: &str| is_scripted(setting, events.clone(), name);
    for metric in simulated::unknown_metrics(canary.metrics(), &simulated.measures, is_scripted) {
        let metric = &metric.name;
        let what = format!(
            "it is not known what the metric `{metric}` measures; add it to `world.measures`, such as \
             `{metric}: error-rate`, or script its answers in `world.metrics`"
        );
        faults.add("world", what);
    }
}

fn is_scripted<'a>(setting: &Setting, mut events: impl Iterator<Item = &'a Event>, metric: &str) -> bool {
    let by_events =
        |event: &Event| matches!(&event.action, Action::Metrics(scripts) if scripts.contains_key(metric));
    setting.metrics.contains_key(metric) || events.any(by_events)
}

/// Metrics of a scripted world that answer a healthy value only because nothing is simulated.
pub fn unanswered(scenario: &Scenario) -> Vec<&Metric> {
    let is_scripted = |name: &str| is_scripted(&scenario.setting, scenario.events.iter(), name);
    simulated::unknown_metrics(scenario.canary.metrics(), &BTreeMap::new(), is_scripted)
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
            // An invalid Canary is allowed in a story.
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

/// Refuses events that are certain to be after the end of the story.
fn events_are_reached(events: &Placed<Event>, until: Duration, faults: &mut Faults<'_>) {
    for (i, event) in events {
        let earliest = match &event.trigger {
            Trigger::At(time) | Trigger::After(time) | Trigger::When(_, time) => *time,
        };
        if earliest > until {
            let until = Human(until);
            faults.add(
                format!("events[{i}]"),
                format!("is after the end of the story, which is `until: {until}`"),
            );
        }
    }
}

fn events_make_sense(events: &Placed<Event>, names: &Names, setting: &Setting, faults: &mut Faults<'_>) {
    for (i, event) in events {
        if let Trigger::When(pattern, _) = &event.trigger {
            sense::pattern_of(&format!("events[{i}].when"), pattern, names, faults);
        }
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
