//! Contour: an HTTPProxy named like the apex service.

use alloc::format;

use super::{Abilities, CountedBy, Limits, RequestMetrics, Router, limits::refuse_given};
use crate::spec::{HttpMatch, Problems, StringMatch};

/// The provider `contour`.
pub(super) const CONTOUR: Router = Router {
    can: Abilities::MATCHES,
    driven: true,
    limits: Limits { item: check_item, waits_forever: true, ..Limits::NONE },
    ..Router::new("contour", "Contour", &METRICS)
};

const METRICS: RequestMetrics = RequestMetrics::envoy(
    CountedBy::Proxies,
    r#"envoy_cluster_name=~"{namespace}_{service}-canary_[0-9a-zA-Z-]+""#,
);

fn check_item(item: &HttpMatch, problems: &mut Problems<'_>) {
    let fields = [
        ("cookies", item.cookies.is_empty()),
        ("queryParams", item.query_params.is_empty()),
        ("sourceLabels", item.source_labels.is_empty()),
    ];
    refuse_given(fields, "Contour matches headers alone; match a header instead", problems);
    for (name, _) in item.headers.iter().filter(|(_, text)| matches!(text, StringMatch::Regex(_))) {
        let why = "Contour knows no regular expressions; say `exact`, `prefix` or `suffix`";
        problems.add(&format!("headers.{name}.regex"), why);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::provider::router::tests::of_items;

    #[test]
    fn contour_matches_headers_without_patterns() {
        let items =
            json!([{"headers": {"x-a": {"regex": "a+"}}}, {"cookies": {"insider": {"exact": "always"}}}]);
        assert_eq!(
            of_items("contour", items),
            "spec.analysis.match[0].headers.x-a.regex: Contour knows no regular expressions; \
             say `exact`, `prefix` or `suffix`; \
             spec.analysis.match[1].cookies: Contour matches headers alone; match a header instead"
        );
        assert_eq!(of_items("contour", json!([{"headers": {"x-a": {"suffix": "a"}}}])), "");
    }
}
