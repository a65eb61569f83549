use serde_json::json;

use super::*;

fn message(text: &str) -> Result<String, String> {
    let iteration = |metric: &str, value: f64, failed: bool| json!({"Metric": metric, "Value": value, "Threshold": 99, "Failed": failed});
    let iterations = [iteration("request-success-rate", 97.5, true), iteration("latency", 120.0, false)];
    let dot = json!({
        "Name": "shop", "Status": "failed", "Metadata": {"environment": "staging", "a/b": "c"},
        "CanaryAnalysis": {"Iterations": iterations},
    });
    let scope = Scope { names: BTreeMap::new(), dot, missing: Missing::IsEmpty };
    render(text, &scope).map_err(|error| error.to_string())
}

fn query(text: &str) -> Result<String, String> {
    let names = [
        ("target", json!("shop")),
        ("interval", json!("1m")),
        ("variables", json!({"path": "/cart", "code": "5.."})),
    ];
    let scope = Scope { names: names.into_iter().collect(), ..Scope::default() };
    render(text, &scope).map_err(|error| error.to_string())
}

#[track_caller]
fn says(results: &[(&str, &str)], render: impl Fn(&str) -> Result<String, String>) {
    for (text, said) in results {
        assert_eq!(render(text).as_deref(), Ok(*said), "{text}");
    }
}

#[test]
fn a_query_is_filled_in() {
    let text = "sum(rate(up{app=\"{{ target }}\", path='{{variables.path}}'}[{{- interval -}} ])) # {{/* x */}}all\n";
    assert_eq!(query(text).unwrap(), "sum(rate(up{app=\"shop\", path='/cart'}[1m])) # all\n");
}

#[test]
fn values_are_printed_as_in_go() {
    says(
        &[
            ("{{ 1 }} {{ 1.5 }} {{ 1e6 }} {{ 1e21 }} {{ 0.00001 }} {{ 0x10 }}", "1 1.5 1e+06 1e+21 1e-05 16"),
            ("{{ true }} {{ \"a\\\"b\\n\" }}{{ `c\"d` }} {{ 'a' }}", "true a\"b\nc\"d 97"),
            ("{{ variables }}", "map[code:5.. path:/cart]"),
            ("{{ print 1 2 }}{{ print \"a\" 1 }}{{ println 1 \"a\" }}", "1 2a11 a\n"),
            ("{{ len target }} {{ index variables \"path\" }} {{ slice target 1 3 }}", "4 /cart ho"),
            (
                "{{ html \"<a>\" }} {{ urlquery \"a b&c~*%ä\" }} {{ js \"'=\" }}",
                "&lt;a&gt; a+b%26c~%2A%25%C3%A4 \\'\\u003D",
            ),
        ],
        query,
    );
}

