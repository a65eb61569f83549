//! Bounds and the values that a query can have.

use crate::{Code, Input, Settings, lint};

/// The messages about the bounds of a metric.
fn said(provider: &str, metric: &str) -> Vec<(Code, String)> {
    let text = format!(
        "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {{name: shop, namespace: prod}}\nspec:\n  \
         provider: {provider}\n  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}\n  service: {{port: 80}}\n  \
         ingressRef: {{name: shop}}\n  \
         analysis:\n    interval: 1m\n    threshold: 5\n    stepWeight: 10\n    maxWeight: 50\n    metrics:\n      - {metric}\n"
    );
    let input = Input { path: "a.yaml".into(), text: Ok(text) };
    let settings = Settings {
        provider: "istio".into(),
        namespace: "flagger-system".into(),
        release: None,
        controller: None,
    };
    let report = lint(&[input], &settings);
    let of_bounds = [Code::BoundNeverFails, Code::BoundNeverPasses, Code::BoundInsideBucket];
    let findings = report.files[0].findings.iter().filter(|finding| of_bounds.contains(&finding.code));
    findings.map(|finding| (finding.code, finding.remedy.to_string())).collect()
}

fn query(query: &str, range: &str) -> Vec<(Code, String)> {
    said("istio", &format!("{{name: a, thresholdRange: {{{range}}}, query: '{query}'}}"))
}

#[test]
fn a_fraction_is_not_compared_with_a_percentage() {
    let share = |code: &str| {
        format!("sum(rate(a{{app=\"shop\",code{code}\"5..\"}}[1m])) / sum(rate(a{{app=\"shop\"}}[1m]))")
    };
    let (errors, good) = (share("=~"), share("!~"));
    let fraction = |code, bound: &str| {
        vec![(code, format!("multiply the query by 100, or use a fraction, such as `{bound}`"))]
    };
    assert_eq!(query(&errors, "max: 5"), fraction(Code::BoundNeverFails, "max: 0.05"));
    assert_eq!(query(&good, "min: 99"), fraction(Code::BoundNeverPasses, "min: 0.99"));
    for (text, range) in [
        (errors.clone(), "max: 0.05"),
        (format!("100 * {errors}"), "max: 5"),
        (format!("100 - 100 * {good}"), "max: 1"),
        (format!("{good} * 100"), "min: 99"),
        (good, "min: 0.99"),
        ("sum(rate(a{app=\"shop\"}[1m]))".into(), "max: 5"),
    ] {
        assert_eq!(query(&text, range), [], "{text} {range}");
    }
}

#[test]
fn a_bound_is_on_the_edge_of_a_bucket_of_its_own_histogram() {
    let built_in = |provider, max: &str| {
        said(provider, &format!("{{name: request-duration, thresholdRange: {{max: {max}}}}}")).pop()
    };
    let inside = |lower: &str, upper: &str| {
        let remedy =
            format!("write `max: {upper}`, the upper edge of the bucket, or its lower one, `max: {lower}`");
        Some((Code::BoundInsideBucket, remedy))
    };
    assert_eq!(built_in("istio", "300"), inside("250", "500"));
    assert_eq!(built_in("istio", "500"), None);
    assert_eq!(built_in("linkerd", "300"), None);
    assert_eq!(built_in("traefik", "500"), inside("300", "1200"));
    assert_eq!(built_in("kubernetes", "300"), inside("250", "500"));
    // An average.
    assert_eq!(built_in("nginx", "300"), None);
    // Above the last edge.
    assert_eq!(built_in("kubernetes", "20000"), None);
    let quantile = |buckets: &str, factor: &str, max: &str| {
        let text = format!(
            "histogram_quantile(0.95, sum(rate({buckets}_bucket{{app=\"shop\"}}[1m])) by (le)){factor}"
        );
        query(&text, &format!("max: {max}")).pop()
    };
    assert_eq!(quantile("istio_request_duration_milliseconds", "", "400"), inside("250", "500"));
    assert_eq!(quantile("istio_request_duration_milliseconds", " / 1000", "0.4"), inside("0.25", "0.5"));
    assert_eq!(quantile("istio_request_duration_milliseconds", " / 1000", "0.5"), None);
    assert_eq!(quantile("http_request_duration_seconds", " * 1000", "300"), inside("250", "500"));
    assert_eq!(quantile("shop_seconds", "", "0.3"), None);
}
