//! The value of a query if nothing fails, and without requests: derived from its tree, without samples.

use promql_parser::parser::{Call, Expr};

use super::{
    selector::{Selector, selectors},
    series::{Differ, differ},
    status::{Picks, picks},
};

/// What is known about the value of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The value if there are requests and none of them fails.
    pub healthy: ValueWhen,
    /// The value if every request fails.
    pub failing: ValueWhen,
    /// The value without requests, if the series exist.
    pub idle: ValueWhen,
    /// The labels by which several series differ; empty if there is one.
    differ: Differ,
}

/// A value in a certain situation.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueWhen {
    /// This number: 0 for a share of errors, 100 for a success rate in percent.
    Number(f64),
    /// No value.
    Nothing(Cause),
    /// No value, or some number, depending on whether a series exists.
    MaybeNothing(Cause),
    /// Some number.
    Some,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// Only series of failures are counted: the matcher that selects them.
    Failures(String),
    /// The counter of failures may not exist before the first one: its name.
    Counter(String),
    /// Zero is divided by zero.
    NoRequests,
    /// The query asks for what is absent.
    Absent,
}

impl Shape {
    /// The shape of a query that is filled in and parsed.
    pub fn of(expr: &Expr) -> Self {
        let [healthy, failing] = [When::Healthy, When::Failing].map(|when| value(expr, when));
        Self { healthy, failing, idle: value(expr, When::Idle), differ: differ(expr) }
    }

    /// The metric whose series are not aggregated; `None` if the result has one series, or series by labels that the
    /// query names.
    pub fn not_aggregated(&self) -> Option<&str> {
        match &self.differ {
            Differ::Any(name) => Some(name),
            Differ::One | Differ::By(_) => None,
        }
    }

