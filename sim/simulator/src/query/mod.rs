//! Queries of metrics for Prometheus: parsed within limits, with predictions about their values.
//!
//! Nothing here calls a server. [`parse`] returns the tree or the place of the error. [`Shape`] says which value the
//! query has if nothing fails, if everything fails and without requests, and how many series it has.

mod locate;
mod parse;
mod quantile;
mod selector;
mod series;
mod shape;
mod status;
mod tokens;

use serin_core::spec::Metric;
use serin_template::QueryNames;

pub use self::{
    parse::{Unparsed, parse},
    quantile::{Quantile, quantile},
    selector::{Selector, selectors},
    shape::{Cause, Shape, ValueWhen},
};

/// The shape of a metric's query, from its template: the variables do not change it. `None` if it cannot be filled in
/// or parsed.
pub fn shape_of(template: &str, metric: &Metric) -> Option<Shape> {
    let names = QueryNames {
        name: "app",
        namespace: "default",
        target: "app",
        service: "app",
        ingress: "app",
        route: "app",
        interval: &metric.interval,
    };
    let variables = metric.variables.iter().map(|(name, value)| (name.clone(), value.clone()));
    Shape::read(&serin_template::render(template, &names.scope(variables)).ok()?)
}
