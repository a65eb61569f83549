//! Warnings about valid Canaries. Each family is one file; each finding names the numbers of the manifest.

mod alerts;
mod buckets;
mod hooks;
mod limits;
mod metrics;
mod policy;
mod shares;
mod strategy;
mod traffic;

use std::collections::BTreeSet;

use serde_json::Value;
use serin_core::Rollout;
use serin_input::manifest::{Remedy, fields};
use serin_policy::plan::Plan;

use super::{
    Draft,
    code::Code,
    manifests::{Files, Object},
};

/// A valid Canary, with everything that is known about it.
pub(super) struct Case<'a> {
    /// As written, with its analysis under `spec.analysis`.
    pub(super) json: &'a Value,
    /// As parsed.
    pub(super) rollout: &'a Rollout,
    pub(super) plan: Option<&'a Plan>,
    pub(super) files: &'a Files<'a>,
}

/// Every warning about a valid Canary.
pub(super) fn all(case: &Case<'_>) -> Vec<Draft> {
    let mut told = Findings::default();
    policy::look(case, &mut told);
    strategy::look(case, &mut told);
    metrics::look(case, &mut told);
    hooks::look(case, &mut told);
    traffic::look(case, &mut told);
    limits::look(case, &mut told);
    alerts::look(case, &mut told);
    told.found
}

impl Case<'_> {
    /// A field that is set.
    fn set(&self, pointer: &str) -> Option<&Value> {
        self.json.pointer(pointer).filter(|value| !value.is_null())
    }

    /// A field of the analysis that is set.
    fn analysis(&self, field: &str) -> Option<&Value> {
        self.set(&format!("/spec/analysis/{field}"))
    }

    fn number(&self, pointer: &str) -> Option<i64> {
        let value = self.set(pointer)?;
        // `5.0` is a whole number too; a fraction was refused.
        value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
    }

    fn namespace(&self) -> &str {
        &self.rollout.identity().namespace
    }
}

#[derive(Default)]
struct Findings {
    found: Vec<Draft>,
}

impl Findings {
    fn add(
        &mut self,
        code: Code,
        field: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) {
        self.found.push(Draft {
            code,
            field: field.into(),
            what: what.into(),
            remedy: remedy.into(),
            offset: None,
        });
    }

    /// A finding whose remedy is to remove the field.
    fn superfluous(
        &mut self,
        code: Code,
        field: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let field = field.into();
        let remedy = Remedy::new(remedy).removing(&*field);
        self.add(code, field, what, remedy);
    }
}

/// Names that two items of a list share.
fn duplicates(case: &Case<'_>, list: &str, told: &mut Findings) {
    let items = fields::list(case.json, &format!("/spec/analysis/{list}"));
    let name = |i: usize| fields::text(&items[i], "/name");
    let names: BTreeSet<&str> = (0..items.len()).map(name).collect();
    for i in 0..items.len() {
        if let Some(first) = (0..i).find(|other| !name(i).is_empty() && name(*other) == name(i)) {
            let field = format!("spec.analysis.{list}[{i}].name");
            let other = free_name(&names, name(i));
            told.add(
                Code::DuplicateName,
                field.clone(),
                format!(
                    "`{}` is also the name of {list}[{first}]: reports and records cannot distinguish them",
                    name(i)
                ),
                Remedy::new(format!("use different names, such as `{other}`")).setting(field, other),
            );
        }
    }
}

/// The name with the first number that no item uses.
fn free_name(names: &BTreeSet<&str>, name: &str) -> String {
    let mut free = (2..).map(|number| format!("{name}-{number}"));
    free.find(|name| !names.contains(name.as_str())).unwrap_or_default()
}

/// The message about a reference whose name is right and whose namespace, in `field`, is wrong; and its remedy.
fn in_another_namespace<'a>(
    name: &str,
    namespace: &str,
    given: impl Iterator<Item = &'a Object>,
    field: &str,
) -> Option<(String, Remedy)> {
    let mut named = given.filter(|other| other.name() == name);
    let (kind, other) = named.find_map(|other| Some((other.kind.name(), other.namespace()?)))?;
    let what = format!("{kind} {name} is in the namespace `{other}`, not in `{namespace}`");
    Some((what, Remedy::new(format!("write `namespace: {other}`")).setting(field, other)))
}

/// `1 check`, `2 checks`.
fn count(number: u32, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
