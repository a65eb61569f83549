//! One object: what is wrong with it, and of a Canary that makes sense what it would do.

use serde_json::Value;
use serin_core::{
    Rollout,
    spec::{AlertProvider, MetricTemplate, SHIPPED_TEMPLATES, raw},
};

use super::{
    CanaryReport, Outlook, Told,
    code::Code,
    compatibility,
    fields::{ALERT_PROVIDER, BUILT_IN, CANARY, METRIC_TEMPLATE, list, text},
    known::walk,
    manifests::{Files, Kind, Object},
    plan::Plan,
    query, together,
    typed::{self, read_all, refused},
    values,
    warn::{self, Case},
};
use crate::input::nearest;

/// Looks at an object.
pub(super) fn look(object: &Object, files: &Files<'_>) -> (Vec<Told>, Option<CanaryReport>) {
    let json = &object.json;
    let kind = object.kind.name();
    let table = match object.kind {
        Kind::Canary => return canary(object, files),
        Kind::MetricTemplate => METRIC_TEMPLATE,
        Kind::AlertProvider => ALERT_PROVIDER,
    };
    let mut told: Vec<Told> =
        walk(table, json).unknown.iter().map(|unknown| unknown.told(table, kind)).collect();
    told.extend(twice(object, files));
    if object.kind == Kind::MetricTemplate {
        told.extend(typed::look(json, |raw: &raw::MetricTemplate| MetricTemplate::parse(raw).err()));
        told.extend(query::of_template(object, files));
    } else {
        told.extend(typed::look(json, |raw: &raw::AlertProvider| AlertProvider::parse(raw).err()));
    }
    (told, None)
}

fn canary(object: &Object, files: &Files<'_>) -> (Vec<Told>, Option<CanaryReport>) {
    let mut told = Vec::new();
    let normal = Normal::of(&object.json);
    told.extend(normal.unknown());
    told.extend(twice(object, files));
    told.extend(together::autoscaler(object, files));
    told.extend(together::port(object, files));
    told.extend(values::refused_elsewhere(&normal.json).map(|told| normal.written(told)));

    let provider = match text(&normal.json, "/spec/provider") {
        "" => &files.settings.provider,
        provider => provider,
    };
    told.extend(values::missing(&normal.json, provider));

    let (raw, wrong) = read_all::<raw::Canary>(&object.json);
    let Some(raw) = raw else {
        told.extend(wrong);
        return (told, None);
    };
    let mut defaults = files.defaults(object.namespace().unwrap_or("default"));
    for name in outside(&normal.json, files, object) {
        defaults.templates.insert((object.namespace().unwrap_or("default").to_owned(), name));
    }
    match Rollout::parse(&raw, &defaults) {
        Err(invalid) => {
            let news = typed::news(invalid.problems, &wrong);
            told.extend(wrong);
            told.extend(news.into_iter().map(|problem| refused(problem, &object.json)));
            (told, None)
        }
        Ok(_) if !wrong.is_empty() => {
            told.extend(wrong);
            (told, None)
        }
        Ok(rollout) => {
            let plan = Plan::of(&rollout);
            let case = Case { json: &normal.json, rollout: &rollout, plan: plan.as_ref(), files };
            told.extend(warn::all(&case).into_iter().map(|told| normal.written(told)));
            let mut compatibility = compatibility::report(&normal.json, &rollout);
            if normal.is_older {
                compatibility.extend(compatibility::older());
            }
            let release = files.settings.release;
            let outlook = release.map(|release| Outlook::of(&normal.json, &defaults, release));
            (told, Some(CanaryReport { canary: object.title(), plan, outlook, compatibility }))
        }
    }
}

/// A Canary with its analysis under the newer name.
struct Normal {
    json: Value,
    is_older: bool,
}

impl Normal {
    fn of(json: &Value) -> Self {
        let mut json = json.clone();
        let mut is_older = false;
        if let Some(Value::Object(spec)) = json.get_mut("spec")
            && spec.get("analysis").is_none_or(Value::is_null)
            && let Some(analysis) = spec.remove("canaryAnalysis").filter(|analysis| !analysis.is_null())
        {
            spec.insert("analysis".into(), analysis);
            is_older = true;
        }
        Self { json, is_older }
    }

    fn unknown(&self) -> Vec<Told> {
        let unknown = walk(CANARY, &self.json).unknown;
        let mut told: Vec<Told> =
            unknown.iter().map(|unknown| self.written(unknown.told(CANARY, "Canary"))).collect();
        if self.is_older {
            told.push(Told {
                code: Code::DeprecatedField,
                field: "spec.canaryAnalysis".into(),
                what: "is the older name of `analysis`, which Flagger's CRD asks for".into(),
                remedy: "call it `analysis`".into(),
                offset: None,
            });
        }
        told
    }

    /// With the field's name as it is written.
    fn written(&self, told: Told) -> Told {
        match told.field.strip_prefix("spec.analysis") {
            Some(rest) if self.is_older => Told { field: format!("spec.canaryAnalysis{rest}"), ..told },
            _ => told,
        }
    }
}

/// Metrics that are named like a template which is not given: it may be in the cluster.
fn outside(json: &Value, files: &Files<'_>, object: &Object) -> Vec<String> {
    let has = |metric: &Value, field: &str| metric.get(field).is_some_and(|value| !value.is_null());
    let metrics = list(json, "/spec/analysis/metrics").iter();
    let by_name = metrics.filter(|metric| !has(metric, "query") && !has(metric, "templateRef"));
    let names = by_name.map(|metric| text(metric, "/name")).filter(|name| {
        let given = [object.namespace().unwrap_or("default"), &files.settings.namespace].into_iter().any(
            |namespace| {
                files.of(Kind::MetricTemplate).any(|other| other.is(Kind::MetricTemplate, namespace, name))
            },
        );
        !name.is_empty() && !BUILT_IN.contains(name) && !SHIPPED_TEMPLATES.contains(name) && !given
    });
    // A slip of the pen in a name that needs no template is refused.
    let known = || BUILT_IN.into_iter().chain(SHIPPED_TEMPLATES.iter().copied());
    names.filter(|name| nearest(name, known()).is_none()).map(str::to_owned).collect()
}

/// The same object, or the same target, earlier in the file. Other files may be for other clusters.
fn twice<'a>(object: &Object, files: &'a Files<'_>) -> Vec<Told> {
    let before = |first: Option<&'a Object>| first.filter(|first| !std::ptr::eq(*first, object));
    let mut told = Vec::new();
    if before(files.first_named_like(object)).is_some() {
        told.push(Told {
            code: Code::DuplicateObject,
            field: "metadata.name".into(),
            what: format!(
                "{} {} is given twice: the one applied last wins",
                object.kind.name(),
                object.title()
            ),
            remedy: "remove one, or give it another name or namespace".into(),
            offset: None,
        });
        return told;
    }
    if let Some(other) = before(files.first_that_releases_like(object)) {
        told.push(Told {
            code: Code::SharedTarget,
            field: "spec.targetRef.name".into(),
            what: format!(
                "Canary {} releases this target as well: both would scale and route it",
                other.title()
            ),
            remedy: "release a target with one Canary".into(),
            offset: None,
        });
    }
    told
}
