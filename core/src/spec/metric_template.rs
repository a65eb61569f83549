//! MetricTemplates: what they need, by the metric system.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{
    Malformed,
    parse::{Problems, check_identity, filled, or},
    raw,
};
use crate::{
    provider::{Address, MetricSystem},
    revision::Text,
};

/// A valid MetricTemplate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricTemplate {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// The metric system.
    pub system: MetricSystem,
    /// Its address, if it is not the usual one.
    pub address: Option<Text>,
    /// AWS region.
    pub region: Option<Text>,
    /// Name of the Secret with the credentials, in the template's namespace.
    pub secret: Option<Text>,
    /// Sent with each request.
    pub headers: BTreeMap<String, Vec<String>>,
    /// Do not verify its certificate.
    pub insecure_skip_verify: bool,
    /// The query: a Go template.
    pub query: Text,
    /// How a webhook is called; other systems do not use it.
    pub webhook: WebhookCall,
}

/// How a webhook is called for a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookCall {
    /// How the query is sent.
    pub method: WebhookMethod,
    /// The place of the number in the answer: a JSONPath.
    pub json_path: Text,
}

/// How a query is sent to a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookMethod {
    /// As the query string.
    Get,
    /// As the body.
    #[default]
    Post,
}

impl WebhookMethod {
    /// All of them, by name.
    pub const ALL: [Self; 2] = [Self::Get, Self::Post];

