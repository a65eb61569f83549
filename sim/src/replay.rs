//! One file from its text to its verdict.

use std::path::{Path, PathBuf};

use serin_core::Rollout;

use crate::{
    drive,
    expect::{self, Verdict},
    explain::{self, Brief},
    input::InputError,
    record::Story,
    scenario,
};

/// A scenario that was run and judged.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The file.
    pub path: PathBuf,
    /// The sentence that says what it is about.
    pub title: String,
    /// The Canary as it was in the beginning.
    pub canary: Rollout,
    /// How it went.
    pub story: Story,
    /// Whether it went as expected.
    pub verdict: Verdict,
    /// How it ended, in a few words.
    pub brief: Option<Brief>,
}

/// Reads a scenario file, runs it and judges it.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn replay(path: &Path) -> Result<Replayed, InputError> {
    let scenario = scenario::load(path)?;
    let story = drive::run(&scenario);
    let verdict = expect::judge(&scenario, &story);
    let brief = explain::brief(&scenario, &story);
    Ok(Replayed {
        path: scenario.path,
        title: scenario.title,
        canary: scenario.canary,
        story,
        verdict,
        brief,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_an_error_in_a_line() {
        let error = replay(Path::new("no/such/story.yaml")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/story.yaml: cannot be read: "), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
