//! Parses a manifest into a [`Rollout`].

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{fmt::Display, time::Duration};

use super::{
    Alert, CookieAttributes, Hook, Identity, Invalid, Metric, Policy, Problem, Rollout, Routing, Service,
    SessionAffinity, Setup, Severity, ThresholdMode, Topology, names,
    raw::{self, Number},
    routing,
};
use crate::{
    provider::{Asked, Provider, ROUTERS, Target},
    revision::Text,
    strategy::{self, Strategy},
    time::parse_duration,
};

/// The settings of the controller that parsing uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// The router if `spec.provider` is left out.
    pub provider: Text,
    /// The controller's own namespace: the second place where a MetricTemplate is looked for.
    pub namespace: Text,
    /// The existing MetricTemplates, by namespace and name.
    pub templates: BTreeSet<(String, String)>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { provider: "istio".into(), namespace: "flagger-system".into(), templates: BTreeSet::new() }
    }
}

/// How many metrics, hooks and alerts a Canary may have of each, so that an index fits where it is stored.
const MOST_ITEMS: usize = 1_024;
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
const DEFAULT_DEADLINE_SECONDS: i64 = 600;

impl Rollout {
    /// Parses a manifest: applies defaults, derives the strategy, and checks every field.
    ///
    /// It is as lenient as Flagger: unknown fields are ignored, and numbers below the smallest possible are raised to it
    /// (a `threshold` of 0 is 1, an `interval` of 5s is 10s). `serin lint` reports both.
    ///
    /// # Errors
    /// All wrong fields, each with its path.
    pub fn parse(raw: &raw::Canary, defaults: &Defaults) -> Result<Self, Invalid> {
        let mut found = Vec::new();
        let identity = identity(raw);
        let topology = names(raw, defaults);
        let problems = &mut Problems::of(&mut found);
        check_object(raw, problems);
        let mut setup = Setup::as_written(&raw.spec);
        if let Some(service) = &raw.spec.service {
            setup.service = Service::parse(service, &mut problems.below("spec.service"));
        }
        names::check(raw, problems);

        let provider = provider(&topology.provider, problems);
        setup.routing = Routing::parse(&raw.spec, provider.as_ref(), problems);
        let deadline = deadline(&raw.spec, problems);
        let given = raw.spec.analysis.as_ref().or(raw.spec.canary_analysis.as_ref());
        let none = raw::Analysis::default();
        let analysis = given.unwrap_or(&none);
        let at = if raw.spec.analysis.is_some() { "spec.analysis" } else { "spec.canaryAnalysis" };
        let problems = &mut problems.below(at);

        let strategy = provider.as_ref().and_then(|provider| {
            let derived = strategy::derive(analysis, provider.can());
            derived.map_err(|refusal| problems.add(refusal.field, &refusal.why)).ok()
        });
        parse_matches(analysis, provider.as_ref(), strategy.as_ref(), &mut setup, problems);
        setup.take_analysis(analysis);
        let policy = policy(analysis, deadline, problems);
        let (metrics, hooks, alerts) = lists(analysis, &identity.namespace, defaults, problems);
        let problems = &mut problems.below("sessionAffinity");
        let raw_affinity = analysis.session_affinity.as_ref();
        let affinity = raw_affinity.map(|raw| SessionAffinity::parse(raw, problems));
        setup.routing.cookies = CookieAttributes::parse(raw_affinity, policy.interval, problems);

        let setup = Arc::new(setup);
        let revert_on_deletion = raw.spec.revert_on_deletion != Some(false);
        match (strategy, provider) {
            (Some(strategy), Some(provider)) if found.is_empty() => Ok(Self {
                topology: Arc::new(Topology { strategy: strategy.name().into(), ..topology }),
                setup,
                // Without an analysis there is nothing to wait for: Flagger promotes at once.
                skip_analysis: raw.spec.skip_analysis == Some(true) || given.is_none(),
                affinity: affinity.filter(|_| provider.can().affinity),
                switches_traffic: provider.can().weights,
                identity,
                strategy,
                policy,
                metrics,
                hooks,
                alerts,
                suspend: raw.spec.suspend == Some(true),
                revert_on_deletion,
            }),
            _ => Err(Invalid { identity, topology, setup, revert_on_deletion, problems: found }),
        }
    }
}

fn identity(raw: &raw::Canary) -> Identity {
    Identity {
        namespace: or(&raw.metadata.namespace, "default").into(),
        name: raw.metadata.name.as_str().into(),
        uid: raw.metadata.uid.as_str().into(),
    }
}

