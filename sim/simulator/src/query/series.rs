//! The number of series in the result of a query.

use promql_parser::parser::{Expr, LabelModifier};

use super::selectors;

/// The labels by which the series of a result differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Differ {
    /// There is at most one series.
    One,
    /// By these labels.
    By(Vec<String>),
    /// By labels that the query does not name: this metric is not aggregated.
    Any(String),
}

/// The labels by which the series of a result differ.
pub(super) fn differ(expr: &Expr) -> Differ {
    match expr {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Differ::One,
        Expr::Paren(paren) => differ(&paren.expr),
        Expr::Unary(unary) => differ(&unary.expr),
        Expr::Subquery(subquery) => differ(&subquery.expr),
        Expr::VectorSelector(_) | Expr::MatrixSelector(_) => {
            let name = selectors(expr).first().map_or("", |selector| selector.name()).to_owned();
            // The name of a recording rule has colons; the rule may aggregate already.
            if name.contains(':') { Differ::One } else { Differ::Any(name) }
        }
        Expr::Aggregate(aggregate) => {
            let inner = || differ(&aggregate.expr);
            match aggregate.op.to_string().as_str() {
                "topk" | "bottomk" | "limitk" | "limit_ratio" => match aggregate.param.as_deref() {
                    Some(Expr::NumberLiteral(most)) if most.val <= 1.0 => {
                        by(expr, aggregate.modifier.as_ref(), inner)
                    }
                    _ => inner(),
                },
                "count_values" => Differ::By(vec!["the label of `count_values`".into()]),
                _ => by(expr, aggregate.modifier.as_ref(), inner),
            }
        }
        Expr::Call(call) => {
            let args = call.args.args.iter().map(|arg| differ(arg));
            match call.func.name {
                "vector" | "scalar" | "time" | "pi" | "absent" | "absent_over_time" => Differ::One,
                "histogram_quantile" => match args.fold(Differ::One, Differ::and) {
                    Differ::By(labels) => Differ::by(labels.into_iter().filter(|label| label != "le")),
                    other @ (Differ::One | Differ::Any(_)) => other,
                },
                _ => args.fold(Differ::One, Differ::and),
            }
        }
        Expr::Binary(binary) => match binary.op.to_string().as_str() {
            "and" | "unless" => differ(&binary.lhs),
            _ => differ(&binary.lhs).and(differ(&binary.rhs)),
        },
    }
}

/// After an aggregation.
fn by(expr: &Expr, modifier: Option<&LabelModifier>, inner: impl Fn() -> Differ) -> Differ {
    match modifier {
        None => Differ::One,
        Some(LabelModifier::Include(labels)) => {
            let selectors = selectors(expr);
            let pinned = |label: &String| selectors.iter().all(|selector| selector.pins(label));
            Differ::by(labels.labels.iter().filter(|label| !pinned(label)).cloned())
        }
        Some(LabelModifier::Exclude(_)) => inner(),
    }
}

impl Differ {
    fn by(labels: impl Iterator<Item = String>) -> Self {
        let labels: Vec<String> = labels.collect();
        if labels.is_empty() { Self::One } else { Self::By(labels) }
    }

    /// Of both together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any(name), _) | (_, Self::Any(name)) => Self::Any(name),
            (Self::By(mut labels), Self::By(others)) => {
                labels.extend(others);
                labels.sort();
                labels.dedup();
                Self::By(labels)
            }
            (Self::By(labels), Self::One) | (Self::One, Self::By(labels)) => Self::By(labels),
            (Self::One, Self::One) => Self::One,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregation_leaves_one_series_or_those_that_it_names() {
        let any = || Differ::Any("a".into());
        let by = |labels: &[&str]| Differ::By(labels.iter().map(|label| (*label).to_owned()).collect());
        for (query, expected) in [
            ("sum(rate(a[1m]))", Differ::One),
            ("rate(a[1m])", any()),
            ("a", any()),
            ("job:a:rate1m", Differ::One),
            ("100 * rate(a[1m]) / sum(rate(b[1m]))", any()),
            ("sum(rate(a[1m])) or vector(0)", Differ::One),
            ("sum by (pod) (rate(a[1m]))", by(&["pod"])),
            ("sum by (ns) (rate(a{ns=\"b\"}[1m]))", Differ::One),
            ("sum without (pod) (rate(a[1m]))", any()),
            ("histogram_quantile(0.9, sum(rate(a[1m])) by (le))", Differ::One),
            ("histogram_quantile(0.9, sum(rate(a[1m])) by (le, pod))", by(&["pod"])),
            ("histogram_quantile(0.9, rate(a[1m]))", any()),
            ("topk(1, rate(a[1m]))", Differ::One),
            ("topk(3, rate(a[1m]))", any()),
            ("scalar(a)", Differ::One),
            ("absent(a)", Differ::One),
            ("max(sum by (pod) (rate(a[1m])))", Differ::One),
        ] {
            assert_eq!(differ(&super::super::parse(query).unwrap()), expected, "{query}");
        }
    }
}
