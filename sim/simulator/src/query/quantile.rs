//! The quantile of a histogram that a query asks for.

use promql_parser::parser::Expr;

use super::selectors;

/// A query that is one quantile of a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantile {
    /// From 0 to 1.
    pub quantile: f64,
    /// The name of the histogram's buckets, such as `response_latency_ms_bucket`.
    pub buckets: String,
    /// What the query multiplies the quantile by: 1000 to make seconds milliseconds.
    pub factor: f64,
}

/// The quantile that is the value of a query; `None` where it is anything else.
pub fn quantile(expr: &Expr) -> Option<Quantile> {
    match expr {
        Expr::Paren(paren) => quantile(&paren.expr),
        Expr::Aggregate(aggregate) => match aggregate.op.to_string().as_str() {
            "sum" | "max" | "min" | "avg" => quantile(&aggregate.expr),
            _ => None,
        },
        Expr::Binary(binary) => {
            let (lhs, rhs) = (&*binary.lhs, &*binary.rhs);
            match (binary.op.to_string().as_str(), lhs, rhs) {
                ("*", Expr::NumberLiteral(number), other) | ("*", other, Expr::NumberLiteral(number)) => {
                    quantile(other).map(|found| found.times(number.val))
                }
                ("/", other, Expr::NumberLiteral(number)) => {
                    quantile(other).map(|found| found.times(1.0 / number.val))
                }
                ("or", other, _) => quantile(other),
                _ => None,
            }
        }
        Expr::Call(call) => match (call.func.name, &call.args.args[..]) {
            ("histogram_quantile", [at, of]) => {
                let Expr::NumberLiteral(number) = &**at else { return None };
                let buckets = selectors(of).into_iter().map(|selector| selector.name());
                let buckets = buckets.into_iter().find(|name| name.ends_with("_bucket"))?.to_owned();
                Some(Quantile { quantile: number.val, buckets, factor: 1.0 })
            }
            ("round" | "ceil" | "floor" | "abs", [of, ..]) => quantile(of),
            _ => None,
        },
        Expr::Unary(_)
        | Expr::Subquery(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => None,
    }
}

impl Quantile {
    fn times(self, factor: f64) -> Self {
        Self { factor: self.factor * factor, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_found_with_its_factor() {
        let inner = "histogram_quantile(0.95, sum(rate(a_seconds_bucket{x=\"y\"}[1m])) by (le))";
        for (query, factor) in [
            (inner.to_owned(), Some(1.0)),
            (format!("1000 * ({inner})"), Some(1000.0)),
            (format!("{inner} / 1000"), Some(0.001)),
            (format!("round(max({inner}) * 1000)"), Some(1000.0)),
            (format!("{inner} or vector(0)"), Some(1.0)),
            (format!("{inner} - 1"), None),
            ("sum(rate(a_seconds_sum[1m])) / sum(rate(a_seconds_count[1m]))".into(), None),
        ] {
            let found = quantile(&super::super::parse(&query).unwrap());
            let expected =
                factor.map(|factor| Quantile { quantile: 0.95, buckets: "a_seconds_bucket".into(), factor });
            assert_eq!(found, expected, "{query}");
        }
    }
}
