//! Programs that tests run, each with a time limit.

use std::{
    io::Read,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Runs a program to its end; returns its standard output.
///
/// # Errors
///
/// Its standard error, if it failed; or that it could not be started or took longer than `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    // The program closes both when it ends.
    let (Ok(out), Ok(err)) = (out.recv_timeout(limit), err.recv_timeout(limit)) else {
        let ended = child.kill().and_then(|()| child.wait());
        return Err(format!("{name} took longer than {limit:?}; {ended:?}"));
    };
    match child.wait() {
        Ok(status) if status.success() => Ok(out),
        Ok(status) => Err(format!("{name}: {status}\n{err}{out}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// The whole output, once it has ended.
fn read(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (told, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut pipe) = pipe {
            // The output before an error is useful, too.
            drop(pipe.read_to_end(&mut all));
        }
        told.send(String::from_utf8_lossy(&all).into_owned())
    });
    heard
}
