//! Metrics: from what a Canary names to what a system is asked, and from its answer to a value.
//!
//! [`Source::of`] works out what is asked, and where. One file per system, each a pure pair: [`Provider::render`] and
//! [`Provider::read`]. To add one, write its file and a line in [`of`].

mod built_in;
mod names;
mod prometheus;
mod shipped;
mod source;
#[cfg(test)]
mod tests;

use serin_core::{question::Answer, revision::Text, spec::MetricSystem, time::Timestamp};

use crate::http::{Http, Reply, Request, secret::Secret};

pub use self::source::Source;

/// A system that is asked for values.
pub trait Provider: Sync {
    /// The request for a value.
    ///
    /// # Errors
    /// The Secret lacks something, or the address makes no sense.
    fn render(&self, source: &Source, secret: &Secret, now: Timestamp) -> Result<Request, Text>;

    /// What an answer means.
    fn read(&self, reply: &Reply) -> Answer;

    /// A query that is answered with 1 wherever the system answers at all.
    fn probe(&self) -> &'static str;
}

/// The provider of a system; `None` if it is not supported.
#[must_use]
pub fn of(system: MetricSystem) -> Option<&'static dyn Provider> {
    match system {
        MetricSystem::Prometheus => Some(&prometheus::Prometheus),
        MetricSystem::CloudWatch
        | MetricSystem::Datadog
        | MetricSystem::Dynatrace
        | MetricSystem::ExternalMetrics
        | MetricSystem::Graphite
        | MetricSystem::InfluxDb
        | MetricSystem::Keptn
        | MetricSystem::NewRelic
        | MetricSystem::Splunk
        | MetricSystem::Stackdriver => None,
    }
}

/// Asks for a value, once. `secret` is what [`Source::secret`] names; empty where it names none.
pub async fn ask(http: &Http, source: &Source, secret: &Secret, now: Timestamp) -> Answer {
    let Some(provider) = of(source.system) else {
        return Answer::Error(format!("metrics of type {} are not supported yet", source.system).into());
    };
    let request = match provider.render(source, secret, now) {
        Ok(request) => request,
        Err(why) => return Answer::Error(why),
    };
    match http.send(&request).await {
        Ok(reply) => match provider.read(&reply) {
            Answer::Value(value) => Answer::value(value * source.scale),
            Answer::Error(why) => Answer::Error(format!("{}: {why}", request.place()).into()),
            none @ (Answer::NoData | Answer::Pass(_) | Answer::Deny(_)) => none,
        },
        Err(error) => Answer::Error(error.to_string().into()),
    }
}

/// Finds out whether a system answers.
///
/// # Errors
/// Why it does not.
pub async fn answers(http: &Http, source: &Source, secret: &Secret, now: Timestamp) -> Result<(), Text> {
    let query = of(source.system).map_or("", Provider::probe);
    let probe = Source { query: query.into(), scale: 1.0, ..source.clone() };
    match ask(http, &probe, secret, now).await {
        Answer::Value(1.0) => Ok(()),
        Answer::Error(why) | Answer::Deny(why) => Err(why),
        Answer::Value(_) | Answer::NoData | Answer::Pass(_) => {
            Err(format!("`{query}` is not answered with 1").into())
        }
    }
}
