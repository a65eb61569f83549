mod receivers;

use std::{sync::Arc, time::Duration};

use serin_core::{
    decision::{Cause, Finding},
    message::{Exposure, NoticeId},
    phase::Phase,
    revision::Revision,
    spec::{AlertProvider, MetricUnit, Severity, raw},
    state::{AnalysisRecord, Iteration},
    time::Timestamp,
};

use super::*;
use crate::{http::secret::Secret, settings::Settings, tests::subject};
use serin_core::message::Message;
use serin_template::TemplateError;

const AT: Timestamp = Timestamp::from_millis(1_767_225_600_120);

fn canary(analysis: &str) -> (Subject, Rollout) {
    let (mut subject, rollout) = subject(&format!(
        "{{targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}, service: {{name: front, port: 80}}, \
         progressDeadlineSeconds: 90, analysis: {{interval: 1m, threshold: 3, {analysis}}}}}"
    ));
    subject.settings = Settings { cluster_name: Some("east".into()), ..Settings::default() }.into();
    (subject, rollout)
}

fn state() -> State {
    let measured = |metric: &str, value, threshold, failed| Iteration {
        metric: metric.into(),
        value,
        series: None,
        threshold: Some(threshold),
        failed,
        at: AT,
    };
    let iterations = vec![
        measured("request-success-rate", Some(97.5), 99.0, true),
        measured("request-duration", Some(120.0), 500.0, false),
        measured("ratio", None, 1.0, true),
    ];
    State {
        phase: Phase::Progressing,
        canary_weight: 20,
        applied: Revision::of("abc"),
        analysis: AnalysisRecord { passed_checks: 2, failed_checks: 1, iterations: Arc::new(iterations) },
        ..State::default()
    }
}

fn notice(message: Message) -> Notice {
    let id = NoticeId { seq: 12, index: 1 };
    Notice { id, at: AT, phase: Phase::Progressing, exposure: None, message }
}

fn rolling_back() -> Notice {
    let (metric, unit) = ("request-success-rate".into(), MetricUnit::Number);
    let last = Some(Finding::Below { metric, value: 97.5, series: None, min: 99.0, unit });
    let exposure = Exposure { weight: 20, matched: false, lasted: Duration::from_secs(375) };
    let message = Message::RollingBack(Cause::Checks { failed: 3, threshold: 3, last });
    Notice { exposure: Some(exposure), ..notice(message) }
}

fn provider(spec: &str) -> AlertProvider {
    let head = "{apiVersion: flagger.app/v1beta1, kind: AlertProvider, metadata: {name: team, namespace: ops}, spec: ";
    let raw: raw::AlertProvider = serde_yaml::from_str(&format!("{head}{spec}}}")).unwrap();
    AlertProvider::parse(&raw).unwrap()
}

fn shown(request: &Request) -> String {
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.reveal())).collect();
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    format!(
        "{} {}\n{headers}\n{}\n",
        request.method,
        request.url,
        serde_json::to_string_pretty(&body).unwrap()
    )
}

#[test]
fn snap_events_of_kubernetes() {
    let (subject, rollout) = canary("stepWeight: 10");
    let (state, notice) = (state(), rolling_back());
    let notification =
        Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice: &notice };
    insta::assert_yaml_snapshot!(event::object(&notification).value());
    let mut long = subject.clone();
    long.identity.name = "a.".repeat(126).into();
    let name = event::object(&Notification { subject: &long, ..notification }).name().to_owned();
    assert!(name.len() <= 253 && name.ends_with("a.3f2a9c1e.12-1"), "{name}");
}

