//! The controller's command line: flags, and the exit code.

use std::process::ExitCode;

use serin_k8s::run::{
    log,
    options::Options,
    start::{exit_code, start},
};

/// Objects are parsed into trees of many small values and dropped again all the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    only_small_pages();
    let options = match Options::read(std::env::args_os()) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    log::start(options.log_level, options.zap_encoding, "serin_k8s");
    let ended = start(options).await;
    if let Err(error) = &ended {
        tracing::error!("{error}");
    }
    exit_code(&ended)
}

/// The allocator asks for pages of 2 MiB, and each stays in memory as long as any part of it is used. Without this
/// setting the controller only uses more memory.
fn only_small_pages() {
    nix::sys::prctl::set_thp_disable(true).ok();
}
