//! What the controller alone reads: templates, and the answers of metric systems, hooks and receivers of alerts.

use std::time::Duration;

use serde_json::Value;
use serin_core::{
    Timestamp,
    question::HookResult,
    revision::Text,
    spec::{AlertSystem, MetricSystem, WebhookCall},
};
use serin_k8s::{
    hook,
    http::{Reply, secret::Secret},
    metrics::{self, Exchange, Next, Source},
    notify,
};
use serin_template::{MOST_SAID, Missing, QueryNames, Scope, render_with_origins};

/// The maximum length of a message about an answer or a template, in bytes: where, which status, and what was said.
const MOST_SHOWN: usize = 2048;

/// A template up to a line `===`, behind it the data in JSON: rendered as a query and as a message.
///
/// # Panics
/// The result is too long, or a place is not a place in the template.
pub fn template(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (text, data) = text.split_once("\n===\n").unwrap_or((text, ""));
    let dot: Value = serde_json::from_str(data).unwrap_or_default();
    let texts = dot.as_object().into_iter().flatten();
    let variables = texts.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let names = QueryNames {
        name: "shop",
        namespace: "test",
        target: "shop",
        service: "front",
        ingress: "door",
        route: "way",
        interval: "1m",
    };
    rendered(text, &names.scope(variables));
    rendered(text, &Scope { dot, missing: Missing::IsEmpty, ..Scope::default() });
}

fn rendered(text: &str, scope: &Scope) {
    match render_with_origins(text, scope) {
        Ok(rendered) => {
            let length = rendered.text.len();
            assert!(length <= MOST_SAID, "{length} bytes are said");
            for at in (0..=length).filter(|at| rendered.text.is_char_boundary(*at)) {
                let origin = rendered.origin(at);
                assert!(text.is_char_boundary(origin), "{at} comes from {origin}");
            }
        }
        Err(error) => {
            let before = text.get(..error.at).map(|before| before.matches('\n').count());
            assert_eq!(before, Some(error.line - 1), "{error:?}");
            shown(&error.to_string());
        }
    }
}

/// Separates the parts of an answer.
const SEPARATOR: u8 = 0x1e;

/// Answers, one after the other, behind a line: `metric`, `hook` or `alert`, who answers, the status, and what a metric
/// system is asked.
///
/// # Panics
/// A value is none, something passes that was refused, or a message shows a credential.
pub fn answer(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == SEPARATOR);
    let Some(Ok(line)) = parts.next().map(str::from_utf8) else { return };
    let mut words = line.splitn(4, ' ');
    let (Some(kind), Some(name)) = (words.next(), words.next()) else { return };
    let Some(Ok(status)) = words.next().map(str::parse) else { return };
    let query = words.next().unwrap_or_default();
    let retry_after = Some(Duration::from_secs(30));
    let reply = |body: &[u8]| Reply { status, retry_after, body: body.to_vec(), cut: None };
    let replies: Vec<Reply> = parts.map(reply).collect();
    let metrics = MetricSystem::ALL.into_iter().find(|system| system.name() == name);
    let receiver = AlertSystem::ALL.into_iter().find(|system| system.name() == name);
    match (kind, metrics, receiver) {
        ("metric", Some(system), _) => asked(system, query, &replies),
        ("alert", _, Some(system)) => replies.iter().for_each(|reply| told(system, reply)),
        ("hook", _, _) => replies.iter().for_each(called),
        _ => {}
    }
}

fn called(reply: &Reply) {
    match hook::answer(&Ok(reply.clone()), 2) {
        HookResult::Pass(said) => {
            assert!(reply.is_success());
            shown(&said);
        }
        HookResult::Deny(why) | HookResult::Error(why) => shown(&why),
    }
}

fn told(system: AlertSystem, reply: &Reply) {
    match notify::of(system).map(|receiver| receiver.read(reply)) {
        Some(Ok(())) => assert!(reply.is_success()),
        Some(Err(why)) => shown(&why),
        None => {}
    }
}

/// The value of every key of a Secret, except for those that an address shows.
const CREDENTIAL: &str = "t0p-s3cret";

fn asked(system: MetricSystem, query: &str, replies: &[Reply]) {
    let Some(provider) = metrics::of(system) else { return };
    let source = Source {
        system,
        query: query.into(),
        region: Some("eu-west-1".into()),
        webhook: WebhookCall { json_path: query.into(), ..WebhookCall::default() },
        ..Source::prometheus("https://metrics.test/base/")
    };
    let value = |key: &str| if key == "newrelic_account_id" { "1" } else { CREDENTIAL };
    let keys = system.descriptor().keys.all().into_iter();
    let secret = Secret::new(keys.map(|key| (key.into(), value(key).into())));
    // 2026-01-31T12:00:00Z.
    let now = Timestamp::from_millis(1_769_860_800_000);
    if let Some(Some(value)) = end(provider.begin(&source, &secret, now), replies, &secret) {
        assert!(!value.is_nan());
    }
    end(provider.check(&source, &secret, now), replies, &secret);
}

/// How an exchange ends with these replies; `None` if it fails, or needs more of them.
fn end<T: 'static>(begun: Result<Exchange<T>, Text>, replies: &[Reply], secret: &Secret) -> Option<T> {
    let refused = |why: Text| {
        assert!(!why.contains(CREDENTIAL), "{why}");
        shown(&why);
    };
    let mut exchange = begun.map_err(refused).ok()?;
    for reply in replies {
        match metrics::read(exchange, reply, secret).map_err(refused).ok()? {
            Next::Need(next) => exchange = next,
            Next::Done(result) => return Some(result),
        }
    }
    None
}

/// What gets into events and the log: one line, without control characters.
fn shown(text: &str) {
    assert!(text.len() <= MOST_SHOWN, "{} bytes are shown: {text:.80}", text.len());
    let control = text.chars().find(|c| c.is_control());
    assert_eq!(control, None, "a control character is shown: {text:?}");
}
