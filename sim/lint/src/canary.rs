//! One object: its faults, and what a valid Canary would do.

use serde_json::Value;
use serin_core::{
    Rollout,
    spec::{AlertProvider, Defaults, MetricTemplate, SHIPPED_TEMPLATES, raw},
};
use serin_input::{
    manifest::{
        Remedy,
        fields::{ALERT_PROVIDER, BUILT_IN, CANARY, Field, METRIC_TEMPLATE, list, text},
        known::{Walked, walk},
        misspelt::{self, Misspelt},
        typed::{self, Read, pointer, read_all},
        unrendered::{self, Unrendered},
    },
    nearest,
};
use serin_policy::plan::Plan;

use super::{
    CanaryReport, Draft, Outlook,
    code::Code,
    compatibility,
    controller::{
        Controller, canary_lacks, flagger_drops, flagger_refuses, flagger_refuses_canary,
        flagger_refuses_template, receiver_lacks, template_lacks,
    },
    manifests::{Files, ManifestKind, Object},
    mended, query,
    refused::{self, refused},
    together, values, versions,
    warn::{self, Case},
};

/// Checks an object.
pub(super) fn look(object: &Object, files: &Files<'_>) -> (Vec<Draft>, Option<CanaryReport>) {
    let json = &object.json;
    if let Some(Unrendered { field, what }) = unrendered::helm(json) {
        return (
            vec![Draft {
                code: Code::UnrenderedTemplate,
                field,
                what,
                remedy: Remedy::default(),
                offset: None,
            }],
            None,
        );
    }
    let is_for_flagger = files.settings.controller == Some(Controller::Flagger);
    let (mut told, report) = match object.kind {
        ManifestKind::Canary => canary(object, files),
        ManifestKind::MetricTemplate => {
            let mut told = shared(object, METRIC_TEMPLATE, files);
            told.extend(template_lacks(json));
            told.extend(together::secret(object, files));
            told.extend(flagger_refuses_template(json).filter(|_| is_for_flagger));
            told.extend(refused::look(json, |raw: &raw::MetricTemplate| MetricTemplate::parse(raw).err()));
            told.extend(query::of_template(object, files));
            (told, None)
        }
        ManifestKind::AlertProvider => {
            let mut told = shared(object, ALERT_PROVIDER, files);
            told.extend(receiver_lacks(json));
            told.extend(together::secret(object, files));
            told.extend(flagger_refuses(json).filter(|_| is_for_flagger));
            told.extend(refused::look(json, |raw: &raw::AlertProvider| AlertProvider::parse(raw).err()));
            (told, None)
        }
    };
    let variables = unrendered::variables(json);
    told.retain(|told| !variables.iter().any(|variable| variable.field == told.field));
    let report = report.filter(|_| variables.is_empty());
    told.extend(variables.into_iter().map(|Unrendered { field, what }| Draft {
        code: Code::UnrenderedTemplate,
        field,
        what,
        remedy: Remedy::default(),
        offset: None,
    }));
    (told, report)
}

/// The findings for every kind except Canaries.
fn shared(object: &Object, table: &'static [Field], files: &Files<'_>) -> Vec<Draft> {
    let unknown = walk(table, &object.json).unknown;
    let mut told: Vec<Draft> =
        unknown.iter().map(|unknown| refused::unknown(unknown, table, object.kind.name())).collect();
    told.extend(twice(object, files));
    told
}

