//! What is asked for a metric, and where.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{
    revision::Text,
    spec::{Metric, MetricSource, MetricSystem, MetricTemplate, WebhookCall},
    time::parse_duration,
};
use serin_template::TemplateError;

use super::{built_in::Series, names::Names, shipped};
use crate::{http::secret::Hidden, subject::Subject};

/// A query, filled in, and where it is put.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What is asked.
    pub system: MetricSystem,
    /// Where it is; `None` where such systems always are.
    pub address: Option<Hidden>,
    /// The query.
    pub query: String,
    /// The metric's window.
    pub interval: Duration,
    /// Sent with the request.
    pub headers: BTreeMap<String, Vec<Hidden>>,
    /// Do not verify the server's certificate.
    pub insecure: bool,
    /// AWS region.
    pub region: Option<String>,
    /// How a webhook is called.
    pub webhook: WebhookCall,
    /// The only namespace whose objects a query may name; any where there is none.
    pub within: Option<Text>,
    /// Namespace and name of the Secret with the credentials.
    pub secret: Option<(Text, Text)>,
    /// A value is multiplied by this.
    pub scale: f64,
}

impl Source {
    /// What is asked for a metric. `template` is the MetricTemplate that its source names; `None` if there is none.
    ///
    /// # Errors
    /// The template does not exist, or a query cannot be filled in.
    pub fn of(subject: &Subject, metric: &Metric, template: Option<&MetricTemplate>) -> Result<Self, Text> {
        let names = Names::of(subject, metric);
        let series = || Series::of(provider(subject), &names);
        let fill_in = |query: &str| {
            let why = |error: TemplateError| Text::from(format!("query {error}"));
            serin_template::render(query, &names.scope(metric)).map_err(why)
        };
        match &metric.source {
            MetricSource::SuccessRate => {
                Ok(Self::own(subject, metric, series().success_rate(&metric.interval)))
            }
            MetricSource::Duration => {
                let (query, scale) = series().duration(&metric.interval);
                Ok(Self { scale, ..Self::own(subject, metric, query) })
            }
            MetricSource::Shipped(name) => {
                let query = shipped::query(name, &series(), &names);
                let query = query.ok_or_else(|| Text::from(format!("no template {name} is shipped")))?;
                Ok(Self::own(subject, metric, query))
            }
            MetricSource::Query(query) => Ok(Self::own(subject, metric, fill_in(query)?)),
            MetricSource::Template { namespace, name } => {
                let Some(template) = template else {
                    return Err(format!(
                        "MetricTemplate {name}.{namespace} does not exist: create it, or correct the templateRef of the \
                         metric"
                    )
                    .into());
                };
                let why = |why: Text| Text::from(format!("MetricTemplate {name}.{namespace}: {why}"));
                let query = fill_in(&template.query).map_err(why)?;
                Ok(Self {
                    system: template.system,
                    address: template.address.as_deref().map(Hidden::new),
                    headers: hidden(&template.headers),
                    insecure: template.insecure_skip_verify,
                    region: template.region.as_deref().map(Into::into),
                    webhook: template.webhook.clone(),
                    within: subject.settings.no_cross_namespace_refs.then(|| template.namespace.clone()),
                    secret: template.secret.clone().map(|secret| (template.namespace.clone(), secret)),
                    ..Self::own(subject, metric, query)
                })
            }
        }
    }

    /// A query to the Canary's own Prometheus.
    fn own(subject: &Subject, metric: &Metric, query: String) -> Self {
        let server = subject.setup.metrics_server.as_deref();
        let server = Self::prometheus(server.unwrap_or(&subject.settings.metrics_server));
        // Checked when the Canary was parsed.
        let interval = parse_duration(&metric.interval).unwrap_or(server.interval);
        Self { query, interval, ..server }
    }

    /// A Prometheus without credentials.
    #[must_use]
    pub fn prometheus(address: &str) -> Self {
        Self {
            system: MetricSystem::Prometheus,
            address: Some(Hidden::new(address)),
            query: String::new(),
            interval: Duration::from_secs(60),
            headers: BTreeMap::new(),
            insecure: false,
            region: None,
            webhook: WebhookCall::default(),
            within: None,
            secret: None,
            scale: 1.0,
        }
    }
}

fn hidden(headers: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<Hidden>> {
    let hide = |values: &Vec<String>| values.iter().map(Hidden::new).collect();
    headers.iter().map(|(name, values)| (name.clone(), hide(values))).collect()
}

/// Whose series the built-in metrics read: a controller that was started for Linkerd reads Linkerd's in every Canary.
fn provider(subject: &Subject) -> &str {
    let is_linkerds = subject.setup.names_provider && subject.settings.provider.contains("linkerd");
    if is_linkerds { "linkerd" } else { &subject.topology.provider }
}
