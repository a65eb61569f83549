//! Which series a query selects: only the canary's, also the primary's, or none.

use promql_parser::label::{MatchOp, Matcher};
use serin_simulator::query::Selector;

use super::{Code, QueryFinding, Use};

/// Which version a matcher selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picks {
    /// The canary and not the primary; or only the primary, for a comparison.
    One,
    /// Both: it matches the names of both.
    Both,
    /// The Service in front of both.
    Apex,
    /// Pods or workloads that do not exist: the canary is the target itself.
    Nobody,
    /// It concerns something else, such as the namespace.
    Neither,
    /// It may select a version, in a way that is not known here.
    Unknown,
}

/// A selector of pods that do not exist.
pub(super) fn matches_nothing(selectors: &[Selector<'_>], asked: &Use) -> Option<QueryFinding> {
    let mut matchers = selectors.iter().flat_map(|selector| selector.matchers().map(move |m| (selector, m)));
    let (_, matcher) = matchers.find(|(selector, m)| picks(m, selector, asked) == Picks::Nobody)?;
    let target = &asked.target;
    let (named, pods) = match asked.kind.as_str() {
        "DaemonSet" => (format!("{target}-<pod>"), "-[0-9a-z]+"),
        _ => (format!("{target}-<hash>-<pod>"), "-[0-9a-z]+-[0-9a-z]+"),
    };
    let label = &matcher.name;
    let own = "the canary's pods are the target's own";
    let (why, remedy) = if is_version(label) {
        (
            "the canary's pods have the labels of the target's own template, as the primary's pods have",
            String::new(),
        )
    } else if label.contains("pod") {
        (own, format!("{label}=~\"{{{{ target }}}}{pods}\""))
    } else {
        (own, format!("{label}=\"{{{{ target }}}}\""))
    };
    Some(QueryFinding {
        code: Code::QueryMatchesNothing,
        what: format!("`{matcher}` matches nothing: {why}, and are named `{named}`"),
        remedy: match remedy.as_str() {
            "" => "select the canary's series by workload or pod, for example with `{{ target }}`".into(),
            remedy => format!("write `{remedy}`"),
        },
    })
}

/// No selector in the query selects only the canary's series.
pub(super) fn measures_both(selectors: &[Selector<'_>], asked: &Use) -> Option<QueryFinding> {
    let mut found: Option<(&Matcher, Picks)> = None;
    for selector in selectors {
        for matcher in selector.matchers() {
            match picks(matcher, selector, asked) {
                Picks::One | Picks::Unknown | Picks::Nobody => return None,
                picks @ (Picks::Both | Picks::Apex) => found = found.or(Some((matcher, picks))),
                Picks::Neither => {}
            }
        }
    }
    // A constant, or the result of a recording rule, selects nothing.
    if selectors.is_empty() || selectors.iter().any(|selector| selector.name().contains(':')) {
        return None;
    }
    let primary = format!("{}-primary", asked.target);
    let hides = "the primary's requests are counted too, and hide those of the canary";
    let what = match found {
        Some((matcher, Picks::Both)) => format!("`{matcher}` matches `{primary}` too: {hides}"),
        Some((matcher, _)) => format!("`{matcher}` is the Service in front of both versions: {hides}"),
        None => format!("selects neither the target nor the canary: {hides}"),
    };
    let remedy = "select the canary's series, for example with `{{ target }}`";
    Some(QueryFinding { code: Code::QueryMeasuresBoth, what, remedy: remedy.into() })
}

fn picks(matcher: &Matcher, selector: &Selector<'_>, asked: &Use) -> Picks {
    let label = matcher.name.to_lowercase();
    let value = matcher.value.as_str();
    if label.contains("canary") {
        return Picks::One;
    }
    if matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRe(_)) {
        let excludes = value.contains("primary") || (is_workload(&label) && is_excluded(matcher, asked));
        return if excludes { Picks::One } else { Picks::Neither };
    }
    let names = Names::of(asked);
    let own = names.pairs.iter().any(|(canary, _)| matcher.is_match(canary));
    let both =
        names.pairs.iter().any(|(canary, primary)| matcher.is_match(canary) && matcher.is_match(primary));
    let is_named_canary = value.contains("canary") && !asked.target.contains("canary");
    if is_workload(&label) || is_version(&label) {
        return match (own, both) {
            (true, true) => Picks::Both,
            (true, false) => Picks::One,
            (false, _) if is_named_canary => Picks::Nobody,
            (false, _) => Picks::Unknown,
        };
    }
    if value.contains("canary") || value.contains("primary") {
        return Picks::One;
    }
    let is_service = ["service", "host", "authority", "upstream"].iter().any(|word| label.contains(word));
    if is_service && names.services.iter().any(|service| matcher.is_match(service)) {
        return Picks::Apex;
    }
    if label == "ingress" && selector.name().starts_with("nginx_ingress") {
        return Picks::Apex;
    }
    match (both, own) {
        (true, _) => Picks::Both,
        (false, true) => Picks::Unknown,
        (false, false) if is_about_requests(&label) => Picks::Neither,
        (false, false) => Picks::Unknown,
    }
}

/// Whether a matcher keeps the canary and excludes the primary.
fn is_excluded(matcher: &Matcher, asked: &Use) -> bool {
    let pairs = Names::of(asked).pairs;
    pairs.iter().any(|(canary, primary)| matcher.is_match(canary) && !matcher.is_match(primary))
}

/// Labels of pods, and of their workloads.
fn is_workload(label: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
    has(&["pod", "workload", "deployment", "replicaset", "daemonset", "app"])
        && !has(&["service", "namespace"])
}

/// Labels by which people distinguish versions.
fn is_version(label: &str) -> bool {
    let label = label.to_lowercase();
    ["version", "track", "variant"].iter().any(|word| label.contains(word))
}

/// Labels of where a request was made, and how it ended.
fn is_about_requests(label: &str) -> bool {
    const WHOLE: [&str; 10] = ["class", "cluster", "code", "env", "job", "le", "path", "uri", "verb", "zone"];
    const PARTS: [&str; 14] = [
        "container",
        "direction",
        "environment",
        "flags",
        "handler",
        "method",
        "namespace",
        "outcome",
        "protocol",
        "quantile",
        "region",
        "reporter",
        "response",
        "status",
    ];
    WHOLE.contains(&label) || PARTS.iter().any(|part| label.contains(part)) || label.ends_with("_code")
}

/// The names of the two versions.
struct Names {
    /// A workload or pod of the canary, and the one of the primary that corresponds to it.
    pairs: Vec<(String, String)>,
    /// The apex Service.
    services: [String; 3],
}

impl Names {
    fn of(asked: &Use) -> Self {
        let Use { target, kind, service, .. } = asked;
        let pod = if kind == "DaemonSet" { "-x7k2p" } else { "-7c5ddbdf54-x7k2p" };
        let suffixes = ["", pod];
        let pairs = suffixes.map(|suffix| (format!("{target}{suffix}"), format!("{target}-primary{suffix}")));
        let namespace = asked.namespace();
        let services = [
            service.clone(),
            format!("{service}.{namespace}"),
            format!("{service}.{namespace}.svc.cluster.local"),
        ];
        Self { pairs: pairs.into(), services }
    }
}