fn canary(object: &Object, files: &Files<'_>) -> (Vec<Draft>, Option<CanaryReport>) {
    let normal = Normal::of(&object.json);
    let walked = walk(CANARY, &normal.json);
    let mut told = normal.unknown(&walked);
    if files.settings.controller == Some(Controller::Flagger) {
        told.extend(flagger_drops(&walked));
        told.extend(flagger_refuses_canary(&object.json));
    }
    told.extend(twice(object, files));
    told.extend(together::autoscaler(object, files));
    told.extend(together::port(object, files));
    told.extend(versions::references(&normal.json));
    told.extend(values::refused_elsewhere(&normal.json));

    let provider = match text(&normal.json, "/spec/provider") {
        "" => &files.settings.provider,
        provider => provider,
    };
    told.extend(values::missing(&normal.json, provider));
    told.extend(canary_lacks(&normal.json, provider));
    let is_judged = !told.iter().any(|told| told.code == Code::MisspeltField);

    let defaults = defaults(&normal.json, files, object);
    let Read { raw, json, wrong, left_out } = read_all::<raw::Canary>(&normal.json);
    let is_typed = wrong.is_empty();
    let parsed = raw.map(|raw| Rollout::parse(&raw, &defaults));
    let mut report = None;
    if let Some(Ok(rollout)) = &parsed
        && is_typed
    {
        let plan = Plan::of(rollout);
        let case = Case { json: &normal.json, rollout, plan: plan.as_ref(), files };
        // The missing analysis follows from its misspelt name.
        let warnings = warn::all(&case).into_iter();
        told.extend(warnings.filter(|told| is_judged || told.code != Code::SkipAnalysis));
        let mut compatibility = compatibility::report(&normal.json, rollout, files);
        if normal.is_older() {
            compatibility.extend(compatibility::older());
        }
        let release = files.settings.release.filter(|_| is_judged);
        let pods = together::replicas(object, files);
        let outlook =
            release.map(|release| Outlook::of(&object.json, &defaults, plan.as_ref(), pods, release));
        report = is_judged.then(|| CanaryReport { canary: object.title(), plan, outlook, compatibility });
    } else {
        let problems = match parsed {
            Some(Err(invalid)) => typed::news(invalid.problems, &wrong),
            Some(Ok(_)) | None => Vec::new(),
        };
        told.extend(wrong.into_iter().map(refused::wrong_type));
        told.extend(problems.into_iter().map(|problem| refused(problem, &normal.json)));
        told.extend(mended::warnings(json, left_out, &defaults, files));
    }
    (told.into_iter().map(|told| normal.written(told)).collect(), report)
}

/// A Canary with its analysis under the newer name.
pub(super) fn normal(json: &Value) -> Value {
    Normal::of(json).json
}

/// A Canary with its analysis under the newer name.
struct Normal {
    json: Value,
    /// The name under which its analysis is written: the older one, or a misspelt one.
    analysis: Option<String>,
}

impl Normal {
    fn of(json: &Value) -> Self {
        let mut json = json.clone();
        let is_older = json.pointer("/spec/canaryAnalysis").is_some_and(|analysis| !analysis.is_null());
        let name = if is_older { Some("canaryAnalysis".to_owned()) } else { misspelt::analysis(&json) };
        let mut analysis = None;
        if let Some(Value::Object(spec)) = json.get_mut("spec")
            && spec.get("analysis").is_none_or(Value::is_null)
            && let Some(name) = name
            && let Some(value) = spec.remove(&name)
        {
            spec.insert("analysis".into(), value);
            analysis = Some(name);
        }
        Self { json, analysis }
    }

    fn is_older(&self) -> bool {
        self.analysis.as_deref() == Some("canaryAnalysis")
    }

    /// The unknown fields of a Canary, and the older name of a known one.
    fn unknown(&self, walked: &Walked) -> Vec<Draft> {
        let mut misspelt = misspelt::look(&self.json);
        if let Some(name) = self.analysis.as_ref().filter(|_| !self.is_older()) {
            misspelt.extend(misspelt::of_analysis(name));
        }
        let is_misspelt =
            |path: &str| misspelt.iter().any(|found| found.fields.iter().any(|field| field == path));
        let unknown = walked.unknown.iter().filter(|unknown| !is_misspelt(unknown.path()));
        let mut told: Vec<Draft> =
            unknown.map(|unknown| refused::unknown(unknown, CANARY, "Canary")).collect();
        told.extend(misspelt.iter().map(|found| Draft {
            code: Code::MisspeltField,
            field: found.field().to_owned(),
            what: found.what.clone(),
            remedy: self.renaming(found),
            offset: None,
        }));
        if self.is_older() {
            told.push(Draft {
                code: Code::DeprecatedField,
                field: "spec.canaryAnalysis".into(),
                what: "is the older name of `analysis`, which Flagger's CRD requires".into(),
                remedy: Remedy::new("rename it to `analysis`")
                    .setting(
                        "spec.analysis",
                        self.json.pointer("/spec/analysis").cloned().unwrap_or_default(),
                    )
                    .removing("spec.canaryAnalysis"),
                offset: None,
            });
        }
        told
    }

