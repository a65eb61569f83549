//! The load generator: what `hey` does, for where hey itself is not installed.
//!
//! [`serin_hey`] reads the command line, [`send`] sends the requests, [`summary`] prints the result as hey does.

mod count;
mod send;
mod summary;

use std::{
    io::{Write as _, stderr, stdout},
    process::ExitCode,
    time::Duration,
};

use serin_hey::{End, Hey, HeyError};
use serin_k8s::run::start::stop_on_signal;
use tokio::{runtime, sync::watch, time};

use self::send::Requests;

/// Why no request is sent.
#[derive(Debug, thiserror::Error)]
enum GeneratorError {
    /// A command line that hey refuses, too.
    #[error(transparent)]
    Line(#[from] HeyError),
    /// Something that hey can do, and this generator cannot.
    #[error("{0}: this load generator cannot do that; install hey itself")]
    Unsupported(&'static str),
    /// A request that cannot be built or sent.
    #[error("{0}")]
    Request(String),
    /// No threads.
    #[error("the load generator does not start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Runs a command line of hey, given as the words after its name. The exit code is 0 once requests were sent, however they
/// were answered, and 1 if the command line is refused.
#[must_use]
pub fn main(words: impl IntoIterator<Item = String>) -> ExitCode {
    match run(words) {
        Ok(report) => {
            // A reader that is gone needs no report.
            stdout().write_all(report.as_bytes()).ok();
            ExitCode::SUCCESS
        }
        Err(error) => {
            writeln!(stderr(), "{error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(words: impl IntoIterator<Item = String>) -> Result<String, GeneratorError> {
    let hey = Hey::read(words)?;
    let requests = Requests::new(&hey)?;
    let mut runtime = runtime::Builder::new_multi_thread();
    if let Some(threads) = hey.threads {
        runtime.worker_threads(threads.min(MOST_THREADS));
    }
    Ok(runtime.enable_all().build()?.block_on(load(&hey, requests)))
}

/// More threads do not send faster.
const MOST_THREADS: usize = 256;

/// Sends until the end that the line names, or a signal; then the report.
async fn load(hey: &Hey, requests: Requests) -> String {
    let (stop, stopped) = watch::channel(false);
    let mut signal = stop_on_signal();
    let time = match hey.end {
        End::Requests(_) => Duration::MAX,
        End::After(time) => time,
    };
    let sending = tokio::spawn(requests.send(stopped));
    tokio::pin!(sending);
    let sent = tokio::select! {
        sent = &mut sending => sent,
        () = time::sleep(time) => finish(&stop, sending).await,
        _ = signal.wait_for(|stop| *stop) => finish(&stop, sending).await,
    };
    // The task is not aborted, and its code does not panic: there is a count.
    summary::print(&sent.unwrap_or_default())
}

/// Lets the workers end with the requests that are under way.
async fn finish<T>(stop: &watch::Sender<bool>, sending: impl Future<Output = T>) -> T {
    stop.send(true).ok();
    sending.await
}
