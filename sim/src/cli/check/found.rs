//! A world that breaks something: written as a scenario, and printed.

use std::{fs, io, path::Path};

use serin_output::Terminal;
use serin_policy::check::{Broken, Shrunk, Tree};
use serin_report::{self as report, Counterexample, Page};
use serin_simulator::{drive, expect};

use super::{LoadedScenario, told::FoundField};

/// A world that breaks something.
pub(super) struct FoundWorld<'a> {
    pub(super) seed: u64,
    pub(super) case: u64,
    pub(super) broken: &'a Broken,
    pub(super) shrunk: Option<&'a Shrunk>,
}

impl FoundWorld<'_> {
    /// Writes the scenario file; returns its path.
    pub(super) fn write(&self, subject: &LoadedScenario, whole: &Tree, out: &Path) -> io::Result<String> {
        let tree = self.shrunk.map_or(whole, |shrunk| &shrunk.tree);
        let text = tree.text().map_err(io::Error::other)?;
        let stem = Path::new(&subject.path).file_stem().unwrap_or_default().to_string_lossy();
        let path = out.join(format!("{stem}-seed-{}.yaml", self.seed));
        let claim = self.broken.claim.replace('\n', " ");
        fs::create_dir_all(out)?;
        fs::write(&path, format!("# Breaks: {claim}\n{text}"))?;
        let path = path.display().to_string();
        Ok(path.strip_prefix("./").map_or(path.clone(), str::to_string))
    }

    /// The timeline around the moment, and the smaller world.
    pub(super) fn text(&self, subject: &LoadedScenario, file: &str, terminal: Terminal) -> String {
        let LoadedScenario { path, scenario, .. } = subject;
        let story = drive::run_seed(scenario, self.seed);
        let verdict = expect::judge_properties(scenario, &story);
        let page =
            Page { path, title: &scenario.title, canary: &scenario.canary, story: &story, verdict: &verdict };
        let yaml =
            self.shrunk.and_then(|shrunk| Some((shrunk.tree.text_beside(&subject.tree)?, shrunk.runs)));
        let shrunk = yaml.as_ref().map(|(yaml, runs)| (yaml.as_str(), *runs));
        let found =
            Counterexample { seed: self.seed, case: self.case, broken: self.broken, page, shrunk, file };
        report::counterexample(&found, &terminal)
    }

    /// For programs.
    pub(super) fn line<'a>(&'a self, file: &'a str) -> FoundField<'a> {
        FoundField {
            seed: self.seed,
            case: self.case,
            claim: &self.broken.claim,
            actual: &self.broken.actual,
            moment: self.broken.moment,
            at_ms: self.broken.at.map(|at| at.as_millis()),
            runs: self.shrunk.map(|shrunk| shrunk.runs),
            file,
        }
    }
}
