//! Compares a manifest with a table of fields: which are set, and which are unknown.

use serde_json::Value;

use super::{Remedy, fields::Field};
use crate::nearest;

/// The result of the comparison.
#[derive(Debug, Default)]
pub struct Walked {
    /// The known fields that are set, each as often as it is set.
    pub set: Vec<Known>,
    /// The unknown fields.
    pub unknown: Vec<Unknown>,
}

/// A known field that is set.
#[derive(Debug)]
pub struct Known {
    /// Its path in the table.
    pub row: &'static str,
    /// Its path in the manifest.
    pub path: String,
}

/// An unknown field.
#[derive(Debug)]
pub struct Unknown {
    /// Its path.
    path: String,
    /// Its own name.
    name: String,
    /// Its parent's path in the table.
    parent: String,
    value: Value,
}

/// The maximum number of unknown fields that are reported for one object.
const MOST_UNKNOWN: usize = 100;

/// Walks a manifest.
pub fn walk(table: &'static [Field], manifest: &Value) -> Walked {
    let mut walk = Walk { table, found: Walked::default() };
    walk.node(manifest, "", "", false);
    walk.found
}

struct Walk {
    table: &'static [Field],
    found: Walked,
}

impl Walk {
    /// One value at `path`, which is `pattern` in the table. Below an `open` one every field is known.
    fn node(&mut self, value: &Value, path: &str, pattern: &str, open: bool) {
        if value.is_null() {
            return;
        }
        let open = open || self.row(&format!("{pattern}.**")).is_some();
        if let Some(row) = self.row(&format!("{pattern}.**")).or_else(|| self.row(pattern)) {
            self.found.set.push(Known { row, path: path.to_owned() });
            if !self.has_parts(pattern) {
                return;
            }
        }
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.field(name, value, path, pattern, open);
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.node(item, &format!("{path}[{i}]"), &format!("{pattern}[]"), open);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// One field of a mapping.
    fn field(&mut self, name: &str, value: &Value, path: &str, pattern: &str, open: bool) {
        let below = join(path, name);
        let own = if pattern.is_empty() { name.to_owned() } else { format!("{pattern}.{name}") };
        let any = format!("{pattern}.*");
        if self.is_known(&own) {
            self.node(value, &below, &own, open);
        } else if self.is_known(&any) {
            self.node(value, &below, &any, open);
        } else if !open && self.found.unknown.len() < MOST_UNKNOWN {
            let (name, parent) = (name.to_owned(), pattern.to_owned());
            self.found.unknown.push(Unknown { path: below, name, parent, value: value.clone() });
        }
    }

    fn row(&self, pattern: &str) -> Option<&'static str> {
        self.table.iter().map(|field| field.path).find(|path| *path == pattern)
    }

    fn has_parts(&self, pattern: &str) -> bool {
        let part = |path: &str| path.strip_prefix(pattern).is_some_and(|rest| rest.starts_with(['.', '[']));
        self.table.iter().any(|field| !field.path.ends_with(".**") && part(field.path))
    }

    fn is_known(&self, pattern: &str) -> bool {
        let begins = |path: &str| {
            path.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.table.iter().any(|field| begins(field.path))
    }
}

/// A field's path; a name with dots is in brackets.
pub fn join(path: &str, name: &str) -> String {
    match name {
        _ if name.contains(['.', '[', ']']) => format!("{path}[\"{name}\"]"),
        _ if path.is_empty() => name.into(),
        _ => format!("{path}.{name}"),
    }
}

impl Unknown {
    /// Its path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its parent's path in the table.
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// The name that was meant, or the field's removal.
    pub fn remedy(&self, table: &'static [Field]) -> Remedy {
        let near = nearest(&self.name, siblings(table, &self.parent));
        match (near, self.elsewhere(table)) {
            (Some(near), _) => self.renamed(near, &self.beside(near)),
            // An item of a list is not reported by the name of its field.
            (None, Some(elsewhere)) if elsewhere.contains('[') => {
                Remedy::new(format!("did you mean `{elsewhere}`?"))
            }
            (None, Some(elsewhere)) => self.renamed(elsewhere, elsewhere),
            (None, None) => Remedy::new("remove it").removing(&*self.path),
        }
    }

