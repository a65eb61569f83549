//! Which controller the manifests are for, and what this version of Serin's controller does not support.

use serde_json::Value;
use serin_core::{
    Rollout,
    provider::{Provider, ROUTERS, Scaler, TARGETS, Target},
    spec::{AlertSystem, MetricSource, MetricSystem},
};
use serin_input::manifest::{
    Remedy,
    fields::{CANARY, Support, list, text},
    known::Walked,
};

use super::{
    Draft,
    code::{Code, Level},
    manifests::{Files, ManifestKind},
};

/// The controller that a manifest is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// This version of Serin's controller: anything that it does not support is an error.
    Serin,
    /// Flagger 1.44: it does not matter what Serin supports, but what Flagger drops.
    Flagger,
}

/// The level of a code for a controller; `None`: not reported. Without a controller the manifest is for both.
pub(super) fn level(code: Code, controller: Option<Controller>) -> Option<Level> {
    match (code, controller) {
        (Code::NotInController, Some(Controller::Serin)) => Some(Level::Error),
        (Code::NotInController, Some(Controller::Flagger)) => None,
        (code, _) => Some(code.level()),
    }
}

/// The names in a Canary that the controller does not support. `provider` is the Canary's own, or the default.
pub(super) fn canary_lacks(canary: &Value, provider: &str) -> Vec<Draft> {
    let mut found = Vec::new();
    if Provider::named(provider).is_some_and(|provider| !provider.is_driven()) {
        let driven = ROUTERS.iter().filter(|router| router.driven).map(|router| router.name);
        let (field, whose) = match text(canary, "/spec/provider") {
            "" => ("spec", ", the default provider,"),
            _ => ("spec.provider", ""),
        };
        found.push(lack(
            field,
            format!("{provider}{whose} is not supported by the controller yet: it refuses the Canary"),
            &format!("use one of {}", driven.collect::<Vec<_>>().join(", ")),
        ));
    }
    let target = |field: &str| text(canary, &format!("/spec/targetRef/{field}"));
    if let Some(target) = Target::of(target("apiVersion"), target("kind")).filter(|target| !target.driven) {
        let driven = TARGETS.iter().filter(|target| target.driven).map(|target| target.name);
        found.push(lack(
            "spec.targetRef",
            format!("a {} is not supported by the controller yet: it refuses the Canary", target.name),
            &format!("release one of {}", driven.collect::<Vec<_>>().join(", ")),
        ));
    }
    found
}

/// The names in a MetricTemplate that the controller does not support.
pub(super) fn template_lacks(template: &Value) -> Option<Draft> {
    let system = MetricSystem::named(text(template, "/spec/provider/type"))?;
    let driven = MetricSystem::ALL.into_iter().filter(|system| system.is_driven()).map(MetricSystem::name);
    (!system.is_driven()).then(|| {
        lack(
            "spec.provider.type",
            format!("{system} is not supported by the controller yet: each answer is an error, which fails the check"),
            &format!("use one of {}", driven.collect::<Vec<_>>().join(", ")),
        )
    })
}

/// The names in an AlertProvider that the controller does not support.
pub(super) fn receiver_lacks(provider: &Value) -> Option<Draft> {
    let system = AlertSystem::named(text(provider, "/spec/type"))?;
    let driven = AlertSystem::ALL.into_iter().filter(|system| system.is_driven()).map(AlertSystem::name);
    (!system.is_driven()).then(|| {
        lack(
            "spec.type",
            format!("{system} is not supported by the controller yet: its alerts are not sent"),
            &format!("use one of {}", driven.collect::<Vec<_>>().join(", ")),
        )
    })
}

fn lack(field: &str, what: String, use_instead: &str) -> Draft {
    let remedy = format!("{use_instead}; if Flagger runs it, check with `--for flagger`");
    Draft { code: Code::NotInController, field: field.into(), what, remedy: remedy.into(), offset: None }
}

