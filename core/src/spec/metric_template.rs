//! MetricTemplates: what they need, by the system that is asked.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::fmt;

use super::{
    Malformed,
    parse::{Problems, check_identity, filled, or},
    raw,
};
use crate::revision::Text;

/// A MetricTemplate that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricTemplate {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// What is asked.
    pub system: MetricSystem,
    /// Where it is, if not where such systems always are.
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
}

/// A system that can be asked for a value, as `spec.provider.type` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricSystem {
    /// AWS CloudWatch.
    CloudWatch,
    /// Datadog.
    Datadog,
    /// Dynatrace.
    Dynatrace,
    /// The external metrics API of the cluster.
    ExternalMetrics,
    /// Graphite.
    Graphite,
    /// InfluxDB.
    InfluxDb,
    /// Keptn.
    Keptn,
    /// New Relic.
    NewRelic,
    /// Prometheus, or what answers like it.
    Prometheus,
    /// Splunk Observability.
    Splunk,
    /// Google Cloud Monitoring.
    Stackdriver,
}

impl MetricSystem {
    /// All of them, by name.
    pub const ALL: [Self; 11] = [
        Self::CloudWatch,
        Self::Datadog,
        Self::Dynatrace,
        Self::ExternalMetrics,
        Self::Graphite,
        Self::InfluxDb,
        Self::Keptn,
        Self::NewRelic,
        Self::Prometheus,
        Self::Splunk,
        Self::Stackdriver,
    ];

    /// The name in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            Self::Datadog => "datadog",
            Self::Dynatrace => "dynatrace",
            Self::ExternalMetrics => "externalmetrics",
            Self::Graphite => "graphite",
            Self::InfluxDb => "influxdb",
            Self::Keptn => "keptn",
            Self::NewRelic => "newrelic",
            Self::Prometheus => "prometheus",
            Self::Splunk => "splunk",
            Self::Stackdriver => "stackdriver",
        }
    }

    /// The system of that name; `None` if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// Whether it stands somewhere else for everybody.
    const fn needs_address(self) -> bool {
        match self {
            Self::Dynatrace | Self::Graphite | Self::InfluxDb | Self::Prometheus | Self::Splunk => true,
            Self::CloudWatch
            | Self::Datadog
            | Self::ExternalMetrics
            | Self::Keptn
            | Self::NewRelic
            | Self::Stackdriver => false,
        }
    }

    /// What a Secret that it names must hold: all keys of one of these sets; empty: nothing in particular.
    #[must_use]
    pub const fn credentials(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Datadog => &[&["datadog_api_key", "datadog_application_key"]],
            Self::Dynatrace => &[&["dynatrace_token"]],
            Self::Graphite => &[&["username", "password"]],
            Self::InfluxDb => &[&["token", "org"]],
            Self::NewRelic => &[&["newrelic_account_id", "newrelic_query_key"]],
            Self::Prometheus => &[&["token"], &["username", "password"]],
            Self::Splunk => &[&["sf_token_key"]],
            Self::Stackdriver => &[&["project"]],
            Self::CloudWatch | Self::ExternalMetrics | Self::Keptn => &[],
        }
    }

    /// Whether it needs a Secret.
    const fn needs_secret(self) -> bool {
        match self {
            Self::Datadog | Self::Dynatrace | Self::NewRelic | Self::Splunk => true,
            Self::CloudWatch
            | Self::ExternalMetrics
            | Self::Graphite
            | Self::InfluxDb
            | Self::Keptn
            | Self::Prometheus
            | Self::Stackdriver => false,
        }
    }
}

impl fmt::Display for MetricSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl MetricTemplate {
    /// Gives a manifest its meaning, or says what is wrong with it.
    ///
    /// The query is not rendered: that takes a Canary.
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
    if system.needs_address() && filled(raw.address.as_deref()).is_none() {
        problems.add("address", &format!("is required for {system}"));
    }
    if system == MetricSystem::CloudWatch && filled(raw.region.as_deref()).is_none() {
        problems.add("region", &format!("is required for {system}"));
    }
    match &raw.secret_ref {
        Some(secret) if secret.name.is_empty() => problems.add("secretRef.name", "is required"),
        None if system.needs_secret() => {
            let keys = system.credentials().concat().join(" and ");
            problems.add("secretRef", &format!("is required for {system}: a Secret with {keys}"));
        }
        Some(_) | None => {}
    }
    Some(system)
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
