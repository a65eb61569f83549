//! Prometheus's arithmetic.

/// The samples of a counter in a range, as far as its rate depends on them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges {
    pub(crate) first: (f64, f64),
    pub(crate) last: (f64, f64),
    pub(crate) samples: u32,
    pub(crate) reset: f64,
}

/// `rate` over a range of so many seconds that ends at `at`.
pub(crate) fn rate(edges: &Edges, range: f64, at: f64) -> Option<f64> {
    if edges.samples < 2 {
        return None;
    }
    let increase = edges.last.1 - edges.first.1 + edges.reset;
    let sampled = edges.last.0 - edges.first.0;
    let average = sampled / f64::from(edges.samples - 1);
    let threshold = average * 1.1;
    let (mut to_start, mut to_end) = (edges.first.0 - (at - range), at - edges.last.0);
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if increase > 0.0 && edges.first.1 >= 0.0 {
        to_start = to_start.min(sampled * (edges.first.1 / increase));
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    Some(increase * ((sampled + to_start + to_end) / sampled) / range)
}

/// `histogram_quantile` over cumulative buckets.
pub(crate) fn histogram_quantile(quantile: f64, ends: &[f64], rates: &[f64]) -> f64 {
    let Some(all) = rates.last().copied().filter(|all| *all > 0.0) else { return f64::NAN };
    let rank = quantile * all;
    let bucket = rates.partition_point(|rate| *rate < rank).min(rates.len() - 1);
    if bucket == rates.len() - 1 {
        return ends[ends.len() - 2];
    }
    let (start, below) = if bucket == 0 { (0.0, 0.0) } else { (ends[bucket - 1], rates[bucket - 1]) };
    start + (ends[bucket] - start) * ((rank - below) / (rates[bucket] - below))
}
