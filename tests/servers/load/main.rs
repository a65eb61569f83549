//! The cost of the controller: a number of Canaries in a real control plane, and how many of them roll out at the same
//! time.
//!
//! This does not pass or fail: it prints measurements. `docs/controller.md` says how to run it.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]
#![expect(clippy::print_stdout, reason = "what was measured is what is wanted")]

mod canaries;
#[expect(dead_code, reason = "tests of the control plane need more of it")]
#[path = "../cluster/control_plane.rs"]
mod control_plane;
mod hostile;
#[path = "../cluster/identity.rs"]
mod identity;
#[path = "../cluster/kinds.rs"]
mod kinds;
mod meter;
mod metrics;
#[path = "../support/modules.rs"]
mod modules;
#[path = "../cluster/node.rs"]
mod node;
#[expect(dead_code, reason = "tests of the control plane need more of it")]
#[path = "../cluster/objects.rs"]
mod objects;
#[path = "../../support/process.rs"]
mod process;
#[path = "../support/program.rs"]
mod program;
mod report;
#[path = "../cluster/server.rs"]
mod server;
mod stage;
#[path = "../support/tools.rs"]
mod tools;

use std::{env, process::ExitCode, time::Duration};

use tokio::time;

use crate::{canaries::Canaries, meter::Meter, report::Report, stage::Stage};

const USAGE: &str = "usage: load CANARIES [OF THEM ROLLING OUT] [hostile]";

/// How long idle Canaries are measured.
const IDLE: Duration = Duration::from_secs(40);
/// If there was no work for this long, everything is at rest.
const LULL: Duration = Duration::from_secs(10);
/// The timeout for that.
const PATIENCE: Duration = Duration::from_secs(900);

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let hostile = arguments.pop_if(|last| last == "hostile").is_some();
    let numbers: Result<Vec<usize>, _> = arguments.iter().map(|argument| argument.parse()).collect();
    let (count, rolling) = match numbers.as_deref() {
        Ok([count]) => (*count, *count),
        Ok([count, rolling]) => (*count, *rolling.min(count)),
        Ok(_) | Err(_) => {
            println!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let Some(programs) = stage::programs() else { return ExitCode::FAILURE };
    stage::runtime().block_on(async {
        let stage = Stage::set(programs).await;
        print!("{}", measured(&stage, count, rolling, hostile).await);
    });
    ExitCode::SUCCESS
}

async fn measured(stage: &Stage, count: usize, rolling: usize, hostile: bool) -> Report {
    if hostile {
        hostile::create(&stage.client).await;
    }
    let canaries = Canaries::create(&stage.client, count).await;
    let meter = Meter::of(stage);
    let before = meter.read().await;
    canaries.until_all("Initialized").await;
    let begun = meter.read().await - before;
    until_at_rest(&meter).await;
    let before = meter.read().await;
    time::sleep(IDLE).await;
    let idle = meter.read().await - before;
    let resident_kib = meter.resident_kib();
    let before = meter.read().await;
    if hostile {
        hostile::change(&stage.client).await;
    }
    canaries.change(rolling).await;
    canaries.until_succeeded(rolling).await;
    let rollouts = meter.read().await - before;
    let (steps, peak_kib) = (canaries.steps(), meter.peak_kib());
    Report { count, rolling, begun, idle, rollouts, steps, resident_kib, peak_kib }
}

/// Waits until everything that follows from a phase is done: the controller manager still has pods to create and
/// delete.
async fn until_at_rest(meter: &Meter) {
    let at_rest = async {
        loop {
            let before = meter.read().await;
            time::sleep(LULL).await;
            if (meter.read().await - before).is_rest() {
                return;
            }
        }
    };
    time::timeout(PATIENCE, at_rest).await.unwrap_or_else(|_| panic!("not at rest after {PATIENCE:?}"));
}
