//! Who may use the page: those who have its token. A browser keeps it as a cookie that no other site can use.

use std::{fmt, fs, io, path::Path};

use axum::http::{
    HeaderMap,
    header::{COOKIE, HOST, ORIGIN},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

/// A token that is shorter could be guessed.
const SHORTEST: usize = 16;
/// The name of the cookie.
const NAME: &str = "serin-loadtester-page";

/// The token for the page.
#[derive(Clone)]
pub struct PageToken {
    /// Only hashes are compared, so that the time it takes says nothing about the token.
    hash: [u8; 32],
    cookie: String,
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageToken(***)")
    }
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PageTokenError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] io::Error),
    /// It could be guessed.
    #[error("the token has {0} characters; it needs at least {SHORTEST}")]
    Short(usize),
}

impl PageToken {
    /// Reads the token from a file, without the spaces around it.
    ///
    /// # Errors
    /// There is no file, or its token could be guessed.
    pub fn from_file(path: &Path) -> Result<Self, PageTokenError> {
        Self::new(fs::read_to_string(path)?.trim())
    }

    /// Takes a token.
    ///
    /// # Errors
    /// It could be guessed.
    pub fn new(token: &str) -> Result<Self, PageTokenError> {
        let length = token.chars().count();
        if length < SHORTEST {
            return Err(PageTokenError::Short(length));
        }
        // Not the hash of the token itself: who sees the cookie cannot look the token up.
        let cookie = BASE64_STANDARD.encode(hash(&format!("{NAME}\0{token}")));
        Ok(Self { hash: hash(token), cookie })
    }

    /// Whether this is the token.
    pub(super) fn is(&self, token: &str) -> bool {
        hash(token.trim()) == self.hash
    }

    /// Whether the browser has logged in.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut values = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == NAME).then_some(value)
        });
        values.any(|value| hash(value) == hash(&self.cookie))
    }

    /// The `Set-Cookie` header of a browser that logs in: scripts cannot read it, and it is not sent for other sites.
    pub(super) fn set_cookie(&self) -> String {
        format!("{NAME}={}; Path=/page; HttpOnly; SameSite=Strict", self.cookie)
    }
}

/// Whether a form was sent from this page, and not from that of another site. Browsers say so.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("Sec-Fetch-Site") {
        return site == "same-origin";
    }
    let origin = text(ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, origin)| text(HOST.as_str()).is_some_and(|host| host == origin))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(given: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        given.iter().map(pair).collect()
    }

    #[test]
    fn only_the_cookie_of_this_token_is_a_login() {
        let token = PageToken::new("correct horse battery").unwrap();
        let cookie = token.set_cookie();
        let pair = cookie.split(';').next().unwrap();
        assert!(token.is_in(&headers(&[("cookie", &format!("a=b; {pair}"))])));
        assert!(
            !cookie.contains("correct") && token.is("correct horse battery\n") && !token.is("correct horse")
        );
        let other = PageToken::new("another horse battery").unwrap();
        for given in [&[][..], &[("cookie", "serin-loadtester-page=")], &[("cookie", pair)]] {
            assert!(!other.is_in(&headers(given)), "{given:?}");
        }
    }

    #[test]
    fn a_short_token_is_refused_without_printing_it() {
        let why = PageToken::new("secret").unwrap_err().to_string();
        assert_eq!(why, "the token has 6 characters; it needs at least 16");
    }

    #[test]
    fn a_form_of_another_site_is_recognized() {
        for (given, expected) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://a:1"), ("host", "a:1")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("origin", "http://a:1"), ("host", "a:1")], true),
            (&[("origin", "https://a"), ("host", "a")], true),
            (&[("origin", "http://evil"), ("host", "a:1")], false),
            (&[("origin", "null"), ("host", "null")], false),
            (&[("host", "a:1")], false),
            (&[], false),
        ] {
            assert_eq!(is_same_origin(&headers(given)), expected, "{given:?}");
        }
    }
}
