//! Metrics: from what a Canary names to what a system is asked, and from its answer to a value.
//!
//! [`Source::of`] works out what is asked, and where. One file per system says in which requests, and what the replies
//! mean, as an [`Exchange`] without I/O; [`ask`] carries it out. To add a system, write its file, a line in [`of`], and set
//! `driven` in its descriptor in the core.

mod asking;
mod aws;
mod built_in;
mod cloudwatch;
mod datadog;
mod dynatrace;
mod exchange;
mod external_metrics;
mod graphite;
#[cfg(test)]
mod hostile;
mod influxdb;
mod json_path;
mod keptn;
mod names;
mod newrelic;
mod prometheus;
mod quantity;
mod reading;
mod shipped;
mod source;
mod splunk;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod webhook;

use std::{sync::Arc, time::Duration};

use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};
use tokio::time::{sleep, timeout};

use crate::{
    cluster::Cluster,
    http::{Http, Reply, secret::Secret},
};

pub use self::{
    exchange::{Exchange, Need, Next},
    reading::Reading,
    source::Source,
};
pub(crate) use self::{
    external_metrics::METRIC as EXTERNAL_METRIC,
    keptn::{ANALYSIS as KEPTN_ANALYSIS, METRIC as KEPTN_METRIC},
};

/// A system that is asked for values.
pub trait Provider: Sync {
    /// Begins to ask for the value of a query. `secret` holds the keys that the system's descriptor wants, or nothing if the
    /// source names no Secret.
    ///
    /// # Errors
    /// The address or the query cannot be sent.
    fn begin(&self, source: &Source, secret: &Secret, now: Timestamp) -> Result<Exchange<Reading>, Text>;

    /// Begins to find out whether the system answers and takes the credentials. The query of the source does not matter.
    ///
    /// # Errors
    /// The address cannot be called.
    fn check(&self, source: &Source, secret: &Secret, now: Timestamp) -> Result<Exchange<()>, Text>;
}

/// The provider of a system; `None` if it is not supported.
#[must_use]
pub fn of(system: MetricSystem) -> Option<&'static dyn Provider> {
    match system {
        MetricSystem::CloudWatch => Some(&cloudwatch::CloudWatch),
        MetricSystem::Datadog => Some(&datadog::Datadog),
        MetricSystem::Dynatrace => Some(&dynatrace::Dynatrace),
        MetricSystem::ExternalMetrics => Some(&external_metrics::ExternalMetrics),
        MetricSystem::Graphite => Some(&graphite::Graphite),
        MetricSystem::InfluxDb => Some(&influxdb::InfluxDb),
        MetricSystem::Keptn => Some(&keptn::Keptn),
        MetricSystem::NewRelic => Some(&newrelic::NewRelic),
        MetricSystem::Prometheus => Some(&prometheus::Prometheus),
        MetricSystem::Splunk => Some(&splunk::Splunk),
        MetricSystem::Webhook => Some(&webhook::Webhook),
        MetricSystem::Stackdriver => None,
    }
}

/// How systems are reached.
#[derive(Clone)]
pub struct Systems {
    /// Those outside the cluster.
    pub http: Http,
    /// Those that the API server answers for.
    pub cluster: Arc<Cluster>,
}

/// The most requests of one exchange.
const MOST_REQUESTS: usize = 8;
/// The longest that one exchange takes, waiting for other requests included.
const LONGEST: Duration = Duration::from_secs(60);

/// Asks for a value, once. `secret` is what [`Source::secret`] names; empty where it names none.
pub async fn ask(systems: &Systems, source: &Source, secret: &Secret, now: Timestamp) -> MetricResult {
    let begun = provider(source, secret).and_then(|provider| provider.begin(source, secret, now));
    let value = match begun {
        Ok(exchange) => carry_out(systems, exchange, secret).await,
        Err(why) => Err(why),
    };
    match value {
        Ok(Some(value)) => MetricResult::value(value * source.scale),
        Ok(None) => MetricResult::NoData,
        Err(why) => MetricResult::Error(why),
    }
}

/// Finds out whether a system answers.
///
/// # Errors
/// Why it does not.
pub async fn answers(
    systems: &Systems,
    source: &Source,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), Text> {
    let exchange = provider(source, secret)?.check(source, secret, now)?;
    carry_out(systems, exchange, secret).await
}

/// The provider of a source, once its credentials are complete.
fn provider(source: &Source, secret: &Secret) -> Result<&'static dyn Provider, Text> {
    let unsupported = || Text::from(format!("metrics of type {} are not supported yet", source.system));
    let provider = of(source.system).ok_or_else(unsupported)?;
    asking::check_keys(source, secret)?;
    Ok(provider)
}

/// Fetches what an exchange needs until it ends.
async fn carry_out<T: 'static>(systems: &Systems, exchange: Exchange<T>, secret: &Secret) -> Result<T, Text> {
    let late = |_| Text::from(format!("no result within {LONGEST:?}"));
    timeout(LONGEST, fetch(systems, exchange, secret)).await.map_err(late)?
}

async fn fetch<T: 'static>(systems: &Systems, mut exchange: Exchange<T>, secret: &Secret) -> Result<T, Text> {
    for _ in 0..MOST_REQUESTS {
        sleep(exchange.wait()).await;
        let reply = match exchange.need() {
            Need::Http(request) => {
                systems.http.send(request).await.map_err(|error| Text::from(error.to_string()))?
            }
            Need::Api(request) => systems.cluster.ask(request).await?,
        };
        match read(exchange, &reply, secret)? {
            Next::Need(next) => exchange = next,
            Next::Done(result) => return Ok(result),
        }
    }
    Err(format!("no result after {MOST_REQUESTS} requests").into())
}

/// Continues an exchange with a reply.
///
/// # Errors
/// Where the request was sent, and why the reply is refused. Servers repeat in their errors what they were sent, so the
/// credentials are left out.
pub fn read<T: 'static>(exchange: Exchange<T>, reply: &Reply, secret: &Secret) -> Result<Next<T>, Text> {
    let place = match exchange.need() {
        Need::Http(request) => request.place(),
        Need::Api(request) => request.to_string(),
    };
    exchange.next(reply).map_err(|why| format!("{place}: {}", secret.hide_in(&why)).into())
}
