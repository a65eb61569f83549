//! The command line: Flagger's flags by their names, with one dash or two, and some of our own.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgAction, Parser, ValueEnum};
use tracing::level_filters::LevelFilter;

use serin_core::{revision::Text, spec::Limits, time::parse_duration};

use crate::{
    http::{
        reach::{Network, Reach},
        secret::Hidden,
    },
    notify::{Destination, SlackFlags},
    settings::Settings,
};

/// Progressive delivery for Kubernetes: runs every Canary of the cluster.
#[derive(Clone, Debug, Parser)]
#[command(name = "serin-controller", version, max_term_width = 110)]
pub struct Options {
    /// Path of a kubeconfig; not needed inside a cluster.
    #[arg(long, value_name = "FILE", default_value = "")]
    pub kubeconfig: String,
    /// Address of the API server, instead of the kubeconfig's.
    #[arg(long, value_name = "URL", default_value = "")]
    pub master: String,
    /// Prometheus for the built-in metrics.
    #[arg(long, value_name = "URL", default_value = "http://prometheus:9090")]
    pub metrics_server: String,
    /// Router if a Canary names none.
    #[arg(long, value_name = "PROVIDER", default_value = "istio")]
    pub mesh_provider: String,
    /// Watch only this namespace.
    #[arg(long, value_name = "NAMESPACE", default_value = "")]
    pub namespace: String,
    /// Labels that identify a workload's pods; the first one that the workload has is used.
    #[arg(
        long,
        value_name = "LABELS",
        value_delimiter = ',',
        default_value = "app,name,app.kubernetes.io/name"
    )]
    pub selector_labels: Vec<String>,
    /// Labels and annotations to copy to the primary, by prefix; `*` means all.
    #[arg(long, value_name = "PREFIXES", value_delimiter = ',')]
    pub include_label_prefix: Vec<String>,
    /// Prefix of NGINX's annotations.
    #[arg(long, value_name = "PREFIX", default_value = "nginx.ingress.kubernetes.io")]
    pub ingress_annotations_prefix: String,
    /// Ingress class of Contour's routes.
    #[arg(long, value_name = "CLASS", default_value = "")]
    pub ingress_class: String,
    /// Whether a changed ConfigMap or Secret is a new revision.
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, value_parser = boolean)]
    pub enable_config_tracking: bool,
    /// The cluster's name in alerts.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub cluster_name: String,

    /// Elect a leader, so that several replicas may run.
    #[arg(long, value_name = "BOOL", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, value_parser = boolean)]
    pub enable_leader_election: bool,
    /// Namespace of the leader's Lease.
    #[arg(long, value_name = "NAMESPACE", default_value = "kube-system")]
    pub leader_election_namespace: String,

    /// Slack hook for Canaries that name no receivers.
    #[arg(long, value_name = "URL", env = "SLACK_URL", hide_env_values = true, default_value = "")]
    pub slack_url: Hidden,
    /// Token for Slack.
    #[arg(long, value_name = "TOKEN", env = "SLACK_TOKEN", hide_env_values = true, default_value = "")]
    pub slack_token: Hidden,
    /// HTTP proxy for Slack.
    #[arg(long, value_name = "URL", env = "SLACK_PROXY_URL", hide_env_values = true, default_value = "")]
    pub slack_proxy_url: Hidden,
    /// Slack channel.
    #[arg(long, value_name = "CHANNEL", default_value = "")]
    pub slack_channel: String,
    /// User name in Slack.
    #[arg(long, value_name = "NAME", default_value = "flagger")]
    pub slack_user: String,
    /// Receives every event of Canaries that have no event hook of their own.
    #[arg(long, value_name = "URL", env = "EVENT_WEBHOOK_URL", hide_env_values = true, default_value = "")]
    pub event_webhook: Hidden,

    /// Refuse Canaries that refer to MetricTemplates or AlertProviders of other namespaces.
    #[arg(long, value_name = "BOOL", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, value_parser = boolean)]
    pub no_cross_namespace_refs: bool,
    /// Maximum number of metrics of a Canary; further ones are reported and not queried.
    #[arg(long, value_name = "N", default_value_t = Limits::default().metrics)]
    pub max_metrics: usize,
    /// Maximum number of hooks of a Canary; further ones are reported and not called.
    #[arg(long, value_name = "N", default_value_t = Limits::default().hooks)]
    pub max_hooks: usize,
    /// Maximum number of retries of a hook; a higher number is reported and reduced.
    #[arg(long, value_name = "N", default_value_t = Limits::default().retries)]
    pub max_hook_retries: u32,
    /// Maximum timeout of a hook; a longer one is reported and reduced.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub max_hook_timeout: Duration,
    /// Addresses that Canaries may use although they are link-local or the API server's, such as 169.254.1.0/24.
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    pub allow_address: Vec<Network>,
    /// Microsoft Teams; not supported yet: no alerts are sent there.
    #[arg(long, value_name = "URL", env = "MSTEAMS_URL", hide = true, default_value = "")]
    pub msteams_url: Hidden,
    /// See `--msteams-url`.
    #[arg(long, value_name = "URL", env = "MSTEAMS_PROXY_URL", hide = true, default_value = "")]
    pub msteams_proxy_url: Hidden,

    /// Port of /metrics, /healthz and /readyz.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// Level of the log: debug, info, warn or error.
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = level)]
    pub log_level: LevelFilter,
    /// Format of the log.
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub zap_encoding: LogFormat,
    /// Change only statuses and events in the cluster.
    #[arg(long, value_name = "BOOL", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, value_parser = boolean)]
    pub dry_run: bool,
    /// Append every decision to this file, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Maximum number of requests to the API server per second; accepted for Flagger's manifests, and ignored.
    #[arg(long, value_name = "N", hide = true)]
    pub kubeconfig_qps: Option<u32>,
    /// See `--kubeconfig-qps`.
    #[arg(long, value_name = "N", hide = true)]
    pub kubeconfig_burst: Option<u32>,
    /// Accepted for Flagger's manifests, and ignored.
    #[arg(long, value_name = "N", hide = true)]
    pub threadiness: Option<u32>,
    /// Accepted for Flagger's manifests, and ignored.
    #[arg(long, value_name = "DURATION", hide = true)]
    pub control_loop_interval: Option<String>,
    /// Accepted for Flagger's manifests, and ignored.
    #[arg(long, value_name = "BOOL", hide = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", action = ArgAction::Set, value_parser = boolean)]
    pub zap_replace_globals: bool,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    #[value(alias = "text")]
    Console,
}

