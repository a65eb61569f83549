//! The values that Prometheus computes for the queries of a rollout, from stored samples.
//!
//! Only the arithmetic: nothing here draws, scrapes or parses a query. `tests/servers/prometheus` runs the same queries on the
//! same samples with a real Prometheus 3, and expects the same values.
//!
//! There are two ways to a rate. A [`Series`] contains every sample, like a database. If only the samples at the edges
//! of a window are known, with the resets between them, [`Edges`] are sufficient, and [`Scrapes`] computes when those
//! samples were taken. Both use the same few lines, [`Coverage`].
//!
//! Times are milliseconds since some moment, as in Prometheus; rates are per second. A value is `None` if the query has
//! no result, which is not the same as `NaN`; [`found`] is `None` for both, like Flagger.

mod built_in;
mod edges;
mod histogram;
mod rate;
mod scrapes;
mod series;
mod vector;
mod window;

pub use self::{
    built_in::{average_ms, found, p99_ms, success_rate},
    edges::Edges,
    histogram::{Bucket, histogram_quantile},
    rate::{Coverage, increase, rate},
    scrapes::{Outage, Scrapes},
    series::{LOOKBACK_MS, Sample, Scraped, Series},
    vector::{ratio, sum},
    window::{Span, Window},
};
