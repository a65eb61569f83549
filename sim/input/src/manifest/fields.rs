//! Tables of the fields of our three kinds: which are known, and how each compares with Flagger 1.44.
//!
//! A path has `[]` for each item of a list, `*` for any key, and ends with `**` if everything below it is known.

use serde::Serialize;
use serde_json::Value;
use serin_core::{
    Rollout,
    spec::{HookKind, MetricSource},
    strategy::{Steps, Strategy},
};

use self::Support::{Different, NotSupported, Own, Same};

/// How a field compares with Flagger 1.44.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// The same.
    Same,
    /// The same field, with a difference.
    Different,
    /// Serin's own field: Flagger's CRD drops it.
    Own,
    /// It has no effect here, or the controller does not support it.
    NotSupported,
}

/// One field, or one of its differences.
pub struct Field {
    /// Its path.
    pub path: &'static str,
    /// How it compares.
    pub standing: Support,
    /// The row of `docs/differences.md`.
    pub row: &'static str,
    /// The difference; empty if there is none.
    pub what: &'static str,
    /// Whether the difference applies to a Canary; otherwise the field is the same.
    pub when: Option<When>,
}

/// Whether a difference applies to this Canary, which is given as written and as parsed.
pub type When = fn(&Value, &Rollout) -> bool;

const fn same(path: &'static str) -> Field {
    Field { path, standing: Same, row: "", what: "", when: None }
}

const fn differs(path: &'static str, row: &'static str, what: &'static str) -> Field {
    Field { path, standing: Different, row, what, when: None }
}

const fn own(path: &'static str, what: &'static str) -> Field {
    Field { path, standing: Own, row: "", what, when: None }
}

const fn dropped(path: &'static str, what: &'static str) -> Field {
    Field { path, standing: NotSupported, row: "", what, when: None }
}

impl Field {
    const fn when(self, when: When) -> Self {
        Self { when: Some(when), ..self }
    }
}

