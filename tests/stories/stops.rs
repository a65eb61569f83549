//! The controller is stopped after every command, before and after every save, and continues from the saved state.

use rayon::prelude::*;
use serin_core::{Phase, state::Stage};
use serin_simulator::{
    drive::{StopAt, StopPoint, run, run_with},
    record::Story,
    scenario::{Scenario, load},
};

use crate::stories;

#[test]
fn sim_no_stop_breaks_an_invariant() {
    let mut stops = 0;
    for folder in ["conformance", "everyday"] {
        let counts: Vec<usize> =
            stories(folder).par_iter().map(|path| every_stop(&load(path).unwrap())).collect();
        stops += counts.iter().sum::<usize>();
    }
    println!("{stops} stops, each with equal and with opposite answers");
    assert!(stops > 1_000, "only {stops} stops were made");
}

fn every_stop(scenario: &Scenario) -> usize {
    let story = run(scenario);
    let places: Vec<StopAt> = StopAt::all(&story).collect();
    for at in &places {
        for opposite in [false, true] {
            let stopped = run_with(scenario, StopPoint { at: *at, opposite });

            assert_eq!(stopped.violations, [], "{} {at:?}, opposite: {opposite}", scenario.path.display());
            assert!(
                is_at_rest(&stopped) || !is_at_rest(&story),
                "{} {at:?} is stuck",
                scenario.path.display()
            );
        }
    }
    places.len()
}

/// No action is under way that needs the controller.
fn is_at_rest(story: &Story) -> bool {
    let end = &story.end;
    end.run.intent.is_none() && matches!(end.phase, Phase::Initialized | Phase::Succeeded | Phase::Failed)
        || matches!(end.phase, Phase::Terminating | Phase::Waiting | Phase::WaitingPromotion)
        || end.run.stage == Stage::Holding
        || end.suspended.is_some()
        // A gate that a person has to open, a weight that a person holds.
        || end.run.closed_gate.is_some()
        || end.run.held_by_operator
        || end.stall.is_some()
}

#[test]
fn sim_a_stop_with_equal_answers_does_not_change_the_result() {
    let mut compared = 0;
    for path in stories("everyday") {
        let scenario = load(&path).unwrap();
        if !answers_stay_the_same(&path) {
            continue;
        }
        let story = run(&scenario);
        for at in StopAt::all(&story) {
            let stopped = run_with(&scenario, StopPoint { at, opposite: false });

            let end = |story: &Story| (story.end.phase, story.end.canary_weight, story.promoted.clone());
            assert_eq!(end(&stopped), end(&story), "{} {at:?}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 500, "only {compared} stops were compared");
}

/// A script with one answer per call gives other answers to a controller that has to ask again.
fn answers_stay_the_same(path: &std::path::Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    let world: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let lists =
        |of: &str| world.get("world").and_then(|world| world.get(of)).and_then(|of| of.as_mapping()).cloned();
    let scripted =
        [lists("metrics"), lists("hooks")].into_iter().flatten().flat_map(|lists| lists.into_iter());
    scripted
        .map(|(_, answers)| answers)
        .all(|answers| answers.as_sequence().is_none_or(|list| list.len() <= 1))
        && !text.contains("fail:")
        && !text.contains("restart:")
        && !text.contains("stop:")
}
