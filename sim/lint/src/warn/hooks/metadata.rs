//! The request of a hook: placeholders, secrets, and the type of events.

use std::sync::LazyLock;

use regex::Regex;
use serin_core::{
    message::EVENT_NAMES,
    spec::{Hook, HookKind},
};
use serin_input::{
    manifest::{Remedy, known::join},
    nearest,
};

use super::{Code, Findings};

/// The variables in a hook's metadata.
const VARIABLES: [&str; 7] =
    ["canaryWeight", "iterations", "phase", "name", "namespace", "target", "service"];

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
                    format!("`{{{{ {word} }}}}` is not a variable of a hook: it is sent as it is written"),
                    Remedy::new(format!("did you mean `{{{{ {near} }}}}`?"))
                        .setting(field.clone(), value.replace(&*word, near)),
                );
            }
        }
    }
    if let Some(field) = secret {
        told.add(
            Code::SecretOverHttp,
            field,
            format!(
                "looks like a secret, is stored in the manifest, and is sent to `{}` unencrypted",
                hook.name
            ),
            Remedy::new("use https, or keep it in a Secret that the receiver reads")
                .setting(format!("{at}.url"), hook.url.replacen("http://", "https://", 1)),
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

/// `eventType` selects events only for event hooks, and only by existing names.
fn event_type(hook: &Hook, at: &str, told: &mut Findings) {
    let Some(written) = hook.metadata.get("eventType") else { return };
    let field = format!("{at}.metadata.eventType");
    let name = &hook.name;
    if hook.kind != HookKind::Event {
        let remedy = Remedy::new("remove the field, or make it an `event` hook").removing(&*field);
        told.add(
            Code::EventTypeIgnored,
            field,
            format!("has no effect: `{name}` is a {} hook, and receives no events", hook.kind),
            remedy,
        );
    } else if !EVENT_NAMES.contains(&written.as_str()) {
        let remedy = match nearest(written, EVENT_NAMES) {
            Some(near) => Remedy::new(format!("did you mean `{near}`?")).setting(field.clone(), near),
            None => Remedy::new(format!("remove the field, or write one of {}", EVENT_NAMES.join(", ")))
                .removing(&*field),
        };
        told.add(
            Code::EventTypeIgnored,
            field,
            format!("`{written}` is not an event: `{name}` receives every event"),
            remedy,
        );
    }
}
