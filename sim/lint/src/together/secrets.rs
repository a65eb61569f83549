//! Secrets in the files: whether they have the keys that a MetricTemplate or an AlertProvider needs. Only the names of
//! their keys are kept, and values are never printed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use serin_core::{
    provider::SecretKeys,
    spec::{AlertProvider, AlertTarget, MetricSystem, raw},
};
use serin_input::{
    manifest::{fields::text, read_raw, typed::pointer},
    nearest,
};

use super::{Draft, Known, Neighbour};
use crate::{
    code::Code,
    manifests::{Files, ManifestKind, Object},
};

/// A Secret without its values; keys with empty values are not kept.
pub(super) fn without_values(secret: &Value) -> Value {
    let mut kept = Map::new();
    for field in ["apiVersion", "kind", "metadata"] {
        kept.extend(secret.get(field).map(|value| (field.to_owned(), value.clone())));
    }
    if let Some(Value::Object(metadata)) = kept.get_mut("metadata") {
        // `kubectl apply` stores the whole manifest there.
        metadata.remove("annotations");
    }
    let data =
        ["data", "stringData"].into_iter().filter_map(|field| secret.get(field)?.as_object()).flatten();
    let is_filled = |value: &Value| value.as_str().is_some_and(|value| !value.trim().is_empty());
    let keys: BTreeSet<&String> = data.filter(|(_, value)| is_filled(value)).map(|(key, _)| key).collect();
    kept.insert("keys".into(), keys.into_iter().cloned().collect());
    kept.into()
}

/// The missing keys in the Secret of a MetricTemplate or an AlertProvider.
pub(crate) fn secret(object: &Object, files: &Files<'_>) -> Option<Draft> {
    let (field, system, needed) = match object.kind {
        ManifestKind::Canary => return None,
        ManifestKind::MetricTemplate => {
            let system = MetricSystem::named(text(&object.json, "/spec/provider/type"))?;
            ("spec.provider.secretRef.name", system.name(), system.descriptor().keys)
        }
        ManifestKind::AlertProvider => {
            let raw: raw::AlertProvider = read_raw(&object.json).ok()?;
            let provider = AlertProvider::parse(&raw).ok()?;
            let needed = match provider.target {
                AlertTarget::Address(_) => return None,
                AlertTarget::Secret(_) => SecretKeys(&[&["address"]]),
                AlertTarget::Token { .. } => SecretKeys(&[&["token"]]),
            };
            ("spec.secretRef.name", provider.system.name(), needed)
        }
    };
    let name = object.json.pointer(&pointer(field))?.as_str()?;
    let secrets: Vec<&Neighbour> = named(name, object, files).collect();
    let found: Vec<BTreeSet<&str>> = secrets.iter().map(|secret| keys(secret)).collect();
    if needed.0.is_empty() || found.iter().any(|keys| needed.fit(|key| keys.contains(key))) {
        return None;
    }
    // Several Secrets with this name are for different clusters; the first one is reported.
    let (secret, keys) = (secrets.first()?, found.first()?);
    Some(Draft {
        code: Code::SecretWithoutKey,
        field: field.into(),
        what: format!("Secret {} has no {needed}, which {system} needs", secret.name()),
        remedy: remedy(keys, needed).into(),
        offset: None,
    })
}

fn remedy(keys: &BTreeSet<&str>, needed: SecretKeys) -> String {
    let lacking = needed.all().into_iter().filter(|wanted| !keys.contains(wanted));
    let slip = lacking.filter_map(|wanted| Some((nearest(wanted, keys.iter().copied())?, wanted))).next();
    match slip {
        Some((key, wanted)) => format!("rename its key `{key}` to `{wanted}`"),
        None if keys.is_empty() => {
            "add the keys to the Secret, or name another one; this one has none".into()
        }
        None => format!(
            "add the keys to the Secret, or name another one; this one has {}",
            keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The Secrets with a name in the namespace of an object. A Secret without a namespace can be applied to any namespace.
fn named<'a>(name: &'a str, object: &'a Object, files: &'a Files<'_>) -> impl Iterator<Item = &'a Neighbour> {
    let secrets = files.neighbours.iter().filter(|other| other.kind == Known::Secret);
    secrets.filter(move |secret| {
        let own = text(&secret.json, "/metadata/namespace");
        let is_in = own.is_empty() || object.namespace().is_none_or(|namespace| namespace == own);
        is_in && secret.name() == name
    })
}

fn keys<'a>(secret: &&'a Neighbour) -> BTreeSet<&'a str> {
    let keys = secret.json.get("keys").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(Value::as_str).collect()
}
