//! The controller's command: flags in, an exit code out.

use std::process::ExitCode;

use serin_k8s::run::{
    options::Options,
    start::{exit_code, log, start},
};

/// Objects are read into trees of many small values and dropped again all day long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args_os()) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    log(&options);
    let ended = start(options).await;
    if let Err(error) = &ended {
        tracing::error!("{error}");
    }
    exit_code(&ended)
}
