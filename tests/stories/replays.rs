//! Every story has the result that its file states, and the same result twice.

use rayon::prelude::*;
use serin_report::replay::replay;
use serin_simulator::expect::Judged;

use crate::stories;

#[test]
fn sim_every_story_meets_its_expectations() {
    let failed: Vec<String> = stories("").par_iter().filter_map(|path| complaint(path)).collect();

    assert!(failed.is_empty(), "{} stories:\n{}", failed.len(), failed.join("\n"));
}

fn complaint(path: &std::path::Path) -> Option<String> {
    let replayed = match replay(path) {
        Ok(replayed) => replayed,
        Err(error) => return Some(error.to_string()),
    };
    if replayed.verdict.holds() {
        return None;
    }
    let broken = replayed.verdict.violations.iter().map(|(_, what)| what.clone());
    let missed = replayed.verdict.outcomes.iter().filter(|outcome| !matches!(outcome.judged, Judged::Held));
    let missed = missed.map(|outcome| format!("{:?}", outcome.judged));
    let why: Vec<String> = broken.chain(missed).collect();
    Some(format!("serin replay {}\n    {}", path.display(), why.join("\n    ")))
}

#[test]
fn sim_every_story_is_the_same_twice() {
    for path in stories("") {
        let (first, second) = (replay(&path).unwrap(), replay(&path).unwrap());

        assert_eq!(first.story, second.story, "{}", path.display());
    }
}

#[test]
fn the_folders_contain_what_their_names_say() {
    assert_eq!(stories("conformance").len(), 18);
    for folder in ["everyday", "failures", "differences"] {
        assert!(stories(folder).len() >= 20, "{folder} has become small");
    }
}
