//! JSON schemas of the files that users write, for editors and other tools.

use clap::ValueEnum;
use serde_json::{Value, json};
use serin_core::spec::raw;

use serin_simulator::scenario;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A scenario file
    Scenario,
    /// A Canary
    Canary,
    /// A MetricTemplate
    #[value(name = "metrictemplate")]
    MetricTemplate,
    /// An AlertProvider
    #[value(name = "alertprovider")]
    AlertProvider,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Canary => "canary",
            Self::MetricTemplate => "metrictemplate",
            Self::AlertProvider => "alertprovider",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Scenario => "Scenario",
            Self::Canary => "Canary",
            Self::MetricTemplate => "MetricTemplate",
            Self::AlertProvider => "AlertProvider",
        }
    }

    /// The schema, as of JSON Schema's draft 2020-12.
    #[must_use]
    pub fn schema(self) -> Value {
        let mut schema = match self {
            Self::Scenario => scenario::schema(),
            Self::Canary => raw::schema::strict::<raw::Canary>(),
            Self::MetricTemplate => raw::schema::strict::<raw::MetricTemplate>(),
            Self::AlertProvider => raw::schema::strict::<raw::AlertProvider>(),
        };
        schema.insert("$id".into(), json!(format!("urn:serin:schema:{}", self.name())));
        schema.insert("title".into(), json!(self.title()));
        schema.to_value()
    }
}
