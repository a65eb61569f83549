//! Metric systems by name, and what a MetricTemplate of each needs.

use alloc::vec::Vec;
use core::fmt;

/// A metric system, as `spec.provider.type` of a MetricTemplate names it.
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
    /// Prometheus, or a system that answers like it.
    Prometheus,
    /// Splunk Observability.
    Splunk,
    /// Google Cloud Monitoring.
    Stackdriver,
    /// Any system that answers with JSON; not in Flagger.
    Webhook,
}

/// What a MetricTemplate needs for one metric system, and whether the controller asks that system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricDescriptor {
    /// The name in a manifest.
    pub name: &'static str,
    /// The name in a message.
    pub title: &'static str,
    /// Where the system is.
    pub address: Address,
    /// What the Secret that the template names has to contain.
    pub keys: SecretKeys,
    /// Whether the template has to name a Secret.
    pub needs_secret: bool,
    /// Whether the template has to name a `region`.
    pub needs_region: bool,
    /// Whether this version of the controller supports it.
    pub driven: bool,
    /// Whether Flagger 1.44 knows it.
    pub in_flagger: bool,
}

/// The address of a metric system if a template does not give one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// The template has to give an address.
    Required,
    /// It is this address.
    Default(&'static str),
    /// Something else gives it, such as a region or the cluster.
    Implied,
}

/// The keys that a Secret has to contain: all keys of one of these sets. Without sets, no key is required.
///
/// It is shown as in "`token`, or `username` and `password`".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretKeys(pub &'static [&'static [&'static str]]);

impl MetricSystem {
    /// All of them, by name.
    pub const ALL: [Self; 12] = [
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
        Self::Webhook,
    ];

    /// What it needs.
    #[must_use]
    pub const fn descriptor(self) -> &'static MetricDescriptor {
        match self {
            Self::CloudWatch => &CLOUDWATCH,
            Self::Datadog => &DATADOG,
            Self::Dynatrace => &DYNATRACE,
            Self::ExternalMetrics => &EXTERNAL_METRICS,
            Self::Graphite => &GRAPHITE,
            Self::InfluxDb => &INFLUXDB,
            Self::Keptn => &KEPTN,
            Self::NewRelic => &NEW_RELIC,
            Self::Prometheus => &PROMETHEUS,
            Self::Splunk => &SPLUNK,
            Self::Stackdriver => &STACKDRIVER,
            Self::Webhook => &WEBHOOK,
        }
    }

    /// The name in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.descriptor().name
    }

    /// The system of that name; `None` if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// Whether this version of the controller asks it.
    #[must_use]
    pub const fn is_driven(self) -> bool {
        self.descriptor().driven
    }

    /// Whether Flagger 1.44 knows it.
    #[must_use]
    pub const fn is_known_to_flagger(self) -> bool {
        self.descriptor().in_flagger
    }
}

/// A system without credentials of its own and with no required address, which the controller does not support.
const IMPLIED: MetricDescriptor = MetricDescriptor {
    name: "",
    title: "",
    address: Address::Implied,
    keys: SecretKeys(&[]),
    needs_secret: false,
    needs_region: false,
    driven: false,
    in_flagger: true,
};

const CLOUDWATCH: MetricDescriptor = MetricDescriptor {
    name: "cloudwatch",
    title: "CloudWatch",
    keys: SecretKeys(&[&["aws_access_key_id", "aws_secret_access_key"]]),
    needs_region: true,
    driven: true,
    ..IMPLIED
};

const DATADOG: MetricDescriptor = MetricDescriptor {
    name: "datadog",
    title: "Datadog",
    address: Address::Default("https://api.datadoghq.com"),
    keys: SecretKeys(&[&["datadog_api_key", "datadog_application_key"]]),
    needs_secret: true,
    driven: true,
    ..IMPLIED
};

const DYNATRACE: MetricDescriptor = MetricDescriptor {
    name: "dynatrace",
    title: "Dynatrace",
    address: Address::Required,
    keys: SecretKeys(&[&["dynatrace_token"]]),
    needs_secret: true,
    driven: true,
    ..IMPLIED
};

