//! When Prometheus scrapes within its interval: the times are evenly distributed, and averaged with Gauss-Legendre
//! quadrature.

use std::f64::consts::PI;

/// About this number of times of the first scrape, each with its weight; the weights add up to their number.
///
/// Rates have a bend where a sample falls on the end of a window or on the previous check; `edges` are such times.
/// Between them, rates are smooth.
pub(super) fn phases(wanted: usize, scrape: f64, edges: &[f64]) -> Vec<(f64, f64)> {
    let mut cuts: Vec<f64> = edges.iter().map(|edge| edge.rem_euclid(scrape)).collect();
    cuts.extend([0.0, scrape]);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup_by(|a, b| (*a - *b).abs() < scrape * 1e-6);
    let spans = cuts.len() - 1;
    let each = (wanted / spans).max(FEWEST);
    let nodes = gauss_legendre(each);
    let count = (each * spans) as f64;
    let span = |ends: &[f64]| {
        let (from, long) = (ends[0], ends[1] - ends[0]);
        nodes.iter().map(move |(node, weight)| (from + node * long, weight * long / scrape * count)).collect()
    };
    cuts.windows(2).flat_map(|ends| -> Vec<(f64, f64)> { span(ends) }).collect()
}

/// The number of times that are used. Counts are whole numbers, so chances are not quite smooth between the edges: four
/// times this number changes the chance of a verdict by up to 3e-4 (see the tests).
pub(super) const NODES: usize = 16;
const FEWEST: usize = 4;

/// Nodes from 0 to 1 and weights that add up to 1: roots of the Legendre polynomial, found with Newton's method.
fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    const ROUNDS: usize = 8;
    let root = |place: usize| {
        let mut at = (PI * (place as f64 + 0.75) / (count as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..ROUNDS {
            let (value, before) = legendre(count, at);
            slope = count as f64 * (at * value - before) / (at * at - 1.0);
            at -= value / slope;
        }
        ((1.0 - at) / 2.0, 1.0 / ((1.0 - at * at) * slope * slope))
    };
    (0..count).map(root).collect()
}

/// The Legendre polynomial of a degree, and the one before it.
fn legendre(degree: usize, at: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, at);
    for n in 1..degree {
        let n = n as f64;
        (before, value) = (value, ((2.0 * n + 1.0) * at * value - n * before) / (n + 1.0));
    }
    (value, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_averaged_exactly() {
        for edges in [&[][..], &[60.0, 72.0], &[3.0, 5.0, 9.0]] {
            let phases = phases(NODES, 15.0, edges);
            let average = |power: i32| {
                let sum: f64 = phases.iter().map(|(phase, weight)| weight * (phase / 15.0).powi(power)).sum();
                sum / phases.len() as f64
            };
            for power in 0..7 {
                assert!((average(power) - 1.0 / f64::from(power + 1)).abs() < 1e-12, "{power}");
            }
        }
    }
}