/// The fields of a Canary. A field that differs in several ways has several consecutive rows.
#[rustfmt::skip]
pub static CANARY: &[Field] = &[
    same("apiVersion"),
    same("kind"),
    own("metadata.annotations.flagger.app/promote", "an operator's request"),
    own("metadata.annotations.flagger.app/canaryWeight", "an operator's request"),
    own("metadata.annotations.flagger.app/skip-analysis", "an operator's request"),
    own("metadata.annotations.flagger.app/reset", "an operator's request"),
    same("metadata.**"),
    same("status.**"),
    same("spec.provider"),
    same("spec.metricsServer"),
    differs("spec.progressDeadlineSeconds", "D5", "a rollback at the deadline sends an alert, and needs two observations"),
    same("spec.targetRef.apiVersion"),
    same("spec.targetRef.kind"),
    same("spec.targetRef.name"),
    same("spec.autoscalerRef.apiVersion"),
    same("spec.autoscalerRef.kind"),
    same("spec.autoscalerRef.name"),
    same("spec.autoscalerRef.primaryScalerQueries.*"),
    same("spec.autoscalerRef.primaryScalerReplicas.minReplicas"),
    same("spec.autoscalerRef.primaryScalerReplicas.maxReplicas"),
    same("spec.ingressRef.apiVersion"),
    same("spec.ingressRef.kind"),
    same("spec.ingressRef.name"),
    same("spec.routeRef.apiVersion"),
    same("spec.routeRef.kind"),
    same("spec.routeRef.name"),
    same("spec.upstreamRef.apiVersion"),
    same("spec.upstreamRef.kind"),
    same("spec.upstreamRef.name"),
    same("spec.upstreamRef.namespace"),
    differs("spec.skipAnalysis", "D22", "waits for a ready primary, at the start and before the canary is scaled down")
        .when(|_, rollout| rollout.skips_analysis()),
    differs("spec.revertOnDeletion", "D17", "left out means true: a deletion is never an outage; false is as in Flagger")
        .when(|_, rollout| rollout.reverts_on_deletion()),
    same("spec.suspend"),
    own("spec.canaryAnalysis", "the older name of `analysis`: Flagger's CRD requires `analysis`"),

    same("spec.service.name"),
    same("spec.service.port"),
    same("spec.service.portName"),
    same("spec.service.targetPort"),
    same("spec.service.appProtocol"),
    same("spec.service.trafficDistribution"),
    same("spec.service.portDiscovery"),
    same("spec.service.headless"),
    same("spec.service.timeout"),
    same("spec.service.backendTimeout"),
    same("spec.service.meshName"),
    same("spec.service.backends[]"),
    same("spec.service.hosts[]"),
    same("spec.service.gateways[]"),
    same("spec.service.gatewayRefs[].group"),
    same("spec.service.gatewayRefs[].kind"),
    same("spec.service.gatewayRefs[].name"),
    same("spec.service.gatewayRefs[].namespace"),
    same("spec.service.gatewayRefs[].sectionName"),
    same("spec.service.gatewayRefs[].port"),
    same("spec.service.delegation"),
    same("spec.service.match[].authority.*"),
    same("spec.service.match[].gateways[]"),
    same("spec.service.match[].headers.*.*"),
    same("spec.service.match[].ignoreUriCase"),
    same("spec.service.match[].method.*"),
    same("spec.service.match[].name"),
    same("spec.service.match[].port"),
    same("spec.service.match[].queryParams.*.*"),
    same("spec.service.match[].scheme.*"),
    same("spec.service.match[].sourceLabels.*"),
    same("spec.service.match[].sourceNamespace"),
    same("spec.service.match[].uri.*"),
    same("spec.service.match[].withoutHeaders.*.*"),
    same("spec.service.retries.attempts"),
    same("spec.service.retries.perTryTimeout"),
    same("spec.service.retries.retryOn"),
    same("spec.service.rewrite.uri"),
    same("spec.service.rewrite.authority"),
    same("spec.service.rewrite.type"),
    same("spec.service.mirror[].backendRef.group"),
    same("spec.service.mirror[].backendRef.kind"),
    same("spec.service.mirror[].backendRef.name"),
    same("spec.service.mirror[].backendRef.namespace"),
    same("spec.service.mirror[].backendRef.port"),
    same("spec.service.headers.request.add.*"),
    same("spec.service.headers.request.set.*"),
    same("spec.service.headers.request.remove[]"),
    same("spec.service.headers.response.add.*"),
    same("spec.service.headers.response.set.*"),
    same("spec.service.headers.response.remove[]"),
    same("spec.service.corsPolicy.allowCredentials"),
    same("spec.service.corsPolicy.allowHeaders[]"),
    same("spec.service.corsPolicy.allowMethods[]"),
    same("spec.service.corsPolicy.allowOrigin[]"),
    same("spec.service.corsPolicy.allowOrigins[].*"),
    same("spec.service.corsPolicy.exposeHeaders[]"),
    same("spec.service.corsPolicy.maxAge"),
    same("spec.service.trafficPolicy.connectionPool.http.**"),
    dropped("spec.service.trafficPolicy.connectionPool.tcp.**", "Flagger's CRD drops it as well"),
    dropped("spec.service.trafficPolicy.portLevelSettings.**", "Flagger's CRD drops it as well"),
    same("spec.service.trafficPolicy.loadBalancer.**"),
    same("spec.service.trafficPolicy.outlierDetection.**"),
    same("spec.service.trafficPolicy.tls.**"),
    same("spec.service.apex.labels.*"),
    same("spec.service.apex.annotations.*"),
    same("spec.service.primary.labels.*"),
    same("spec.service.primary.annotations.*"),
    same("spec.service.canary.labels.*"),
    same("spec.service.canary.annotations.*"),
    same("spec.service.unmanagedMetadata.annotations[]"),
    same("spec.service.unmanagedMetadata.labels[]"),

    differs("spec.analysis.interval", "", "Flagger's CRD takes minutes and seconds only")
        .when(|canary, _| text(canary, "/spec/analysis/interval").contains(['h', 'd'])),
    differs("spec.analysis.threshold", "D1", "rolls back with the check that reaches it, not one interval later"),
    own("spec.analysis.thresholdMode", "how failed checks count"),
    own("spec.analysis.delay", "a warm-up before the first step"),
    differs("spec.analysis.iterations", "", "next to steps: at least this many; Flagger's CRD refuses both")
        .when(|_, rollout| matches!(rollout.strategy(), Strategy::Weighted(weighted) if weighted.iterations > 0 && weighted.mirror.is_none())),
    differs("spec.analysis.iterations", "D27", "next to mirror and steps: checks of mirrored requests; Flagger's CRD refuses both")
        .when(|_, rollout| matches!(rollout.strategy(), Strategy::Weighted(weighted) if weighted.iterations > 0 && weighted.mirror.is_some())),
    differs("spec.analysis.iterations", "D3", "while the promotion gate is closed it keeps its value; checks continue")
        .when(|_, rollout| has_hook(rollout, HookKind::ConfirmPromotion)),
    differs("spec.analysis.maxWeight", "D2", "the last step ends there, not above it").when(|_, rollout| clamps(rollout)),
    differs("spec.analysis.stepWeight", "D2", "the last step is smaller, it ends at maxWeight").when(|_, rollout| clamps(rollout)),
    differs("spec.analysis.stepWeights[]", "D28", "stops at maxWeight").when(|canary, _| cuts(canary)),
    differs("spec.analysis.stepWeightPromotion", "D12", "a failed write does not leave the run stuck"),
    differs("spec.analysis.mirror", "D4", "before weights it works wherever the router can mirror; elsewhere it is refused")
        .when(|_, rollout| matches!(rollout.strategy(), Strategy::Weighted(_))),
    same("spec.analysis.mirrorWeight"),
    same("spec.analysis.primaryReadyThreshold"),
    same("spec.analysis.canaryReadyThreshold"),
    same("spec.analysis.match[].headers.*.exact"),
    same("spec.analysis.match[].headers.*.prefix"),
    same("spec.analysis.match[].headers.*.suffix"),
    same("spec.analysis.match[].headers.*.regex"),
    own("spec.analysis.match[].cookies.*.exact", "matched within the Cookie header; Flagger drops it and matches everyone"),
    own("spec.analysis.match[].cookies.*.prefix", "matched within the Cookie header; Flagger drops it and matches everyone"),
    own("spec.analysis.match[].cookies.*.suffix", "matched within the Cookie header; Flagger drops it and matches everyone"),
    own("spec.analysis.match[].cookies.*.regex", "matched within the Cookie header; Flagger drops it and matches everyone"),
    same("spec.analysis.match[].queryParams.*.exact"),
    same("spec.analysis.match[].queryParams.*.prefix"),
    same("spec.analysis.match[].queryParams.*.suffix"),
    same("spec.analysis.match[].queryParams.*.regex"),
    same("spec.analysis.match[].sourceLabels.*"),
    own("spec.analysis.canaryAnalysis.stepWeightPromotion", "the mirrored share grows with each iteration"),
    own("spec.analysis.canaryAnalysis.maxMirrorWeight", "how far the mirrored share grows"),
    own("spec.analysis.canaryAnalysis.templateVariables.**", "settings only for the canary's pods"),

    differs("spec.analysis.metrics[].name", "", "only a name means the MetricTemplate of that name").when(|canary, _| by_name(canary)),
    differs("spec.analysis.metrics[].name", "", "without bounds it never fails; Flagger compares with 0")
        .when(|_, rollout| rollout.metrics().iter().any(|metric| metric.bounds.min.is_none() && metric.bounds.max.is_none())),
    differs("spec.analysis.metrics[].name", "D20", "all metrics of a check are queried; Flagger stops at the first that fails")
        .when(|_, rollout| rollout.metrics().len() > 1),
    differs("spec.analysis.metrics[].interval", "", "Flagger's CRD takes minutes and seconds only")
        .when(|canary, _| metrics(canary).iter().any(|metric| text(metric, "/interval").contains(['h', 'd']))),
    same("spec.analysis.metrics[].threshold"),
    same("spec.analysis.metrics[].thresholdRange.min"),
    same("spec.analysis.metrics[].thresholdRange.max"),
    differs("spec.analysis.metrics[].query", "D16", "a built-in name with its own query is measured only by that query")
        .when(|_, rollout| replaces_built_in(rollout, |source| matches!(source, MetricSource::Query(_)))),
    differs("spec.analysis.metrics[].query", "D16", "line breaks are kept, so a comment ends with its line")
        .when(|canary, _| metrics(canary).iter().any(|metric| text(metric, "/query").contains('#'))),
    differs("spec.analysis.metrics[].templateRef.name", "D16", "a built-in name with a template is measured only by that template")
        .when(|_, rollout| replaces_built_in(rollout, |source| matches!(source, MetricSource::Template { .. }))),
    differs("spec.analysis.metrics[].templateRef.name", "D9", "without interval its window is 1m, not empty")
        .when(|canary, _| metrics(canary).iter().any(|metric| metric.get("templateRef").is_some() && text(metric, "/interval").is_empty())),
    same("spec.analysis.metrics[].templateRef.namespace"),
    same("spec.analysis.metrics[].templateVariables.*"),
    own("spec.analysis.metrics[].onNoData", "what an answer without a value means"),
    own("spec.analysis.metrics[].onError", "what an error of the provider means"),

    differs("spec.analysis.alerts[].name", "D5", "without severity it is sent from info on; Flagger never sends it")
        .when(|canary, _| list(canary, "/spec/analysis/alerts").iter().any(|alert| text(alert, "/severity").is_empty())),
    same("spec.analysis.alerts[].severity"),
    own("spec.analysis.alerts[].earlyWarnings", "whether it gets alerts for the first failed check and for a slow run"),
    same("spec.analysis.alerts[].providerRef.name"),
    same("spec.analysis.alerts[].providerRef.namespace"),

    same("spec.analysis.webhooks[].name"),
    differs("spec.analysis.webhooks[].type", "D10", "a rollback hook is called when a rollback happens, unless its path is polled")
        .when(|_, rollout| has_hook(rollout, HookKind::RollbackAction)),
    differs("spec.analysis.webhooks[].type", "D3", "the promotion gate is called with every check that passed, before traffic moves")
        .when(|_, rollout| has_hook(rollout, HookKind::ConfirmPromotion)),
    differs("spec.analysis.webhooks[].type", "D21", "a pre-rollout hook that passed is not called again in the run")
        .when(|_, rollout| has_hook(rollout, HookKind::PreRollout)),
    differs("spec.analysis.webhooks[].type", "D5", "a closed traffic gate sends one alert, not one with every check")
        .when(|_, rollout| has_hook(rollout, HookKind::ConfirmTrafficIncrease)),
    differs("spec.analysis.webhooks[].type", "D14", "next to a rollback hook that is called, a post-rollout hook runs after success only")
        .when(|_, rollout| has_hook(rollout, HookKind::RollbackAction) && has_hook(rollout, HookKind::PostRollout)),
    own("spec.analysis.webhooks[].mode", "how a rollback hook is read"),
    own("spec.analysis.webhooks[].runOn[]", "after which end a post-rollout hook is called"),
    differs("spec.analysis.webhooks[].url", "D8", "any 2xx passes, and the text of the answer is in the event"),
    same("spec.analysis.webhooks[].timeout"),
    own("spec.analysis.webhooks[].deadline", "how long a gate may stay closed before the release is rolled back"),
    same("spec.analysis.webhooks[].retries"),
    same("spec.analysis.webhooks[].muteAlert"),
    same("spec.analysis.webhooks[].disableTLS"),
    differs("spec.analysis.webhooks[].metadata.*", "D19", "{{ canaryWeight }} and other variables are filled in; `method` and `body` are sent as that request")
        .when(|_, rollout| rollout.hooks().iter().any(|hook| {
            hook.metadata.values().any(|value| value.contains("{{")) || hook.metadata.contains_key("method")
        })),

    dropped("spec.analysis.sessionAffinity.cookieName", "this router sets no cookies").when(|_, rollout| rollout.affinity().is_none()),
    same("spec.analysis.sessionAffinity.primaryCookieName"),
    same("spec.analysis.sessionAffinity.domain"),
    same("spec.analysis.sessionAffinity.httpOnly"),
    same("spec.analysis.sessionAffinity.maxAge"),
    same("spec.analysis.sessionAffinity.partitioned"),
    same("spec.analysis.sessionAffinity.path"),
    same("spec.analysis.sessionAffinity.sameSite"),
    same("spec.analysis.sessionAffinity.secure"),
];

