//! A record of every decision: one JSON object per line.
//!
//! A separate thread writes, so that no decision waits for a disk. If the disk is too slow, decisions are left out,
//! which is logged.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use serde::Serialize;
use serin_core::{
    Plan, Timestamp, command::Command, decision::Decision, message::Notice, state::Status, step::Wake,
};

use crate::tick::observe::Snapshot;

/// A new file is started at this size; the previous one is kept next to it, as `<file>.1`.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The maximum number of lines that wait to be written.
const MOST_WAITING: usize = 1_024;

/// The file for decisions, if there is one.
#[derive(Debug, Default)]
pub struct Record {
    lines: Option<SyncSender<Vec<u8>>>,
    /// Whether the last line was left out.
    leaves_out: AtomicBool,
}

/// One decision. It contains no Secrets, because facts and answers contain none.
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
    pub fn to(path: &Path) -> io::Result<Self> {
        let file = Rotated::open(path, MOST_BYTES)?;
        let (lines, waiting) = sync_channel(MOST_WAITING);
        thread::Builder::new().name("record".into()).spawn(move || write(file, &waiting))?;
        Ok(Self { lines: Some(lines), leaves_out: AtomicBool::new(false) })
    }

    /// Records a decision. One that changes nothing is left out.
    pub fn decided(&self, snapshot: &Snapshot, plan: &Plan, now: Timestamp) {
        let Some(lines) = &self.lines else { return };
        if plan.state.is_none() && plan.commands.is_empty() {
            return;
        }
        let before = snapshot.state.outbox.notices();
        let is_new = |notice: &&Notice| !before.iter().any(|known| known.id == notice.id);
        let notices = plan.state.iter().flat_map(|state| state.outbox.notices()).filter(is_new);
        let canary = snapshot.subject.display();
        let line = Line {
            line: "decision",
            at: now,
            namespace: &snapshot.subject.identity.namespace,
            canary: &snapshot.subject.identity.name,
            uid: &snapshot.subject.identity.uid,
            decision: &plan.decision,
            commands: plan.commands.iter().map(Command::to_string).collect(),
            save: plan.state.as_deref().map(Status::from),
            notices: notices.map(|notice| notice.message.text(&canary, &snapshot.subject.topology)).collect(),
            wake: plan.wake,
        };
        let Ok(mut text) = serde_json::to_vec(&line) else { return };
        text.push(b'\n');
        let is_left_out = lines.try_send(text).is_err();
        if is_left_out && !self.leaves_out.load(Ordering::Relaxed) {
            tracing::error!("--record: decisions are left out until the disk keeps up");
        }
        self.leaves_out.store(is_left_out, Ordering::Relaxed);
    }
}

/// Writes lines until the senders are gone.
fn write(mut file: Rotated, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if let Err(error) = file.write(&line) {
            tracing::error!(%error, "a decision was not recorded");
        }
    }
}

/// A file that is replaced when it is full.
struct Rotated {
    path: PathBuf,
    file: File,
    /// Its size, in bytes.
    holds: u64,
    most: u64,
}

impl Rotated {
    fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Self { path: path.into(), holds: file.metadata()?.len(), file, most })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        // A device or a pipe has no length, and no earlier file.
        if self.holds + line.len() as u64 > self.most && self.file.metadata()?.is_file() {
            let mut before = self.path.clone().into_os_string();
            before.push(".1");
            fs::rename(&self.path, before)?;
            *self = Self::open(&self.path, self.most)?;
        }
        self.file.write_all(line)?;
        self.holds += line.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_replaced_and_the_previous_one_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let mut file = Rotated::open(&path, 10).unwrap();
        for line in [b"one 1\n", b"two 2\n", b"thr 3\n"] {
            file.write(line).unwrap();
        }
        drop(file);
        // The existing content counts.
        Rotated::open(&path, 10).unwrap().write(b"fou 4\n").unwrap();
        let texts = ["record.1", "record"].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
        assert_eq!(texts, ["thr 3\n", "fou 4\n"]);
    }
}
