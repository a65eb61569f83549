//! What each receiver is sent, and what its answers mean.

use std::{collections::BTreeMap, fs};

use serin_core::message::HookKindName;

use super::*;

/// Every alert is one of these: the first, one that fails, one that waits, and the one that succeeds.
fn alerts() -> [Notice; 4] {
    let waits = Message::GateClosed {
        kind: HookKindName("confirm-promotion".into()),
        hook: "sign-off".into(),
        said: "not <b>before</b> ten".into(),
        muted: false,
    };
    [
        notice(Message::Initialized),
        rolling_back(),
        notice(waits),
        notice(Message::Promoted { skipped: false }),
    ]
}

/// What a receiver is sent for a notice.
fn sent(provider: &AlertProvider, notice: &Notice) -> Request {
    let secret =
        Secret::new([("address".into(), "https://hooks/x".into()), ("token".into(), "t0p-key".into())]);
    sent_with(provider, &secret, notice)
}

fn sent_with(provider: &AlertProvider, secret: &Secret, notice: &Notice) -> Request {
    let (subject, rollout) = canary("stepWeight: 10");
    let state = state();
    let notification = Notification { subject: &subject, rollout: Some(&rollout), state: &state, notice };
    let to = Destination::of(provider, secret).unwrap();
    let (message, fault) = AlertMessage::of(&notification, &to).unwrap();
    assert_eq!(fault, None);
    let request = of(to.system).unwrap().render(&message, &to).unwrap();
    for secret in ["t0p-key", "/x"] {
        assert!(!format!("{to:?} {request:?} {}", request.place()).contains(secret), "{}", to.system);
    }
    request
}

/// What is sent for each of the alerts.
fn told(spec: &str) -> String {
    let provider = provider(spec);
    alerts().iter().map(|notice| shown(&sent(&provider, notice))).collect::<Vec<_>>().join("\n")
}

#[test]
fn snap_discord() {
    insta::assert_snapshot!(told(
        "{type: discord, address: 'https://discord.com/api/webhooks/4711/x/slack'}"
    ));
}

#[test]
fn snap_google_chat() {
    insta::assert_snapshot!(told(
        "{type: gchat, address: 'https://chat.googleapis.com/v1/spaces/S/messages/x?key=t0p-key&token=t'}"
    ));
}

#[test]
fn snap_teams() {
    let workflow =
        "{type: msteams, address: 'https://prod.westeurope.logic.azure.com/workflows/x?sig=t0p-key'}";
    let connector = "{type: msteams, address: 'https://acme.webhook.office.com/webhookb2/x'}";
    insta::assert_snapshot!([told(workflow), told(connector)].join("\n"));
}

#[test]
fn snap_rocket_chat() {
    insta::assert_snapshot!(told("{type: rocket, channel: releases, secretRef: {name: s}}"));
}

#[test]
fn snap_pager_duty() {
    insta::assert_snapshot!(told("{type: pagerduty, secretRef: {name: s}}"));
}

#[test]
fn snap_alertmanager() {
    insta::assert_snapshot!(told("{type: alertmanager, secretRef: {name: s}}"));
}

#[test]
fn pager_duty_and_alertmanager_are_found_at_their_base_and_at_their_api() {
    for (spec, url) in [
        ("{type: pagerduty, secretRef: {name: s}}", "https://events.pagerduty.com/v2/enqueue"),
        (
            "{type: pagerduty, address: 'https://events.eu.pagerduty.com/', secretRef: {name: s}}",
            "https://events.eu.pagerduty.com/v2/enqueue",
        ),
        (
            "{type: pagerduty, address: 'https://events.eu.pagerduty.com/v2/enqueue', secretRef: {name: s}}",
            "https://events.eu.pagerduty.com/v2/enqueue",
        ),
        ("{type: alertmanager, address: 'http://a:9093/am/'}", "http://a:9093/am/api/v2/alerts"),
        ("{type: alertmanager, address: 'http://a/api/v2/alerts'}", "http://a/api/v2/alerts"),
    ] {
        assert_eq!(sent(&provider(spec), &rolling_back()).url, url);
    }
}

#[test]
fn an_incident_is_opened_and_resolved_by_the_same_key() {
    let provider = provider("{type: pagerduty, secretRef: {name: s}}");
    let event = |notice: &Notice| -> serde_json::Value {
        serde_json::from_str(&sent(&provider, notice).body).unwrap()
    };
    let [news, failed, waits, done] = alerts().map(|notice| event(&notice));
    let of = |event: &serde_json::Value| (event["event_action"].clone(), event["dedup_key"].clone());
    let key = serde_json::Value::from("serin/3f2a9c1e-77aa");
    assert_eq!([of(&failed), of(&waits)], [("trigger".into(), key.clone()), ("trigger".into(), key.clone())]);
    assert_eq!(of(&done), ("resolve".into(), key));
    assert_eq!(of(&news), (serde_json::Value::Null, serde_json::Value::Null));
}

