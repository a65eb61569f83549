//! An event in a file: every trigger and every action is a field, of which one each is set.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Unexpected, Visitor},
};
use serde_json::Value;
use serin_core::{decision::Workload, observation::FailureClass, request::RequestKind, time::parse_duration};

use super::{
    Action, Blind, Deleted, Event, Fail, Overwritten, Pattern, Pods, SaveFault, StopAfter, Times, Trigger,
    schema as form,
};
use crate::scenario::{
    answer::{HookAnswer, MetricAnswer},
    manifest, schema,
    shape::{Lasting, SPAN, scalar},
    world::{Delay, WrittenRoutes},
};

/// Something that happens: one trigger (`at`, `after`, `when`, or the last two together) and one action.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[schemars(rename = "Event", extend("oneOf" = schema::one_each(form::ACTIONS), "anyOf" = form::triggers()))]
pub(in crate::scenario) struct WrittenEvent {
    /// Trigger: this long after the beginning of the story.
    at: Option<Lasting>,
    /// Trigger: this long after the previous event; together with `when`, this long after the status was reached.
    after: Option<Lasting>,
    /// Trigger: when a saved status has all of these values; checked only after the previous event has happened.
    pub(in crate::scenario) when: Option<Pattern>,
    /// The target's pod template becomes this revision.
    #[schemars(schema_with = "scalar")]
    deploy: Option<String>,
    /// A tracked ConfigMap or Secret of the target gets this content.
    #[schemars(schema_with = "form::configs")]
    config: Option<BTreeMap<String, String>>,
    /// An operator sets annotations of the Canary, or removes them (`null`).
    #[schemars(schema_with = "form::annotations")]
    annotate: Option<BTreeMap<RequestKind, Option<String>>>,
    /// This is merged into `.spec` of the Canary; `null` removes a field.
    #[schemars(schema_with = "schema::anything")]
    edit: Option<serde_yaml::Mapping>,
    /// Something is deleted.
    delete: Option<Deleted>,
    /// Pods of a copy become ready or not ready.
    ready: Option<WrittenReady>,
    /// Another client scales the target to this number of replicas.
    scale: Option<u32>,
    /// Another client writes the routes.
    routes: Option<WrittenRoutes>,
    /// Another client changes owned objects.
    drift: Option<Vec<Overwritten>>,
    /// The next writes of the controller fail.
    fail: Option<WrittenFail>,
    /// A fact cannot be read.
    unknown: Option<WrittenUnknown>,
    /// The controller is stopped and started.
    #[schemars(extend("enum" = [true]))]
    restart: Option<bool>,
    /// The controller is stopped at this point, and started at once.
    stop: Option<WrittenStop>,
    /// The clock is set back (-30s) or forward (+10m).
    clock: Option<Jump>,
    /// The controller is not called for this long.
    away: Option<Lasting>,
    /// Another controller acts on an old status.
    second_controller: Option<WrittenSecond>,
    /// From now on metrics give these answers.
    metrics: Option<BTreeMap<String, Vec<MetricAnswer>>>,
    /// From now on hooks give these answers.
    hooks: Option<BTreeMap<String, Vec<HookAnswer>>>,
    /// From now on receivers of alerts give these answers.
    receivers: Option<BTreeMap<String, Vec<HookAnswer>>>,
}

/// Another controller that acts on an old status.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecondController")]
struct WrittenSecond {
    /// How many saves old the status is, at most 4; 1 by default.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 4))]
    behind: usize,
}

fn one() -> usize {
    1
}

/// What happens to pods.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Readiness", extend("minProperties" = 1))]
struct WrittenReady {
    /// To those of the canary.
    canary: Option<Pods>,
    /// To those of the primary.
    primary: Option<Pods>,
}

/// What fails: commands, saves or notices.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Failure", extend("oneOf" = schema::one_each(&["command", "save", "notices"])))]
struct WrittenFail {
    /// The next commands whose text begins with this.
    command: Option<String>,
    /// The next saves, in this way.
    save: Option<SaveFault>,
    /// The next deliveries of notices.
    #[schemars(extend("enum" = [true]))]
    notices: Option<bool>,
    /// For commands: the class of the failure; `retry` by default.
    #[schemars(with = "Option<String>", extend("enum" = ["retry", "refused", "moved"]))]
    r#as: Option<FailureClass>,
    /// How often; once by default.
    times: Option<Times>,
    /// For commands: the error of the cluster.
    #[serde(default)]
    #[schemars(schema_with = "scalar")]
    error: Option<String>,
}

