//! Compares 100,000 runs of each policy that follow its automaton with the same runs, decided step by step.
//!
//! `cargo bench -p serin-sim --bench both_ways`. The test of the simulator with this name compares fewer.

use std::{path::Path, process::ExitCode};

use rayon::prelude::*;
use serin_simulator::{
    drive::Runs,
    scenario::{self, Scenario, seed_of},
};

const RUNS: u64 = 100_000;
const AT_ONCE: u64 = 2_000;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/policies");
    let files = scenario::find(&[folder]).expect("the folder can be read");
    let mut differ = 0;
    for path in files {
        let scenario = scenario::load(&path).expect("the file is valid");
        let parts = (0..RUNS / AT_ONCE).into_par_iter();
        let different: u64 = parts.map(|part| differences(&scenario, part * AT_ONCE)).sum();
        println!("{}: {different} of {RUNS} runs differ", path.display());
        differ += different;
    }
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn differences(scenario: &Scenario, from: u64) -> u64 {
    let (mut followed, mut decided) = (Runs::of(scenario), Runs::step_by_step(scenario));
    let differs = |run: &u64| {
        let seed = seed_of(1, *run);
        followed.outcome(seed, &|| false) != decided.outcome(seed, &|| false)
    };
    (from..from + AT_ONCE).filter(differs).count() as u64
}
