//! Conditions on requests: one type for `service.match` and `analysis.match`.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::super::{parse::Problems, raw};

/// Requests of one kind. A request has to meet all conditions; a condition that is left out fits every request.
///
/// It is serialized as Istio does, whose names Flagger's manifests have. Only `cookies` is not known to Istio.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpMatch {
    /// Name of the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// By path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<StringMatch>,
    /// Compare paths without regard to case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_uri_case: Option<bool>,
    /// By scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<StringMatch>,
    /// By HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatch>,
    /// By host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<StringMatch>,
    /// By request header.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, StringMatch>,
    /// By cookie, within the Cookie header; at most three, and not together with a Cookie header.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cookies: BTreeMap<String, StringMatch>,
    /// By request headers that must not match.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub without_headers: BTreeMap<String, StringMatch>,
    /// By query parameter.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query_params: BTreeMap<String, StringMatch>,
    /// By port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
    /// By label of the calling workload.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub source_labels: BTreeMap<String, String>,
    /// By namespace of the calling workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_namespace: Option<String>,
    /// By Istio gateway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
}

/// How a text is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringMatch {
    /// Every text fits.
    Any,
    /// The whole text.
    Exact(String),
    /// Its beginning.
    Prefix(String),
    /// Its end.
    Suffix(String),
    /// A regular expression.
    Regex(String),
}

impl Serialize for StringMatch {
    /// One field, named after the comparison; none for [`StringMatch::Any`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Any => {}
            Self::Exact(text) => map.serialize_entry("exact", text)?,
            Self::Prefix(text) => map.serialize_entry("prefix", text)?,
            Self::Suffix(text) => map.serialize_entry("suffix", text)?,
            Self::Regex(text) => map.serialize_entry("regex", text)?,
        }
        map.end()
    }
}

/// The path of an item of `analysis.match` within the analysis.
pub(super) fn at(index: usize) -> String {
    format!("match[{index}]")
}

/// `analysis.match`, item by item. An item that matches every request is refused.
pub(in crate::spec) fn items(analysis: &raw::Analysis, problems: &mut Problems<'_>) -> Vec<HttpMatch> {
    let mut items = Vec::new();
    for (i, raw) in analysis.r#match.iter().flatten().enumerate() {
        let item = item(raw, &mut problems.below(&at(i)));
        if item == HttpMatch::default() {
            problems.add(&at(i), "is empty, so it would match every request");
        }
        items.push(item);
    }
    items
}

fn item(raw: &raw::Match, problems: &mut Problems<'_>) -> HttpMatch {
    HttpMatch {
        headers: named("headers", &raw.headers, problems),
        cookies: named("cookies", &raw.cookies, problems),
        query_params: named("queryParams", &raw.query_params, problems),
        source_labels: raw.source_labels.clone(),
        ..HttpMatch::default()
    }
}

/// `service.match`, item by item.
pub(super) fn requests(service: &raw::Service, problems: &mut Problems<'_>) -> Vec<HttpMatch> {
    let items = service.r#match.iter().enumerate();
    items.map(|(i, raw)| request(raw, &mut problems.below(&at(i)))).collect()
}

fn request(raw: &raw::HttpMatch, problems: &mut Problems<'_>) -> HttpMatch {
    let mut one = |field: &str, text: &Option<raw::StringMatch>| {
        text.as_ref().map(|text| StringMatch::parse(text, field, problems))
    };
    HttpMatch {
        name: raw.name.clone(),
        uri: one("uri", &raw.uri),
        ignore_uri_case: raw.ignore_uri_case,
        scheme: one("scheme", &raw.scheme),
        method: one("method", &raw.method),
        authority: one("authority", &raw.authority),
        headers: named("headers", &raw.headers, problems),
        cookies: BTreeMap::new(),
        without_headers: named("withoutHeaders", &raw.without_headers, problems),
        query_params: named("queryParams", &raw.query_params, problems),
        port: raw.port,
        source_labels: raw.source_labels.clone(),
        source_namespace: raw.source_namespace.clone(),
        gateways: raw.gateways.clone(),
    }
}

fn named(
    field: &str,
    texts: &BTreeMap<String, raw::StringMatch>,
    problems: &mut Problems<'_>,
) -> BTreeMap<String, StringMatch> {
    let one = |(name, text): (&String, &raw::StringMatch)| {
        (name.clone(), StringMatch::parse(text, &format!("{field}.{name}"), problems))
    };
    texts.iter().map(one).collect()
}

impl StringMatch {
    /// The same rule as in the schema of the CRD: one comparison at a time.
    fn parse(raw: &raw::StringMatch, field: &str, problems: &mut Problems<'_>) -> Self {
        let raw::StringMatch { exact, prefix, suffix, regex } = raw;
        if [exact, prefix, suffix, regex].into_iter().flatten().count() > 1 {
            problems.add(
                field,
                "is compared in several ways; say one of `exact`, `prefix`, `suffix` and `regex`",
            );
        }
        if let Some(regex) = regex {
            Self::Regex(regex.clone())
        } else if let Some(exact) = exact {
            Self::Exact(exact.clone())
        } else if let Some(prefix) = prefix {
            Self::Prefix(prefix.clone())
        } else if let Some(suffix) = suffix {
            Self::Suffix(suffix.clone())
        } else {
            Self::Any
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::provider::of_items;

    #[test]
    fn a_match_is_written_as_istio_writes_it() {
        let written = json!({
            "name": "api", "uri": {"prefix": "/api"}, "ignoreUriCase": true, "scheme": {"exact": "https"},
            "method": {"regex": "GET|PUT"}, "authority": {"suffix": ".test"}, "headers": {"x-a": {}},
            "withoutHeaders": {"x-b": {"exact": ""}}, "queryParams": {"v": {"exact": "2"}}, "port": 80,
            "sourceLabels": {"app": "front"}, "sourceNamespace": "shop", "gateways": ["mesh"],
        });
        let raw: raw::HttpMatch = serde_json::from_value(written.clone()).unwrap();
        let parsed = request(&raw, &mut Problems::of(&mut Vec::new()));
        assert_eq!(serde_json::to_value(&parsed).unwrap(), written);
        assert_eq!(serde_json::to_value(HttpMatch::default()).unwrap(), json!({}));
    }

    #[test]
    fn a_text_is_compared_in_one_way() {
        let both = json!([{"headers": {"x-a": {"exact": "a", "regex": "b"}}}]);
        assert_eq!(
            of_items("istio", both),
            "spec.analysis.match[0].headers.x-a: is compared in several ways; say one of `exact`, `prefix`, `suffix` \
             and `regex`"
        );
    }

    #[test]
    fn an_item_that_matches_everyone_is_refused() {
        assert_eq!(
            of_items("istio", json!([{"headers": {"x-a": {}}}, {}])),
            "spec.analysis.match[1]: is empty, so it would match every request"
        );
    }
}
