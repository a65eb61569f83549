//! The series that a query selects.

use std::time::Duration;

use promql_parser::{
    label::{MatchOp, Matcher},
    parser::{Expr, VectorSelector},
};

/// A selector in a query, and what it is used for.
#[derive(Clone, Copy, Debug)]
pub struct Selector<'a> {
    vector: &'a VectorSelector,
    /// Its window, where it has one of its own.
    pub range: Option<Duration>,
    /// The function that is called with its window, such as `rate`.
    pub function: Option<&'a str>,
}

impl<'a> Selector<'a> {
    /// One without a window.
    pub(super) fn of(vector: &'a VectorSelector) -> Self {
        Self { vector, range: None, function: None }
    }

    /// The name of its metric; empty where none is written.
    pub fn name(&self) -> &'a str {
        match (&self.vector.name, self.matchers().find(|matcher| matcher.name == "__name__")) {
            (Some(name), _) => name,
            (None, Some(matcher)) => &matcher.value,
            (None, None) => "",
        }
    }

    /// What its labels have to match.
    pub fn matchers(&self) -> impl Iterator<Item = &'a Matcher> + use<'a> {
        let matchers = &self.vector.matchers;
        matchers.matchers.iter().chain(matchers.or_matchers.iter().flatten())
    }

    /// Whether a label has a single value in all series that it selects.
    pub(super) fn pins(&self, label: &str) -> bool {
        self.matchers().any(|matcher| matcher.name == label && matches!(matcher.op, MatchOp::Equal))
    }
}

/// All selectors of a query, in the order in which they are written.
pub fn selectors(expr: &Expr) -> Vec<Selector<'_>> {
    let mut found = Vec::new();
    collect(expr, None, &mut found);
    found
}

fn collect<'a>(expr: &'a Expr, function: Option<&'a str>, found: &mut Vec<Selector<'a>>) {
    match expr {
        Expr::Aggregate(aggregate) => {
            if let Some(param) = &aggregate.param {
                collect(param, None, found);
            }
            collect(&aggregate.expr, None, found);
        }
        Expr::Unary(unary) => collect(&unary.expr, None, found),
        Expr::Binary(binary) => {
            collect(&binary.lhs, None, found);
            collect(&binary.rhs, None, found);
        }
        Expr::Paren(paren) => collect(&paren.expr, function, found),
        Expr::Subquery(subquery) => collect(&subquery.expr, None, found),
        Expr::VectorSelector(vector) => found.push(Selector { vector, range: None, function: None }),
        Expr::MatrixSelector(matrix) => {
            found.push(Selector { vector: &matrix.vs, range: Some(matrix.range), function });
        }
        Expr::Call(call) => call.args.args.iter().for_each(|arg| collect(arg, Some(call.func.name), found)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}