impl Options {
    /// Parses the command line. Flags can have one dash, as in Go.
    ///
    /// # Errors
    /// A flag that is unknown or invalid; help and version.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(as_in_go(args))
    }

    /// The receiver of alerts for Canaries that name none.
    ///
    /// # Errors
    /// An address without a channel.
    pub fn slack(&self) -> Result<Option<Destination>, Text> {
        Destination::slack(&SlackFlags {
            url: self.slack_url.reveal().into(),
            token: self.slack_token.reveal().into(),
            channel: self.slack_channel.clone(),
            user: self.slack_user.clone(),
            proxy_url: self.slack_proxy_url.reveal().into(),
        })
    }

    /// Flags that were set and have no effect, each as a sentence.
    #[must_use]
    pub fn unsupported(&self) -> Vec<&'static str> {
        let given = [(&self.msteams_url, "--msteams-url: alerts to Microsoft Teams are not supported yet")];
        given.into_iter().filter(|(value, _)| !value.reveal().is_empty()).map(|(_, what)| what).collect()
    }

    /// The settings for objects.
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
            limits: Limits {
                metrics: self.max_metrics,
                hooks: self.max_hooks,
                retries: self.max_hook_retries,
                timeout: self.max_hook_timeout,
            },
            dry_run: self.dry_run,
        }
    }

    /// Which addresses requests can reach if Canaries, MetricTemplates and AlertProviders name them; `api_server` is
    /// its address.
    #[must_use]
    pub fn reach(&self, api_server: &str) -> Reach {
        let own = [&self.metrics_server, self.slack_url.reveal(), self.event_webhook.reveal()];
        let reach = Reach::beside(api_server, self.allow_address.clone());
        own.into_iter().fold(reach, |reach, url| reach.opening(url))
    }
}

