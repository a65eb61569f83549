//! What all routers have in common: an object named like the apex service, what it carries, how it is given back, and
//! weights as they are read back.

use serde::Serialize;
use serde_json::Value;
use serin_core::{command::Routes, provider::Reference, spec::raw::Retries, strategy::Weight};

use crate::{
    object::{
        Key, Kind, Object,
        change::{self, Change},
        metadata, owners,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
    workload,
};

/// The object named like the apex service, to be changed: what stands there or a new one, with the metadata of a route.
///
/// # Errors
/// What stands there is not known.
pub(super) fn begin_apex(
    kind: Kind,
    subject: &Subject,
    seen: &dyn ObjectReader,
) -> Result<Object, BuildError> {
    begin_named(&subject.key(kind, subject.apex()), subject, seen)
}

/// The same for an object with another name.
///
/// # Errors
/// What stands there is not known.
pub(super) fn begin_named(
    key: &Key,
    subject: &Subject,
    seen: &dyn ObjectReader,
) -> Result<Object, BuildError> {
    let mut object = metadata::begin(key, &subject.identity, seen)?.object;
    set_apex_metadata(&mut object, subject, seen);
    Ok(object)
}

/// The write that changes what stands there, as a router is given back; none where nothing does.
///
/// # Errors
/// What stands there is not known, or it cannot be changed so.
pub(super) fn given_back(
    key: &Key,
    seen: &dyn ObjectReader,
    change: impl FnOnce(&mut Object) -> Result<(), BuildError>,
) -> Result<Vec<Change>, BuildError> {
    let Some(there) = seen.find(key)? else { return Ok(Vec::new()) };
    let mut object = (*there).clone();
    change(&mut object)?;
    Ok(change::to(object, Some(&there)).into_iter().collect())
}

/// Why nothing can be made without this reference. A run can have begun with a manifest that gave it.
pub(super) fn missing(reference: Reference, subject: &Subject) -> BuildError {
    let (field, why) = (reference.field(), reference.refusal(&subject.topology.provider));
    BuildError::refused(format!("{field}: {why}"))
}

/// Why routes that divide matched requests cannot be made again: the manifest no longer says which.
pub(super) fn unmatched() -> BuildError {
    BuildError::refused("analysis.match: is needed while only matched requests are divided")
}

/// Puts on a route what `spec.service.apex` says, and that nobody else reconciles it. What others put there stays.
fn set_apex_metadata(object: &mut Object, subject: &Subject, seen: &dyn ObjectReader) {
    if let Some(apex) = &subject.service().apex {
        for (key, value) in &apex.labels {
            object.set_label(key, value);
        }
        for (key, value) in &apex.annotations {
            object.set_annotation(key, value);
        }
        if let Some(label) = selector_label(subject, seen) {
            object.set_label(&label, subject.apex());
        }
    }
    metadata::set_hands_off(object);
}

/// The label that tells the target's pods; `None` while that cannot be told, which keeps no route from being written.
fn selector_label(subject: &Subject, seen: &dyn ObjectReader) -> Option<String> {
    let kind = workload::with_pods(&subject.topology.kind)?;
    let target = seen.find(&subject.key(kind, subject.target())).ok()??;
    let labels = target.at("/spec/selector/matchLabels")?;
    subject.settings.selector_labels.iter().find(|label| labels.get(label.as_str()).is_some()).cloned()
}

/// `spec.service.port`.
///
/// # Errors
/// There is none.
pub(super) fn port(subject: &Subject) -> Result<u16, BuildError> {
    subject
        .service()
        .port
        .ok_or_else(|| BuildError::refused("spec.service.port: is required, a whole number"))
}

/// Part of a manifest as it stands in an object, under the same names; `None` where it says nothing.
pub(super) fn said<T: Serialize>(part: &T) -> Option<Value> {
    let value = serde_json::to_value(part).ok()?;
    let is_empty = match &value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    (!is_empty).then_some(value)
}

/// Puts a part of a manifest into an object's field, unless it says nothing.
pub(super) fn put<T: Serialize>(object: &mut Value, field: &str, part: &T) {
    if let Some(value) = said(part) {
        object[field] = value;
    }
}

/// When a request is tried again, as `retryOn` lists it.
pub(super) fn retry_on(retries: &Retries) -> Vec<&str> {
    let listed = retries.retry_on.as_deref().unwrap_or_default().split(',').map(str::trim);
    listed.filter(|one| !one.is_empty()).collect()
}

/// The items of a list; none where there is no list.
pub(super) fn items(list: Option<&Value>) -> impl DoubleEndedIterator<Item = &Value> {
    list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

/// A part of an object as it is wanted, with those fields of the one that stands there which are not ours.
pub(super) fn with_others(mut wanted: Value, there: Option<&Value>, ours: &[&str]) -> Value {
    for (field, value) in there.and_then(Value::as_object).into_iter().flatten() {
        if !ours.contains(&field.as_str()) && wanted.get(field).is_none() {
            wanted[field] = value.clone();
        }
    }
    wanted
}

/// Services as they are wanted, each with what others put on the one of its name, or on the first where there is none.
pub(super) fn services_with_others(
    wanted: Vec<Value>,
    there: Option<&Value>,
    name: &str,
    ours: &[&str],
) -> Vec<Value> {
    let with_others = |wanted: Value| {
        let same = items(there).find(|one| one[name] == wanted[name]).or_else(|| items(there).next());
        with_others(wanted, same, ours)
    };
    wanted.into_iter().map(with_others).collect()
}

/// Which rules of an object are ours.
pub(super) struct Ours {
    /// A rule that names one of these services; `None`: every rule.
    services: Option<[String; 3]>,
}

impl Ours {
    /// In an object that the Canary controls others can have rules for other services. What somebody else wrote before us
    /// is ours as a whole until it is given back.
    pub(super) fn of(object: &Object, subject: &Subject) -> Self {
        let services = || [subject.apex().to_owned(), subject.primary_service(), subject.canary_service()];
        Self { services: owners::is_controlled(object, &subject.identity).then(services) }
    }

    /// Whether a rule that sends requests to these services is ours.
    pub(super) fn has<'a>(&self, mut to: impl Iterator<Item = &'a str>) -> bool {
        self.services.as_ref().is_none_or(|ours| to.any(|name| ours.iter().any(|one| one == name)))
    }
}

/// The rules of a route after a write: the wanted ones in place of ours, between the rules of others. Each keeps the fields that
/// others set on the rule that it replaces. The last rule is the one for everyone else, so places are counted from the end, and
/// a new rule begins as the last one, without its name.
pub(super) fn rules_with_others(
    wanted: Vec<Value>,
    there: Option<&Value>,
    is_ours: impl Fn(&Value) -> bool,
    mut with_others: impl FnMut(Value, Option<&Value>) -> Value,
) -> Vec<Value> {
    let all: Vec<&Value> = items(there).collect();
    let first = all.iter().position(|rule| is_ours(rule)).unwrap_or(0);
    let (before, rest) = all.split_at(first);
    let (ours, after): (Vec<&Value>, Vec<&Value>) = rest.iter().copied().partition(|rule| is_ours(rule));
    let mut last = ours.last().map(|last| (*last).clone());
    if let Some(Value::Object(fields)) = &mut last {
        fields.remove("name");
    }
    let count = wanted.len();
    let in_place = |at: usize| ours.len().checked_sub(count - at).and_then(|place| ours.get(place)).copied();
    let with_others = |(at, rule)| with_others(rule, in_place(at).or(last.as_ref()));
    let wanted: Vec<Value> = wanted.into_iter().enumerate().map(with_others).collect();
    before.iter().copied().cloned().chain(wanted).chain(after.into_iter().cloned()).collect()
}

/// The services of a list with their weights: `name` points to a service's name, and `unless` is what the router takes where
/// a weight is left out.
pub(super) fn weights<'a>(
    services: Option<&'a Value>,
    name: &'static str,
    unless: i64,
) -> impl Iterator<Item = (&'a str, i64)> + use<'a> {
    items(services).map(move |service| {
        let name = service.pointer(name).and_then(Value::as_str).unwrap_or_default();
        (name, service.get("weight").and_then(Value::as_i64).unwrap_or(unless))
    })
}

/// Where one rule of a route sends requests, as seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// Weight of the primary's service, if the rule names it.
    pub(super) primary: Option<i64>,
    /// Weight of the canary's service, if the rule names it.
    pub(super) canary: Option<i64>,
    /// Percentage that is copied to the canary.
    pub(super) mirror: Option<Weight>,
}

