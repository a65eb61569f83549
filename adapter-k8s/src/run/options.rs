//! The command line: Flagger's flags by their names, with one dash or two, and a few of our own.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Parser, ValueEnum};

use serin_core::revision::Text;

use crate::{
    notify::{Destination, SlackFlags},
    settings::Settings,
};

/// Progressive delivery for Kubernetes: runs every Canary of the cluster.
#[derive(Clone, Debug, Parser)]
#[command(name = "serin-controller", version, max_term_width = 110)]
pub struct Options {
    /// Path of a kubeconfig; inside a cluster none is needed.
    #[arg(long, value_name = "FILE", default_value = "")]
    pub kubeconfig: String,
    /// Address of the API server, instead of the kubeconfig's.
    #[arg(long, value_name = "URL", default_value = "")]
    pub master: String,
    /// Prometheus of the built-in metrics.
    #[arg(long, value_name = "URL", default_value = "http://prometheus:9090")]
    pub metrics_server: String,
    /// Router where a Canary names none.
    #[arg(long, value_name = "PROVIDER", default_value = "istio")]
    pub mesh_provider: String,
    /// Look at this namespace only.
    #[arg(long, value_name = "NAMESPACE", default_value = "")]
    pub namespace: String,
    /// Labels that tell a workload's pods; the first that is there.
    #[arg(
        long,
        value_name = "LABELS",
        value_delimiter = ',',
        default_value = "app,name,app.kubernetes.io/name"
    )]
    pub selector_labels: Vec<String>,
    /// Labels and annotations to copy to the primary, by prefix; `*` is all.
    #[arg(long, value_name = "PREFIXES", value_delimiter = ',')]
    pub include_label_prefix: Vec<String>,
    /// What NGINX's annotations begin with.
    #[arg(long, value_name = "PREFIX", default_value = "nginx.ingress.kubernetes.io")]
    pub ingress_annotations_prefix: String,
    /// Ingress class of Contour's routes.
    #[arg(long, value_name = "CLASS", default_value = "")]
    pub ingress_class: String,
    /// Whether a changed ConfigMap or Secret is a new revision.
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set)]
    pub enable_config_tracking: bool,
    /// The cluster's name in alerts.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub cluster_name: String,

    /// Elect a leader, so that several replicas may run.
    #[arg(long, value_name = "BOOL", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set)]
    pub enable_leader_election: bool,
    /// Namespace of the leader's Lease.
    #[arg(long, value_name = "NAMESPACE", default_value = "kube-system")]
    pub leader_election_namespace: String,

    /// Slack hook for Canaries that name no receivers.
    #[arg(long, value_name = "URL", env = "SLACK_URL", hide_env_values = true, default_value = "")]
    pub slack_url: String,
    /// Token for Slack.
    #[arg(long, value_name = "TOKEN", env = "SLACK_TOKEN", hide_env_values = true, default_value = "")]
    pub slack_token: String,
    /// HTTP proxy on the way to Slack.
    #[arg(long, value_name = "URL", env = "SLACK_PROXY_URL", hide_env_values = true, default_value = "")]
    pub slack_proxy_url: String,
    /// Slack channel.
    #[arg(long, value_name = "CHANNEL", default_value = "")]
    pub slack_channel: String,
    /// Name to write under in Slack.
    #[arg(long, value_name = "NAME", default_value = "flagger")]
    pub slack_user: String,
    /// Receives every event of Canaries that have no event hook of their own.
    #[arg(long, value_name = "URL", env = "EVENT_WEBHOOK_URL", hide_env_values = true, default_value = "")]
    pub event_webhook: String,

    /// Refuse Canaries that refer to MetricTemplates or AlertProviders of other namespaces.
    #[arg(long, value_name = "BOOL", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set)]
    pub no_cross_namespace_refs: bool,
    /// Microsoft Teams; not supported yet: nobody is told there.
    #[arg(long, value_name = "URL", env = "MSTEAMS_URL", hide = true, default_value = "")]
    pub msteams_url: String,
    /// See `--msteams-url`.
    #[arg(long, value_name = "URL", env = "MSTEAMS_PROXY_URL", hide = true, default_value = "")]
    pub msteams_proxy_url: String,

    /// Port of /metrics, /healthz and /readyz.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// What is logged: debug, info, warn or error.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
    /// How it is logged.
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub zap_encoding: LogFormat,
    /// Change nothing in the cluster but statuses and events.
    #[arg(long)]
    pub dry_run: bool,
    /// Append every decision to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Most requests to the API server per second; kept for Flagger's manifests, not needed.
    #[arg(long, value_name = "N", hide = true)]
    pub kubeconfig_qps: Option<u32>,
    /// See `--kubeconfig-qps`.
    #[arg(long, value_name = "N", hide = true)]
    pub kubeconfig_burst: Option<u32>,
    /// Kept for Flagger's manifests, not needed.
    #[arg(long, value_name = "N", hide = true)]
    pub threadiness: Option<u32>,
    /// Kept for Flagger's manifests, not needed.
    #[arg(long, value_name = "DURATION", hide = true)]
    pub control_loop_interval: Option<String>,
    /// Kept for Flagger's manifests, not needed.
    #[arg(long, value_name = "BOOL", hide = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", action = ArgAction::Set)]
    pub zap_replace_globals: bool,
}

