//! Short names for contents: equal contents have equal names, whichever program wrote them.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::object::text_of;

/// The first eight bytes of the SHA-256 of a value's JSON, with sorted keys, in hex.
#[must_use]
pub(crate) fn of(value: &Value) -> String {
    let digest = Sha256::digest(text_of(value));
    let mut text = String::with_capacity(16);
    for byte in digest.iter().take(8) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A UUID (version 8, custom) that is the same for the same parts.
#[must_use]
pub(crate) fn uuid(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("/"));
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | (8 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one: Value = serde_json::from_str(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#).unwrap();
        assert_eq!(of(&one), of(&other));
        assert_ne!(of(&one), of(&json!({"a": 1})));
        assert_eq!(of(&json!({"a": "0"})), "005856f9f3337428");
    }

    #[test]
    fn an_identifier_looks_like_a_uuid_and_follows_its_parts() {
        let one = uuid(&["canary", "1"]);
        assert_eq!(one, uuid(&["canary", "1"]));
        assert_ne!(one, uuid(&["canary", "2"]));
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'8', "{one}");
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{one}");
    }
}
