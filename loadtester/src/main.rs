//! The load tester's command. Under the name `hey` it is a load generator.

use std::{env, path::Path, process::ExitCode};

use serin_k8s::run::log;
use serin_loadtester::{
    generator,
    options::Options,
    start::{exit_code, start},
    task::HEY,
};

fn main() -> ExitCode {
    let mut args = env::args_os();
    let name = args.next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == HEY) {
        return generator::main(args.map(|word| word.to_string_lossy().into_owned()));
    }
    let options = match Options::read(env::args_os()) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    log::start(options.log_level, options.zap_encoding, "serin_loadtester");
    serve(options)
}

#[tokio::main(flavor = "current_thread")]
async fn serve(options: Options) -> ExitCode {
    let ended = start(options).await;
    if let Err(error) = &ended {
        tracing::error!("{error}");
    }
    exit_code(&ended)
}