impl Shares {
    /// The weights of the primary's and the canary's service among some, by name.
    pub(super) fn of<'a>(subject: &Subject, backends: impl Iterator<Item = (&'a str, i64)>) -> Self {
        let (primary, canary) = (subject.primary_service(), subject.canary_service());
        let mut shares = Self::default();
        for (name, weight) in backends {
            if name == primary {
                shares.primary = Some(weight);
            } else if name == canary {
                shares.canary = Some(weight);
            }
        }
        shares
    }

    /// The division these weights make of 100; `None` if they send requests nowhere.
    pub(super) fn routes(self) -> Option<Routes> {
        let (primary, canary) = (self.primary.unwrap_or(0).max(0), self.canary.unwrap_or(0).max(0));
        let sum = primary.checked_add(canary).filter(|sum| *sum > 0)?;
        let percent = (i128::from(canary) * 200 / i128::from(sum) + 1) / 2;
        Some(Routes { mirror: self.mirror, ..Routes::split(u8::try_from(percent).ok()?) })
    }
}

/// The division that the rules of a route make: that of the last rule which names the canary; if a rule after it sends
/// the rest to the primary, only what matched is divided. `None` if no rule is a division.
pub(super) fn division(rules: &[Shares]) -> Option<Routes> {
    let last = rules.iter().rposition(|rule| rule.canary.is_some())?;
    let routes = rules[last].routes()?;
    let rest = rules[last + 1..].iter().any(|rule| rule.primary.is_some());
    Some(Routes { matched: rest && routes.canary > 0, ..routes })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shares(primary: i64, canary: i64) -> Shares {
        Shares { primary: Some(primary), canary: Some(canary), mirror: None }
    }

    #[test]
    fn weights_are_read_as_shares_of_100() {
        assert_eq!(shares(80, 20).routes(), Some(Routes::split(20)));
        assert_eq!(shares(4, 1).routes(), Some(Routes::split(20)));
        assert_eq!(shares(2, 1).routes(), Some(Routes::split(33)));
        assert_eq!(shares(0, i64::MAX).routes(), Some(Routes::split(100)));
        assert_eq!(shares(i64::MAX, i64::MAX).routes(), None);
        assert_eq!(shares(0, 0).routes(), None);
    }

    #[test]
    fn a_new_rule_begins_with_what_others_put_on_the_last_one() {
        let there = json!([{"of": 1, "theirs": "a"}, {"of": 2, "theirs": "b", "old": true}]);
        let wanted = |count: u8| (0..count).map(|of| json!({"of": of})).collect::<Vec<_>>();
        let kept = |count: u8| {
            let with = |rule, there: Option<&Value>| with_others(rule, there, &["of", "old"]);
            let rules = rules_with_others(wanted(count), Some(&there), |_| true, with);
            rules.iter().map(|rule| rule["theirs"].as_str().unwrap().to_owned()).collect::<String>()
        };
        assert_eq!([kept(1), kept(2), kept(3)], ["b", "ab", "bab"]);
        assert_eq!(rules_with_others(wanted(2), None, |_| true, |rule, _| rule), wanted(2));
    }

    #[test]
    fn rules_of_others_stay_where_they_are() {
        let there = json!([{"of": "a"}, {"of": 1}, {"of": "b"}, {"of": 2}, {"of": "c"}]);
        let rules = |wanted: Vec<Value>, there: &Value| {
            let rules = rules_with_others(wanted, Some(there), |rule| rule["of"].is_u64(), |rule, _| rule);
            Value::from(rules)
        };
        let one = json!({"of": 7});
        assert_eq!(rules(vec![one.clone()], &there), json!([{"of": "a"}, one, {"of": "b"}, {"of": "c"}]));
        assert_eq!(rules(vec![one.clone()], &json!([{"of": "a"}])), json!([one, {"of": "a"}]));
    }

    #[test]
    fn a_rule_for_the_rest_means_that_only_matched_requests_are_divided() {
        let rest = Shares { primary: Some(100), ..Shares::default() };
        assert_eq!(division(&[shares(0, 100), shares(80, 20)]), Some(Routes::split(20)));
        let matched = Routes { matched: true, ..Routes::split(20) };
        assert_eq!(division(&[shares(80, 20), rest]), Some(matched));
        assert_eq!(division(&[shares(100, 0), rest]), Some(Routes::PRIMARY));
        assert_eq!(division(&[rest]), None);
    }
}