#[test]
fn snap_event_webhooks_and_the_one_of_the_controller() {
    let hook = "webhooks: [{name: all, type: event, url: 'http://events/', timeout: 3s, retries: 2, \
                metadata: {team: a, eventType: mine, weight: '{{ canaryWeight }}'}}, {name: gate, url: 'http://gate'}]";
    let (state, notice) = (state(), rolling_back());
    let calls = |analysis: &str| {
        let (subject, rollout) = canary(analysis);
        let notification =
            Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice: &notice };
        let calls = hook_event::calls(&notification, Some("http://global/"));
        calls
            .iter()
            .map(|call| {
                format!("{} ({} retries)\n{}", call.hook, call.retries, shown(call.request.as_ref().unwrap()))
            })
            .collect::<Vec<_>>()
    };
    insta::assert_snapshot!(
        [calls(&format!("stepWeight: 10, {hook}")), calls("stepWeight: 10")].concat().join("\n")
    );
}

#[test]
fn an_alert_goes_to_those_who_want_its_severity() {
    let alert = |name: &str, severity: &str| format!("{{name: {name}, {severity} providerRef: {{name: p}}}}");
    let alerts = [
        alert("all", ""),
        alert("info", "severity: info,"),
        alert("warn", "severity: warn,"),
        alert("error", "severity: error,"),
    ];
    let (subject, rollout) = canary(&format!("stepWeight: 10, alerts: [{}]", alerts.join(", ")));
    let state = state();
    let names = |message: Message| {
        let notice = notice(message);
        let notification =
            Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice: &notice };
        wanted(&notification)
            .unwrap()
            .iter()
            .map(|wanted| format!("{}{}", wanted.alert.name, if wanted.only_closes { "?" } else { "" }))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(Message::Initialized), "all info");
    assert_eq!(names(Message::Promoted { skipped: false }), "all info warn? error?");
    assert_eq!(names(Message::AnalysedInPlace(Revision::of("a"))), "all info warn");
    assert_eq!(names(rolling_back().message), "all info warn error");
    assert_eq!(names(Message::Started), "");
    let (subject, rollout) = canary("stepWeight: 10");
    let notification =
        Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice: &rolling_back() };
    assert_eq!(
        (wanted(&notification), wanted(&Notification { rollout: None, ..notification })),
        (None, None)
    );
}

#[test]
fn snap_alerts_to_slack_and_to_a_webhook() {
    let (subject, rollout) = canary("stepWeight: 10");
    let state = state();
    let secret = Secret::new([("address".into(), "https://hooks/x".into()), ("token".into(), "t0p".into())]);
    let mut told = String::new();
    for (provider, notice) in [
        (
            provider("{type: slack, address: 'https://hooks.slack.com/services/T/B/x', channel: dev}"),
            notice(Message::Initialized),
        ),
        (provider("{type: slack, secretRef: {name: s}}"), rolling_back()),
        (provider("{type: webhook, secretRef: {name: s}}"), rolling_back()),
    ] {
        let to = Destination::of(&provider, &secret).unwrap();
        let notification =
            Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice: &notice };
        let (message, fault) = AlertMessage::of(&notification, &to).unwrap();
        assert_eq!(fault, None);
        let request = of(to.system).unwrap().render(&message, &to).unwrap();
        assert!(
            !format!("{to:?} {request:?}").contains("t0p") && !format!("{to:?} {request:?}").contains("/x")
        );
        told.push_str(&shown(&request));
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_routing_is_said_as_flagger_says_it() {
    let state = state();
    let routing = |analysis: &str| {
        let (subject, rollout) = canary(analysis);
        let notice = notice(Message::NewRevision(Revision::of("a")));
        let notification =
            Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice: &notice };
        let to =
            Destination::of(&provider("{type: webhook, address: 'http://a'}"), &Secret::default()).unwrap();
        AlertMessage::of(&notification, &to).unwrap().0.fields.last().unwrap().1.clone()
    };
    assert_eq!(routing("stepWeight: 10, maxWeight: 50"), "Weight step: 10 max: 50");
    assert_eq!(routing("stepWeights: [1, 5, 30], maxWeight: 80"), "Weight steps: 1,5,30 max: 80");
    assert_eq!(routing("stepWeight: 10"), "Weight step: 10 max: 100");
    assert_eq!(routing("iterations: 5, match: [{headers: {a: {exact: b}}}]"), "A/B Testing");
    assert_eq!(routing("iterations: 5"), "Blue/Green");
}

