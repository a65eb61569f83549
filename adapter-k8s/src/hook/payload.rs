//! The body that a hook gets.

use std::{collections::BTreeMap, time::Duration};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serin_core::{
    phase::Phase,
    revision::{Revision, Text},
    spec::Hook,
    strategy::Weight,
};
use sha2::{Digest, Sha256};

use crate::{http::Request, subject::Subject};

/// The state of a rollout when a hook is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) phase: Phase,
    pub(crate) weight: Weight,
    pub(crate) iterations: u32,
    /// The revision that is rolled out.
    pub(crate) revision: &'a Revision,
}

/// The hook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called<'a> {
    pub(crate) name: &'a str,
    pub(crate) url: &'a str,
    pub(crate) timeout: Duration,
    pub(crate) insecure: bool,
    pub(crate) metadata: &'a BTreeMap<String, String>,
}

impl<'a> From<&'a Hook> for Called<'a> {
    fn from(hook: &'a Hook) -> Self {
        Self {
            name: &hook.name,
            url: &hook.url,
            timeout: hook.timeout,
            insecure: hook.disable_tls,
            metadata: &hook.metadata,
        }
    }
}

/// Flagger's payload.
#[derive(Serialize)]
struct Payload<'a> {
    name: &'a str,
    namespace: &'a str,
    phase: &'a str,
    checksum: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, String>,
    /// The text that Slack shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// A call of a hook. The metadata always contains `added`, whatever the manifest says; `text` is what Slack shows.
///
/// # Errors
/// The metadata describes a request that cannot be made.
pub(crate) fn call_of(
    subject: &Subject,
    hook: Called<'_>,
    moment: &Moment<'_>,
    id: &str,
    added: &[(&'static str, String)],
    text: &str,
) -> Result<Request, Text> {
    let filled = |value: &String| fill_in(value, subject, moment);
    let mut metadata: BTreeMap<&str, String> =
        hook.metadata.iter().map(|(key, value)| (key.as_str(), filled(value))).collect();
    metadata.extend(added.iter().cloned());
    let is_slack =
        host(hook.url).is_some_and(|host| matches!(&*host, "hooks.slack.com" | "hooks.slack-gov.com"));
    let mut request = match (hook.metadata.get("method"), metadata.get("body")) {
        (Some(method), Some(body)) => own_request(hook, method, body)?,
        _ => {
            let payload = Payload {
                name: &subject.identity.name,
                namespace: &subject.identity.namespace,
                phase: moment.phase.name(),
                checksum: checksum(moment.revision),
                metadata,
                text: is_slack.then_some(text),
            };
            Request::post(hook.url, &payload, hook.timeout)
        }
    };
    // No more is read than an event shows, so that an endless answer is not waited for.
    request.most = 2 * super::MOST_SAID;
    request.insecure = hook.insecure;
    // Chat systems and flag services identify their callers only by the path: Slack, Discord, Teams.
    request.hides_path = true;
    Ok(request.header("Idempotency-Key", visible(&format!("{}/{id}", subject.identity.uid))))
}

/// The request that `method` and `body` in the metadata describe, instead of Flagger's.
fn own_request(hook: Called<'_>, method: &str, body: &str) -> Result<Request, Text> {
    let method = method.trim().to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(format!("metadata.method `{method}` of hook {} is not an HTTP method", hook.name).into());
    }
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok();
    let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
    let request = Request { method, body: body.into(), ..Request::get(hook.url, hook.timeout) };
    Ok(request.header("Content-Type", kind))
}

/// Replaces `{{ canaryWeight }}` and the other names; any other `{{` stays.
fn fill_in(text: &str, subject: &Subject, moment: &Moment<'_>) -> String {
    let mut said = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        said.push_str(before);
        let variable = behind.split_once("}}").and_then(|(name, after)| {
            let value = match name.trim() {
                "canaryWeight" => moment.weight.to_string(),
                "iterations" => moment.iterations.to_string(),
                "phase" => moment.phase.name().into(),
                "name" => subject.identity.name.to_string(),
                "namespace" => subject.identity.namespace.to_string(),
                "target" => subject.target().into(),
                "service" => subject.apex().into(),
                _ => return None,
            };
            Some((value, after))
        });
        match variable {
            Some((value, after)) => {
                said.push_str(&value);
                rest = after;
            }
            None => {
                said.push_str("{{");
                rest = behind;
            }
        }
    }
    said + rest
}

/// An identifier of a revision: the same for the same pods and configuration.
pub(crate) fn checksum(revision: &Revision) -> String {
    // These are texts and maps of texts, which JSON can always represent.
    let written = serde_json::to_vec(revision).unwrap_or_default();
    Sha256::digest(written).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn host(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok()?.host_str().map(Into::into)
}

/// The value of a header: other bytes are percent-encoded.
fn visible(text: &str) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
    utf8_percent_encode(text, ESCAPED).to_string()
}
