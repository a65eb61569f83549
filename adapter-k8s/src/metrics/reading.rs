//! What answers of all metric systems have in common: refusals and series.

use serin_core::revision::Text;

use super::exchange::MOST_SAID;
use crate::http::{Reply, one_line};

/// What a system answers: a value, never NaN, or that it has none.
pub type Reading = Option<f64>;

/// The status and what a system says of an error.
pub(super) fn refused(reply: &Reply, said: &str) -> String {
    format!("{}: {}", reply.status, one_line(said, MOST_SAID))
}

/// Of several series, the last by its labels that has a value: the order in which a system sends them does not count.
pub(super) fn last_series<L: Ord>(
    series: impl Iterator<Item = Result<(L, Reading), Text>>,
) -> Result<Reading, Text> {
    let series = series.collect::<Result<Vec<_>, Text>>()?;
    let with_value = series.into_iter().filter_map(|(labels, value)| Some((labels, value?)));
    let last = with_value.max_by(|(labels, value), (other, others)| {
        // Two series with the same labels: the order of the answer does not count there either.
        labels.cmp(other).then_with(|| value.total_cmp(others))
    });
    Ok(last.map(|(_, value)| value))
}
