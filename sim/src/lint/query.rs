//! What can be told of a query by reading it: variables, windows, and series that are not there while all is well.

use std::{sync::LazyLock, time::Duration};

use regex::Regex;
use serde_json::Value;
use serin_core::time::{Human, parse_duration};

use super::{
    Told,
    code::Code,
    fields::{list, text},
    manifests::{Files, Kind, Object},
};
use crate::input::nearest;

/// The variables of a query's template.
const VARIABLES: &[&str] =
    &["name", "namespace", "target", "service", "ingress", "route", "interval", "variables"];

/// What a template may begin an action with besides.
const FUNCTIONS: &[&str] = &[
    "printf", "print", "println", "len", "index", "slice", "html", "js", "urlquery", "call", "and", "or",
    "not", "eq", "ne", "lt", "le", "gt", "ge", "if", "else", "end", "range", "with", "define", "template",
    "block", "break", "continue",
];

/// A query and how it is used.
pub(super) struct Query<'a> {
    /// Its field.
    pub(super) field: String,
    pub(super) text: &'a str,
    /// Whether Prometheus is asked.
    pub(super) is_prometheus: bool,
    /// Whether an answer without a value fails the check.
    pub(super) needs_value: bool,
    /// The windows of the metrics that use it.
    pub(super) windows: Vec<Duration>,
    /// The variables that every metric gives; `None` where it is not known which use it.
    pub(super) given: Option<Vec<String>>,
    /// Words that show that it is about the canary, besides the variables.
    pub(super) about: Vec<&'a str>,
}

/// Everything that is told of a query.
pub(super) fn check(query: &Query<'_>) -> Vec<Told> {
    let mut told = variables(query);
    if query.is_prometheus {
        told.extend(series(query));
        told.extend(windows(query));
        told.extend(measures_both(query));
    }
    told
}

/// What is told of a MetricTemplate's query.
pub(super) fn of_template(template: &Object, files: &Files<'_>) -> Vec<Told> {
    let mut uses: Vec<&Value> = Vec::new();
    for canary in files.of(Kind::Canary) {
        let own = canary.namespace().unwrap_or("default");
        for at in ["/spec/analysis/metrics", "/spec/canaryAnalysis/metrics"] {
            uses.extend(list(&canary.json, at).iter().filter(|metric| {
                let name = text(metric, "/templateRef/name");
                let namespace = text(metric, "/templateRef/namespace");
                template.is(Kind::MetricTemplate, if namespace.is_empty() { own } else { namespace }, name)
            }));
        }
    }
    let given = uses
        .iter()
        .map(|metric| names(metric))
        .reduce(|all, names| all.into_iter().filter(|name| names.contains(name)).collect());
    check(&Query {
        field: "spec.query".into(),
        text: text(&template.json, "/spec/query"),
        is_prometheus: text(&template.json, "/spec/provider/type") == "prometheus",
        needs_value: uses.is_empty() || uses.iter().any(|metric| text(metric, "/onNoData") != "pass"),
        windows: uses.iter().filter_map(|metric| window(metric)).collect(),
        given,
        about: Vec::new(),
    })
}

/// The names of a metric's variables.
pub(super) fn names(metric: &Value) -> Vec<String> {
    let variables = metric.get("templateVariables").and_then(Value::as_object);
    variables.map(|variables| variables.keys().cloned().collect()).unwrap_or_default()
}

/// The window of a metric.
pub(super) fn window(metric: &Value) -> Option<Duration> {
    let interval = text(metric, "/interval");
    parse_duration(if interval.is_empty() { "1m" } else { interval }).ok()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are constants, and a test compiles them all")
}

static ACTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"\{\{-?\s*(.*?)\s*-?\}\}"));
static MATCHER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(\w+)\s*=~?\s*["']([^"']*)["']"#));
static ERRORS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^[\^(]*(\[?[45]|.*(err|fail))"));
static ERROR_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b([a-z_:]*(?:error|fail|exception)[a-z_:]*)\s*[\[{)]"));
static OR: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bor\b"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern(r#""[^"]*"|'[^']*'|`[^`]*`"#));
static WINDOW: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[([0-9][0-9a-z]*)(?::[^\]]*)?\]"));

/// The words that begin the actions of a template.
pub(super) fn actions(text: &str) -> Vec<String> {
    let first =
        |action: &str| action.split([' ', '|', '(', ')']).find(|word| !word.is_empty()).map(str::to_owned);
    ACTION.captures_iter(text).filter_map(|found| first(&found[1])).collect()
}

fn variables(query: &Query<'_>) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for word in actions(query.text) {
        let (name, key) = word.split_once('.').unwrap_or((&word, ""));
        let what = if name == "variables" {
            match &query.given {
                Some(given) if !given.iter().any(|given| given == key) => {
                    format!("`{{{{ {word} }}}}` is not among the metric's templateVariables: the query fails")
                }
                Some(_) | None => continue,
            }
        } else if VARIABLES.contains(&name)
            || FUNCTIONS.contains(&name)
            || name.starts_with(['"', '`', '$', '/'])
        {
            continue;
        } else {
            format!("`{{{{ {word} }}}}` is no variable of a query: it fails")
        };
        let known = query.given.iter().flatten().map(String::as_str).filter(|_| name == "variables");
        let near = if name == "variables" {
            nearest(key, known).map(|near| format!("variables.{near}"))
        } else {
            nearest(name.trim_start_matches('.'), VARIABLES.iter().copied()).map(str::to_owned)
        };
        let remedy = match near {
            Some(near) => format!("did you mean `{{{{ {near} }}}}`?"),
            None if name == "variables" => format!("add `{key}` to templateVariables"),
            None => format!("use one of {}", VARIABLES.join(", ")),
        };
        if !told.iter().any(|told| told.what == what) {
            told.push(Told {
                code: Code::QueryUnknownVariable,
                field: query.field.clone(),
                what,
                remedy: remedy.into(),
            });
        }
    }
    told
}

/// Series that are only there once something has failed.
fn series(query: &Query<'_>) -> Option<Told> {
    if !query.needs_value || OR.is_match(&QUOTED.replace_all(query.text, "")) {
        return None;
    }
    let counted = &query.text[..division(query.text).unwrap_or(query.text.len())];
    let is_status = |label: &str| {
        let label = label.to_lowercase();
        ["status", "code", "classification", "outcome", "result"].iter().any(|part| label.contains(part))
    };
    let matcher =
        MATCHER.captures_iter(counted).find(|found| is_status(&found[1]) && ERRORS.is_match(&found[2]));
    let remedy = "add `or on() vector(0)` to what is counted, or set `onNoData: pass` for the metric";
    if let Some(matcher) = matcher {
        let what = format!(
            "counts `{}` only: while nothing fails there is no such series, the answer is no value, and that fails \
             the check",
            &matcher[0]
        );
        let remedy = remedy.into();
        return Some(Told { code: Code::QueryNoSeries, field: query.field.clone(), what, remedy });
    }
    let name = ERROR_NAME.captures(counted)?;
    let what = format!(
        "`{}` may have no series before the first failure; then the answer is no value, and that fails the check",
        &name[1]
    );
    let remedy = format!("make sure that it begins at 0, or {remedy}");
    let remedy = remedy.into();
    Some(Told { code: Code::QueryMaybeNoSeries, field: query.field.clone(), what, remedy })
}