const EXTERNAL_METRICS: MetricDescriptor = MetricDescriptor {
    name: "externalmetrics",
    title: "external metrics API",
    keys: SecretKeys(&[&["token"]]),
    driven: true,
    ..IMPLIED
};

const GRAPHITE: MetricDescriptor = MetricDescriptor {
    name: "graphite",
    title: "Graphite",
    address: Address::Required,
    keys: SecretKeys(&[&["username", "password"]]),
    driven: true,
    ..IMPLIED
};

const INFLUXDB: MetricDescriptor = MetricDescriptor {
    name: "influxdb",
    title: "InfluxDB",
    address: Address::Required,
    keys: SecretKeys(&[&["token", "org"]]),
    driven: true,
    ..IMPLIED
};

const KEPTN: MetricDescriptor = MetricDescriptor { name: "keptn", title: "Keptn", driven: true, ..IMPLIED };

const NEW_RELIC: MetricDescriptor = MetricDescriptor {
    name: "newrelic",
    title: "New Relic",
    address: Address::Default("https://insights-api.newrelic.com"),
    keys: SecretKeys(&[&["newrelic_account_id", "newrelic_query_key"]]),
    needs_secret: true,
    driven: true,
    ..IMPLIED
};

const PROMETHEUS: MetricDescriptor = MetricDescriptor {
    name: "prometheus",
    title: "Prometheus",
    address: Address::Required,
    keys: SecretKeys(&[&["token"], &["username", "password"]]),
    driven: true,
    ..IMPLIED
};

const SPLUNK: MetricDescriptor = MetricDescriptor {
    name: "splunk",
    title: "Splunk Observability",
    address: Address::Required,
    keys: SecretKeys(&[&["sf_token_key"]]),
    needs_secret: true,
    driven: true,
    ..IMPLIED
};

const STACKDRIVER: MetricDescriptor = MetricDescriptor {
    name: "stackdriver",
    title: "Google Cloud Monitoring",
    keys: SecretKeys(&[&["project"]]),
    ..IMPLIED
};

const WEBHOOK: MetricDescriptor = MetricDescriptor {
    name: "webhook",
    title: "webhook",
    address: Address::Required,
    keys: PROMETHEUS.keys,
    driven: true,
    in_flagger: false,
    ..IMPLIED
};

impl fmt::Display for MetricSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl SecretKeys {
    /// Whether a Secret fits. `holds` says whether it contains a key.
    #[must_use]
    pub fn fit(&self, holds: impl Fn(&str) -> bool) -> bool {
        self.0.is_empty() || self.0.iter().any(|needed| needed.iter().all(|key| holds(key)))
    }

    /// Every key of every set.
    #[must_use]
    pub fn all(&self) -> Vec<&'static str> {
        self.0.concat()
    }
}

impl fmt::Display for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, needed) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { ", or " })?;
            for (place, key) in needed.iter().enumerate() {
                write!(f, "{}`{key}`", if place == 0 { "" } else { " and " })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn names_are_sorted_and_lead_back_to_their_system() {
        assert!(MetricSystem::ALL.is_sorted_by(|a, b| a.name() < b.name()));
        for system in MetricSystem::ALL {
            assert_eq!(MetricSystem::named(system.name()), Some(system));
            assert!(!system.descriptor().title.is_empty(), "{system}");
        }
    }

    #[test]
    fn a_secret_fits_with_all_keys_of_one_set() {
        let keys = MetricSystem::Prometheus.descriptor().keys;
        assert_eq!(keys.to_string(), "`token`, or `username` and `password`");
        let fits = |held: &[&str]| keys.fit(|key| held.contains(&key));
        assert_eq!(
            [fits(&["token"]), fits(&["username", "password"]), fits(&["username"]), fits(&[])],
            [true, true, false, false]
        );
        assert!(MetricSystem::Keptn.descriptor().keys.fit(|_| false));
    }
}