/// Flags of klog, which Flagger's binary also has: Serin has `--log-level` and `--zap-encoding` instead.
const OF_KLOG: [&str; 14] = [
    "add_dir_header",
    "alsologtostderr",
    "legacy_stderr_threshold_behavior",
    "log_backtrace_at",
    "log_dir",
    "log_file",
    "log_file_max_size",
    "logtostderr",
    "one_output",
    "skip_headers",
    "skip_log_headers",
    "stderrthreshold",
    "v",
    "vmodule",
];
/// Those of them that take no value unless it is joined.
const OF_KLOG_ALONE: [&str; 6] =
    ["add_dir_header", "alsologtostderr", "logtostderr", "one_output", "skip_headers", "skip_log_headers"];

/// Arguments as Go's `flag` package reads them: `-mesh-provider=istio` is `--mesh-provider=istio`. The flags of klog
/// are left out. Serin has no flags of one letter except `-h` and `-V`.
#[must_use]
pub fn as_in_go(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut read = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-')).unwrap_or_default();
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        if OF_KLOG.contains(&name) {
            if value.is_none() && !OF_KLOG_ALONE.contains(&name) {
                args.next();
            }
        } else if name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            read.push(format!("--{flag}").into());
        } else {
            read.push(arg);
        }
    }
    read
}

/// A boolean as Go's `strconv.ParseBool` reads it.
///
/// # Errors
/// Anything else.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

/// A level of the log, by Flagger's names.
///
/// # Errors
/// Anything else.
pub fn level(text: &str) -> Result<LevelFilter, String> {
    match text {
        "debug" => Ok(LevelFilter::DEBUG),
        "info" => Ok(LevelFilter::INFO),
        "warn" | "warning" => Ok(LevelFilter::WARN),
        "error" | "dpanic" | "panic" | "fatal" => Ok(LevelFilter::ERROR),
        _ => Err("expected debug, info, warn or error".into()),
    }
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
    fn fields_left_out_have_flaggers_defaults() {
        assert_eq!(read(&[]).unwrap().settings(), Settings::default());
    }

    #[test]
    fn two_dashes_are_accepted_and_other_flags_are_refused() {
        assert!(read(&["--enable-leader-election", "--dry-run"]).unwrap().dry_run);
        assert!(read(&["-mesh-provide=istio"]).unwrap_err().contains("--mesh-provider"));
    }

    #[test]
    fn flags_are_read_as_in_go() {
        let options =
            read(&["-v=2", "-enable-leader-election=1", "--logtostderr", "-stderrthreshold", "INFO"]);
        assert!(options.unwrap().enable_leader_election);
        let options =
            read(&["--v", "4", "-enable-config-tracking=F", "-no-cross-namespace-refs=T", "-dry-run"]);
        let options = options.unwrap();
        assert!(!options.enable_config_tracking && options.no_cross_namespace_refs && options.dry_run);
        assert!(read(&["-enable-leader-election=yes"]).unwrap_err().contains("expected true or false"));
    }

    #[test]
    fn an_invalid_level_is_refused() {
        let levels = ["debug", "warning", "fatal"].map(|it| read(&["-log-level", it]).unwrap().log_level);
        assert_eq!(levels, [LevelFilter::DEBUG, LevelFilter::WARN, LevelFilter::ERROR]);
        assert!(read(&["-log-level=verbose"]).unwrap_err().contains("expected debug, info, warn or error"));
    }

    #[test]
    fn no_credential_is_shown() {
        let args = ["slack-url", "slack-token", "slack-proxy-url", "event-webhook", "msteams-url"];
        let args = args.map(|name| format!("-{name}=https://user:key@host/key?key"));
        let options = read(&args.each_ref().map(String::as_str)).unwrap();
        assert!(!format!("{options:?}").contains("key"), "{options:?}");
        assert!(options.slack_token.reveal().contains("key"));
    }
}
