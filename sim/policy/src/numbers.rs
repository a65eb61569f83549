//! The numbers of a result, each under its name.

use serde_json::Value;

use crate::{
    exact::{Exact, Spread},
    sweep::Tally,
};

/// Every number of simulated runs. Times are in seconds, shares from 0 to 1; `null` if there is none.
pub fn simulated(tally: &Tally) -> Vec<(&'static str, Value)> {
    let mut numbers: Vec<(&'static str, Value)> = vec![
        ("runs", tally.runs.into()),
        ("promoted", tally.promoted.into()),
        ("rolledBack", tally.rolled_back.into()),
        ("good", tally.good.into()),
        ("falseRollbacks", tally.false_rollbacks.into()),
        ("bad", tally.bad.into()),
        ("missed", tally.missed.into()),
        ("requests", tally.requests.into()),
        ("failed", tally.failed.into()),
        ("canaryRequests", tally.canary.into()),
        ("canaryFailed", tally.canary_failed.into()),
    ];
    let shares = [
        (["falseRollback", "falseRollbackLow", "falseRollbackHigh"], tally.false_rollback()),
        (["missedRegression", "missedRegressionLow", "missedRegressionHigh"], tally.missed_regression()),
    ];
    for (names, share) in shares {
        let ends = share.map_or([None; 3], |share| [Some(share.share), Some(share.low), Some(share.high)]);
        numbers.extend(names.into_iter().zip(ends.map(Value::from)));
    }
    for (names, times) in [
        (["toPromoteHalf", "toPromoteMost"], &tally.to_promote),
        (["toRollBackHalf", "toRollBackMost"], &tally.to_roll_back),
    ] {
        let ends = [50, 90].map(|percentile| times.percentile(percentile).map(|time| time.as_secs()));
        numbers.extend(names.into_iter().zip(ends.map(Value::from)));
    }
    numbers
}

/// The computed numbers, with the names and units of [`simulated`] ones.
pub fn computed(exact: &Exact) -> Vec<(&'static str, Value)> {
    let seconds = |times: &Spread, percentile| times.percentile(percentile).map(|time| time.as_secs());
    vec![
        ("promoted", rounded(exact.promoted).into()),
        ("rolledBack", rounded(exact.rolled_back).into()),
        ("good", exact.good.into()),
        ("requests", rounded(exact.requests).into()),
        ("failed", rounded(exact.failed).into()),
        ("canaryRequests", rounded(exact.canary).into()),
        ("canaryFailed", rounded(exact.canary_failed).into()),
        ("falseRollback", exact.false_rollback().map(rounded).into()),
        ("missedRegression", exact.missed_regression().map(rounded).into()),
        ("toPromoteHalf", seconds(&exact.to_promote, 50).into()),
        ("toPromoteMost", seconds(&exact.to_promote, 90).into()),
        ("toRollBackHalf", seconds(&exact.to_roll_back, 50).into()),
        ("toRollBackMost", seconds(&exact.to_roll_back, 90).into()),
    ]
}

/// Rounded to a few more digits than are exact.
pub fn rounded(number: f64) -> f64 {
    (number * 1e5).round() / 1e5
}