/// The fields of a MetricTemplate.
pub static METRIC_TEMPLATE: &[Field] = &[
    same("apiVersion"),
    same("kind"),
    same("metadata.**"),
    same("status.**"),
    same("spec.provider.type"),
    same("spec.provider.address"),
    same("spec.provider.headers.*[]"),
    same("spec.provider.secretRef.name"),
    same("spec.provider.region"),
    same("spec.provider.insecureSkipVerify"),
    own("spec.provider.method", "how a webhook is called"),
    own("spec.provider.jsonPath", "where the number is in a webhook's answer"),
    same("spec.query"),
];

/// The fields of an AlertProvider.
pub static ALERT_PROVIDER: &[Field] = &[
    same("apiVersion"),
    same("kind"),
    same("metadata.**"),
    same("status.**"),
    same("spec.type"),
    same("spec.channel"),
    same("spec.username"),
    same("spec.address"),
    same("spec.proxy"),
    same("spec.secretRef.name"),
    own("spec.messageTemplate", "the text of the message"),
];

/// The metrics that need no query.
pub const BUILT_IN: [&str; 2] = ["request-success-rate", "request-duration"];

fn has_hook(rollout: &Rollout, kind: HookKind) -> bool {
    rollout.hooks().iter().any(|hook| hook.kind == kind)
}