fn names(raw: &raw::Canary, defaults: &Defaults) -> Topology {
    let target = raw.spec.target_ref.as_ref();
    let name = target.map_or("", |target| target.name.as_str());
    let service = raw.spec.service.as_ref().and_then(|service| service.name.as_deref());
    Topology {
        strategy: Text::default(),
        provider: or(raw.spec.provider.as_deref().unwrap_or_default(), &defaults.provider).into(),
        kind: target.map_or("", |target| target.kind.as_str()).into(),
        target: name.into(),
        service: or(service.unwrap_or_default(), name).into(),
    }
}

pub(super) fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

/// A text that is not empty.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Metrics, hooks and alerts; each has a key that is unique in its list.
fn lists(
    analysis: &raw::Analysis,
    namespace: &Text,
    defaults: &Defaults,
    problems: &mut Problems<'_>,
) -> (Vec<Metric>, Vec<Hook>, Vec<Alert>) {
    let mut metrics = each(&analysis.metrics, "metrics", problems, |metric, problems| {
        Metric::parse(metric, namespace, defaults, problems)
    });
    make_unique(metrics.iter_mut().map(|metric| &mut metric.key));
    let mut hooks = each(&analysis.webhooks, "webhooks", problems, Hook::parse);
    make_unique(hooks.iter_mut().map(|hook| &mut hook.key));
    let mut alerts = each(&analysis.alerts, "alerts", problems, |alert, problems| {
        Some(parse_alert(alert, namespace, problems))
    });
    make_unique(alerts.iter_mut().map(|alert| &mut alert.key));
    (metrics, hooks, alerts)
}

/// The router.
fn provider(name: &str, problems: &mut Problems<'_>) -> Option<Provider> {
    let provider = Provider::named(name);
    if provider.is_none() {
        let known: Vec<&str> = ROUTERS.iter().map(|router| router.name).collect();
        let what = format!("`{name}` is not a known provider; known are {}", known.join(", "));
        problems.add("spec.provider", &what);
    }
    provider
}

/// The matched requests, in a form that the router knows.
fn parse_matches(
    analysis: &raw::Analysis,
    provider: Option<&Provider>,
    strategy: Option<&Strategy>,
    setup: &mut Setup,
    problems: &mut Problems<'_>,
) {
    let items = routing::items(analysis, problems);
    names::check_analysis(analysis, problems);
    if let Some(provider) = provider {
        let asked = Asked { service: &setup.service, items: &items, strategy };
        routing::check_analysis(&asked, provider, problems);
    }
    setup.routing.take_matched(items, problems);
}

/// Checks `apiVersion`, `kind` and the name of one of our objects.
pub(super) fn check_identity(
    expected: &str,
    api_version: &str,
    kind: &str,
    metadata: &raw::Metadata,
    problems: &mut Problems<'_>,
) {
    if api_version != "flagger.app/v1beta1" {
        problems.add("apiVersion", "must be flagger.app/v1beta1");
    }
    if kind != expected {
        problems.add("kind", &format!("must be {expected}"));
    }
    if metadata.name.is_empty() {
        problems.add("metadata.name", "is required");
    }
    names::check_metadata(metadata, problems);
}

fn check_object(raw: &raw::Canary, problems: &mut Problems<'_>) {
    check_identity("Canary", &raw.api_version, &raw.kind, &raw.metadata, problems);
    match &raw.spec.target_ref {
        None => {
            problems.add("spec.targetRef", "is required: the Deployment, DaemonSet or Service to release");
        }
        Some(target) => {
            if Target::of(&target.api_version, &target.kind).is_none() {
                problems.add("spec.targetRef.kind", "must be Deployment, DaemonSet or Service");
            }
            if target.name.is_empty() {
                problems.add("spec.targetRef.name", "is required");
            }
        }
    }
}

fn deadline(spec: &raw::CanarySpec, problems: &mut Problems<'_>) -> Duration {
    let seconds = whole(spec.progress_deadline_seconds, "spec.progressDeadlineSeconds", problems);
    let seconds = seconds.filter(|seconds| *seconds > 0).unwrap_or(DEFAULT_DEADLINE_SECONDS);
    Duration::from_secs(seconds.unsigned_abs())
}

fn policy(analysis: &raw::Analysis, progress_deadline: Duration, problems: &mut Problems<'_>) -> Policy {
    let interval = match analysis.interval.as_deref().filter(|text| !text.is_empty()) {
        None => DEFAULT_INTERVAL,
        Some(text) => problems.check("interval", parse_duration(text)).unwrap_or(DEFAULT_INTERVAL),
    };
    let delay = match analysis.delay.as_deref().filter(|text| !text.is_empty()) {
        None => Duration::ZERO,
        Some(text) => problems.check("delay", parse_duration(text)).unwrap_or_default(),
    };
    let threshold_mode = match analysis.threshold_mode.as_deref() {
        None | Some("" | "cumulative") => ThresholdMode::Cumulative,
        Some("consecutive") => ThresholdMode::Consecutive,
        Some(_) => {
            problems.add("thresholdMode", "must be cumulative or consecutive");
            ThresholdMode::Cumulative
        }
    };
    let threshold = whole(analysis.threshold, "threshold", problems);
    Policy {
        interval: interval.max(SHORTEST_INTERVAL),
        threshold: u32::try_from(threshold.unwrap_or(1).max(1)).unwrap_or(u32::MAX),
        threshold_mode,
        delay,
        progress_deadline,
        primary_ready_threshold: percentage(
            analysis.primary_ready_threshold,
            "primaryReadyThreshold",
            problems,
        ),
        canary_ready_threshold: percentage(analysis.canary_ready_threshold, "canaryReadyThreshold", problems),
    }
}