    /// The name in a manifest, which is the HTTP method.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

const DEFAULT_PATH: &str = "$.value";

impl Default for WebhookCall {
    fn default() -> Self {
        Self { method: WebhookMethod::default(), json_path: DEFAULT_PATH.into() }
    }
}

impl MetricTemplate {
    /// Parses a manifest, or says what is wrong with it.
    ///
    /// The query is not rendered, because that requires a Canary.
    ///
    /// # Errors
    /// All wrong fields, each with its path.
    pub fn parse(raw: &raw::MetricTemplate) -> Result<Self, Malformed> {
        let mut found = Vec::new();
        let problems = &mut Problems::of(&mut found);
        check_identity("MetricTemplate", &raw.api_version, &raw.kind, &raw.metadata, problems);
        if raw.spec.query.trim().is_empty() {
            problems.add("spec.query", "is required");
        }
        let provider = &raw.spec.provider;
        let system = system(provider, &mut problems.below("spec.provider"));
        let webhook = webhook(provider, system, &mut problems.below("spec.provider"));
        match system {
            Some(system) if found.is_empty() => Ok(Self {
                namespace: or(&raw.metadata.namespace, "default").into(),
                name: raw.metadata.name.as_str().into(),
                system,
                address: filled(provider.address.as_deref()).map(Text::from),
                region: filled(provider.region.as_deref()).map(Text::from),
                secret: provider.secret_ref.as_ref().map(|secret| secret.name.as_str().into()),
                headers: provider.headers.clone(),
                insecure_skip_verify: provider.insecure_skip_verify == Some(true),
                query: raw.spec.query.as_str().into(),
                webhook,
            }),
            _ => Err(Malformed { problems: found }),
        }
    }
}

fn system(raw: &raw::MetricProvider, problems: &mut Problems<'_>) -> Option<MetricSystem> {
    let Some(system) = MetricSystem::named(&raw.r#type) else {
        let known = MetricSystem::ALL.map(MetricSystem::name).join(", ");
        problems.add("type", &format!("must be one of {known}"));
        return None;
    };
    let descriptor = system.descriptor();
    if descriptor.address == Address::Required && filled(raw.address.as_deref()).is_none() {
        problems.add("address", &format!("is required for {system}"));
    }
    if descriptor.needs_region && filled(raw.region.as_deref()).is_none() {
        problems.add("region", &format!("is required for {system}"));
    }
    match &raw.secret_ref {
        Some(secret) if secret.name.is_empty() => problems.add("secretRef.name", "is required"),
        None if descriptor.needs_secret => {
            let keys = descriptor.keys.all().join(" and ");
            problems.add("secretRef", &format!("is required for {system}: a Secret with {keys}"));
        }
        Some(_) | None => {}
    }
    Some(system)
}

/// How a webhook is called; the default for every other system, which does not use it.
fn webhook(
    raw: &raw::MetricProvider,
    system: Option<MetricSystem>,
    problems: &mut Problems<'_>,
) -> WebhookCall {
    let mut call = WebhookCall::default();
    let (method, path) = (filled(raw.method.as_deref()), filled(raw.json_path.as_deref()));
    if system.is_some_and(|system| system != MetricSystem::Webhook) {
        let given = [("method", method), ("jsonPath", path)].into_iter().filter(|(_, text)| text.is_some());
        given.for_each(|(field, _)| problems.add(field, "is for type webhook only"));
        return call;
    }
    if let Some(name) = method {
        match WebhookMethod::ALL.into_iter().find(|method| method.name() == name) {
            Some(method) => call.method = method,
            None => {
                let known = WebhookMethod::ALL.map(WebhookMethod::name).join(" or ");
                problems.add("method", &format!("must be {known}"));
            }
        }
    }
    if let Some(path) = path {
        if !path.starts_with('$') {
            problems.add("jsonPath", "must begin with `$`, as in `$.value`");
        }
        call.json_path = path.into();
    }
    call
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn parse(spec: &str) -> Result<MetricTemplate, String> {
        let head = "{apiVersion: flagger.app/v1beta1, kind: MetricTemplate, metadata: {name: errors}, spec: ";
        let raw = serde_yaml::from_str(&format!("{head}{spec}}}")).unwrap();
        MetricTemplate::parse(&raw).map_err(|error| error.to_string())
    }

    #[test]
    fn each_system_says_what_it_needs() {
        let bare = MetricSystem::ALL.map(|system| {
            let problems = parse(&format!("{{provider: {{type: {system}}}, query: q}}"));
            format!("{system}: {}", problems.err().unwrap_or_else(|| "nothing".into()))
        });
        assert_eq!(
            bare,
            [
                "cloudwatch: spec.provider.region: is required for cloudwatch",
                "datadog: spec.provider.secretRef: is required for datadog: a Secret with datadog_api_key and \
                 datadog_application_key",
                "dynatrace: spec.provider.address: is required for dynatrace; spec.provider.secretRef: is required \
                 for dynatrace: a Secret with dynatrace_token",
                "externalmetrics: nothing",
                "graphite: spec.provider.address: is required for graphite",
                "influxdb: spec.provider.address: is required for influxdb",
                "keptn: nothing",
                "newrelic: spec.provider.secretRef: is required for newrelic: a Secret with newrelic_account_id and \
                 newrelic_query_key",
                "prometheus: spec.provider.address: is required for prometheus",
                "splunk: spec.provider.address: is required for splunk; spec.provider.secretRef: is required for \
                 splunk: a Secret with sf_token_key",
                "stackdriver: nothing",
                "webhook: spec.provider.address: is required for webhook",
            ]
        );
    }

    #[test]
    fn a_template_in_full_is_understood() {
        let template = parse(
            "{provider: {type: prometheus, address: 'http://p', secretRef: {name: s}, insecureSkipVerify: true}, \
             query: up}",
        );
        let template = template.unwrap();
        assert_eq!((&*template.namespace, &*template.name, &*template.query), ("default", "errors", "up"));
        assert_eq!((template.address.as_deref(), template.secret.as_deref()), (Some("http://p"), Some("s")));
        assert!(template.insecure_skip_verify);
    }

    #[test]
    fn a_webhook_is_posted_to_unless_it_says_otherwise() {
        let call = |fields: &str| {
            let spec = format!("{{provider: {{type: webhook, address: 'http://kpi'{fields}}}, query: q}}");
            parse(&spec).map(|template| template.webhook)
        };
        assert_eq!(call(""), Ok(WebhookCall { method: WebhookMethod::Post, json_path: "$.value".into() }));
        let other = WebhookCall { method: WebhookMethod::Get, json_path: "$.rows[0].n".into() };
        assert_eq!(call(", method: GET, jsonPath: '$.rows[0].n'"), Ok(other));
        assert_eq!(
            call(", method: PUT, jsonPath: rows"),
            Err("spec.provider.method: must be GET or POST; spec.provider.jsonPath: must begin with `$`, as in \
                 `$.value`"
                .into())
        );
        let elsewhere = parse("{provider: {type: keptn, method: GET, jsonPath: '$.a'}, query: q}");
        assert_eq!(
            elsewhere.map(drop),
            Err("spec.provider.method: is for type webhook only; spec.provider.jsonPath: is for type webhook only"
                .into())
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let known = MetricSystem::ALL.map(MetricSystem::name).join(", ");
        let none = format!("spec.query: is required; spec.provider.type: must be one of {known}");
        assert_eq!(parse("{provider: {type: prometeus}, query: ' '}"), Err(none.clone()));
        assert_eq!(parse("{}"), Err(none));
        let keptn = "{provider: {type: keptn, secretRef: {}}, query: q}";
        assert_eq!(parse(keptn), Err("spec.provider.secretRef.name: is required".into()));
        let raw = raw::MetricTemplate { kind: "Canary".into(), ..Default::default() };
        let problems = MetricTemplate::parse(&raw).unwrap_err().problems;
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["apiVersion", "kind", "metadata.name", "spec.query", "spec.provider.type"]);
    }
}
