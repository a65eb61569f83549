//! What `serin check` finds: each of the planted defects, within few worlds; and nothing where none is planted.
//!
//! The defects live behind the feature `planted-defects` of the core. One is planted for the whole process, so everything
//! here is one test.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::path::{Path, PathBuf};

use serin_core::planted::{Defect, plant};
use serin_sim::{
    check::{Search, Searched, Tree, broken_in, search, shrink},
    scenario::{Scenario, load},
};

/// Worlds in which a defect has to show.
const CASES: u64 = 200;

#[test]
fn sim_every_planted_defect_is_found_and_nothing_else() {
    let scenario = load(&general()).unwrap();

    assert_eq!(searched(&scenario).found, None, "nothing is planted");

    let mut missed = Vec::new();
    for defect in Defect::ALL {
        plant(Some(defect));
        match searched(&scenario).found {
            Some((case, broken)) => println!("{defect:?}: world {case}, {}: {}", broken.claim, broken.actual),
            None => missed.push(defect),
        }
        plant(None);
    }
    assert_eq!(missed, [], "none of {CASES} worlds shows these");

    a_world_that_shows_a_defect_becomes_small(&scenario);
}

/// The small world shows the same, has no range left to draw from, and shows nothing once the defect is mended.
fn a_world_that_shows_a_defect_becomes_small(scenario: &Scenario) {
    plant(Some(Defect::RouteNotRestored));
    let (case, broken) = searched(scenario).found.unwrap();
    let seed = 1 + case;
    let tree = Tree::load(&general(), scenario).unwrap().about(scenario, seed, &broken.claim);
    let shrunk = shrink(tree, &broken.claim, &()).unwrap();
    let text = shrunk.tree.text().unwrap();
    let small = shrunk.tree.scenario().unwrap();
    let again = broken_in(&small, small.setting.seed, &()).map(|broken| broken.claim);
    plant(None);

    assert_eq!((again, small.setting.seed), (Some(broken.claim), seed));
    assert!(!text.contains(".."), "{text}");
    assert!(small.events.len() < scenario.events.len(), "{text}");
    assert_eq!(broken_in(&small, seed, &()), None, "nothing is planted");
}

fn searched(scenario: &Scenario) -> Searched {
    search(scenario, Search { cases: CASES, seed: 1 }, &())
}

fn general() -> PathBuf {
    folder().join("general.yaml")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("defects")
}
