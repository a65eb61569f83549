//! NGINX: a second Ingress next to the one people wrote, whose annotations say which requests it takes from that.

use serde_json::{Map, Value};
use serin_core::{
    command::{Routes, Split},
    provider::nginx::Selection,
    spec::StringMatch,
    strategy::Weight,
};

use super::{
    Router,
    ingress::{self, INGRESS},
    matching,
    parts::{given_back, unmatched},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The provider `nginx`.
pub(super) struct Nginx;

impl Router for Nginx {
    fn kinds(&self) -> &[Kind] {
        &[INGRESS]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let point = |spec: &mut Value| point(spec, subject.apex(), &subject.canary_service());
        let mut object = ingress::copy(subject, seen, point)?.object;
        // Last: the original may be a canary Ingress of somebody else's.
        Own::of(subject).write(&mut object, &taken(subject, split.routes)?);
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        Ok(seen.find(&ingress::copy_key(subject)?)?.and_then(|object| Own::of(subject).read(&object)))
    }

    /// Nobody is sent through it any more; it goes with the Canary.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&ingress::copy_key(subject)?, seen, |object| {
            Own::of(subject).write(object, &Taken::default());
            Ok(())
        })
    }
}

/// Points every backend of one service to another; how many there were.
fn point(spec: &mut Value, from: &str, to: &str) -> usize {
    let default = spec.get_mut("defaultBackend").is_some_and(|backend| point_one(backend, from, to));
    let mut count = usize::from(default);
    for rule in spec.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        let paths = rule.pointer_mut("/http/paths").and_then(Value::as_array_mut).into_iter().flatten();
        let backends = paths.filter_map(|path| path.get_mut("backend"));
        count += backends.map(|backend| point_one(backend, from, to)).filter(|is_one| *is_one).count();
    }
    count
}

fn point_one(backend: &mut Value, from: &str, to: &str) -> bool {
    let Some(name) = backend.pointer_mut("/service/name").filter(|name| **name == from) else { return false };
    *name = to.into();
    true
}

/// The annotations NGINX reads on a canary Ingress.
struct Own {
    prefix: String,
}

/// Which requests the canary Ingress takes: all that are picked, and a share of the others.
#[derive(Debug, Default)]
struct Taken {
    weight: Weight,
    picked: Selection,
}

impl Own {
    fn of(subject: &Subject) -> Self {
        Self { prefix: format!("{}/canary", subject.settings.ingress_annotations_prefix) }
    }

    fn is_one(&self, key: &str) -> bool {
        key.starts_with(&self.prefix)
    }

    /// Every annotation of the kind is ours: one that is left over would send requests to the canary.
    fn write(&self, object: &mut Object, taken: &Taken) {
        let theirs = object.annotations().filter(|(key, _)| !self.is_one(key));
        let mut all: Map<String, Value> = theirs.map(|(key, value)| (key.into(), value.into())).collect();
        let mut set = |name: &str, value: String| all.insert(format!("{}{name}", self.prefix), value.into());
        set("", "true".into());
        set("-weight", taken.weight.to_string());
        if let Some((name, value)) = &taken.picked.header {
            set("-by-header", name.clone());
            match value {
                StringMatch::Exact(exact) => set("-by-header-value", exact.clone()),
                StringMatch::Any
                | StringMatch::Prefix(_)
                | StringMatch::Suffix(_)
                | StringMatch::Regex(_) => set("-by-header-pattern", matching::pattern(value)),
            };
        }
        if let Some(cookie) = &taken.picked.cookie {
            set("-by-cookie", cookie.clone());
        }
        object.set("/metadata/annotations", all);
    }

    fn read(&self, object: &Object) -> Option<Routes> {
        let get = |name: &str| object.annotation(&format!("{}{name}", self.prefix));
        if get("") != Some("true") {
            return None;
        }
        let weight: u8 = get("-weight").unwrap_or("0").parse().ok()?;
        let picks = get("-by-header").or_else(|| get("-by-cookie")).is_some();
        // Next to a share of the others, picked requests are no division of their own.
        let matched = picks && weight == 0;
        Some(if matched { Routes { matched, ..Routes::split(100) } } else { Routes::split(weight) })
    }
}

/// While anyone is on the canary, all who are picked are.
fn taken(subject: &Subject, routes: Routes) -> Result<Taken, BuildError> {
    if routes.canary == 0 {
        return Ok(Taken::default());
    }
    let picked = Selection::of(&subject.routing().matched);
    if !routes.matched {
        return Ok(Taken { weight: routes.canary, picked });
    }
    if picked == Selection::default() { Err(unmatched()) } else { Ok(Taken { weight: 0, picked }) }
}
