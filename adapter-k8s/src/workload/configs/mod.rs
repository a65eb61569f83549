//! The ConfigMaps and Secrets that pods read. They belong to a revision, so the primary reads copies of its own.

mod condensed;
mod copies;
mod references;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use serin_core::{observation::Unseen, revision::Configs};

pub(crate) use self::{
    condensed::{condensed, fill_in, is_condensed},
    copies::{mended, of_primary, source_of, written},
};
use crate::{
    kinds::SECRET,
    object::{Kind, Object, checksum, reader::ObjectReader},
    subject::Subject,
};

/// If this annotation of a ConfigMap or Secret begins with `disable`, all pods read it directly.
const OPT_OUT: &str = "flagger.app/config-tracking";

/// Types of Secrets that are the pods' own configuration. Others belong to the platform: tokens, image pull
/// credentials.
const SECRET_TYPES: [&str; 4] =
    ["Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth", "kubernetes.io/tls"];

/// The tracked configuration that a pod template reads, by kind and name.
#[derive(Default)]
pub(crate) struct Tracked(BTreeMap<(Kind, String), Arc<Object>>);

/// Finds the configuration of a pod template. Empty if configuration is not tracked.
///
/// # Errors
/// An object is missing that pods cannot start without, or cannot be read.
pub(crate) fn tracked(
    subject: &Subject,
    template: &Value,
    seen: &dyn ObjectReader,
) -> Result<Tracked, Unseen> {
    let mut tracked = Tracked::default();
    if !subject.settings.config_tracking {
        return Ok(tracked);
    }
    for reference in references::of(template) {
        let key = subject.key(reference.kind, &reference.name);
        match seen.find(&key)? {
            Some(config) if is_tracked(&config) => {
                tracked.0.insert((reference.kind, reference.name), config);
            }
            None if !reference.optional => {
                let (target, kind) = (subject.target(), &subject.topology.kind);
                let why = format!(
                    "{key} does not exist, but {kind} {target}.{} reads it: create it, or mark the reference optional",
                    subject.identity.namespace
                );
                return Err(Unseen::Unreadable(why.into()));
            }
            Some(_) | None => {}
        }
    }
    Ok(tracked)
}

impl Tracked {
    /// Their checksums.
    pub(crate) fn checksums(&self) -> Configs {
        self.0.iter().map(|((kind, name), config)| (label(*kind, name), checksum_of(config))).collect()
    }

    /// Makes a pod template read the copies.
    pub(crate) fn rename_in(&self, template: &mut Value) {
        for reference in references::of(template) {
            let name = copy_name(&reference.name);
            if self.0.contains_key(&(reference.kind, reference.name))
                && let Some(place) = template.pointer_mut(&reference.at)
            {
                *place = name.into();
            }
        }
    }
}

/// One checksum for all of them; `None` if there are none.
pub(crate) fn checksum_of_all(configs: &Configs) -> Option<String> {
    (!configs.is_empty()).then(|| checksum::of(&json!(configs)))
}

/// Whether it belongs to a revision.
fn is_tracked(config: &Object) -> bool {
    let opted_out = config.annotation(OPT_OUT).is_some_and(|value| value.starts_with("disable"));
    let is_of_pods = config.kind() != SECRET || SECRET_TYPES.contains(&config.text("/type"));
    is_of_pods && !opted_out
}

fn checksum_of(config: &Object) -> String {
    config.checksum().map_or_else(|| checksum::of(&json!(contents(config))), ToString::to_string)
}

/// Where the contents of a ConfigMap or Secret are.
const PARTS: [&str; 2] = ["/data", "/binaryData"];

/// The parts that pods see.
fn contents(config: &Object) -> [Option<&Value>; 2] {
    PARTS.map(|part| config.at(part).filter(|part| part.as_object().is_some_and(|map| !map.is_empty())))
}

/// Its name in the status.
fn label(kind: Kind, name: &str) -> String {
    format!("{}/{name}", kind.kind.to_lowercase())
}

fn copy_name(name: &str) -> String {
    format!("{name}-primary")
}