    /// The path of a sibling field.
    fn beside(&self, name: &str) -> String {
        let parent = self.path.strip_suffix(&*self.name).unwrap_or_default().trim_end_matches('.');
        join(parent, name)
    }

    /// The value under the suggested name.
    fn renamed(&self, meant: &str, path: &str) -> Remedy {
        Remedy::new(format!("did you mean `{meant}`?"))
            .removing(&*self.path)
            .setting(path, self.value.clone())
    }

    /// A field of this name in another place.
    fn elsewhere(&self, table: &'static [Field]) -> Option<&'static str> {
        let mut rows = table.iter().map(|field| field.path).filter(|path| !path.contains('*'));
        rows.find_map(|path| {
            let end = path.match_indices(self.name.as_str()).find_map(|(at, name)| {
                let end = at + name.len();
                let begins = at == 0 || path[..at].ends_with('.');
                let ends = end == path.len() || path[end..].starts_with(['.', '[']);
                (begins && ends).then_some(end)
            })?;
            path.get(..end)
        })
    }
}

/// The names of the fields below a field.
pub(super) fn siblings<'a>(
    table: &'static [Field],
    parent: &'a str,
) -> impl Iterator<Item = &'static str> + use<'a> {
    table.iter().filter_map(move |field| {
        let rest = if parent.is_empty() { Some(field.path) } else { below(field.path, parent) }?;
        let name = rest.split(['.', '[']).next().unwrap_or(rest);
        (!name.is_empty() && !name.starts_with('*')).then_some(name)
    })
}

fn below(path: &'static str, parent: &str) -> Option<&'static str> {
    path.strip_prefix(parent)?.strip_prefix('.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::fields::CANARY;

    fn told(manifest: &Value) -> Vec<(String, String)> {
        let unknown = walk(CANARY, manifest).unknown;
        unknown.iter().map(|unknown| (unknown.path().to_owned(), unknown.remedy(CANARY).text)).collect()
    }

    #[test]
    fn an_unknown_field_is_reported_with_a_close_name_or_its_right_place() {
        let manifest = json!({"spec": {
            "stepWeight": 10,
            "analysis": {"treshold": 1, "metrics": [{"name": "a"}, {"thresholdRange": {"maximum": 1}}], "zzz": 1},
        }});
        let expected = [
            ("spec.analysis.metrics[1].thresholdRange.maximum", "remove it"),
            ("spec.analysis.treshold", "did you mean `threshold`?"),
            ("spec.analysis.zzz", "remove it"),
            ("spec.stepWeight", "did you mean `spec.analysis.stepWeight`?"),
        ];
        assert_eq!(told(&manifest), expected.map(|(field, remedy)| (field.into(), remedy.into())));
    }

    #[test]
    fn every_field_below_an_open_one_is_known() {
        let manifest = json!({
            "metadata": {"labels": {"a.b/c": "d"}, "annotations": {"flagger.app/promote": "true", "x": "y"}},
            "spec": {"service": {"trafficPolicy": {"tls": {"mode": "DISABLE"}}, "apex": {"labels": {"a": "b"}}}},
        });
        let walked = walk(CANARY, &manifest);
        assert_eq!(told(&manifest), []);
        let expected = [
            "metadata.annotations.flagger.app/promote",
            "spec.service.apex.labels.*",
            "spec.service.trafficPolicy.tls.**",
        ];
        let mut set: Vec<&str> = walked.set.iter().map(|known| known.row).collect();
        set.sort_unstable();
        assert_eq!(set.iter().filter(|path| **path != "metadata.**").copied().collect::<Vec<_>>(), expected);
    }
}
