//! Operators' requests: each is answered once.
//!
//! Verifies that a request is handled at most as often as it was written. Does not verify the answer: the core and its
//! tests define the answers.

use std::collections::BTreeMap;

use serin_core::request::RequestKind;

use super::{Checked, Violations};
use crate::scenario::Action;

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let mut found = Vec::new();
    let mut consumed: BTreeMap<(RequestKind, String), usize> = BTreeMap::new();
    let mut before = BTreeMap::new();
    for (i, state) in seen.saved() {
        for (kind, value) in &state.consumed {
            if before.get(kind) == Some(value) {
                continue;
            }
            let times = consumed.entry((*kind, value.to_string())).or_default();
            *times += 1;
            let written = written(seen, *kind, value);
            if *times > written {
                found.push((
                    i,
                    format!("{} `{value}` was written {written} times and answered {times}", kind.name()),
                ));
            }
        }
        before = state.consumed.clone();
    }
    found
}

fn written(seen: &Checked<'_>, kind: RequestKind, value: &str) -> usize {
    let annotations = seen.scenario.manifest.pointer("/metadata/annotations");
    let first = annotations.and_then(|all| all.get(format!("flagger.app/{}", kind.name())));
    let is_it = |action: &Action| {
        let Action::Annotate(written) = action else { return false };
        written.get(&kind).and_then(Option::as_deref) == Some(value)
    };
    let later = seen.scenario.events.iter().filter(|event| is_it(&event.action));
    usize::from(first.and_then(|value| value.as_str()) == Some(value)) + later.count()
}
