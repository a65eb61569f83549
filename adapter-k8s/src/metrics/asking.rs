//! What requests to all metric systems have in common: the address, the headers, the credentials.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Url;
use serin_core::{provider::Address, revision::Text, time::Timestamp};

use super::Source;
use crate::http::{
    Request,
    secret::{Hidden, Secret},
};

/// Time until a system has answered one request.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How far a system is asked back that has no windows in its queries, in intervals of the metric: Flagger's figure.
const WINDOW: u32 = 10;

/// Refuses credentials that lack a key.
///
/// # Errors
/// The template names no Secret and has to, or one without the keys.
pub(super) fn check_keys(source: &Source, secret: &Secret) -> Result<(), Text> {
    let descriptor = source.system.descriptor();
    match &source.secret {
        Some((_, name)) if !descriptor.keys.fit(|key| secret.at(key).is_some()) => {
            Err(format!("Secret {name} has to hold {}", descriptor.keys).into())
        }
        None if descriptor.needs_secret => {
            Err(format!("{} needs a Secret with {}", descriptor.title, descriptor.keys).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// The address of a system, as it is written.
///
/// # Errors
/// The address is not a URL.
pub(super) fn address(source: &Source) -> Result<Url, Text> {
    let descriptor = source.system.descriptor();
    let default = match descriptor.address {
        Address::Default(address) => address,
        Address::Required | Address::Implied => "",
    };
    let address = source.address.as_ref().map_or(default, Hidden::reveal);
    let url = Url::parse(address).ok().filter(Url::has_host);
    url.ok_or_else(|| format!("the {} address is not a URL", descriptor.title).into())
}

/// The address of a system with `path` behind it, without a query.
///
/// # Errors
/// The address is not a URL.
pub(super) fn url(source: &Source, path: &str) -> Result<Url, Text> {
    let mut url = address(source)?;
    url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// A `GET` with the template's headers and then these `own` ones. A header of the template that is among `own` is left out:
/// the Secret's credentials are sent alone.
pub(super) fn get(source: &Source, url: Url, own: &[(&str, String)]) -> Request {
    let mut request = Request::get(url, TIMEOUT);
    request.insecure = source.insecure;
    // Another address could get the credentials.
    request.stays = true;
    let is_own = |name: &str| own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    for (name, values) in source.headers.iter().filter(|(name, _)| !is_own(name)) {
        for value in values {
            request = request.header(name, value.reveal());
        }
    }
    own.iter().fold(request, |request, (name, value)| request.header(name, value.as_str()))
}

/// The same as a `POST` of this body.
pub(super) fn post(source: &Source, url: Url, own: &[(&str, String)], body: String) -> Request {
    Request { method: "POST".into(), body, ..get(source, url, own) }
}

/// The header of a bearer token, if the Secret holds one.
pub(super) fn bearer(secret: &Secret) -> Option<(&'static str, String)> {
    secret.at("token").map(|token| ("Authorization", format!("Bearer {token}")))
}

/// The header of a bearer token, or else of a user with a password, if the Secret holds one of them.
pub(super) fn bearer_or_basic(secret: &Secret) -> Option<(&'static str, String)> {
    bearer(secret).or_else(|| basic(secret))
}

/// The headers of a user with a password, if the Secret holds both.
pub(super) fn basic(secret: &Secret) -> Option<(&'static str, String)> {
    let (user, password) = (secret.at("username")?, secret.at("password")?);
    Some(("Authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))))
}

/// Refuses a namespace that a query names, if objects of other namespaces than the template's may not be read.
///
/// # Errors
/// It is another one.
pub(super) fn check_namespace(source: &Source, namespace: &str) -> Result<(), Text> {
    match source.within.as_deref().filter(|within| *within != namespace) {
        None => Ok(()),
        Some(within) => Err(format!(
            "the query names the namespace {namespace}; only {within} is allowed (-no-cross-namespace-refs)"
        )
        .into()),
    }
}

/// Whether a text can be a name in the path of an object.
pub(super) fn is_name(text: &str) -> bool {
    /// Of Kubernetes.
    const LONGEST: usize = 253;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins && text.len() <= LONGEST && text.chars().all(is_allowed)
}

/// The start of the window that a system is asked for which gives points in time.
pub(super) fn window_start(source: &Source, now: Timestamp) -> Timestamp {
    now - source.interval.saturating_mul(WINDOW)
}
