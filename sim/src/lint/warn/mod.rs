//! What will hurt, though it makes sense. One file for each family; each finding names the numbers of the manifest.

mod alerts;
mod buckets;
mod hooks;
mod metrics;
mod policy;
mod shares;
mod strategy;

use serde_json::Value;
use serin_core::Rollout;

use super::{Told, code::Code, manifests::Files, plan::Plan};

/// A Canary that makes sense, with all that is known of it.
pub(super) struct Case<'a> {
    /// As it is written, with its analysis under `spec.analysis`.
    pub(super) json: &'a Value,
    /// As it is understood.
    pub(super) rollout: &'a Rollout,
    pub(super) plan: Option<&'a Plan>,
    pub(super) files: &'a Files<'a>,
}

/// Everything that is told of a Canary that makes sense.
pub(super) fn all(case: &Case<'_>) -> Vec<Told> {
    let mut told = Findings::default();
    policy::look(case, &mut told);
    strategy::look(case, &mut told);
    metrics::look(case, &mut told);
    hooks::look(case, &mut told);
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
    found: Vec<Told>,
}

impl Findings {
    fn add(
        &mut self,
        code: Code,
        field: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.found.push(Told {
            code,
            field: field.into(),
            what: what.into(),
            remedy: remedy.into(),
            offset: None,
        });
    }
}

/// Names that two items of a list have.
fn duplicates(case: &Case<'_>, list: &str, told: &mut Findings) {
    let items = super::fields::list(case.json, &format!("/spec/analysis/{list}"));
    let name = |i: usize| super::fields::text(&items[i], "/name");
    for i in 0..items.len() {
        if let Some(first) = (0..i).find(|other| !name(i).is_empty() && name(*other) == name(i)) {
            told.add(
                Code::DuplicateName,
                format!("spec.analysis.{list}[{i}].name"),
                format!(
                    "`{}` is the name of {list}[{first}] as well: reports and records cannot tell them apart",
                    name(i)
                ),
                "give each a name of its own",
            );
        }
    }
}

/// `1 check`, `2 checks`.
fn count(number: u32, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