/// How it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[value(alias = "text")]
    Console,
}

impl Options {
    /// Reads the command line. Flags may have one dash, as Go's do.
    ///
    /// # Errors
    /// A flag that is not known or makes no sense; help and version.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(args.into_iter().map(with_two_dashes))
    }

    /// Who is told of alerts where a Canary names nobody.
    ///
    /// # Errors
    /// An address without a channel.
    pub fn slack(&self) -> Result<Option<Destination>, Text> {
        Destination::slack(&SlackFlags {
            url: self.slack_url.clone(),
            token: self.slack_token.clone(),
            channel: self.slack_channel.clone(),
            user: self.slack_user.clone(),
            proxy_url: self.slack_proxy_url.clone(),
        })
    }

    /// What was asked for and is not done, each in a sentence.
    #[must_use]
    pub fn unsupported(&self) -> Vec<&'static str> {
        let given = [(&self.msteams_url, "--msteams-url: alerts to Microsoft Teams are not supported yet")];
        given.into_iter().filter(|(value, _)| !value.is_empty()).map(|(_, what)| what).collect()
    }

    /// What the flags say of objects.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Settings {
            provider: self.mesh_provider.clone(),
            selector_labels: self.selector_labels.iter().filter(|label| !label.is_empty()).cloned().collect(),
            include_label_prefix: self.include_label_prefix.iter().filter_map(given).collect(),
            ingress_annotations_prefix: self.ingress_annotations_prefix.clone(),
            ingress_class: given(&self.ingress_class),
            config_tracking: self.enable_config_tracking,
            metrics_server: self.metrics_server.clone(),
            cluster_name: given(&self.cluster_name),
            no_cross_namespace_refs: self.no_cross_namespace_refs,
        }
    }
}

/// `-mesh-provider=istio` as `--mesh-provider=istio`. We have no flags of one letter but `-h` and `-V`.
fn with_two_dashes(arg: OsString) -> OsString {
    let Some(text) = arg.to_str() else { return arg };
    let name = text.strip_prefix('-').unwrap_or_default();
    if name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return format!("-{text}").into();
    }
    arg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Options, String> {
        let args = ["serin-controller"].iter().chain(args).map(OsString::from);
        Options::read(args).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_of_flaggers_manifests_are_understood_with_one_dash() {
        let options = read(&[
            "-log-level=info",
            "-mesh-provider=nginx",
            "-metrics-server=http://p:9090",
            "-enable-leader-election=true",
            "-leader-election-namespace=flagger-system",
            "-include-label-prefix=app.kubernetes.io,team",
            "-enable-config-tracking=false",
            "-threadiness=4",
            "-msteams-url=https://teams",
            "-no-cross-namespace-refs=true",
        ]);
        let options = options.unwrap();
        let settings = options.settings();
        assert!(options.enable_leader_election && !settings.config_tracking);
        assert_eq!(
            (settings.provider.as_str(), options.leader_election_namespace.as_str()),
            ("nginx", "flagger-system")
        );
        assert!(settings.no_cross_namespace_refs && options.unsupported().len() == 1);
        assert_eq!(settings.include_label_prefix, ["app.kubernetes.io", "team"]);
    }

    #[test]
    fn what_is_left_out_is_as_in_flagger() {
        assert_eq!(read(&[]).unwrap().settings(), Settings::default());
    }

    #[test]
    fn two_dashes_do_as_well_and_other_flags_are_refused() {
        assert!(read(&["--enable-leader-election", "--dry-run"]).unwrap().dry_run);
        assert!(read(&["-mesh-provide=istio"]).unwrap_err().contains("--mesh-provider"));
    }
}