/// A fact that cannot be read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Unknown")]
struct WrittenUnknown {
    /// The fact.
    fact: Blind,
    /// For how long; until the end by default.
    r#for: Option<Lasting>,
    /// The reason.
    #[serde(default)]
    #[schemars(schema_with = "scalar")]
    why: Option<String>,
}

/// The point at which the controller is stopped.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Stop")]
struct WrittenStop {
    /// After the next of these.
    after: StopAfter,
}

/// A duration with a sign: -30s, +10m.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = format!("^[+-]?{SPAN}$")))]
pub(super) struct Jump(
    /// In milliseconds.
    #[schemars(with = "String")]
    i64,
);

const TRIGGERS: &str = "`at`, `when` or `after`";
const ACTIONS: &str = "`deploy`, `config`, `annotate`, `edit`, `delete`, `ready`, `scale`, `routes`, `drift`, `fail`, \
                       `unknown`, `restart`, `stop`, `clock`, `away`, `secondController`, `metrics`, `hooks` or `receivers`";

impl WrittenEvent {
    /// The event, or the invalid field and why it is invalid.
    pub(in crate::scenario) fn read(self) -> Result<Event, (&'static str, String)> {
        let at = |field| move |what: String| (field, what);
        let trigger = trigger(self.at, self.when, self.after).map_err(at(""))?;
        let edit = self.edit.map(to_json).transpose().map_err(at("edit"))?;
        let fail = self.fail.map(WrittenFail::read).transpose().map_err(at("fail"))?;
        let ready = self.ready.map(WrittenReady::read).transpose().map_err(at("ready"))?;
        let most = super::MOST_SAVES_BEHIND;
        if self.second_controller.as_ref().is_some_and(|second| !(1..=most).contains(&second.behind)) {
            return Err(("secondController.behind", format!("is not from 1 to {most}")));
        }
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
            self.away.map(|lasts| Action::Away(lasts.0)),
            self.second_controller.map(|second| Action::SecondController(second.behind)),
            self.metrics.map(Action::Metrics),
            self.hooks.map(Action::Hooks),
            self.receivers.map(Action::Receivers),
        ];
        let mut actions = actions.into_iter().flatten();
        match (actions.next(), actions.next()) {
            (Some(action), None) => Ok(Event { trigger, action }),
            (None, _) => Err(("", format!("has no action; use one of {ACTIONS}"))),
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
        (None, None, None) => Err(format!("has no trigger; use one of {TRIGGERS}")),
        (Some(_), _, _) => Err("has two triggers; use `at` without `when` and `after`".into()),
    }
}

fn to_json(mapping: serde_yaml::Mapping) -> Result<Value, String> {
    manifest::to_json(mapping).map_err(|error| error.what)
}

impl WrittenReady {
    fn read(self) -> Result<Vec<(Workload, Pods)>, String> {
        let copies = [(Workload::Canary, self.canary), (Workload::Primary, self.primary)];
        let told: Vec<_> = copies.into_iter().filter_map(|(who, pods)| Some((who, pods?))).collect();
        if told.is_empty() { Err("needs `canary` or `primary`".into()) } else { Ok(told) }
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
                return Err("needs one of `command`, `save`, `notices`".into());
            }
            _ => return Err("has two faults; write two events".into()),
        };
        if only_commands { Ok((fail, times)) } else { Err("`as` and `error` are only for commands".into()) }
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
    fn any_other_number_of_them_is_refused() {
        for wrong in [
            "{deploy: v2}",
            "{at: 5m}",
            "{at: 5m, after: 1s, deploy: v2}",
            "{at: 5m, when: {phase: Failed}, deploy: v2}",
            "{when: {}, deploy: v2}",
            "{at: 5m, deploy: v2, scale: 0}",
            "{at: 5m, restart: false}",
            "{at: 5m, ready: {}}",
            "{at: 5m, secondController: {behind: 0}}",
            "{at: 5m, secondController: {behind: 5}}",
            "{at: 5m, fail: {times: 2}}",
            "{at: 5m, fail: {save: conflict, as: refused}}",
            "{at: 5m, fail: {command: route, save: retry}}",
        ] {
            assert!(read(wrong).is_err(), "{wrong} was read");
        }
    }

    #[test]
    fn a_clock_jumps_in_both_directions() {
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