/// Where the first division stands.
fn division(query: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, c) in query.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, '/') if depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// A window that is written into the query although the metric has another one.
fn windows(query: &Query<'_>) -> Option<Told> {
    let written = WINDOW.captures_iter(query.text).find_map(|found| {
        let window = parse_duration(&found[1]).ok()?;
        let other = query.windows.iter().find(|own| **own != window)?;
        Some((found[0].to_owned(), *other))
    });
    let (written, window) = written?;
    Some(Told {
        code: Code::QueryFixedWindow,
        field: query.field.clone(),
        what: format!("measures over `{written}` although the metric's interval is {}", Human(window)),
        remedy: "write `[{{ interval }}]`, or make the interval the same".into(),
    })
}

/// Nothing in the query picks the canary's own series.
fn measures_both(query: &Query<'_>) -> Option<Told> {
    let picks = |word: &str| {
        let name = word.split('.').next().unwrap_or(word);
        ["target", "service", "ingress", "route", "name", "variables"].contains(&name)
    };
    let is_about = query.text.contains("canary") || query.about.iter().any(|word| query.text.contains(word));
    if is_about || query.text.trim().is_empty() || actions(query.text).iter().any(|word| picks(word)) {
        return None;
    }
    Some(Told {
        code: Code::QueryMeasuresBoth,
        field: query.field.clone(),
        what: "names neither the target nor the canary: the primary's requests count as well, and hide the canary's".into(),
        remedy: "pick the canary's series, such as with `{{ target }}`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let query = Query {
            field: "query".into(),
            text,
            is_prometheus: true,
            needs_value: true,
            windows: vec![Duration::from_secs(60)],
            given: Some(vec!["path".into()]),
            about: vec!["shop"],
        };
        check(&query).iter().map(|told| told.code.name()).collect()
    }

    #[test]
    fn every_pattern_compiles() {
        for pattern in [&ACTION, &MATCHER, &ERRORS, &ERROR_NAME, &OR, &QUOTED, &WINDOW] {
            assert!(!pattern.as_str().is_empty());
        }
    }

    #[test]
    fn errors_alone_have_no_series_while_all_is_well() {
        let all = r#" / sum(rate(requests{app="shop"}[1m]))"#;
        for counted in [
            r#"status=~"5..""#,
            r#"code="404""#,
            r#"response_code=~"^(4|5).*""#,
            r#"classification="failure""#,
        ] {
            let query = format!(r#"sum(rate(requests{{app="shop",{counted}}}[1m]))"#);
            assert_eq!(codes(&(query.clone() + all)), ["query-no-series"], "{counted}");
            assert_eq!(codes(&format!("({query} or on() vector(0)) {all}")), [] as [&str; 0], "{counted}");
        }
        for counted in [r#"status!~"5..""#, r#"code=~"2..""#, r#"path="/a/5""#] {
            assert_eq!(
                codes(&format!(r#"100 - sum(rate(requests{{app="shop",{counted}}}[1m])){all}"#)),
                [] as [&str; 0]
            );
        }
    }

    #[test]
    fn a_slash_in_a_label_divides_nothing() {
        let query = r#"sum(rate(requests{path="a/b"}[1m])) / sum(rate(shop{status="500"}[1m]))"#;
        assert_eq!(codes(query), [] as [&str; 0]);
    }

    #[test]
    fn counters_of_failures_may_begin_late() {
        assert_eq!(codes("sum(rate(shop_errors_total[1m]))"), ["query-maybe-no-series"]);
        assert_eq!(codes("sum(rate(shop_errors_total[1m])) or vector(0)"), [] as [&str; 0]);
    }

    #[test]
    fn variables_and_windows_are_read() {
        assert_eq!(codes("up{app='shop',a='{{ namespcae }}'}"), ["query-unknown-variable"]);
        assert_eq!(codes("up{app='{{ variables.path }}',a='{{ printf \"%s\" target }}'}"), [] as [&str; 0]);
        assert_eq!(codes("up{app='{{ variables.paht }}'}"), ["query-unknown-variable"]);
        assert_eq!(codes("rate(shop[5m])"), ["query-fixed-window"]);
        assert_eq!(codes("rate(up[{{ interval }}])"), ["query-measures-both"]);
    }
}
