//! What a hook is sent: placeholders, secrets, and the type of events.

use std::sync::LazyLock;

use regex::Regex;
use serin_core::spec::{Hook, HookKind};

use super::{Code, Findings};
use crate::{input::nearest, lint::known::join};

/// What is filled in in a hook's metadata.
const VARIABLES: [&str; 7] =
    ["canaryWeight", "iterations", "phase", "name", "namespace", "target", "service"];

/// The types of events.
const EVENT_TYPES: [&str; 2] = ["Normal", "Warning"];

pub(super) fn look(hook: &Hook, at: &str, told: &mut Findings) {
    event_type(hook, at, told);
    let plain = hook.url.starts_with("http://");
    let mut secret = None;
    for (key, value) in &*hook.metadata {
        let field = join(&format!("{at}.metadata"), key);
        if plain && secret.is_none() && looks_secret(key, value) {
            secret = Some(field.clone());
        }
        for word in actions(value) {
            let near = nearest(&word, VARIABLES).filter(|near| **near != *word);
            if let (Some(near), false) = (near, VARIABLES.contains(&word.as_str())) {
                told.add(
                    Code::HookUnknownVariable,
                    field.clone(),
                    format!("`{{{{ {word} }}}}` is no variable of a hook: it is sent as it stands"),
                    format!("did you mean `{{{{ {near} }}}}`?"),
                );
            }
        }
    }
    if let Some(field) = secret {
        told.add(
            Code::SecretOverHttp,
            field,
            format!("looks like a secret, is kept in the manifest, and goes to `{}` unencrypted", hook.name),
            "keep it in a Secret that the receiver reads, or use https",
        );
    }
}

fn looks_secret(key: &str, value: &str) -> bool {
    const KEYS: [&str; 7] = ["password", "passwd", "secret", "token", "apikey", "api-key", "authorization"];
    const VALUES: [&str; 3] = ["authorization: ", "bearer ", "password="];
    let (key, value) = (key.to_lowercase(), value.to_lowercase());
    let filled_in = value.contains("$(") || value.contains("${") || value.trim().is_empty();
    !filled_in
        && (KEYS.iter().any(|word| key.contains(word)) || VALUES.iter().any(|word| value.contains(word)))
}

/// The words that begin the actions of a template.
fn actions(text: &str) -> Vec<String> {
    static ACTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{\{-?\s*(.*?)\s*-?\}\}").expect("a constant, which a test compiles"));
    let first =
        |action: &str| action.split([' ', '|', '(', ')']).find(|word| !word.is_empty()).map(str::to_owned);
    ACTION.captures_iter(text).filter_map(|found| first(&found[1])).collect()
}

/// `eventType` in the metadata chooses nothing: the event's own type takes its place.
fn event_type(hook: &Hook, at: &str, told: &mut Findings) {
    let Some(written) = hook.metadata.get("eventType") else { return };
    let field = format!("{at}.metadata.eventType");
    let name = &hook.name;
    if hook.kind != HookKind::Event {
        told.add(
            Code::EventTypeIgnored,
            field,
            format!("chooses nothing: `{name}` is a {} hook, and receives no events", hook.kind),
            "make it an `event` hook, or remove the field",
        );
    } else {
        let known = if EVENT_TYPES.contains(&written.as_str()) {
            String::new()
        } else {
            format!("there is no event type `{written}`, and ")
        };
        told.add(
            Code::EventTypeIgnored,
            field,
            format!(
                "{known}it chooses nothing: `{name}` receives every event, with its own type in this field"
            ),
            format!("let the receiver choose by `eventType`, which is {}", EVENT_TYPES.join(" or ")),
        );
    }
}
