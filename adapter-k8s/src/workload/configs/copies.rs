//! The primary's own copies of ConfigMaps and Secrets.
//!
//! A copy belongs to every Canary whose primary reads it. One that carries our label was written whole; Flagger's own
//! copies lack `binaryData`.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;
use serin_core::revision::Configs;

use super::{Tracked, checksum_of, contents, copy_name, is_tracked, label, references};
use crate::{
    kinds::{CONFIG_MAP, SECRET},
    object::{
        Key, Kind, Object,
        metadata::{self, MANAGED_BY},
        owners,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The copies with the target's current configuration: for a new primary, and for a promotion.
///
/// # Errors
/// The existing object is not known, or is not a copy.
pub(crate) fn written(
    subject: &Subject,
    tracked: &Tracked,
    seen: &dyn ObjectReader,
) -> Result<Vec<Object>, BuildError> {
    tracked.0.values().map(|source| copy(subject, source, seen)).collect()
}

/// The copies that a primary reads, with their contents. A missing one is created again, if its source exists.
///
/// # Errors
/// The existing object is not known.
pub(crate) fn mended(
    subject: &Subject,
    primary: &Value,
    seen: &dyn ObjectReader,
) -> Result<Vec<Object>, BuildError> {
    let mut copies = Vec::new();
    for (kind, name) in sources(subject, primary) {
        let source = seen.find(&subject.key(kind, &name))?.filter(|source| is_tracked(source));
        match (seen.find(&subject.key(kind, &copy_name(&name)))?, source) {
            (Some(there), source) if is_copy(&there) => {
                let mut wanted = Arc::unwrap_or_clone(there);
                owners::join(&mut wanted, &subject.identity);
                if let Some(source) = source.filter(|source| is_cut(&wanted, source)) {
                    complete(&mut wanted, &source);
                }
                copies.push(wanted);
            }
            (None, Some(source)) => copies.push(copy(subject, &source, seen)?),
            (Some(_) | None, _) => {}
        }
    }
    Ok(copies)
}

/// The checksums of a primary's copies, as those of their sources; `None` if a copy is missing.
///
/// # Errors
/// The existing object is not known.
pub(crate) fn of_primary(
    subject: &Subject,
    primary: &Value,
    seen: &dyn ObjectReader,
) -> Result<Option<Configs>, BuildError> {
    let mut configs = Configs::new();
    for (kind, name) in sources(subject, primary) {
        let Some(there) = seen.find(&subject.key(kind, &copy_name(&name)))? else { return Ok(None) };
        if !is_copy(&there) {
            continue;
        }
        let source = seen.find(&subject.key(kind, &name))?.filter(|source| is_cut(&there, source));
        configs.insert(label(kind, &name), checksum_of(&source.unwrap_or(there)));
    }
    Ok(Some(configs))
}

/// The names of the sources of a primary's copies, if they are copies.
fn sources(subject: &Subject, primary: &Value) -> BTreeSet<(Kind, String)> {
    if !subject.settings.config_tracking {
        return BTreeSet::new();
    }
    let source = |reference: references::Reference| {
        Some((reference.kind, reference.name.strip_suffix("-primary")?.to_owned()))
    };
    references::of(primary).into_iter().filter_map(source).collect()
}

/// The source of a copy with this name; `None` if it is not the name of a copy.
pub(crate) fn source_of(copy: &Key) -> Option<Key> {
    let name = copy.name.strip_suffix("-primary").filter(|name| !name.is_empty())?;
    Some(Key::new(copy.kind, &copy.namespace, name))
}

/// The wanted copy of a source.
fn copy(subject: &Subject, source: &Object, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
    let key = subject.key(source.kind(), &copy_name(source.name()));
    let there = seen.find(&key)?;
    if let Some(there) = &there
        && !is_copy(there)
        && contents(there) != contents(source)
    {
        return Err(BuildError::refused(format!(
            "{key} is needed for the primary's copy of {}, but it is not one: rename it, or set the annotation {} of \
             {} to disabled",
            source.name(),
            super::OPT_OUT,
            source.key(),
        )));
    }
    let mut wanted = match there {
        None => Object::new(&key),
        Some(there) if is_frozen_against(&there, source) => recreated(&there),
        Some(there) => Arc::unwrap_or_clone(there),
    };
    metadata::include_labels(&mut wanted, source, &subject.settings.include_label_prefix);
    owners::join(&mut wanted, &subject.identity);
    wanted.set_or_remove("/data", source.at("/data").cloned());
    complete(&mut wanted, source);
    if source.kind() == SECRET {
        wanted.set("/type", source.text("/type"));
    }
    Ok(wanted)
}

/// Adds what Flagger leaves out to a copy, and marks it as complete.
fn complete(copy: &mut Object, source: &Object) {
    if source.kind() == CONFIG_MAP {
        copy.set_or_remove("/binaryData", source.at("/binaryData").cloned());
    }
    copy.set_or_remove("/immutable", source.at("/immutable").cloned());
    copy.set_label(MANAGED_BY.0, MANAGED_BY.1);
}

/// Whether it was made for a primary.
fn is_copy(object: &Object) -> bool {
    owners::has_canary(object) || is_whole(object)
}

fn is_whole(copy: &Object) -> bool {
    copy.label(MANAGED_BY.0) == Some(MANAGED_BY.1)
}

/// Whether Flagger made this copy of the current source: then only Flagger's omissions differ.
fn is_cut(copy: &Object, source: &Object) -> bool {
    !is_whole(copy) && contents(copy)[0] == contents(source)[0]
}

/// Whether the server would refuse to replace the existing contents by the source's.
fn is_frozen_against(there: &Object, source: &Object) -> bool {
    let immutable = |object: &Object| object.at("/immutable") == Some(&Value::Bool(true));
    let frozen = immutable(there) && (!immutable(source) || contents(there) != contents(source));
    frozen || there.text("/type") != source.text("/type")
}

/// The same copy as a new object, to replace the existing one.
fn recreated(there: &Object) -> Object {
    let mut new = Object::new(&there.key());
    for part in ["/metadata/labels", "/metadata/annotations", "/metadata/ownerReferences"] {
        new.set_or_remove(part, there.at(part).cloned());
    }
    new
}
