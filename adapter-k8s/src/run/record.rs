//! Every decision, written down as it is made: one JSON object a line.

use std::{fs::File, io::Write as _, path::Path, sync::Mutex, sync::PoisonError};

use serde::Serialize;
use serin_core::{
    Plan, Timestamp, command::Command, decision::Decision, message::Notice, state::Status, step::Wake,
};

use crate::tick::observe::Look;

/// Where decisions go; nowhere, if nobody asked for it.
#[derive(Debug, Default)]
pub struct Record(Option<Mutex<File>>);

/// One decision. Of Secrets there is nothing in it: neither facts nor answers hold any.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    line: &'static str,
    at: Timestamp,
    namespace: &'a str,
    canary: &'a str,
    uid: &'a str,
    decision: &'a Decision,
    commands: Vec<String>,
    /// What is saved once the commands have succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    save: Option<Status>,
    notices: Vec<String>,
    wake: Option<Wake>,
}

impl Record {
    /// Appends to a file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn to(path: &Path) -> std::io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Self(Some(Mutex::new(file))))
    }

    /// Writes a decision down. One that changes nothing is left out.
    pub fn decided(&self, look: &Look, plan: &Plan, now: Timestamp) {
        let Some(file) = &self.0 else { return };
        if plan.state.is_none() && plan.commands.is_empty() {
            return;
        }
        let before = look.state.outbox.notices();
        let told = |notice: &&Notice| !before.iter().any(|known| known.id == notice.id);
        let notices = plan.state.iter().flat_map(|state| state.outbox.notices()).filter(told);
        let canary = look.subject.display();
        let line = Line {
            line: "decision",
            at: now,
            namespace: &look.subject.identity.namespace,
            canary: &look.subject.identity.name,
            uid: &look.subject.identity.uid,
            decision: &plan.decision,
            commands: plan.commands.iter().map(Command::to_string).collect(),
            save: plan.state.as_deref().map(Status::from),
            notices: notices.map(|notice| notice.message.text(&canary, &look.subject.shape)).collect(),
            wake: plan.wake,
        };
        let Ok(mut text) = serde_json::to_vec(&line) else { return };
        text.push(b'\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&text) {
            tracing::error!(%error, "a decision was not recorded");
        }
    }
}
