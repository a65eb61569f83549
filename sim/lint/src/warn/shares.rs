//! Bounds of shares and the values that their query can have: a fraction is compared with a percentage.

use serin_core::spec::Metric;
use serin_simulator::query::{self, Cause, ValueWhen};

use super::{Case, Code, Findings};
use crate::query::asked_for;

pub(super) fn look(case: &Case<'_>, metric: &Metric, at: &str, told: &mut Findings) {
    let text = asked_for(metric, case.files).filter(|text| case.files.budget.parses(text));
    let Some(shape) = text.and_then(|text| query::shape_of(text, metric)) else { return };
    let ValueWhen::Number(failing) = shape.failing else { return };
    let healthy = match shape.healthy {
        ValueWhen::Number(healthy) => healthy,
        // No value, and 0 with the remedy for that.
        ValueWhen::Nothing(Cause::Failures(_)) => 0.0,
        ValueWhen::Nothing(_) | ValueWhen::MaybeNothing(_) | ValueWhen::Some => return,
    };
    let is_fraction = healthy.max(failing) == 1.0;
    let remedy = |bound: f64, end: &str| match is_fraction {
        true => format!("multiply the query by 100, or use a fraction, such as `{end}: {}`", bound / 100.0),
        false => format!("use a `{end}` between {} and {}", healthy.min(failing), healthy.max(failing)),
    };
    let field = format!("{at}.thresholdRange");
    let mut add = |code, what: String, remedy| {
        // The check by name may have reported the same.
        if !told.found.iter().any(|known| known.code == code && known.field == field) {
            told.add(code, field.clone(), what, remedy);
        }
    };
    match (metric.bounds.min, metric.bounds.max) {
        (None, Some(max)) if failing > healthy && max >= failing => add(
            Code::BoundNeverFails,
            format!("the query answers {failing} while every request fails: it never exceeds max {max}"),
            remedy(max, "max"),
        ),
        (Some(min), _) if failing < healthy && min > healthy => add(
            Code::BoundNeverPasses,
            format!("the query answers {healthy} while nothing fails: it never reaches min {min}"),
            remedy(min, "min"),
        ),
        (None | Some(_), None | Some(_)) => {}
    }
}
