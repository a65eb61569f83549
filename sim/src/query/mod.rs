//! Queries for Prometheus, as metrics ask them: parsed within bounds, and what can be said of their answer beforehand.
//!
//! Nothing here asks a server. [`parse`] gives the tree or the place of the error, [`Shape`] says what the query answers
//! while nothing fails, while everything fails and while there are no requests, and how many series it has.

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

pub(crate) use self::{
    parse::{Unparsed, parse},
    quantile::{Quantile, quantile},
    selector::{Selector, selectors},
    shape::{Cause, Shape, ValueWhen},
};

/// The shape of a metric's query, from its template: the names that are filled in do not change it. `None` where it
/// cannot be filled in or parsed.
pub(crate) fn shape_of(template: &str, metric: &Metric) -> Option<Shape> {
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
