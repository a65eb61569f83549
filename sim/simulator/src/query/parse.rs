//! Parses a query, within limits.

use promql_parser::parser::{self, Expr, value::ValueType};

use super::{
    locate,
    tokens::{Token, TokenKind, tokens},
};

/// The longest query that is parsed, in bytes.
const LONGEST: usize = 16 * 1024;
/// The maximum number of words in a query.
const MOST_WORDS: usize = 2_000;
/// The maximum number of operators in a query. Together with the brackets it limits the depth of the tree, which is
/// visited and dropped recursively.
const MOST_OPERATORS: usize = 200;
/// The maximum depth of brackets.
const DEEPEST: usize = 64;
/// The maximum number of regular expressions in a query, because each takes the parser some time to compile.
const MOST_PATTERNS: usize = 64;
/// The longest regular expression, in bytes.
const LONGEST_PATTERN: usize = 512;

/// A fault of a query, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place in the query, in bytes.
    pub at: usize,
    /// The message, which names its subject.
    pub what: String,
}

/// Why a query cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unparsed {
    /// It exceeds a limit of Serin; Prometheus may accept it.
    TooLarge(String),
    /// Prometheus refuses it, or its value is not a number.
    Wrong(Fault),
}

/// Parses a query that is filled in.
///
/// # Errors
/// It exceeds a limit, is not PromQL, or returns a range or a text instead of a number.
pub fn parse(query: &str) -> Result<Expr, Unparsed> {
    if query.len() > LONGEST {
        return Err(Unparsed::TooLarge(format!("is longer than {} KiB", LONGEST / 1024)));
    }
    let words = tokens(query).map_err(Unparsed::Wrong)?;
    if words.is_empty() {
        return Err(Unparsed::Wrong(Fault { at: 0, what: "the query is empty".into() }));
    }
    bounded(query, &words)?;
    brackets(query, &words).map_err(Unparsed::Wrong)?;
    let expr = parser::parse(query).map_err(|error| Unparsed::Wrong(locate::fault(query, &words, &error)))?;
    let gives = match expr.value_type() {
        ValueType::Vector | ValueType::Scalar => return Ok(expr),
        ValueType::Matrix => {
            "the query returns a range of values instead of one: use `rate` or `avg_over_time`"
        }
        ValueType::String => "the query returns a text instead of a number",
    };
    Err(Unparsed::Wrong(Fault { at: words.first().map_or(0, |word| word.at), what: gives.into() }))
}

fn bounded(query: &str, words: &[Token]) -> Result<(), Unparsed> {
    let fault = |what: String| Err(Unparsed::TooLarge(what));
    if words.len() > MOST_WORDS {
        return fault(format!("has more than {MOST_WORDS} words and operators"));
    }
    let (mut depth, mut patterns, mut operators) = (0_usize, 0_usize, 0_usize);
    for (i, word) in words.iter().enumerate() {
        match word.kind {
            TokenKind::Open(_) => depth += 1,
            TokenKind::Close(_) => depth = depth.saturating_sub(1),
            TokenKind::Text if i > 0 && query[words[i - 1].at..words[i - 1].end].ends_with('~') => {
                patterns += 1;
                if word.end - word.at > LONGEST_PATTERN {
                    return fault(format!(
                        "has a regular expression of more than {LONGEST_PATTERN} characters"
                    ));
                }
            }
            TokenKind::Sign if !matches!(&query[word.at..word.end], "," | "=" | "!=" | "=~" | "!~") => {
                operators += 1;
            }
            TokenKind::Word if matches!(&query[word.at..word.end], "and" | "or" | "unless" | "atan2") => {
                operators += 1;
            }
            TokenKind::Word | TokenKind::Text | TokenKind::Sign => {}
        }
        if depth > DEEPEST {
            return fault(format!("has more than {DEEPEST} levels of brackets"));
        }
    }
    if operators > MOST_OPERATORS {
        return fault(format!("has more than {MOST_OPERATORS} operators"));
    }
    if patterns > MOST_PATTERNS {
        return fault(format!("has more than {MOST_PATTERNS} regular expressions"));
    }
    Ok(())
}