/// A number that must be whole; `None` if it is left out or is not whole.
pub(super) fn whole(value: Option<Number>, field: &str, problems: &mut Problems<'_>) -> Option<i64> {
    let whole = value?.whole();
    if whole.is_none() {
        problems.add(field, "must be a whole number");
    }
    whole
}

fn percentage(value: Option<Number>, field: &'static str, problems: &mut Problems<'_>) -> u8 {
    match value.map_or(Some(100), Number::whole).and_then(|value| u8::try_from(value).ok()) {
        Some(percentage) if percentage <= 100 => percentage,
        _ => {
            problems.add(field, "must be a percentage from 0 to 100");
            100
        }
    }
}

fn parse_alert(raw: &raw::Alert, namespace: &str, problems: &mut Problems<'_>) -> Alert {
    let severity = match raw.severity.as_deref() {
        None | Some("" | "info") => Severity::Info,
        Some("warn") => Severity::Warn,
        Some("error") => Severity::Error,
        Some(_) => {
            problems.add("severity", "must be info, warn or error");
            Severity::Info
        }
    };
    if raw.provider_ref.name.is_empty() {
        problems.add("providerRef.name", "is required");
    }
    Alert {
        key: raw.name.as_str().into(),
        name: raw.name.as_str().into(),
        severity,
        early_warnings: raw.early_warnings.unwrap_or(true),
        provider: raw.provider_ref.name.as_str().into(),
        namespace: or(raw.provider_ref.namespace.as_deref().unwrap_or_default(), namespace).into(),
    }
}

fn each<R, T>(
    list: &[R],
    name: &str,
    problems: &mut Problems<'_>,
    parse: impl Fn(&R, &mut Problems<'_>) -> Option<T>,
) -> Vec<T> {
    if list.len() > MOST_ITEMS {
        problems.add(name, &format!("has {} items, at most {MOST_ITEMS} are allowed", list.len()));
        return Vec::new();
    }
    let items = list.iter().enumerate();
    items.filter_map(|(i, raw)| parse(raw, &mut problems.below(&format!("{name}[{i}]")))).collect()
}

/// Makes the keys of later items with the same name unique: `load-test`, `load-test#2`, … A key that is another item's
/// own name is skipped.
fn make_unique<'a>(keys: impl Iterator<Item = &'a mut Text>) {
    let keys: Vec<&mut Text> = keys.collect();
    let names: BTreeSet<Text> = keys.iter().map(|key| Text::clone(key)).collect();
    let mut seen: BTreeMap<Text, u32> = BTreeMap::new();
    for key in keys {
        let times = seen.entry(key.clone()).or_default();
        *times += 1;
        if *times > 1 {
            let mut unique = Text::from(format!("{key}#{times}"));
            while names.contains(&unique) {
                *times += 1;
                unique = format!("{key}#{times}").into();
            }
            *key = unique;
        }
    }
}

/// Collects the problems below one place of the manifest.
pub(crate) struct Problems<'a> {
    at: String,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    /// For a whole manifest.
    pub(crate) fn of(found: &'a mut Vec<Problem>) -> Self {
        Self { at: String::new(), found }
    }

    pub(crate) fn add(&mut self, field: &str, what: &str) {
        self.found.push(Problem { path: self.path(field), what: what.into() });
    }

    /// Whether this field, or one below it, has a problem.
    pub(super) fn has(&self, field: &str) -> bool {
        let path = self.path(field);
        let mut rests = self.found.iter().filter_map(|found| found.path.strip_prefix(&*path));
        rests.any(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    pub(crate) fn check<T, E: Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(field, &error.to_string())).ok()
    }

    pub(crate) fn below(&mut self, field: &str) -> Problems<'_> {
        Problems { at: self.path(field), found: self.found }
    }

    fn path(&self, field: &str) -> String {
        if self.at.is_empty() { field.into() } else { format!("{}.{field}", self.at) }
    }

    /// For an item of the list at this place.
    pub(crate) fn item(&mut self, index: usize) -> Problems<'_> {
        Problems { at: format!("{}[{index}]", self.at), found: self.found }
    }
}
