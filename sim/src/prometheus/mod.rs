//! What Prometheus answers to the queries of a rollout, from the samples a scraper stored.
//!
//! The arithmetic alone: nothing here draws, scrapes or parses a query. `tests/prometheus` asks a real Prometheus 3 the
//! same questions about the same samples, and wants the same answers.
//!
//! Two ways lead to a rate. A [`Series`] holds every sample, as a database does. Where only the samples at the edges of a
//! window are known, with the resets between them, [`Edges`] are enough, and [`Scrapes`] tells when those samples were
//! taken. Both end in the same few lines, [`Coverage`].
//!
//! Times are milliseconds since any one moment, as Prometheus keeps them; rates are per second. An answer is `None` where
//! the query has no result at all, which is not the same as `NaN`; [`found`] is `None` for both, as Flagger reads them.

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
