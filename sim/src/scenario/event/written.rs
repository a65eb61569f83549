//! An event as it is written: every trigger and every action is a field, and one of each is given.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Unexpected, Visitor},
};
use serde_json::Value;
use serin_core::{decision::Workload, observation::FailureClass, request::RequestKind, time::parse_duration};

use super::{
    Action, Blind, Deleted, Event, Fail, Overwritten, Pattern, Pods, SaveFault, StopAfter, Times, Trigger,
};
use crate::scenario::{
    answer::{HookAnswer, MetricAnswer},
    manifest,
    shape::Lasting,
    world::{Delay, WrittenRoutes},
};

/// An event as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::scenario) struct WrittenEvent {
    at: Option<Lasting>,
    after: Option<Lasting>,
    pub(in crate::scenario) when: Option<Pattern>,
    deploy: Option<String>,
    config: Option<BTreeMap<String, String>>,
    annotate: Option<BTreeMap<RequestKind, Option<String>>>,
    edit: Option<serde_yaml::Mapping>,
    delete: Option<Deleted>,
    ready: Option<WrittenReady>,
    scale: Option<u32>,
    routes: Option<WrittenRoutes>,
    drift: Option<Vec<Overwritten>>,
    fail: Option<WrittenFail>,
    unknown: Option<WrittenUnknown>,
    restart: Option<bool>,
    stop: Option<WrittenStop>,
    clock: Option<Jump>,
    metrics: Option<BTreeMap<String, Vec<MetricAnswer>>>,
    hooks: Option<BTreeMap<String, Vec<HookAnswer>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenReady {
    canary: Option<Pods>,
    primary: Option<Pods>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFail {
    command: Option<String>,
    save: Option<SaveFault>,
    notices: Option<bool>,
    r#as: Option<FailureClass>,
    times: Option<Times>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUnknown {
    fact: Blind,
    r#for: Option<Lasting>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStop {
    after: StopAfter,
}

/// A jump of the clock in milliseconds.
struct Jump(i64);

const TRIGGERS: &str = "`at`, `when` or `after`";
const ACTIONS: &str = "`deploy`, `config`, `annotate`, `edit`, `delete`, `ready`, `scale`, `routes`, `drift`, `fail`, \
                       `unknown`, `restart`, `stop`, `clock`, `metrics` or `hooks`";

impl WrittenEvent {
    /// The event, or the fields that are wrong below it and why.
    pub(in crate::scenario) fn read(self) -> Result<Event, (&'static str, String)> {
        let at = |field| move |what: String| (field, what);
        let trigger = trigger(self.at, self.when, self.after).map_err(at(""))?;
        let edit = self.edit.map(to_json).transpose().map_err(at("edit"))?;
        let fail = self.fail.map(WrittenFail::read).transpose().map_err(at("fail"))?;
        let ready = self.ready.map(WrittenReady::read).transpose().map_err(at("ready"))?;
        if self.restart == Some(false) {
            return Err(("restart", "must be true".into()));
        }
        let actions = [
            self.deploy.map(Action::Deploy),
            self.config.map(Action::Config),
            self.annotate.map(Action::Annotate),
            edit.map(Action::Edit),
            self.delete.map(Action::Delete),
            ready.map(Action::Ready),
            self.scale.map(Action::Scale),
            self.routes.map(|routes| Action::Routes(routes.into())),
            self.drift.map(Action::Drift),
            fail.map(|(fail, times)| Action::Fail(fail, times)),
            self.unknown.map(|unknown| Action::Unknown {
                fact: unknown.fact,
                lasts: unknown.r#for.map(|lasts| lasts.0),
                why: unknown.why.unwrap_or_else(|| "it cannot be read".into()),
            }),
            self.restart.map(|_| Action::Restart),
            self.stop.map(|stop| Action::Stop(stop.after)),
            self.clock.map(|jump| Action::Clock(jump.0)),
            self.metrics.map(Action::Metrics),
            self.hooks.map(Action::Hooks),
        ];
        let mut actions = actions.into_iter().flatten();
        match (actions.next(), actions.next()) {
            (Some(action), None) => Ok(Event { trigger, action }),
            (None, _) => Err(("", format!("has no action; one of {ACTIONS}"))),
            (Some(_), Some(_)) => Err(("", "has two actions; write two events".into())),
        }
    }
}

fn trigger(at: Option<Lasting>, when: Option<Pattern>, after: Option<Lasting>) -> Result<Trigger, String> {
    match (at, when, after) {
        (Some(at), None, None) => Ok(Trigger::At(at.0)),
        (None, None, Some(after)) => Ok(Trigger::After(after.0)),
        (None, Some(pattern), _) if pattern.is_empty() => Err("`when` names no field of the status".into()),
        (None, Some(pattern), after) => Ok(Trigger::When(pattern, after.unwrap_or_default().0)),
        (None, None, None) => Err(format!("has no trigger; one of {TRIGGERS}")),
        (Some(_), _, _) => Err("has two triggers; `at` stands alone".into()),
    }
}

fn to_json(mapping: serde_yaml::Mapping) -> Result<Value, String> {
    manifest::to_json(mapping).map_err(|error| error.to_string())
}

impl WrittenReady {
    fn read(self) -> Result<Vec<(Workload, Pods)>, String> {
        let copies = [(Workload::Canary, self.canary), (Workload::Primary, self.primary)];
        let told: Vec<_> = copies.into_iter().filter_map(|(who, pods)| Some((who, pods?))).collect();
        if told.is_empty() { Err("names neither `canary` nor `primary`".into()) } else { Ok(told) }
    }
}

impl WrittenFail {
    fn read(self) -> Result<(Fail, Times), String> {
        let times = self.times.unwrap_or(Times::Count(1));
        let only_commands = self.r#as.is_none() && self.error.is_none();
        let fail = match (self.command, self.save, self.notices) {
            (Some(prefix), None, None) => {
                let class = self.r#as.unwrap_or(FailureClass::Retry);
                let error = self.error.unwrap_or_else(|| default_error(class).into());
                return Ok((Fail::Command { prefix, class, error }, times));
            }
            (None, Some(fault), None) => Fail::Save(fault),
            (None, None, Some(true)) => Fail::Notices,
            (None, None, Some(false)) => return Err("`notices` must be true".into()),
            (None, None, None) => {
                return Err("says nothing that fails: `command`, `save` or `notices`".into());
            }
            _ => return Err("two things fail; write two events".into()),
        };
        if only_commands { Ok((fail, times)) } else { Err("`as` and `error` are for commands only".into()) }
    }
}

fn default_error(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Retry => "the API server cannot be reached",
        FailureClass::Refused => "denied by an admission webhook",
        FailureClass::Moved => "the object has been modified",
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let expected = &"a number, or forever";
        text.parse().map(Self::Count).map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), expected))
    }
}

