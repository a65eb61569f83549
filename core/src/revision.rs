//! What a workload runs: its pod template and the configuration it reads.

use alloc::{collections::BTreeMap, string::String, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

/// A text that is shared rather than copied.
pub type Text = Arc<str>;

/// The longest text from outside that is written to a status or a message, in bytes.
pub const LONGEST_TEXT: usize = 1024;

/// A text from outside, as it can be written to a status: a longer one is cut and ends with an ellipsis.
#[must_use]
pub fn bounded(text: Text) -> Text {
    const MARK: &str = "…";
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let mut end = LONGEST_TEXT - MARK.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    [&text[..end], MARK].concat().into()
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
    c.is_ascii_graphic() || !alloc::format!("a{c}").escape_debug().any(|escaped| escaped == '\\')
}

/// The checksums of the ConfigMaps and Secrets a workload reads, by `configmap/<name>` or `secret/<name>`.
pub type Configs = BTreeMap<String, String>;

/// One version of the target: equal revisions need no rollout between them.
///
/// `spec` is the driver's checksum of the pod template (opaque here). `configs` is empty where configuration is not
/// tracked.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// Checksum of the pod template.
    pub spec: Text,
    /// Checksums of the tracked configuration.
    #[serde(default, skip_serializing_if = "no_configs")]
    pub configs: Arc<Configs>,
}

fn no_configs(configs: &Arc<Configs>) -> bool {
    configs.is_empty()
}

impl Revision {
    /// A revision that reads no tracked configuration.
    #[must_use]
    pub fn of(spec: &str) -> Self {
        Self { spec: spec.into(), configs: Arc::default() }
    }

    /// The unknown revision: before the first rollout, or after another controller.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Whether this is [`Revision::unknown`].
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.spec.is_empty()
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_unknown() { "unknown" } else { &self.spec })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let of = |length: usize| bounded("é".repeat(length).into());
        assert_eq!((&*of(512), of(512).len()), (&*"é".repeat(512), LONGEST_TEXT));
        assert_eq!(&*of(513), alloc::format!("{}…", "é".repeat(510)));
    }

    #[test]
    fn invisible_characters_are_left_out() {
        let hostile =
            "ok\u{202e}evil\u{200b}\u{1b}[31m\u{feff} nai\u{308}ve \u{e01}\u{e34} \u{e000}\u{ad}\nend";
        assert_eq!(one_line(hostile, 100), "ok evil [31m nai\u{308}ve \u{e01}\u{e34} end");
    }
}
