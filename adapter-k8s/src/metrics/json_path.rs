//! Where a number is in an answer: a JSONPath whose cost is bounded.
//!
//! A template's author and the server that answers are not trusted: `..`, lists of selectors and nested queries can visit
//! an answer many times over. What is left is enough to name one number.

use jsonpath_rust::parser::{
    model::{Comparable, Comparison, Filter, FilterAtom, JpQuery, Segment, Selector, Test},
    parse_json_path,
};
use jsonpath_rust::query::js_path_process;
use serde_json::Value;
use serin_core::revision::{Text, one_line};

/// Names and indexes, and at most one `*`, slice or filter.
pub(super) struct JsonPath(JpQuery);

/// The longest path, in bytes: each value that is found is returned with its own.
const LONGEST: usize = 256;

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// It is no JSONPath, or one that can cost too much.
    pub(super) fn parse(path: &str) -> Result<Self, Text> {
        let refused = |why: &str| Text::from(format!("jsonPath `{}`: {why}", one_line(path, LONGEST)));
        if path.len() > LONGEST {
            return Err(refused(&format!("is longer than {LONGEST} bytes")));
        }
        let parsed = parse_json_path(path).map_err(|_| refused("is no JSONPath"))?;
        let many = parsed.segments.iter().filter(|segment| !is_single(segment)).count();
        if many > 1 || !parsed.segments.iter().all(is_cheap) {
            return Err(refused(
                "must have names and indexes, and at most one `*`, slice or filter that compares fields",
            ));
        }
        Ok(Self(parsed))
    }

    /// The values at this path.
    pub(super) fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let found = js_path_process(&self.0, value).unwrap_or_default();
        found.into_iter().map(|found| found.val).collect()
    }
}

/// Whether a segment leads to one value at most.
fn is_single(segment: &Segment) -> bool {
    matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)))
}

/// Whether a segment looks at each value once.
fn is_cheap(segment: &Segment) -> bool {
    match segment {
        Segment::Selector(Selector::Filter(filter)) => compares(filter),
        Segment::Selector(
            Selector::Name(_) | Selector::Index(_) | Selector::Wildcard | Selector::Slice(..),
        ) => true,
        Segment::Descendant(_) | Segment::Selectors(_) => false,
    }
}

/// Whether a filter only compares single values with each other, or looks whether they exist.
fn compares(filter: &Filter) -> bool {
    match filter {
        Filter::Or(all) | Filter::And(all) => all.iter().all(compares),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => compares(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
            Test::RelQuery(segments) => segments.iter().all(is_single),
            Test::AbsQuery(_) | Test::Function(_) => false,
        },
        Filter::Atom(FilterAtom::Comparison(comparison)) => is_plain(comparison),
    }
}

fn is_plain(comparison: &Comparison) -> bool {
    let (left, right) = comparison.vals();
    [left, right].into_iter().all(|side| match side {
        Comparable::Literal(_) | Comparable::SingularQuery(_) => true,
        Comparable::Function(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_finds_values_by_name_index_and_comparison() {
        let answer = json!({"a b": [1, {"n": "x", "v": 2}, {"n": "y", "v": 3}], "": 4});
        let found = |path: &str| {
            let path = JsonPath::parse(path).map_err(|why| why.to_string());
            path.map(|path| path.find(&answer).into_iter().cloned().collect::<Value>())
        };
        for (path, values) in [
            ("$", json!([answer])),
            ("$['a b'][0]", json!([1])),
            ("$['a b'][-1].v", json!([3])),
            ("$['a b'][?@.n == 'x'].v", json!([2])),
            ("$['a b'][?@.n && (@.v > 2 || !@.w)].v", json!([2, 3])),
            ("$['a b'][1:].v", json!([2, 3])),
            ("$['a b'][*].v", json!([2, 3])),
            ("$.none.at.all", json!([])),
        ] {
            assert_eq!(found(path), Ok(values), "{path}");
        }
    }

    #[test]
    fn a_path_that_can_cost_too_much_is_refused() {
        let why = |path: &str| JsonPath::parse(path).map(drop).unwrap_err();
        for path in [
            "$..v",
            "$..*",
            "$.*.*",
            "$[0:9][*]",
            "$[*,*]",
            "$['a','b']",
            "$[?@..v]",
            "$[?$.a[*]]",
            "$[?count(@..*) > 1]",
            "$[?match(@.n, 'a*')]",
            "$[?@.a[?@.b]]",
        ] {
            let rule =
                "must have names and indexes, and at most one `*`, slice or filter that compares fields";
            assert_eq!(&*why(path), format!("jsonPath `{path}`: {rule}"));
        }
        assert_eq!(&*why("$["), "jsonPath `$[`: is no JSONPath");
        assert_eq!(&*why(""), "jsonPath ``: is no JSONPath");
        assert!(why(&format!("$.{}", "a".repeat(256))).ends_with("is longer than 256 bytes"));
    }
}
