//! The command line: the flags of Flagger's load tester by their names, with one dash or two, and a few of our own.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgAction, Parser};
use regex::Regex;
use serin_core::time::parse_duration;
use serin_k8s::run::options::{LogFormat, as_in_go, boolean, level};
use tracing::level_filters::LevelFilter;

/// Runs what hooks of Canaries ask for: load tests, acceptance tests, gates.
#[derive(Clone, Debug, Parser)]
#[command(name = "serin-loadtester", version, max_term_width = 110)]
pub struct Options {
    /// Port of the hooks, /metrics and /healthz.
    #[arg(long, value_name = "PORT", default_value_t = 9090)]
    pub port: u16,
    /// How long a task may take.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub timeout: Duration,
    /// How many tasks may run at once.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_tasks: usize,
    /// Refuse hooks of Canaries in namespaces that this regular expression does not match.
    #[arg(long, value_name = "REGEXP", default_value = "")]
    pub namespace_regexp: NamespaceRegexp,

    /// ConfigMap that keeps the gates; without it they are in memory, and a restart closes them.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub gates_config_map: String,
    /// Namespace of that ConfigMap; the load tester's own where left out.
    #[arg(long, value_name = "NAMESPACE", default_value = "")]
    pub gates_namespace: String,
    /// Path of a kubeconfig; inside a cluster none is needed.
    #[arg(long, value_name = "FILE", default_value = "")]
    pub kubeconfig: String,
    /// File with the token for the page of gates and results at /page; without it there is no page.
    #[arg(long, value_name = "FILE")]
    pub page_token_file: Option<PathBuf>,

    /// What is logged: debug, info, warn or error.
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = level)]
    pub log_level: LevelFilter,
    /// How it is logged.
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub zap_encoding: LogFormat,
    /// Kept for Flagger's manifests, not needed.
    #[arg(long, value_name = "BOOL", hide = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", action = ArgAction::Set, value_parser = boolean)]
    pub zap_replace_globals: bool,
}

/// Which namespaces are served.
#[derive(Clone, Debug)]
pub struct NamespaceRegexp(Option<Regex>);

impl NamespaceRegexp {
    /// Whether hooks of this namespace are served.
    #[must_use]
    pub fn is_match(&self, namespace: &str) -> bool {
        self.0.as_ref().is_none_or(|regexp| regexp.is_match(namespace))
    }
}

impl std::str::FromStr for NamespaceRegexp {
    type Err = regex::Error;

    fn from_str(text: &str) -> Result<Self, regex::Error> {
        if text.is_empty() { Ok(Self(None)) } else { Regex::new(text).map(|regexp| Self(Some(regexp))) }
    }
}

impl Options {
    /// Reads the command line. Flags may have one dash, as Go's do.
    ///
    /// # Errors
    /// A flag that is unknown or invalid; help and version.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(as_in_go(args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Options, String> {
        let args = ["serin-loadtester"].iter().chain(args).map(OsString::from);
        Options::read(args).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_of_flaggers_manifests_are_understood() {
        let options =
            read(&["-port=8080", "-log-level=info", "-timeout=1h", "-namespace-regexp=^team-"]).unwrap();
        assert_eq!((options.port, options.timeout), (8080, Duration::from_secs(3600)));
        assert!(options.namespace_regexp.is_match("team-a") && !options.namespace_regexp.is_match("a-team-"));
        assert!(read(&["-namespace-regexp="]).unwrap().namespace_regexp.is_match("any"));
    }

    #[test]
    fn flags_that_are_invalid_are_refused() {
        for (flag, why) in [
            ("-namespace-regexp=(", "unclosed group"),
            ("-timeout=60", "has no unit"),
            ("-storage=x", "--storage"),
        ] {
            let refusal = read(&[flag]).unwrap_err();
            assert!(refusal.contains(why), "{refusal}");
        }
    }
}
