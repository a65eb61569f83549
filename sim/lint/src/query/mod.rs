//! Checks a metric's query before it is used.
//!
//! The controller's own code fills in its Go template, once for each Canary that uses it. The result is parsed as
//! PromQL and checked: the series that it selects, their windows, and whether it has a value as long as nothing fails.

mod about;
mod answer;
mod budget;
mod fill;
mod groups;
mod mended;
pub(super) mod place;
mod uses;
mod windows;

use serin_core::spec::{Metric, MetricSource, MetricSystem};
use serin_input::manifest::fields::text;
use serin_simulator::query::{self, Unparsed};

pub(super) use self::{budget::Budget, uses::Use};
use super::{
    Draft,
    code::Code,
    manifests::{Files, ManifestKind, Object},
};

/// The maximum number of metrics for which a template is filled in.
const MOST_USES: usize = 8;

/// A query and the metrics that use it.
pub(super) struct Query<'a> {
    /// Its field.
    pub(super) field: String,
    pub(super) text: &'a str,
    /// The system that it is for; `None` if there is none of that name.
    pub(super) system: Option<MetricSystem>,
    /// The metrics that use it; if there is none, one with made-up names.
    pub(super) uses: Vec<Use>,
}

/// All findings about a query, each once.
pub(super) fn check(query: &Query<'_>, budget: &Budget) -> Vec<Draft> {
    let mut found = look_at_all(query, budget);
    let helps = |code: Code, text: &str| {
        let after = look_at_all(
            &Query { text, field: query.field.clone(), uses: query.uses.clone(), ..*query },
            budget,
        );
        let count = |told: &[Draft]| told.iter().filter(|told| told.code == code).count();
        let is_worse = |told: &Draft| {
            matches!(told.code, Code::QueryInvalid | Code::QueryTemplateInvalid | Code::QueryNotChecked)
        };
        count(&after) < count(&found) && !after.iter().any(is_worse)
    };
    let edits: Vec<Option<String>> =
        found.iter().map(|told| mended::mended(query, told).filter(|text| helps(told.code, text))).collect();
    for (told, text) in found.iter_mut().zip(edits) {
        if let Some(text) = text {
            told.remedy = std::mem::take(&mut told.remedy).setting(query.field.as_str(), text);
        }
    }
    found
}

fn look_at_all(query: &Query<'_>, budget: &Budget) -> Vec<Draft> {
    let mut told: Vec<Draft> = Vec::new();
    for asked in query.uses.iter().take(MOST_USES) {
        for one in look(query, asked, budget) {
            if !told.iter().any(|known| known.code == one.code && known.offset == one.offset) {
                told.push(one);
            }
        }
    }
    told
}

/// The findings about a MetricTemplate's query.
pub(super) fn of_template(template: &Object, files: &Files<'_>) -> Vec<Draft> {
    let query = Query {
        field: "spec.query".into(),
        text: text(&template.json, "/spec/query"),
        system: MetricSystem::named(text(&template.json, "/spec/provider/type")),
        uses: uses::of_template(template, files),
    };
    check(&query, &files.budget)
}

/// The findings about a query in a metric.
pub(super) fn of_metric(field: String, text: &str, asked: Use, files: &Files<'_>) -> Vec<Draft> {
    check(&Query { field, text, system: Some(MetricSystem::Prometheus), uses: vec![asked] }, &files.budget)
}

/// The query of a metric, before it is filled in; `None` if it is the controller's own, not in the files, or not for
/// Prometheus.
pub(super) fn asked_for<'a>(metric: &'a Metric, files: &'a Files<'_>) -> Option<&'a str> {
    match &metric.source {
        MetricSource::Query(query) => Some(query),
        MetricSource::Template { namespace, name } => {
            let mut templates = files.of(ManifestKind::MetricTemplate);
            let template =
                templates.find(|template| template.is(ManifestKind::MetricTemplate, namespace, name))?;
            let is_prometheus = text(&template.json, "/spec/provider/type") == "prometheus";
            is_prometheus.then(|| text(&template.json, "/spec/query"))
        }
        MetricSource::SuccessRate | MetricSource::Duration | MetricSource::Shipped(_) => None,
    }
}

fn look(query: &Query<'_>, asked: &Use, budget: &Budget) -> Vec<Draft> {
    let say = |code, what: String, remedy: String, offset| Draft {
        code,
        field: query.field.clone(),
        what,
        remedy: remedy.into(),
        offset,
    };
    // A missing field is reported elsewhere.
    if query.text.trim().is_empty() {
        return Vec::new();
    }
    let filled = match fill::fill(query.text, asked) {
        Ok(filled) => filled,
        Err(faults) => {
            let told =
                faults.into_iter().map(|fault| say(fault.code, fault.what, fault.remedy, Some(fault.at)));
            return told.collect();
        }
    };
    if query.system != Some(MetricSystem::Prometheus) {
        let grouped = query.system.and_then(|system| groups::several_series(system, &filled.text));
        let told = grouped.map(|QueryFinding { code, what, remedy }| say(code, what, remedy, None));
        return told.into_iter().collect();
    }
    let not_checked = |why: String| {
        let what = format!("{why}: the rest of it is not checked");
        vec![say(Code::QueryNotChecked, what, "record parts of it with rules in Prometheus".into(), None)]
    };
    if !budget.parses(&filled.text) {
        return not_checked("is not checked: too many queries come before it".into());
    }
    let expr = match query::parse(&filled.text) {
        Ok(expr) => expr,
        Err(Unparsed::TooLarge(why)) => return not_checked(why),
        Err(Unparsed::Wrong(fault)) => {
            budget.takes(Budget::LOCATING * filled.text.len());
            let what = format!("is not PromQL: {}", fault.what);
            let offset = Some(filled.origin(fault.at));
            return vec![say(Code::QueryInvalid, what, fill::function_meant(&fault.what), offset)];
        }
    };
    let mut told = Vec::new();
    let mut add = |finding: Option<QueryFinding>| {
        told.extend(finding.map(|QueryFinding { code, what, remedy }| say(code, what, remedy, None)));
    };
    let selectors = query::selectors(&expr);
    let shape = query::Shape::of(&expr);
    add(answer::no_series(&shape, asked));
    add(answer::several_series(&shape));
    add(windows::fixed(&selectors, asked));
    add(windows::short(&selectors, asked));
    add(about::matches_nothing(&selectors, asked));
    add(about::measures_both(&selectors, asked));
    told
}

/// A finding about a query.
struct QueryFinding {
    code: Code,
    what: String,
    remedy: String,
}

#[cfg(test)]
mod tests;