/// Whether the last step is smaller than the others.
pub fn clamps(rollout: &Rollout) -> bool {
    match rollout.strategy() {
        Strategy::Weighted(weighted) => {
            matches!(weighted.steps, Steps::Even { step, max } if step < max && max % step != 0)
        }
        Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => false,
    }
}

/// Whether `maxWeight` shortens the list of `stepWeights`.
pub fn cuts(canary: &Value) -> bool {
    let last = list(canary, "/spec/analysis/stepWeights").last().and_then(Value::as_f64);
    let max = canary.pointer("/spec/analysis/maxWeight").and_then(Value::as_f64).filter(|max| *max > 0.0);
    last.zip(max).is_some_and(|(last, max)| max < last)
}

fn by_name(canary: &Value) -> bool {
    metrics(canary).iter().any(|metric| {
        let has = |field| metric.get(field).is_some_and(|value| !value.is_null());
        !BUILT_IN.contains(&text(metric, "/name")) && !has("query") && !has("templateRef")
    })
}

fn replaces_built_in(rollout: &Rollout, by: fn(&MetricSource) -> bool) -> bool {
    rollout.metrics().iter().any(|metric| BUILT_IN.contains(&&*metric.name) && by(&metric.source))
}

fn metrics(canary: &Value) -> &[Value] {
    list(canary, "/spec/analysis/metrics")
}

/// The list at a JSON pointer; empty if there is none.
pub fn list<'a>(json: &'a Value, pointer: &str) -> &'a [Value] {
    json.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text at a JSON pointer; empty if there is none.
pub fn text<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
