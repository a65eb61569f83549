//! Queries without a value, or with several, as long as nothing fails.

use serin_simulator::query::{Cause, Shape, ValueWhen};

use super::{Code, QueryFinding, Use};

/// What several values mean.
pub(super) const EACH: &str = "each of them has to be within the bounds; Flagger uses only one";

/// Series that exist only after a failure.
pub(super) fn no_series(shape: &Shape, asked: &Use) -> Option<QueryFinding> {
    if !asked.needs_value {
        return None;
    }
    let remedy = "add `or on() vector(0)` to what is counted, or set `onNoData: pass` for the metric";
    match &shape.healthy {
        ValueWhen::Nothing(Cause::Failures(matcher)) => Some(QueryFinding {
            code: Code::QueryNoSeries,
            what: format!(
                "counts only `{matcher}`: while nothing fails there is no such series, the query has no value, and \
                 that fails the check"
            ),
            remedy: remedy.into(),
        }),
        ValueWhen::Nothing(Cause::Absent) => Some(QueryFinding {
            code: Code::QueryNoSeries,
            what: "asks for what is absent: while it exists the query has no value, and that fails the check"
                .into(),
            remedy: "add `or on() vector(0)`, or set `onNoData: pass` for the metric".into(),
        }),
        ValueWhen::MaybeNothing(Cause::Counter(name)) => Some(QueryFinding {
            code: Code::QueryMaybeNoSeries,
            what: format!(
                "`{name}` may have no series before the first failure; then the query has no value, and that fails \
                 the check"
            ),
            remedy: format!("make sure that it begins at 0, or {remedy}"),
        }),
        ValueWhen::Nothing(Cause::Counter(_) | Cause::NoRequests)
        | ValueWhen::MaybeNothing(Cause::Failures(_) | Cause::NoRequests | Cause::Absent)
        | ValueWhen::Number(_)
        | ValueWhen::Some => None,
    }
}

/// Several values, each of which has to be within the bounds.
pub(super) fn several_series(shape: &Shape) -> Option<QueryFinding> {
    let (what, remedy) = match (shape.not_aggregated(), shape.series_by()) {
        (Some(name), _) => (
            format!(
                "`{name}` is not aggregated: there is a value for each pod and each set of labels, and {EACH}"
            ),
            "put it into `sum(…)`, or into `max(…)` if it is a latency or a share".to_owned(),
        ),
        (None, []) => return None,
        (None, labels) => (
            format!("there is a value for each `{}`, and {EACH}", labels.join("`, `")),
            "leave out the labels, or put the whole query into `max(…)`".to_owned(),
        ),
    };
    Some(QueryFinding { code: Code::QuerySeveralSeries, what, remedy })
}