impl<'de> Deserialize<'de> for Jump {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (sign, span) = match text.strip_prefix('-') {
            Some(span) => (-1, span),
            None => (1, text.strip_prefix('+').unwrap_or(&text)),
        };
        let span = parse_duration(span).map_err(D::Error::custom)?;
        // A duration is at most a hundred years.
        Ok(Self(sign * i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl<'de> Deserialize<'de> for Pods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Pods;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, never, stalled, a percentage such as 50% or a duration")
            }
            fn visit_bool<E>(self, ready: bool) -> Result<Pods, E> {
                Ok(if ready { Pods::Ready } else { Pods::Unready })
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Pods, E> {
                match text {
                    "never" => Ok(Pods::Take(Delay::Never)),
                    "stalled" => Ok(Pods::Stalled),
                    _ if text.ends_with('%') => match text.trim_end_matches('%').parse() {
                        Ok(share @ 0..=100) => Ok(Pods::Share(share)),
                        Ok(_) | Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
                    },
                    _ => parse_duration(text)
                        .map(|delay| Pods::Take(Delay::For(delay)))
                        .map_err(|_| E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serin_core::Phase;

    use super::*;

    fn read(text: &str) -> Result<Event, String> {
        let written: WrittenEvent = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.read().map_err(|(field, what)| format!("{field}: {what}"))
    }

    #[test]
    fn one_trigger_and_one_action_make_an_event() {
        assert_eq!(read("{at: 5m, deploy: v2}").unwrap().trigger, Trigger::At(Duration::from_secs(300)));
        assert_eq!(read("{after: 1s, deploy: v2}").unwrap().trigger, Trigger::After(Duration::from_secs(1)));
        let pattern = Pattern { phase: Some(Phase::Progressing), ..Pattern::default() };
        let trigger = read("{when: {phase: Progressing}, after: 1s, scale: 0}").unwrap().trigger;
        assert_eq!(trigger, Trigger::When(pattern, Duration::from_secs(1)));
    }

    #[test]
    fn every_other_number_of_them_is_refused() {
        for wrong in [
            "{deploy: v2}",
            "{at: 5m}",
            "{at: 5m, after: 1s, deploy: v2}",
            "{at: 5m, when: {phase: Failed}, deploy: v2}",
            "{when: {}, deploy: v2}",
            "{at: 5m, deploy: v2, scale: 0}",
            "{at: 5m, restart: false}",
            "{at: 5m, ready: {}}",
            "{at: 5m, fail: {times: 2}}",
            "{at: 5m, fail: {save: conflict, as: refused}}",
            "{at: 5m, fail: {command: route, save: retry}}",
        ] {
            assert!(read(wrong).is_err(), "{wrong} was read");
        }
    }

    #[test]
    fn a_clock_jumps_both_ways() {
        let jump = |text: &str| {
            let Action::Clock(millis) = read(text).unwrap().action else { panic!("{text}") };
            millis
        };
        assert_eq!((jump("{at: 0s, clock: -30s}"), jump("{at: 0s, clock: +10m}")), (-30_000, 600_000));
    }

    #[test]
    fn pods_are_ready_in_five_ways() {
        let written = "{at: 0s, ready: {canary: never, primary: 10s}}";
        let Action::Ready(pods) = read(written).unwrap().action else { panic!() };
        let shown: Vec<String> = pods.iter().map(|(copy, pods)| format!("{copy} {pods}")).collect();
        assert_eq!(shown, ["canary never get ready", "primary take 10s to get ready"]);
        assert!(read("{at: 0s, ready: {canary: soon}}").is_err());
    }

    #[test]
    fn an_annotation_has_one_of_the_known_names() {
        assert!(read("{at: 0s, annotate: {skip-analysis: true, canaryWeight: 20}}").is_ok());
        assert!(read("{at: 0s, annotate: {promot: true}}").is_err());
    }
}
