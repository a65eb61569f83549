//! Session cookies: derived from the Canary and the run, so that a repeat sets the same ones.

use alloc::{format, string::String};

use crate::{command::Cookies, revision::Text, spec::SessionAffinity};

impl Cookies {
    /// The cookies that go with the next routes of a run.
    ///
    /// While users are on the canary they carry that run's cookie; when none are, it is remembered so that the router
    /// can take it from them.
    pub(crate) fn rotated(&self, affinity: &SessionAffinity, on_canary: bool, uid: &str, run: u32) -> Self {
        if !on_canary {
            let previous = self.canary.clone().or_else(|| self.previous.clone());
            return Self { canary: None, primary: None, previous };
        }
        let cookie =
            |name: &Text, of: &str| -> Text { format!("{name}={}", letters(&[uid, of], run)).into() };
        Self {
            canary: Some(cookie(&affinity.cookie, "canary")),
            primary: affinity.primary_cookie.as_ref().map(|name| cookie(name, "primary")),
            previous: self.previous.clone(),
        }
    }
}

/// Ten letters that only this Canary and run have (FNV-1a, 64 bits).
fn letters(of: &[&str], run: u32) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in of.iter().flat_map(|part| part.bytes().chain([0])).chain(run.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut letters = String::with_capacity(10);
    for _ in 0..10 {
        letters.push(char::from(b'a' + u8::try_from(hash % 26).unwrap_or(0)));
        hash /= 26;
    }
    letters
}
