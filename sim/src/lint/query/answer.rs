//! What a query answers while all is well: no value, or several.

use super::{Code, QueryFinding, Use};
use crate::query::{Cause, Shape, ValueWhen};

/// Series that are only there once something has failed.
pub(super) fn no_series(shape: &Shape, asked: &Use) -> Option<QueryFinding> {
    if !asked.needs_value {
        return None;
    }
    let remedy = "add `or on() vector(0)` to what is counted, or set `onNoData: pass` for the metric";
    match &shape.healthy {
        ValueWhen::Nothing(Cause::Failures(matcher)) => Some(QueryFinding {
            code: Code::QueryNoSeries,
            what: format!(
                "counts `{matcher}` only: while nothing fails there is no such series, the answer is no value, and \
                 that fails the check"
            ),
            remedy: remedy.into(),
        }),
        ValueWhen::Nothing(Cause::Absent) => Some(QueryFinding {
            code: Code::QueryNoSeries,
            what:
                "asks for what is absent: while it is there the answer is no value, and that fails the check"
                    .into(),
            remedy: "add `or on() vector(0)`, or set `onNoData: pass` for the metric".into(),
        }),
        ValueWhen::MaybeNothing(Cause::Counter(name)) => Some(QueryFinding {
            code: Code::QueryMaybeNoSeries,
            what: format!(
                "`{name}` may have no series before the first failure; then the answer is no value, and that fails \
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

/// More than one value, of which one counts.
pub(super) fn several_series(shape: &Shape) -> Option<QueryFinding> {
    let (what, remedy) = match (shape.not_aggregated(), shape.series_by()) {
        (Some(name), _) => (
            format!(
                "`{name}` is not aggregated: there is a value for each pod and each set of labels, and one of them counts"
            ),
            "put it into `sum(…)`; a latency or a share into `max(…)`".to_owned(),
        ),
        (None, []) => return None,
        (None, labels) => (
            format!("there is a value for each `{}`, and one of them counts", labels.join("`, `")),
            "leave the labels out, or put all into `max(…)`".to_owned(),
        ),
    };
    Some(QueryFinding { code: Code::QuerySeveralSeries, what, remedy })
}