#[test]
fn an_alert_ends_under_the_labels_with_which_it_began() {
    let provider = provider("{type: alertmanager, address: 'http://a'}");
    let alerts = alerts().map(|notice| {
        let sent: Vec<serde_json::Value> = serde_json::from_str(&sent(&provider, &notice).body).unwrap();
        sent
    });
    let [_, failed, waits, done] = &alerts;
    for begun in [failed, waits] {
        let [begun] = begun.as_slice() else { panic!("{begun:?}") };
        let ended = done.iter().filter(|ended| ended["labels"] == begun["labels"]);
        assert_eq!(ended.count(), 1, "{begun}");
    }
    assert!(done.iter().all(|ended| ended["endsAt"] == ended["startsAt"]), "{done:?}");
}

#[test]
fn long_texts_are_cut_where_a_receiver_refuses_them() {
    let long = Notice {
        message: Message::Rejected {
            revision: Revision::of("a"),
            cause: Cause::Gate {
                kind: HookKindName("rollback".into()),
                hook: "ü".repeat(50_000).into(),
                deadline: Duration::from_secs(1),
            },
        },
        ..rolling_back()
    };
    for (system, most) in [("discord", 6_000), ("gchat", 32_000), ("msteams", 28_000), ("pagerduty", 4_000)] {
        let request = sent(&provider(&format!("{{type: {system}, secretRef: {{name: s}}}}")), &long);
        let said: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert!(request.body.contains("üüü…"), "{system}");
        assert!(said.to_string().chars().count() < most && request.body.len() < 28_000, "{system}");
    }
}

#[test]
fn rocket_chat_refuses_in_a_200_too() {
    let read = |status, body: &str| {
        rocket::Rocket.read(&Reply { status, retry_after: None, body: body.as_bytes().to_vec(), cut: None })
    };
    assert_eq!([read(200, r#"{"success":true}"#), read(200, "")], [Ok(()), Ok(())]);
    assert_eq!(read(200, r#"{"success":false,"error":"no-channel"}"#), Err("no-channel".into()));
    assert_eq!(read(404, "no hook"), Err("404 Not Found: no hook".into()));
}

#[tokio::test]
async fn a_refusal_that_repeats_the_key_is_shown_without_it() {
    let refusal = crate::http::tests::reply("400 Bad Request", "", "no service for t0p-key");
    let (url, _serving) = crate::http::tests::server(vec![refusal]).await;
    let provider = provider(&format!("{{type: pagerduty, address: '{url}', secretRef: {{name: s}}}}"));
    let secret = Secret::new([("token".into(), "t0p-key".into())]);
    let to = Destination::of(&provider, &secret).unwrap();
    let (message, _) = message("{{ .Message }}", &rolling_back());
    let why = send(&Http::new(), &message, &to).await.unwrap_err();
    assert_eq!(why.why, format!("{url}: 400 Bad Request: no service for ***"));
    assert!(!why.is_temporary);
}

/// The AlertProviders of the page on alerts, with the Secrets beside them.
fn documented() -> Vec<(AlertProvider, Secret)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/alerts.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut all = Vec::new();
    for block in blocks {
        let documents: Vec<serde_json::Value> =
            block.split("---\n").map(|document| serde_yaml::from_str(document).unwrap()).collect();
        let of = |kind: &str| documents.iter().find(|document| document["kind"] == kind);
        let Some(found) = of("AlertProvider") else { continue };
        let provider =
            AlertProvider::parse(&serde_json::from_value::<raw::AlertProvider>(found.clone()).unwrap())
                .unwrap();
        let secret = of("Secret");
        let name = secret.and_then(|secret| secret["metadata"]["name"].as_str());
        assert_eq!(name, provider.secret().map(|name| &**name), "{}", provider.name);
        let keys: BTreeMap<String, String> = secret
            .map(|secret| serde_json::from_value(secret["stringData"].clone()).unwrap())
            .unwrap_or_default();
        all.push((provider, Secret::new(keys)));
    }
    all
}

#[test]
fn the_documented_receiver_of_every_system_is_sent_to() {
    let mut systems: Vec<&str> = Vec::new();
    for (provider, secret) in documented() {
        for notice in &alerts() {
            let request = sent_with(&provider, &secret, notice);
            assert!(reqwest::Url::parse(&request.url).is_ok(), "{}: {}", provider.system, request.url);
        }
        systems.push(provider.system.name());
    }
    systems.sort_unstable();
    systems.dedup();
    let driven = AlertSystem::ALL.into_iter().filter(|system| system.is_driven());
    assert_eq!(systems, driven.map(AlertSystem::name).collect::<Vec<_>>());
}