#[test]
fn printf_fills_its_verbs_in() {
    says(
        &[
            (r#"{{ printf "%s-%d-%v" target 5 true }}"#, "shop-5-true"),
            (
                r#"{{ printf "%.2f|%6.1f|%-4d|%04d|%+d|%5s" 1.005 2.25 7 7 7 "a" }}"#,
                "1.00|   2.2|7   |0007|+7|    a",
            ),
            (
                r#"{{ printf "%q %t %x %e %g %%" "a" true 255 1234.5 0.5 }}"#,
                r#""a" true ff 1.234500e+03 0.5 %"#,
            ),
            (r#"{{ target | printf "%s.%s" "a" }}"#, "a.shop"),
        ],
        query,
    );
}

#[test]
fn a_message_can_decide_and_repeat() {
    says(
        &[
            (r#"{{ if eq .Status "failed" }}no{{ else if eq .Status "b" }}b{{ else }}yes{{ end }}"#, "no"),
            (
                "{{ range .CanaryAnalysis.Iterations }}{{ if .Failed }}{{ .Metric }} {{ .Value }} ({{ .Threshold }}){{ end }}{{ end }}",
                "request-success-rate 97.5 (99)",
            ),
            (
                "{{ range $i, $it := .CanaryAnalysis.Iterations }}{{ if $i }}, {{ end }}{{ $it.Metric }}{{ end }}",
                "request-success-rate, latency",
            ),
            ("{{ range $k, $v := .Metadata }}{{ $k }}={{ $v }};{{ end }}", "a/b=c;environment=staging;"),
            ("{{ range .None }}x{{ else }}none{{ end }}", "none"),
            ("{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "02"),
            ("{{ range 9 }}{{ if gt . 1 }}{{ break }}{{ end }}{{ . }}{{ end }}", "01"),
            ("{{ with .Metadata }}{{ .environment }} of {{ $.Name }}{{ end }}", "staging of shop"),
            ("{{ with .None }}x{{ else with .Name }}{{ . }}{{ end }}", "shop"),
            ("{{ $a := 1 }}{{ if true }}{{ $a = 2 }}{{ $b := 3 }}{{ end }}{{ $a }}", "2"),
            (
                "{{ and .Name .Status }} {{ or .None .Name }} {{ not .None }} {{ and .None .x.y }}|",
                "failed shop true |",
            ),
            ("{{ if and (gt 2 1) (or false (le 1 1.0)) (ne .Name \"x\") }}y{{ end }}", "y"),
            ("{{ eq .Name \"a\" \"shop\" }} {{ lt \"a\" \"b\" }} {{ ge 2 2 }}", "true true true"),
            (
                "{{ index .Metadata \"a/b\" }} {{ (index .CanaryAnalysis.Iterations 0).Metric }}",
                "c request-success-rate",
            ),
            ("a \n {{- /* trimmed */ -}} \n b {{- .Name -}} c", "abshopc"),
        ],
        message,
    );
}

#[test]
fn a_missing_key_is_empty_in_a_message_and_fails_a_query() {
    says(&[("[{{ .Metadata.version }}{{ .None.deeper }}{{ index .Metadata \"x\" }}]", "[]")], message);
    assert_eq!(query("a\n{{ variables.none }}"), Err("template, line 2: there is no `none`".into()));
    says(&[("{{ if index variables \"x\" }}y{{ else }}n{{ end }}", "n")], query);
}

#[test]
fn a_template_may_call_one_that_it_defines() {
    says(
        &[
            (r#"{{ define "a" }}<{{ .Name }}>{{ end }}{{ template "a" . }}{{ template "a" }}"#, "<shop><>"),
            (r#"{{ block "b" .Metadata }}{{ .environment }}{{ end }}"#, "staging"),
        ],
        message,
    );
}

#[test]
fn invalid_templates_are_refused_with_their_line() {
    for (text, what) in [
        ("{{ namespcae }}", "there is no `namespcae`; there are interval, target, variables"),
        ("{{ target", "an action is not closed with `}}`"),
        ("{{ }}", "an action is empty"),
        ("{{ if target }}a", "if is not closed with `end`"),
        ("{{ end }}", "`end` closes nothing"),
        ("{{ if true }}{{ else }}{{ else }}{{ end }}", "expected `end`, found `else`"),
        ("{{ break }}", "`break` is not inside a `range`"),
        ("{{ target target }}", "`target` takes no arguments"),
        ("{{ \"a\" 1 }}", "only a function takes arguments"),
        ("{{ target.name }}", "`.name` is asked of what has no fields"),
        ("{{ (target }}", "a parenthesis is not closed"),
        ("{{ target | }}", "a value is missing"),
        ("{{ ? }}", "`?` is not expected here"),
        ("{{ \"a }}", "a text is not closed with \""),
        ("{{ printf \"%d\" target }}", "`%d` does not fit the value \"shop\""),
        ("{{ printf \"%s\" }}", "there is no value for `%s`"),
        ("{{ printf \"%999s\" target }}", "a width or precision of 999 is more than 200"),
        ("{{ lt 1 target }}", "1 and \"shop\" cannot be compared"),
        ("{{ $a }}", "there is no `$a`"),
        ("{{/* a", "a comment is not closed with `*/}}`"),
        ("{{ template \"a\" }}", "no template \"a\" is defined"),
    ] {
        assert_eq!(query(&format!("\n{text}")), Err(format!("template, line 2: {what}")), "{text}");
    }
}

#[test]
fn an_error_is_placed_at_the_brace_or_the_name_that_is_wrong() {
    let scope = Scope { names: [("target", json!("shop"))].into(), ..Scope::default() };
    for (text, at) in [
        ("a{{ target }] b", "}] b"),
        ("a{{ printf \"%s\" tagret }}", "tagret"),
        ("a{{- target | tagret }}", "tagret"),
        ("a\n  {{ target", "{{ target"),
        ("{{ target }}{{ (target }}", "(target }}"),
        ("{{ if target }}b{{ end }}{{ end }}", "{{ end }}"),
    ] {
        let error = render(text, &scope).unwrap_err();
        assert_eq!(text.get(error.at..error.at + at.len()), Some(at), "{text}: {error}");
        assert_eq!(error.line, text[..error.at].lines().count().max(1), "{text}");
    }
}

#[test]
fn a_place_in_the_result_leads_to_its_place_in_the_template() {
    let scope = Scope { names: [("target", json!("shop"))].into(), ..Scope::default() };
    let text = "sum( {{- target -}}  ) / {{ if true }}x{{ target }}{{ end }} y";
    let rendered = render_with_origins(text, &scope).unwrap();
    assert_eq!(rendered.text, "sum(shop) / xshop y");
    let origin = |part: &str| &text[rendered.origin(rendered.text.find(part).unwrap())..];
    assert_eq!(origin("sum"), text);
    assert_eq!(origin("hop)"), "{{- target -}}  ) / {{ if true }}x{{ target }}{{ end }} y");
    assert_eq!(origin(") /"), ") / {{ if true }}x{{ target }}{{ end }} y");
    assert_eq!(origin("xshop"), "x{{ target }}{{ end }} y");
    assert_eq!(origin(" y"), " y");
}

#[test]
fn nothing_runs_or_grows_without_end() {
    let cases = [
        "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}".to_owned(),
        format!("{{{{ range 1000 }}}}{}{{{{ end }}}}", "{{ $a := 1 }}".repeat(60)),
        "{{ range 9999999999 }}{{ end }}".into(),
        "{{ range 9999 }}0123456789{{ end }}".into(),
        format!("{{{{ $a := \"aaaaaaaa\" }}}}{}", "{{ $a = print $a $a }}".repeat(64)),
        format!("{}{}", "{{ if true }}".repeat(2000), "{{ end }}".repeat(2000)),
        format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)),
        format!("{{{{ .{} }}}}", "a.".repeat(5000)),
    ];
    let errors: Vec<String> = cases.iter().map(|text| message(text).unwrap_err()).collect();
    assert_eq!(
        errors,
        [
            "template, line 1: more than 64 blocks, parentheses or templates within each other",
            "template, line 1: it takes more than 100000 steps",
            "template, line 1: a loop of 9999999999 is too long",
            "template, line 1: it says more than 64 KiB",
            "template, line 1: `print` says more than 64 KiB",
            "template, line 1: more than 64 blocks or parentheses within each other",
            "template, line 1: more than 64 blocks or parentheses within each other",
            "template, line 1: more than 64 fields in a row",
        ]
    );
}

#[test]
fn the_size_of_a_value_is_checked_before_it_is_made() {
    let big = "{{ $s := print \"0123456789abcdef\" }}".to_owned() + &"{{ $s = print $s $s }}".repeat(11);
    let many = |call: &str, end: &str| format!("{big}{{{{ len ({call}{}{end}) }}}}", " $s".repeat(4000));
    let nested = |count: usize| {
        let loops = format!("{{{{ range {count} }}}}").repeat(40);
        format!("{loops}{}", "{{ end }}".repeat(40))
    };
    let calls = "{{ if true }}".repeat(60) + "{{ template \"a\" }}" + &"{{ end }}".repeat(60);
    for (text, what) in [
        (many("print", ""), "it takes more than 100000 steps"),
        (many("html", ""), "it takes more than 100000 steps"),
        (many("eq", ""), "it takes more than 100000 steps"),
        (many("printf \"%.0s\"", ""), "it takes more than 100000 steps"),
        (format!("{big}{}", "{{ $t := slice $s 1 }}".repeat(2000)), "it takes more than 100000 steps"),
        (format!("{big}{{{{ $s = print $s $s }}}}{{{{ html $s \"<\" }}}}"), "`html` says more than 64 KiB"),
        (nested(90_000), "a loop of 90000 is too long"),
        (format!("{{{{ define \"a\" }}}}{calls}{{{{ end }}}}{{{{ template \"a\" }}}}"), DEEP),
        (format!("{{{{ {} 1 }}}}", "(index (".repeat(20) + "." + &")) ".repeat(20)), ""),
        ("x".repeat(64 * 1024 + 1), "it is longer than 64 KiB"),
    ] {
        match message(&text) {
            Ok(said) => panic!("{said}"),
            Err(said) if what.is_empty() => assert!(said.len() < 200, "{said}"),
            Err(said) => assert_eq!(said, format!("template, line 1: {what}")),
        }
    }
}

const DEEP: &str = "more than 64 blocks, parentheses or templates within each other";

#[test]
fn a_long_message_of_small_parts_is_rendered() {
    let text = "{{ $all := \"\" }}{{ range 300 }}{{ $all = print $all . \";\" }}{{ end }}{{ len $all }}";
    assert_eq!(message(text).as_deref(), Ok("1090"));
}
