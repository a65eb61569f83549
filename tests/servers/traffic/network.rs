//! A network for the tests, in which pods have addresses.

use std::{fs::File, process::Command, thread, time::Duration};

use nix::sched::{CloneFlags, setns, unshare};

use crate::{process, tools::ToolError};

/// A network namespace. It is removed with the last process in it.
#[derive(Debug)]
pub(crate) struct Network(File);

impl Network {
    /// Creates one in which every address of `10.0.0.0/8` is this machine.
    ///
    /// # Errors
    ///
    /// This process has no right to, or the tools are missing.
    pub(crate) fn make() -> Result<Self, ToolError> {
        // Only the thread that creates it is in it.
        thread::spawn(|| {
            let failed = |why: String| ToolError::Missing(format!("no network namespace: {why}"));
            unshare(CloneFlags::CLONE_NEWNET)
                .map_err(|error| failed(format!("{error} (root may make one)")))?;
            for command in ["link set lo up", "address add 10.0.0.1/8 dev lo"] {
                process::run(Command::new("ip").args(command.split(' ')), Duration::from_secs(60))
                    .map_err(failed)?;
            }
            File::open("/proc/thread-self/ns/net").map(Self).map_err(|error| failed(error.to_string()))
        })
        .join()
        .unwrap()
    }

    /// Moves this thread there, and with it every process that it starts from now on.
    pub(crate) fn enter(&self) {
        setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
    }
}
