//! A status that is kept as it is, because this version does not understand it: reported in an Event and the log.

use serde::Deserialize as _;
use serin_core::{
    State,
    revision::Text,
    state::{Origin, Status},
};

use crate::{
    clock,
    notify::event,
    object::{Object, saved},
    tick::{context::Context, observe::Snapshot},
};

/// Remembers the report about one Canary.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The version of the object.
    said: Option<Text>,
}

impl Held {
    /// Logs and records that the status is kept, once for each version of it.
    pub(super) async fn say(&mut self, context: &Context, snapshot: &Snapshot) {
        let Some(why) = why(&snapshot.object, &snapshot.state) else {
            self.said = None;
            return;
        };
        let version = snapshot.object.resource_version();
        if self.said.as_deref() == Some(version) {
            return;
        }
        self.said = Some(version.into());
        let (canary, identity) = (snapshot.subject.display(), &snapshot.subject.identity);
        tracing::warn!(%canary, "{why}");
        let event = event::of(identity, &format!("held-{version}"), "Warning", &why, clock::now());
        context.cluster.record(canary, event).await;
    }
}

/// Why a status is kept.
fn why(canary: &Object, state: &State) -> Option<String> {
    let Origin::Newer(version) = state.origin else { return None };
    let unreadable = |why: &dyn std::fmt::Display| {
        format!(
            "nothing is done: .status cannot be read: {why}; put it right, or remove .status.serin to have the Canary \
             taken over as it is"
        )
    };
    if let Some(cut) = saved::cut(canary) {
        return Some(unreadable(cut));
    }
    let status = canary.at("/status")?;
    Some(match Status::deserialize(status) {
        Ok(_) => format!(
            "nothing is done: .status.serin is of version {version}, which a newer controller wrote; run that one, or \
             remove .status.serin to have the Canary taken over as it is"
        ),
        Err(error) => unreadable(&error),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{kinds::CANARY, object::Cut};

    #[test]
    fn a_held_status_is_reported_with_its_remedy() {
        let held = |origin, status| {
            let canary = Object::read(CANARY, json!({ "status": status }));
            why(&canary, &State { origin, ..State::default() })
        };
        let newer = held(Origin::Newer(9), json!({"serin": {"version": 9}})).unwrap();
        assert!(newer.contains("version 9") && newer.contains("remove .status.serin"), "{newer}");
        let broken = held(Origin::Newer(u16::MAX), json!({"phase": 7})).unwrap();
        assert!(broken.contains("cannot be read: ") && broken.contains("remove .status.serin"), "{broken}");
        assert_eq!(held(Origin::Ours, json!({"phase": "Failed"})), None);

        let cut = Cut { path: "status.serin".into(), why: "it is too large".into() };
        let canary = Object::read(CANARY, json!({ "status": null })).with_cut(Some(cut));
        let state = State { origin: Origin::Newer(u16::MAX), ..State::default() };
        let large = why(&canary, &state).unwrap();
        assert!(large.contains("cannot be read: ") && large.contains("it is too large"), "{large}");
    }
}
