//! The windows in a query.

use std::time::Duration;

use serin_core::time::Human;
use serin_simulator::query::Selector;

use super::{Code, QueryFinding, Use};

/// The default scrape interval of Prometheus.
const SCRAPE: Duration = Duration::from_secs(15);

/// The shortest window that always contains two samples.
pub(super) const NEEDED: Duration = Duration::from_secs(30);

/// Whether a window always contains two samples.
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

/// A window that differs from the metric's.
pub(super) fn fixed(selectors: &[Selector<'_>], asked: &Use) -> Option<QueryFinding> {
    let window = asked.window()?;
    let written = selectors.iter().filter_map(|selector| selector.range).find(|range| *range != window)?;
    // If no metric is known, its window is made up.
    asked.variables.as_ref()?;
    Some(QueryFinding {
        code: Code::QueryFixedWindow,
        what: format!(
            "uses the window `[{}]`, but the metric's interval is {}",
            Human(written),
            asked.interval()
        ),
        remedy: "write `[{{ interval }}]`, or set that interval in the metric".into(),
    })
}

/// A window that does not always contain two samples.
pub(super) fn short(selectors: &[Selector<'_>], asked: &Use) -> Option<QueryFinding> {
    let is_short = |selector: &&Selector<'_>| {
        let needs_two = selector.function.is_some_and(|function| NEED_TWO.contains(&function));
        // A short interval of the metric itself is reported there.
        let is_written = asked.variables.is_none() || asked.window() != selector.range;
        needs_two && is_written && selector.range.is_some_and(|range| !is_window(range))
    };
    let found = selectors.iter().find(is_short)?;
    Some(QueryFinding {
        code: Code::WindowTooShort,
        what: format!(
            "`{}(…[{}])` needs two samples in its window, but a scrape every {} is assumed: often there is no value",
            found.function.unwrap_or_default(),
            Human(found.range.unwrap_or_default()),
            Human(SCRAPE),
        ),
        remedy: "use a window of twice the scrape interval or more, such as 1m".into(),
    })
}
