//! Session cookies: derived from the Canary and the run, so that a repeat sets the same ones.

use alloc::{format, string::String};

use crate::{command::Cookies, hash::fnv, revision::Text, spec::SessionAffinity};

impl Cookies {
    /// The cookies that are sent with the next routes of a run.
    ///
    /// Users on the canary carry the cookie of that run: the one they already have, whichever controller set it, or
    /// else one of the run's own. When no user is on the canary, the cookie is remembered so that the router can remove
    /// it from the users' browsers.
    pub(crate) fn rotated(&self, affinity: &SessionAffinity, on_canary: bool, uid: &str, run: u32) -> Self {
        if !on_canary {
            let previous = self.canary.clone().or_else(|| self.previous.clone());
            return Self { canary: None, primary: None, previous };
        }
        let cookie = |known: &Option<Text>, name: &Text, of: &str| -> Text {
            let fits = known.as_ref().filter(|known| is_named(known, name));
            fits.cloned().unwrap_or_else(|| format!("{name}={}", letters(&[uid, of], run)).into())
        };
        let primary = affinity.primary_cookie.as_ref();
        // A cookie of an earlier run is not this run's.
        let of_primary = self.primary.clone().filter(|_| self.canary.is_some());
        Self {
            canary: Some(cookie(&self.canary, &affinity.cookie, "canary")),
            primary: primary.map(|name| cookie(&of_primary, name, "primary")),
            previous: self.previous.clone(),
        }
    }
}

/// Whether a cookie has this name, and a value.
fn is_named(cookie: &str, name: &str) -> bool {
    cookie.split_once('=').is_some_and(|(known, value)| known == name && !value.is_empty())
}

/// Ten letters that only this Canary and run have.
fn letters(of: &[&str], run: u32) -> String {
    let mut hash = fnv(of.iter().flat_map(|part| part.bytes().chain([0])).chain(run.to_le_bytes()));
    let mut letters = String::with_capacity(10);
    for _ in 0..10 {
        letters.push(char::from(b'a' + u8::try_from(hash % 26).unwrap_or(0)));
        hash /= 26;
    }
    letters
}