/// The rows of the table of fields whose value in this Canary the controller does not support.
pub(super) fn rows_not_run(canary: &Value, rollout: &Rollout, files: &Files<'_>) -> Vec<&'static str> {
    let mut rows = Vec::new();
    let named = |name: &str| Provider::named(name).is_some_and(|provider| !provider.is_driven());
    if named(&rollout.topology().provider) {
        rows.push("spec.provider");
    }
    let target = |field: &str| text(canary, &format!("/spec/targetRef/{field}"));
    if Target::of(target("apiVersion"), target("kind")).is_some_and(|target| !target.driven) {
        rows.push("spec.targetRef.kind");
    }
    if Scaler::of(text(canary, "/spec/autoscalerRef/kind")).is_some_and(|scaler| !scaler.driven) {
        rows.push("spec.autoscalerRef.kind");
    }
    let items = list(canary, "/spec/analysis/metrics");
    for (metric, item) in rollout.metrics().iter().zip(items) {
        if let MetricSource::Template { namespace, name } = &metric.source
            && given(files, ManifestKind::MetricTemplate, namespace, name).and_then(template_lacks).is_some()
        {
            let by_name = item.get("templateRef").is_none_or(Value::is_null);
            rows.push(if by_name {
                "spec.analysis.metrics[].name"
            } else {
                "spec.analysis.metrics[].templateRef.name"
            });
        }
    }
    for alert in rollout.alerts() {
        let provider = given(files, ManifestKind::AlertProvider, &alert.namespace, &alert.provider);
        if provider.and_then(receiver_lacks).is_some() {
            rows.push("spec.analysis.alerts[].providerRef.name");
        }
    }
    rows
}

fn given<'a>(files: &'a Files<'_>, kind: ManifestKind, namespace: &str, name: &str) -> Option<&'a Value> {
    files.of(kind).find(|object| object.is(kind, namespace, name)).map(|object| &object.json)
}

/// Serin's own fields in a Canary for Flagger.
pub(super) fn flagger_drops(walked: &Walked) -> Vec<Draft> {
    let own = |row: &str| {
        let is_own =
            |row: &str| CANARY.iter().any(|field| field.path == row && field.standing == Support::Own);
        // The older name of the analysis has its own finding.
        is_own(row) && row != "spec.canaryAnalysis"
    };
    let dropped = walked.set.iter().filter(|known| own(known.row)).map(|known| {
        let what = if known.row.starts_with("metadata.annotations.") {
            "is an annotation of Serin's own: Flagger ignores it"
        } else {
            "is a field of Serin's own: Flagger's CRD drops it"
        };
        let remedy = Remedy::new("remove it if Flagger runs the Canary").removing(&known.path);
        Draft { code: Code::UnknownField, field: known.path.clone(), what: what.into(), remedy, offset: None }
    });
    dropped.collect()
}

/// What Flagger's CRD refuses in a Canary and Serin accepts.
pub(super) fn flagger_refuses_canary(canary: &Value) -> Vec<Draft> {
    let mut found = Vec::new();
    let mut add = |field: &str, what: String, remedy: &str| {
        found.push(Draft {
            code: Code::Refused,
            field: field.into(),
            what,
            remedy: remedy.into(),
            offset: None,
        });
    };
    let Some(analysis) = canary.pointer("/spec/analysis").filter(|analysis| !analysis.is_null()) else {
        let has_older = canary.pointer("/spec/canaryAnalysis").is_some_and(|older| !older.is_null());
        let (what, remedy) = if has_older {
            ("is not `analysis`, which Flagger's CRD requires", "rename it to `analysis`")
        } else {
            ("is missing: Flagger's CRD requires `analysis`", "add an `analysis` with metrics and steps")
        };
        add("spec.analysis", what.into(), remedy);
        return found;
    };
    let is_set = |name: &&str| analysis.get(*name).is_some_and(|value| !value.is_null());
    for name in ["interval", "threshold"].iter().filter(|name| !is_set(name)) {
        add("spec.analysis", format!("has no `{name}`, which Flagger's CRD requires"), "");
    }
    let strategies = ["iterations", "stepWeight", "stepWeights"];
    let given: Vec<&str> = strategies.into_iter().filter(|name| is_set(name)).collect();
    if given.len() != 1 {
        let given = if given.is_empty() { "none".into() } else { given.join(" and ") };
        let what = format!(
            "has {given} of iterations, stepWeight and stepWeights: Flagger's CRD accepts exactly one"
        );
        add("spec.analysis", what, "");
    }
    let interval = text(analysis, "/interval");
    let digits = interval.trim_start_matches(|c: char| c.is_ascii_digit());
    if !interval.is_empty() && (digits.len() == interval.len() || !digits.starts_with(['m', 's'])) {
        let what =
            format!("`{interval}` is refused by Flagger's CRD, which accepts whole minutes and seconds");
        add("spec.analysis.interval", what, "");
    }
    found
}

/// A metric system that Flagger does not support.
pub(super) fn flagger_refuses_template(template: &Value) -> Option<Draft> {
    let system = MetricSystem::named(text(template, "/spec/provider/type"))?;
    let known = MetricSystem::ALL.into_iter().filter(|system| system.is_known_to_flagger());
    let known: Vec<&str> = known.map(MetricSystem::name).collect();
    (!system.is_known_to_flagger()).then(|| Draft {
        code: Code::UnknownValue,
        field: "spec.provider.type".into(),
        what: format!("{system} is a metric system of Serin's own: Flagger's CRD refuses it"),
        remedy: format!("use one of {}", known.join(", ")).into(),
        offset: None,
    })
}

/// A receiver that Flagger does not support.
pub(super) fn flagger_refuses(provider: &Value) -> Option<Draft> {
    let system = AlertSystem::named(text(provider, "/spec/type"))?;
    let known = AlertSystem::ALL.into_iter().filter(|system| system.is_known_to_flagger());
    let known: Vec<&str> = known.map(AlertSystem::name).collect();
    (!system.is_known_to_flagger()).then(|| Draft {
        code: Code::UnknownValue,
        field: "spec.type".into(),
        what: format!("{system} is a receiver of Serin's own: Flagger's CRD refuses it"),
        remedy: format!("use one of {}", known.join(", ")).into(),
        offset: None,
    })
}
