//! One request on the way to an answer: the first, or one after a redirect.

use reqwest::{Response, Url, header::LOCATION};
use serin_core::revision::one_line;

use super::{Request, secret::Hidden};

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, Hidden)>,
    pub(super) body: String,
}

impl Hop {
    /// The request itself.
    ///
    /// # Errors
    /// The address is invalid.
    pub(super) fn first(request: &Request) -> Result<Self, String> {
        let url = Url::parse(&request.url).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the address must begin with http:// or https://".into());
        }
        let Request { method, headers, body, .. } = request.clone();
        Ok(Self { method, url, headers, body })
    }

    /// The request that a redirect leads to; `None` if the reply is the answer.
    ///
    /// As in Go, a redirect is followed with `GET`, unless its status keeps the method. A redirect from TLS to plain
    /// text is never followed: it counts as the answer.
    ///
    /// # Errors
    /// It leads to another address, and the request has to be answered where it was sent.
    pub(super) fn after(&self, response: &Response, request: &Request) -> Result<Option<Self>, String> {
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let to = location.and_then(|location| self.url.join(location).ok());
        match to {
            Some(to) if matches!(status, 301 | 302 | 303 | 307 | 308) => self.towards(to, status, request),
            Some(_) | None => Ok(None),
        }
    }

    fn towards(&self, to: Url, status: u16, request: &Request) -> Result<Option<Self>, String> {
        let (from, scheme) = (self.url.scheme(), to.scheme());
        let is_same_host = self.url.host_str() == to.host_str();
        let is_upgrade = is_same_host && (from, scheme) == ("http", "https");
        if !is_upgrade && (request.stays || self.has_credentials()) {
            return Err(format!(
                "redirects to {}, which is not followed: use that address itself",
                shown(to)
            ));
        }
        if !is_upgrade && from != scheme && (from, scheme) != ("http", "https") {
            return Ok(None);
        }
        let mut next = Self { url: to, ..self.clone() };
        if status < 304 && !matches!(&*self.method, "GET" | "HEAD") {
            next.method = "GET".into();
            next.body.clear();
            next.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        }
        Ok(Some(next))
    }

    fn has_credentials(&self) -> bool {
        let is_credential = |name: &str| {
            ["authorization", "cookie", "proxy-authorization"].iter().any(|it| name.eq_ignore_ascii_case(it))
        };
        self.url.password().is_some()
            || !self.url.username().is_empty()
            || self.headers.iter().any(|(name, _)| is_credential(name))
    }
}

/// An address without its secrets: scheme, host and port.
fn shown(mut url: Url) -> String {
    url.set_query(None);
    url.set_fragment(None);
    url.set_path("");
    // Only a URL without a host refuses these.
    let is_plain = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
    if is_plain {
        one_line(url.as_str().trim_end_matches('/'), 200)
    } else {
        "an address without a host".into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn towards(request: &Request, to: &str, status: u16) -> String {
        let hop = Hop::first(request).unwrap();
        match hop.towards(hop.url.join(to).unwrap(), status, request) {
            Ok(Some(next)) => format!("{} {} {}", next.method, next.url, next.body),
            Ok(None) => "answer".into(),
            Err(why) => why,
        }
    }

    #[test]
    fn a_hook_follows_redirects_but_not_out_of_tls() {
        let hook = |url: &str| Request::post(url, &1, Duration::from_secs(1));
        assert_eq!(towards(&hook("http://a/x"), "/y", 302), "GET http://a/y ");
        assert_eq!(towards(&hook("http://a/x"), "http://b/y?q", 307), "POST http://b/y?q 1");
        assert_eq!(towards(&hook("http://a/x"), "https://a/x", 308), "POST https://a/x 1");
        assert_eq!(towards(&hook("https://a/x"), "http://a/x", 308), "answer");
        assert_eq!(towards(&hook("https://a/x"), "ftp://a/x", 308), "answer");
    }

    #[test]
    fn requests_with_credentials_metrics_and_alerts_follow_no_redirect_elsewhere() {
        let stays = Request { stays: true, ..Request::get("http://a/x", Duration::from_secs(1)) };
        let secret = Request::get("http://a/x", Duration::from_secs(1)).header("Authorization", "Bearer t");
        let user = Request::get("http://u:p@a/x", Duration::from_secs(1));
        for request in [stays, secret, user] {
            assert!(towards(&request, "https://a/x", 301).starts_with("GET https://a/x"));
            let said = towards(&request, "http://u:p@b:81/y?token=1", 302);
            assert_eq!(said, "redirects to http://b:81, which is not followed: use that address itself");
            assert!(towards(&request, "/y", 302).starts_with("redirects to http://a,"));
        }
    }
}