    /// The labels by which the series of the result differ although it is aggregated.
    pub fn series_by(&self) -> &[String] {
        match &self.differ {
            Differ::By(labels) => labels,
            Differ::One | Differ::Any(_) => &[],
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Healthy,
    Failing,
    Idle,
}

/// The value of a part.
#[derive(Clone, Debug, PartialEq)]
struct Value {
    what: What,
    /// There may be no value, for this reason.
    missing: Option<Cause>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Nothing(Cause),
    Number(f64),
    /// A multiple of a count, which is the same everywhere: if nothing fails, the successful requests are all requests;
    /// if everything fails, the failed ones are.
    Amount(String, f64),
    Some,
}

impl From<What> for Value {
    fn from(what: What) -> Self {
        Self { what, missing: None }
    }
}

fn value(expr: &Expr, when: When) -> ValueWhen {
    match part(expr, when) {
        Value { what: What::Nothing(cause), .. } => ValueWhen::Nothing(cause),
        Value { missing: Some(cause), .. } => ValueWhen::MaybeNothing(cause),
        Value { what: What::Number(number), .. } => ValueWhen::Number(number),
        Value { what: What::Amount(..) | What::Some, .. } => ValueWhen::Some,
    }
}

fn part(expr: &Expr, when: When) -> Value {
    match expr {
        Expr::NumberLiteral(number) => What::Number(number.val).into(),
        Expr::StringLiteral(_) | Expr::Extension(_) => What::Some.into(),
        Expr::Paren(paren) => part(&paren.expr, when),
        Expr::Subquery(subquery) => part(&subquery.expr, when),
        Expr::Unary(unary) => part(&unary.expr, when).map(|number| -number),
        Expr::VectorSelector(vector) => counted(&Selector::of(vector), when),
        Expr::MatrixSelector(matrix) => counted(&Selector::of(&matrix.vs), when),
        Expr::Aggregate(aggregate) => {
            let inner = part(&aggregate.expr, when);
            let op = aggregate.op.to_string();
            match (op.as_str(), inner.what) {
                (_, what @ What::Nothing(_)) => what.into(),
                ("sum" | "avg" | "min" | "max", What::Number(0.0)) => {
                    Value { what: What::Number(0.0), missing: inner.missing }
                }
                ("avg" | "min" | "max", what @ What::Number(_)) => Value { what, missing: inner.missing },
                (op @ ("sum" | "avg" | "min" | "max" | "count"), What::Amount(key, factor)) => {
                    let labels = format!("{:?}", aggregate.modifier);
                    Value {
                        what: What::Amount(format!("{op}{labels}({key})"), factor),
                        missing: inner.missing,
                    }
                }
                (_, What::Number(_) | What::Amount(..) | What::Some) => {
                    Value { what: What::Some, missing: inner.missing }
                }
            }
        }
        Expr::Call(call) => called(call, when),
        Expr::Binary(binary) => {
            let (lhs, rhs) = (part(&binary.lhs, when), part(&binary.rhs, when));
            match binary.op.to_string().as_str() {
                "or" => lhs.or(rhs),
                "and" => lhs.both(rhs, |lhs, _| lhs),
                "unless" => lhs.both(What::Some.into(), |lhs, _| lhs),
                op @ ("+" | "-" | "*" | "/") => lhs.both(rhs, |lhs, rhs| arithmetic(op, lhs, rhs)),
                _ => lhs.both(rhs, |_, _| What::Some),
            }
        }
    }
}

/// The series that a selector selects.
fn counted(selector: &Selector<'_>, when: When) -> Value {
    let find = |wanted| selector.matchers().find(|matcher| picks(matcher) == wanted);
    match (find(Picks::Failures), find(Picks::Successes)) {
        (Some(matcher), _) if when != When::Failing => {
            return What::Nothing(Cause::Failures(matcher.to_string())).into();
        }
        (_, Some(_)) if when == When::Failing => return What::Number(0.0).into(),
        (Some(_) | None, _) => {}
    }
    let name = selector.name();
    if is_of_failures(name) && when == When::Failing {
        return What::Some.into();
    }
    if is_of_failures(name) {
        return Value { what: What::Number(0.0), missing: Some(Cause::Counter(name.to_owned())) };
    }
    // If nothing fails, or everything does, the counted requests are all requests.
    let all = selector.matchers().filter(|matcher| picks(matcher) == Picks::Any);
    let mut all: Vec<String> = all.map(ToString::to_string).collect();
    all.sort();
    What::Amount(format!("{name}{{{}}}", all.join(",")), 1.0).into()
}

/// Whether a metric counts failures, by its name.
fn is_of_failures(name: &str) -> bool {
    let name = name.to_lowercase();
    // The name of a recording rule says what it contains: a share may always exist.
    !name.contains(':') && ["error", "fail", "exception"].iter().any(|word| name.contains(word))
}

fn called(call: &Call, when: When) -> Value {
    let mut args = call.args.args.iter().map(|arg| part(arg, when));
    match call.func.name {
        name @ ("rate" | "irate" | "increase" | "delta" | "idelta" | "deriv") => {
            let inner = args.next().unwrap_or(What::Some.into());
            match inner.what {
                What::Amount(..) if when == When::Idle => Value { what: What::Number(0.0), ..inner },
                What::Amount(key, factor) => {
                    let range = call.args.first().map(|arg| range(&arg)).unwrap_or_default();
                    Value { what: What::Amount(format!("{name}[{range}]({key})"), factor), ..inner }
                }
                what @ (What::Nothing(_) | What::Number(_) | What::Some) => Value { what, ..inner },
            }
        }
        "vector" | "sort" | "sort_desc" | "label_replace" | "label_join" => {
            args.next().unwrap_or(What::Some.into())
        }
        "round" => args.next().unwrap_or(What::Some.into()).map(f64::round),
        "ceil" => args.next().unwrap_or(What::Some.into()).map(f64::ceil),
        "floor" => args.next().unwrap_or(What::Some.into()).map(f64::floor),
        "abs" => args.next().unwrap_or(What::Some.into()).map(f64::abs),
        "absent" | "absent_over_time" => match args.next().map(|arg| arg.what) {
            Some(What::Nothing(_)) => What::Number(1.0).into(),
            Some(What::Number(_) | What::Amount(..)) => What::Nothing(Cause::Absent).into(),
            Some(What::Some) | None => What::Some.into(),
        },
        "histogram_quantile" => match (args.next(), args.next(), when) {
            (_, Some(buckets), When::Idle) if buckets.what == What::Number(0.0) => {
                What::Nothing(Cause::NoRequests).into()
            }
            (_, Some(buckets), _) => buckets.map_any(),
            (_, None, _) => What::Some.into(),
        },
        _ => args.fold(What::Some.into(), |all, arg| all.both(arg, |_, _| What::Some)),
    }
}

fn range(expr: &Expr) -> String {
    selectors(expr).first().map_or_else(String::new, |selector| format!("{:?}", selector.range))
}

impl Value {
    /// A number after a function.
    fn map(self, of: impl Fn(f64) -> f64) -> Self {
        let what = match self.what {
            What::Number(number) => What::Number(of(number)),
            What::Amount(..) | What::Some => What::Some,
            what @ What::Nothing(_) => what,
        };
        Self { what, ..self }
    }

    /// Some number, if there is one.
    fn map_any(self) -> Self {
        let what = match self.what {
            what @ What::Nothing(_) => what,
            What::Number(_) | What::Amount(..) | What::Some => What::Some,
        };
        Self { what, ..self }
    }

    /// An operation that needs both values.
    fn both(self, other: Self, of: impl FnOnce(What, What) -> What) -> Self {
        match (self.what, other.what) {
            (what @ What::Nothing(_), _) | (_, what @ What::Nothing(_)) => what.into(),
            (lhs, rhs) => Self { what: of(lhs, rhs), missing: self.missing.or(other.missing) },
        }
    }

    fn or(self, other: Self) -> Self {
        match (&self.what, &self.missing) {
            (What::Nothing(_), _) => other,
            (_, None) => self,
            (what, Some(_)) if *what == other.what => other,
            // If the other side has no value either, this one may still be missing.
            (_, Some(_)) if matches!(other.what, What::Nothing(_)) => self,
            (_, Some(_)) => Self { what: What::Some, missing: other.missing },
        }
    }
}

fn arithmetic(op: &str, lhs: What, rhs: What) -> What {
    match (op, lhs, rhs) {
        ("/", What::Number(0.0), What::Number(0.0)) => What::Nothing(Cause::NoRequests),
        (op, What::Number(lhs), What::Number(rhs)) => What::Number(match op {
            "+" => lhs + rhs,
            "-" => lhs - rhs,
            "*" => lhs * rhs,
            _ => lhs / rhs,
        }),
        ("*" | "/", What::Number(0.0), What::Amount(..)) | ("*", What::Amount(..), What::Number(0.0)) => {
            What::Number(0.0)
        }
        ("*", What::Number(number), What::Amount(key, factor))
        | ("*", What::Amount(key, factor), What::Number(number)) => What::Amount(key, factor * number),
        ("/", What::Amount(key, factor), What::Number(number)) => What::Amount(key, factor / number),
        ("+" | "-", What::Amount(key, factor), What::Number(0.0))
        | ("+", What::Number(0.0), What::Amount(key, factor)) => What::Amount(key, factor),
        ("/", What::Amount(lhs, by), What::Amount(rhs, factor)) if lhs == rhs => What::Number(by / factor),
        ("-", What::Amount(lhs, by), What::Amount(rhs, factor)) if lhs == rhs && by == factor => {
            What::Number(0.0)
        }
        ("-" | "+", What::Amount(lhs, by), What::Amount(rhs, factor)) if lhs == rhs => {
            What::Amount(lhs, if op == "+" { by + factor } else { by - factor })
        }
        _ => What::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = r#"sum(rate(requests{app="shop"}[1m]))"#;
    const GOOD: &str = r#"sum(rate(requests{app="shop",status!~"5.."}[1m]))"#;
    const BAD: &str = r#"sum(rate(requests{app="shop",status=~"5.."}[1m]))"#;

    fn shape(query: &str) -> Shape {
        Shape::of(&super::super::parse(query).unwrap_or_else(|_| panic!("{query} is not parsed")))
    }

    #[test]
    fn a_share_of_failures_is_zero_or_missing_if_nothing_fails() {
        let nothing = || ValueWhen::Nothing(Cause::Failures(r#"status=~"5..""#.into()));
        for (query, healthy) in [
            (format!("{BAD} / {ALL} * 100"), nothing()),
            (format!("100 * ({BAD}) / {ALL}"), nothing()),
            (format!("({BAD} or vector(0)) / {ALL}"), ValueWhen::Number(0.0)),
            (format!("({BAD} or on() vector(0)) * 100 / {ALL}"), ValueWhen::Number(0.0)),
            (format!("{BAD} / {ALL} or vector(0)"), ValueWhen::Number(0.0)),
            (format!("100 - {GOOD} / {ALL} * 100"), ValueWhen::Number(0.0)),
            (format!("100 * (1 - {GOOD} / {ALL})"), ValueWhen::Number(0.0)),
            (format!("({ALL} - {GOOD}) / {ALL}"), ValueWhen::Number(0.0)),
            (format!("({ALL} - {BAD}) / {ALL}"), nothing()),
            (format!("({ALL} - ({BAD} or vector(0))) / {ALL}"), ValueWhen::Number(1.0)),
            (format!("{GOOD} / {ALL} * 100"), ValueWhen::Number(100.0)),
            (format!("{GOOD} * 100 / {ALL}"), ValueWhen::Number(100.0)),
            (ALL.to_owned(), ValueWhen::Some),
        ] {
            assert_eq!(shape(&query).healthy, healthy, "{query}");
        }
    }

    #[test]
    fn a_share_is_at_its_other_end_if_everything_fails() {
        for (query, failing) in [
            (format!("{BAD} / {ALL}"), ValueWhen::Number(1.0)),
            (format!("100 * ({BAD} or vector(0)) / {ALL}"), ValueWhen::Number(100.0)),
            (format!("100 - {GOOD} / {ALL} * 100"), ValueWhen::Number(100.0)),
            (format!("1 - {GOOD} / {ALL}"), ValueWhen::Number(1.0)),
            (format!("{GOOD} / {ALL} * 100"), ValueWhen::Number(0.0)),
            (ALL.to_owned(), ValueWhen::Some),
            ("sum(rate(shop_errors_total[1m]))".to_owned(), ValueWhen::Some),
        ] {
            assert_eq!(shape(&query).failing, failing, "{query}");
        }
    }

    #[test]
    fn a_counter_of_failures_may_not_exist() {
        let counter = || ValueWhen::MaybeNothing(Cause::Counter("shop_errors_total".into()));
        for (query, healthy) in [
            ("sum(rate(shop_errors_total[1m]))", counter()),
            ("100 * sum(rate(shop_errors_total[1m])) / sum(rate(shop_total[1m]))", counter()),
            ("sum(rate(shop_errors_total[1m])) or vector(0)", ValueWhen::Number(0.0)),
            ("job:shop_errors:ratio", ValueWhen::Some),
        ] {
            assert_eq!(shape(query).healthy, healthy, "{query}");
        }
    }

    #[test]
    fn without_requests_a_share_has_no_value_and_a_rate_is_zero() {
        let none = || ValueWhen::Nothing(Cause::NoRequests);
        for (query, idle) in [
            (format!("{GOOD} / {ALL} * 100"), none()),
            (format!("({BAD} or vector(0)) / {ALL}"), none()),
            (format!("{GOOD} / {ALL} or vector(100)"), ValueWhen::Number(100.0)),
            (ALL.to_owned(), ValueWhen::Number(0.0)),
            ("histogram_quantile(0.99, sum(rate(a_bucket[1m])) by (le))".to_owned(), none()),
            ("sum(container_memory_working_set_bytes{pod=\"a\"})".to_owned(), ValueWhen::Some),
        ] {
            assert_eq!(shape(&query).idle, idle, "{query}");
        }
    }
}
