//! Reads what is compared: two scenarios, or the Canaries of two manifests.

use std::{
    io,
    path::{Path, PathBuf},
};

use serin_core::Rollout;
use serin_input::{self as input, InputError};
use serin_lint::{self as lint, Input, Settings, Subject};
use serin_output::Terminal;
use serin_policy::plan::Plan;
use serin_simulator::scenario::{self, Scenario};

use crate::cli::{complaint, init::errors};

/// Both policies: old and new.
pub(super) enum Sides {
    Scenarios(Box<[Scenario; 2]>),
    Manifests(Box<[Subject; 2]>),
}

/// The contents of an argument. A pipe can be read only once.
enum Contents {
    Scenario(String),
    Manifests(Vec<Input>),
}

impl Sides {
    /// # Errors
    /// The message for the user: a file that cannot be used, two different kinds, or two different targets.
    pub(super) fn read(
        paths: [&PathBuf; 2],
        canary: Option<&str>,
        settings: &Settings,
        terminal: &Terminal,
    ) -> Result<Self, String> {
        if paths.iter().all(|path| is_stdin(path)) {
            return Err(complaint("only one of OLD and NEW can be standard input"));
        }
        let unreadable = |error: InputError| complaint(&error.to_string());
        let old = Contents::read(paths[0]).map_err(unreadable)?;
        let new = Contents::read(paths[1]).map_err(unreadable)?;
        let sides = match (old, new) {
            (Contents::Scenario(old), Contents::Scenario(new)) => {
                let read = |text: &str, path: &Path| scenario::parse(text, path).map_err(unreadable);
                Self::Scenarios(Box::new([read(&old, paths[0])?, read(&new, paths[1])?]))
            }
            (Contents::Manifests(old), Contents::Manifests(new)) => {
                let read = |inputs: &[Input], path| subject(inputs, path, canary, settings, terminal);
                Self::Manifests(Box::new([read(&old, paths[0])?, read(&new, paths[1])?]))
            }
            (old, new) => {
                let [old, new] = [(old, paths[0]), (new, paths[1])]
                    .map(|(contents, path)| format!("{} is a {}", path.display(), contents.kind()));
                return Err(complaint(&format!("{old}, and {new}: compare two scenarios, or two manifests")));
            }
        };
        sides.have_one_target(paths)?;
        Ok(sides)
    }

    /// The Canaries: old and new.
    pub(super) fn rollouts(&self) -> [&Rollout; 2] {
        match self {
            Self::Scenarios(both) => both.each_ref().map(|scenario| &scenario.canary),
            Self::Manifests(both) => both.each_ref().map(|subject| &subject.rollout),
        }
    }

    /// The plans of a release: old and new.
    pub(super) fn plans(&self) -> [Option<Plan>; 2] {
        self.rollouts().map(Plan::of)
    }

    fn have_one_target(&self, paths: [&PathBuf; 2]) -> Result<(), String> {
        let targets = self.rollouts().map(|rollout| {
            let (topology, namespace) = (rollout.topology(), &rollout.identity().namespace);
            format!("{} {}.{namespace}", topology.kind, topology.target)
        });
        if targets[0] == targets[1] {
            return Ok(());
        }
        let [old, new] = [0, 1].map(|side| format!("{} releases {}", paths[side].display(), targets[side]));
        Err(complaint(&format!("{old}, and {new}: compare two policies of one target")))
    }
}

impl Contents {
    fn read(path: &Path) -> Result<Self, InputError> {
        if path.is_dir() {
            let files = lint::find(path)?;
            let beside = lint::beside(path)?;
            return Ok(Self::Manifests(files.iter().map(|file| Input::read(file)).chain(beside).collect()));
        }
        let text =
            if is_stdin(path) { input::read_from(path, io::stdin().lock()) } else { input::read(path) }?;
        Ok(if scenario::is_scenario_text(&text, path) {
            Self::Scenario(text)
        } else {
            Self::Manifests(vec![Input { path: path.into(), text: Ok(text) }])
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Scenario(_) => "scenario",
            Self::Manifests(_) => "manifest",
        }
    }
}

/// The chosen Canary of manifests without errors.
fn subject(
    inputs: &[Input],
    path: &Path,
    canary: Option<&str>,
    settings: &Settings,
    terminal: &Terminal,
) -> Result<Subject, String> {
    errors(inputs, settings, terminal)?;
    let subject = lint::subject(inputs, settings, canary);
    let subject = subject.map_err(|missing| complaint(&format!("{}: {missing}", path.display())))?;
    subject.ok_or_else(|| complaint(&format!("{}: the Canary is invalid", path.display())))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
