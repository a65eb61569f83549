//! Runs that follow an automaton are the runs of the ordinary loop.

use std::path::{Path, PathBuf};

use serin_simulator::{
    drive::{Runs, run_seed},
    scenario::{self, Scenario, seed_of},
};

/// `cargo bench -p serin-sim --bench both_ways` compares 100,000.
const RUNS: u64 = 1_500;
/// With everything that people see.
const SHOWN: u64 = 60;

/// Policies of all kinds, in worlds in which they go either way.
fn policies() -> Vec<(PathBuf, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/policies");
    let files = scenario::find(&[folder]).expect("the folder can be read");
    files.into_iter().map(|path| (path.clone(), scenario::load(&path).expect("the file is valid"))).collect()
}

#[test]
fn sim_runs_that_follow_an_automaton_are_those_of_the_loop() {
    for (path, scenario) in policies() {
        let (mut followed, mut decided) = (Runs::of(&scenario), Runs::step_by_step(&scenario));
        for run in 0..RUNS {
            let seed = seed_of(1, run);
            let outcome = followed.outcome(seed, &|| false);
            assert_eq!(outcome, decided.outcome(seed, &|| false), "{}, seed {seed}", path.display());
        }
        let situations = followed.situations().expect("the policy is followed");
        assert!((1..200).contains(&situations), "{}: {situations} situations", path.display());
    }
}

#[test]
fn sim_a_run_that_is_shown_is_the_run_that_was_counted() {
    for (path, scenario) in policies() {
        let mut runs = Runs::of(&scenario);
        for run in 0..SHOWN {
            let seed = seed_of(7, run);
            let (counted, shown) = (runs.outcome(seed, &|| false).unwrap(), run_seed(&scenario, seed));
            let promoted = counted.promoted.as_deref();
            assert_eq!(
                (counted.phase, promoted, counted.users),
                (shown.end.phase, shown.promoted.as_deref(), shown.users),
                "{}, seed {seed}",
                path.display()
            );
            assert_eq!(shown.violations, []);
        }
    }
}

#[test]
fn sim_policies_end_in_different_ways() {
    for (path, scenario) in policies() {
        let mut runs = Runs::of(&scenario);
        let mut ends: Vec<String> = (0..400)
            .map(|run| {
                let outcome = runs.outcome(seed_of(3, run), &|| false).unwrap();
                format!("{:?} at {:?}", outcome.phase, outcome.ended)
            })
            .collect();
        ends.sort();
        let most = ends.chunk_by(|one, next| one == next).map(<[String]>::len).max();
        assert!(most.is_some_and(|most| most < 380), "{}: {most:?} of 400 are alike", path.display());
    }
}
