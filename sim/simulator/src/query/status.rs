//! Whether a matcher selects failed requests.

use promql_parser::label::{MatchOp, Matcher};

/// The requests that a matcher selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picks {
    /// Failed requests: if nothing fails there is no such series.
    Failures,
    /// Requests that do not fail: if nothing fails these are all.
    Successes,
    /// It does not concern failures.
    Any,
}

const LABELS: [&str; 6] = ["status", "code", "classification", "outcome", "result", "grpc"];
/// Response codes of requests that succeed.
const CODES: [&str; 8] = ["200", "201", "202", "204", "206", "302", "304", "307"];
/// Words for success; for gRPC also the code 0.
const SUCCESS: [&str; 11] =
    ["OK", "Ok", "ok", "0", "2xx", "2", "success", "Success", "SUCCESS", "succeeded", "true"];
const FAILURE: [&str; 29] = [
    "500",
    "501",
    "502",
    "503",
    "504",
    "5xx",
    "5",
    "400",
    "401",
    "403",
    "404",
    "409",
    "429",
    "499",
    "4xx",
    "error",
    "Error",
    "ERROR",
    "errored",
    "failure",
    "Failure",
    "FAILURE",
    "failed",
    "fail",
    "Internal",
    "Unavailable",
    "INTERNAL",
    "UNAVAILABLE",
    "DeadlineExceeded",
];

/// The requests that a matcher selects, by the usual values of such a label.
pub(super) fn picks(matcher: &Matcher) -> Picks {
    let label = matcher.name.to_lowercase();
    if !LABELS.iter().any(|part| label.contains(part)) {
        return Picks::Any;
    }
    let matches = |value: &&str| matcher.is_match(value);
    if matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRe(_)) {
        let leaves_successes = CODES.iter().any(matches) && SUCCESS.iter().all(matches);
        let leaves_failures = FAILURE.iter().all(matches);
        return match (leaves_successes, leaves_failures) {
            (true, false) => Picks::Successes,
            (false, true) => Picks::Failures,
            (true, true) | (false, false) => Picks::Any,
        };
    }
    match (CODES.iter().chain(&SUCCESS).any(matches), FAILURE.iter().any(matches)) {
        (false, true) => Picks::Failures,
        (true, false) => Picks::Successes,
        (true, true) | (false, false) => Picks::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(selector: &str) -> Picks {
        let expr = super::super::parse(&format!("a{{{selector}}}")).unwrap();
        let found = super::super::selectors(&expr);
        found[0].matchers().map(picks).find(|picks| *picks != Picks::Any).unwrap_or(Picks::Any)
    }

    #[test]
    fn failures_and_successes_are_distinguished() {
        for failures in [
            r#"status=~"5..""#,
            r#"code="404""#,
            r#"response_code=~"^(4|5).*""#,
            r#"response_code=~"5.*""#,
            r#"classification="failure""#,
            r#"envoy_response_code_class="5""#,
            r#"status="5xx""#,
            r#"status!~"2..|3..""#,
            r#"status!~"[123]..""#,
            r#"grpc_code!="OK""#,
            r#"grpc_status!="0""#,
            r#"outcome=~"error|failed""#,
        ] {
            assert_eq!(of(failures), Picks::Failures, "{failures}");
        }
        for successes in [
            r#"status!~"5..""#,
            r#"response_code!~"5.*""#,
            r#"code=~"2..""#,
            r#"classification!="failure""#,
            r#"status="200""#,
            r#"grpc_code="OK""#,
        ] {
            assert_eq!(of(successes), Picks::Successes, "{successes}");
        }
        for any in
            [r#"status=~".+""#, r#"path="/a/5""#, r#"namespace="codes""#, r#"status!="200""#, r#"status!="""#]
        {
            assert_eq!(of(any), Picks::Any, "{any}");
        }
    }
}