/// Finds a bracket that closes nothing, closes another kind, or is not closed.
fn brackets(query: &str, words: &[Token]) -> Result<(), Fault> {
    let mut open: Vec<(&Token, char)> = Vec::new();
    for word in words {
        match word.kind {
            TokenKind::Open(close) => open.push((word, close)),
            TokenKind::Close(found) => match open.pop() {
                Some((_, close)) if close == found => {}
                Some((opened, close)) => {
                    let opened = &query[opened.at..opened.end];
                    let what = format!("`{found}` is unexpected: `{opened}` is closed with `{close}`");
                    return Err(Fault { at: word.at, what });
                }
                None => return Err(Fault { at: word.at, what: format!("`{found}` closes nothing") }),
            },
            TokenKind::Word | TokenKind::Text | TokenKind::Sign => {}
        }
    }
    match open.last() {
        None => Ok(()),
        Some((opened, close)) => {
            let bracket = &query[opened.at..opened.end];
            let what = match open.len() {
                1 => format!("`{bracket}` is not closed with `{close}`"),
                more => format!("{more} brackets are not closed, the last is this `{bracket}`"),
            };
            Err(Fault { at: opened.at, what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(query: &str) -> (&str, String) {
        match parse(query) {
            Err(Unparsed::Wrong(fault)) => (&query[fault.at..], fault.what),
            Ok(_) | Err(Unparsed::TooLarge(_)) => panic!("{query} is not refused"),
        }
    }

    #[test]
    fn a_wrong_query_is_refused_with_its_place() {
        for (query, at, what) in [
            ("sum(rate(foo[1m]) / sum(rate(foo[1m]))", "(rate(foo[1m]) /", "`(` is not closed with `)`"),
            ("sum((rate(foo[1m])", "(rate(foo", "2 brackets are not closed, the last is this `(`"),
            ("rate(foo{a=\"b\")[1m])", ")[1m]", "`)` is unexpected: `{` is closed with `}`"),
            ("sum(foo))", ")", "`)` closes nothing"),
            ("foo{a=\"b}", "\"b}", "a text is not closed with \""),
            ("", "", "the query is empty"),
            ("# nothing\n", "# nothing", "the query is empty"),
            ("foo[5m]", "foo", "the query returns a range of values"),
            ("\"a\"", "\"a\"", "the query returns a text"),
            ("sum(foo) sum(bar)", "sum(bar)", "`sum` is unexpected here"),
            ("sum(foo) / ", "/", "the query is incomplete after `/`"),
            ("foo{a=}", "}", "`}` is unexpected here"),
            ("foo{a==\"b\"}", "==", "unexpected '=' in label matching, expected string"),
            ("sum(rate(foo[1x]))", "1x", "bad number or duration syntax: 1x"),
            ("sum(foo) by namespace", "namespace", "`namespace` is unexpected here"),
            ("a && b", "&& b", "`&` is unexpected here"),
            ("sum(rat(foo[1m]))", "rat(", "unknown function with name 'rat'"),
            ("1 + rate(foo)", "rate(foo)", "expected type matrix in call to function 'rate', got vector"),
            ("sum(foo) + histogram_quantile(foo)", "histogram_quantile", "expected 2 argument(s) in call"),
            ("foo{a=~\"(\"}", "\"(\"", "illegal regex for ("),
            ("sum(foo[1m])", "[1m])", "expected type vector in aggregation expression, got matrix"),
        ] {
            let (found, said) = wrong(query);
            assert!(found.starts_with(at), "{query}: placed at {found}: {said}");
            assert!(said.starts_with(what), "{query}: {said}");
        }
    }

    #[test]
    fn hostile_queries_are_refused_on_a_small_stack() {
        let queries = [
            format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)),
            format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000)),
            "(".repeat(10_000),
            format!("{}1", "-".repeat(10_000)),
            format!("1{}", "+1".repeat(7_000)),
            format!("a{}", " or a".repeat(3_000)),
            format!("a{{{}}}", "a=~\"\\\\w{500}\",".repeat(1_000)),
            format!("a{{a=~\"{}\"}}", "\\\\w".repeat(3_000)),
            format!("{}a{}", "abs(".repeat(3_000), ")".repeat(3_000)),
            "x".repeat(1 << 20),
        ];
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let refused = small.spawn(move || {
            queries.iter().filter(|query| matches!(parse(query), Err(Unparsed::TooLarge(_)))).count()
        });
        assert_eq!(refused.unwrap().join().unwrap(), 10);
    }

    #[test]
    fn the_largest_queries_are_parsed_and_walked_on_a_small_stack() {
        let queries = [
            format!("{}a{}", "(".repeat(DEEPEST), ")".repeat(DEEPEST)),
            format!("a{}", "+a".repeat(MOST_OPERATORS)),
            format!("{}a", "-".repeat(MOST_OPERATORS)),
            format!("a{}", "^a".repeat(MOST_OPERATORS)),
        ];
        let small = std::thread::Builder::new().stack_size(2 << 20);
        let shapes = small.spawn(move || {
            queries
                .iter()
                .filter_map(|query| parse(query).ok())
                .filter(|expr| super::super::Shape::of(expr).healthy == super::super::ValueWhen::Some)
                .count()
        });
        assert_eq!(shapes.unwrap().join().unwrap(), 4);
    }
}
