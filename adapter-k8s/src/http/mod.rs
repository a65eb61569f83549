//! Requests to systems outside the cluster's API: metric servers, hooks, receivers of alerts.
//!
//! [`Request`] and [`Reply`] are plain values, so that requests and the parsing of answers are tested without a
//! network; [`Http`] is the one client that sends. An answer is read up to a limit and not waited for beyond it;
//! messages contain no credentials.

mod client;
mod errors;
mod hop;
pub mod reach;
pub mod secret;
#[cfg(test)]
pub(crate) mod tests;
pub mod turns;

use std::{fmt, time::Duration};

use crate::http::secret::Hidden;

pub use self::{client::Http, errors::cause, turns::Sender};

/// Maximum size of an answer that is kept, in bytes.
pub const MOST_READ: usize = 1024 * 1024;

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The URL, with its query.
    pub url: String,
    /// Headers by name, in the order they are sent.
    pub headers: Vec<(String, Hidden)>,
    /// The body.
    pub body: String,
    /// The timeout.
    pub timeout: Duration,
    /// How much of the answer is wanted, in bytes; at most [`MOST_READ`].
    pub most: usize,
    /// Do not verify the server's certificate.
    pub insecure: bool,
    /// HTTP proxy; that of the environment if left out.
    pub proxy: Option<Hidden>,
    /// It has to be answered where it is sent: redirects to other addresses are not followed.
    pub stays: bool,
    /// The path is a credential as well, as in a Slack webhook's address: messages contain only the host.
    pub hides_path: bool,
}

impl Request {
    /// A `GET` without a body.
    #[must_use]
    pub fn get(url: impl Into<String>, timeout: Duration) -> Self {
        Self {
            method: "GET".into(),
            url: url.into(),
            headers: Vec::new(),
            body: String::new(),
            timeout,
            most: MOST_READ,
            insecure: false,
            proxy: None,
            stays: false,
            hides_path: false,
        }
    }

    /// A `POST` of JSON.
    #[must_use]
    pub fn post(url: impl Into<String>, body: &impl serde::Serialize, timeout: Duration) -> Self {
        // Maps with text keys and numbers, which JSON can always represent.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { method: "POST".into(), body, ..Self::get(url, timeout) }
            .header("Content-Type", "application/json")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Hidden::new(value)));
        self
    }

    /// The value of a header, to be sent.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.reveal())
    }

    /// The address without its secrets: neither user nor query.
    #[must_use]
    pub fn place(&self) -> String {
        let Ok(mut url) = reqwest::Url::parse(&self.url) else {
            return "an address that is not a URL".into();
        };
        url.set_query(None);
        url.set_fragment(None);
        // Only a URL without a host refuses these.
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            return "an address without a host".into();
        }
        if self.hides_path {
            url.set_path("");
        }
        url.as_str().trim_end_matches('/').into()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.place())
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status, such as 200.
    pub status: u16,
    /// `Retry-After`, as a time from then.
    pub retry_after: Option<Duration>,
    /// The body, or its first part.
    pub body: Vec<u8>,
    /// Why the body is incomplete, if it is.
    pub cut: Option<String>,
}

impl Reply {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first part of the body in one line, for messages.
    #[must_use]
    pub fn said(&self, most: usize) -> String {
        one_line(&String::from_utf8_lossy(&self.body), most)
    }

    /// The status with its name, and the text of the body.
    #[must_use]
    pub fn refusal(&self, most: usize) -> String {
        let name =
            reqwest::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let status = name.map_or_else(|| self.status.to_string(), |name| format!("{} {name}", self.status));
        let said = self.said(most);
        if said.is_empty() { status } else { format!("{status}: {said}") }
    }
}

/// The printable characters of a text in one line, cut to this many bytes: without terminal control characters, without
/// characters that change the direction of text, without invisible characters.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    const MARK: &str = "…";
    let mut line = String::new();
    let breaks = |c: char| c.is_whitespace() || c.is_control() || !is_printable(c);
    for word in text.split(breaks).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > most {
            let mut end = most.saturating_sub(MARK.len());
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            line.truncate(end);
            return line + MARK;
        }
    }
    line
}

/// Whether a character is visible, on its own or combined with another.
fn is_printable(c: char) -> bool {
    // Characters that the standard library escapes after another one, except quotes and backslashes, are not printable.
    c.is_ascii_graphic() || !format!("a{c}").escape_debug().any(|escaped| escaped == '\\')
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct HttpError {
    /// The address.
    pub place: String,
    /// What went wrong.
    pub why: String,
    /// Whether another try can succeed.
    pub is_temporary: bool,
}