const TEMPLATE: &str = r#"{{ if eq .Status "succeeded" }}:white_check_mark:{{ else }}:warning:{{ end }}
*Canary Deployment {{ .Status }}*

*Environment:* {{ .Metadata.environment }}
*Service:* {{ .Name }}.{{ .Namespace }}
*Version:* {{ .Metadata.version }}{{ .Metadata.none }}

{{ if eq .Status "failed" }}
*Failure Reason:*
{{- range .CanaryAnalysis.Iterations }}
{{- if .Failed }}
- {{ .Metric }}: {{ .Value }} (threshold: {{ .Threshold }})
{{- end }}
{{- end }}
{{ end }}
"#;

fn message(template: &str, notice: &Notice) -> (AlertMessage, Option<TemplateError>) {
    let (subject, rollout) = canary("stepWeight: 10");
    let state = state();
    let notification = Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice };
    let provider = provider("{type: webhook, address: 'http://a'}");
    let mut to = Destination::of(&provider, &Secret::default()).unwrap();
    to.template = Some(template.into());
    AlertMessage::of(&notification, &to).unwrap()
}

#[test]
fn a_template_says_what_failed_although_the_phase_does_not_yet() {
    let (message, fault) = message(TEMPLATE, &rolling_back());
    assert_eq!(fault, None);
    assert_eq!(
        message.text,
        ":warning:\n*Canary Deployment failed*\n\n*Environment:* staging\n*Service:* store.test\n*Version:* v2\n\n\n\
         *Failure Reason:*\n- request-success-rate: 97.5 (threshold: 99)\n- ratio:  (threshold: 1)"
    );
    assert_eq!((message.severity, &*message.status), (Severity::Error, "failed"));
}

#[test]
fn a_template_that_cannot_be_filled_in_loses_no_alert() {
    let (message, fault) = message("{{ .Status | nope }}", &notice(Message::Promoted { skipped: false }));
    assert_eq!(message.text, "Promotion completed! Scaling down shop.test");
    assert_eq!((fault.unwrap().line, &*message.status), (1, "succeeded"));
}

#[test]
fn a_destination_names_the_key_that_its_secret_lacks() {
    let why = |spec| Destination::of(&provider(spec), &Secret::default()).unwrap_err().to_string();
    assert_eq!(why("{type: slack, secretRef: {name: s}}"), "Secret s.ops has no `address`");
    assert_eq!(why("{type: pagerduty, secretRef: {name: s}}"), "Secret s.ops has no `token`");
}

#[test]
fn the_controllers_own_channel_needs_an_address_and_a_name() {
    let flags = SlackFlags { url: "http://s".into(), channel: "dev".into(), ..SlackFlags::default() };
    let own = Destination::slack(&flags).unwrap().unwrap();
    assert_eq!(
        (&*own.channel, &*own.username, own.address.unwrap().reveal()),
        ("dev", "flagger", "http://s")
    );
    assert_eq!(Destination::slack(&SlackFlags::default()), Ok(None));
    let nameless = SlackFlags { channel: String::new(), ..flags };
    assert_eq!(Destination::slack(&nameless), Err("-slack-url needs -slack-channel".into()));
}

#[test]
fn slack_refuses_in_a_200_too() {
    let read = |status, body: &str| {
        slack::Slack.read(&Reply { status, retry_after: None, body: body.as_bytes().to_vec(), cut: None })
    };
    assert_eq!([read(200, "ok"), read(200, r#"{"ok": true}"#)], [Ok(()), Ok(())]);
    assert_eq!(read(200, r#"{"ok": false, "error": "not_in_channel"}"#), Err("not_in_channel".into()));
    assert_eq!(read(403, "invalid_token"), Err("403 Forbidden: invalid_token".into()));
}