    /// The edits that correct misspelt names.
    fn renaming(&self, found: &Misspelt) -> Remedy {
        let is_analysis = self.analysis.as_ref().is_some_and(|name| found.field() == format!("spec.{name}"));
        let is_elsewhere = found.meant().contains("[]");
        let mut remedy = Remedy::new(found.remedy.clone());
        for (field, meant) in found.fields.iter().zip(&found.meant).filter(|_| !is_elsewhere) {
            let at = if is_analysis { "/spec/analysis".into() } else { pointer(field) };
            let Some(value) = self.json.pointer(&at) else { continue };
            remedy = remedy.removing(&**field).setting(&**meant, value.clone());
        }
        remedy
    }

    /// With the field's name as written.
    fn written(&self, told: Draft) -> Draft {
        let below = |path: &str| {
            let rest = path.strip_prefix("spec.analysis")?;
            (rest.is_empty() || rest.starts_with('.')).then(|| rest.to_owned())
        };
        // A finding about the name itself has the right name in its remedy.
        let Some(name) = self.analysis.as_ref().filter(|_| below(&told.field).is_some()) else { return told };
        let written =
            |path: &str| below(path).map_or_else(|| path.to_owned(), |rest| format!("spec.{name}{rest}"));
        Draft { field: written(&told.field), remedy: told.remedy.moved(written), ..told }
    }
}

/// What the controller adds to this Canary: a template that its metrics name can be in the cluster.
pub(super) fn defaults(json: &Value, files: &Files<'_>, object: &Object) -> Defaults {
    let namespace = object.namespace().unwrap_or("default");
    let mut defaults = files.defaults(namespace);
    for name in outside(json, files, object) {
        defaults.templates.insert((namespace.to_owned(), name));
    }
    defaults
}

/// Metrics that are named like a template that is not in the files: it may be in the cluster.
fn outside(json: &Value, files: &Files<'_>, object: &Object) -> Vec<String> {
    let has = |metric: &Value, field: &str| metric.get(field).is_some_and(|value| !value.is_null());
    let metrics = list(json, "/spec/analysis/metrics").iter();
    let by_name = metrics.filter(|metric| !has(metric, "query") && !has(metric, "templateRef"));
    let names = by_name.map(|metric| text(metric, "/name")).filter(|name| {
        let given = [object.namespace().unwrap_or("default"), &files.settings.namespace].into_iter().any(
            |namespace| {
                files
                    .of(ManifestKind::MetricTemplate)
                    .any(|other| other.is(ManifestKind::MetricTemplate, namespace, name))
            },
        );
        !name.is_empty() && !BUILT_IN.contains(name) && !SHIPPED_TEMPLATES.contains(name) && !given
    });
    // A misspelt built-in name is refused elsewhere.
    let known = || BUILT_IN.into_iter().chain(SHIPPED_TEMPLATES.iter().copied());
    names.filter(|name| nearest(name, known()).is_none()).map(str::to_owned).collect()
}

/// The same object, or the same target, earlier in the file. Other files may be for other clusters.
fn twice<'a>(object: &Object, files: &'a Files<'_>) -> Vec<Draft> {
    let before = |first: Option<&'a Object>| first.filter(|first| !std::ptr::eq(*first, object));
    let mut told = Vec::new();
    if before(files.first_named_like(object)).is_some() {
        told.push(Draft {
            code: Code::DuplicateObject,
            field: "metadata.name".into(),
            what: format!(
                "{} {} is defined twice: the one that is applied last wins",
                object.kind.name(),
                object.title()
            ),
            remedy: "remove one, or change its name or namespace".into(),
            offset: None,
        });
        return told;
    }
    if let Some(other) = before(files.first_that_releases_like(object)) {
        told.push(Draft {
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
