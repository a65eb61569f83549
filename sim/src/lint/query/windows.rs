//! The windows that are written into a query.

use std::time::Duration;

use serin_core::time::Human;

use super::{Code, QueryFinding, Use};
use crate::query::Selector;

/// How often Prometheus looks at its targets, unless it is configured otherwise.
const SCRAPE: Duration = Duration::from_secs(15);

/// The shortest window in which there are always two samples.
pub(super) const NEEDED: Duration = Duration::from_secs(30);

/// Whether there are always two samples in a window.
pub(super) fn is_window(window: Duration) -> bool {
    window >= NEEDED
}

/// Functions that need two samples in their window.
const NEED_TWO: [&str; 8] = [
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "double_exponential_smoothing",
];

/// A window other than the metric's.
pub(super) fn fixed(selectors: &[Selector<'_>], asked: &Use) -> Option<QueryFinding> {
    let window = asked.window()?;
    let written = selectors.iter().filter_map(|selector| selector.range).find(|range| *range != window)?;
    // Where no metric is known, its window is made up.
    asked.variables.as_ref()?;
    Some(QueryFinding {
        code: Code::QueryFixedWindow,
        what: format!(
            "measures over `[{}]` although the metric's interval is {}",
            Human(written),
            asked.interval()
        ),
        remedy: "write `[{{ interval }}]`, or give the metric that interval".into(),
    })
}

/// A window in which there are not always two samples.
pub(super) fn short(selectors: &[Selector<'_>], asked: &Use) -> Option<QueryFinding> {
    let is_short = |selector: &&Selector<'_>| {
        let needs_two = selector.function.is_some_and(|function| NEED_TWO.contains(&function));
        // A metric's own short interval is reported there.
        let is_written = asked.variables.is_none() || asked.window() != selector.range;
        needs_two && is_written && selector.range.is_some_and(|range| !is_window(range))
    };
    let found = selectors.iter().find(is_short)?;
    Some(QueryFinding {
        code: Code::WindowTooShort,
        what: format!(
            "`{}(…[{}])` needs two samples in its window, and a scrape every {} is assumed: often there is no value",
            found.function.unwrap_or_default(),
            Human(found.range.unwrap_or_default()),
            Human(SCRAPE),
        ),
        remedy: "measure over twice the scrape interval or more, such as 1m".into(),
    })
}
