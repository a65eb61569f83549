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

use promql_parser::parser::Expr;
use serin_core::spec::Metric;
use serin_template::QueryNames;

use self::status::Picks;

pub use self::{
    parse::{Unparsed, parse},
    quantile::{Quantile, quantile},
    selector::{Selector, selectors},
    shape::{Cause, Shape, ValueWhen},
};

/// The shape of a metric's query; `None` if it cannot be filled in or parsed.
pub fn shape_of(template: &str, metric: &Metric) -> Option<Shape> {
    filled(template, metric).map(|expr| Shape::of(&expr))
}

/// The tree of a metric's query, from its template: the variables do not change its shape. `None` if it cannot be
/// filled in or parsed.
pub fn filled(template: &str, metric: &Metric) -> Option<Expr> {
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
    parse(&serin_template::render(template, &names.scope(variables)).ok()?).ok()
}

/// A query without `or vector(0)` behind it, and the number that it then has instead of no value.
pub(crate) fn otherwise(expr: &Expr) -> (&Expr, Option<f64>) {
    if let Expr::Paren(paren) = expr {
        return otherwise(&paren.expr);
    }
    if let Expr::Binary(binary) = expr
        && binary.op.to_string() == "or"
        && let Some(number) = constant(&binary.rhs)
    {
        return (&binary.lhs, Some(number));
    }
    (expr, None)
}

/// The number of `vector(0)`.
fn constant(expr: &Expr) -> Option<f64> {
    if let Expr::Paren(paren) = expr {
        return constant(&paren.expr);
    }
    if let Expr::NumberLiteral(number) = expr {
        return Some(number.val);
    }
    let Expr::Call(call) = expr else { return None };
    if call.func.name == "vector" { constant(call.args.args.first()?) } else { None }
}

/// Whether a query counts the requests that do not fail.
pub(crate) fn counts_successes(expr: &Expr) -> bool {
    selectors(expr).iter().any(|selector| selector.matchers().any(|m| status::picks(m) == Picks::Successes))
}
