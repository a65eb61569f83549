//! What is outside the cluster: metrics and hooks that are asked, and how commands and saves end.

use alloc::vec::Vec;

use crate::{
    command::Command,
    observation::FailureClass,
    question::{Answer, Asked, Question},
    revision::Text,
    tick::SaveError,
};

/// Answers questions, and decides how effects end. A closure from [`Question`] to [`Answer`] is an environment in which
/// every effect succeeds.
pub trait Environment {
    /// The answer of a metric or a hook.
    fn answer(&mut self, question: &Question) -> Answer;

    /// How a command ends. The default is success.
    ///
    /// # Errors
    /// The command failed; nothing was changed.
    fn apply(&mut self, _command: &Command) -> Result<(), (FailureClass, Text)> {
        Ok(())
    }

    /// Whether a command that succeeded changes anything. The default is that it does.
    fn obeys(&mut self, _command: &Command) -> bool {
        true
    }

    /// How a save ends. The default is success.
    ///
    /// # Errors
    /// The state was not saved.
    fn save(&mut self) -> Result<(), SaveError> {
        Ok(())
    }

    /// Whether notices are delivered. The default is that they are.
    fn delivers(&mut self) -> bool {
        true
    }
}

impl<F: FnMut(&Question) -> Answer> Environment for F {
    fn answer(&mut self, question: &Question) -> Answer {
        self(question)
    }
}

/// Everything succeeds: metrics are 100 and hooks pass. A hook whose name starts with `rollback` answers no, so name
/// rollback gates that way.
#[must_use]
pub fn well(question: &Question) -> Answer {
    match &question.id.of {
        Asked::Metric(_) => Answer::value(100.0),
        Asked::Hook(key) if key.starts_with("rollback") => Answer::deny(""),
        Asked::Hook(_) => Answer::pass(""),
    }
}

/// As [`well`], but every metric is 0.
#[must_use]
pub fn badly(question: &Question) -> Answer {
    match question.id.of {
        Asked::Metric(_) => Answer::value(0.0),
        Asked::Hook(_) => well(question),
    }
}

/// An environment whose metrics have these values, one for each check of a run, which all metrics of that check have. The
/// first step of a run is made without a check. The last value also holds for all later checks. Hooks answer as in
/// [`well`].
pub fn checks(values: impl IntoIterator<Item = f64>) -> impl Environment {
    let values: Vec<f64> = values.into_iter().collect();
    let mut asked = Vec::new();
    move |question: &Question| match question.id.of {
        Asked::Metric(_) => {
            let check = (question.id.run, question.id.check);
            if !asked.contains(&check) {
                asked.push(check);
            }
            let this_run = asked.iter().filter(|(run, _)| *run == question.id.run);
            let index = this_run.take_while(|other| **other != check).count();
            values.get(index).or(values.last()).map_or(Answer::no_data(), |value| Answer::value(*value))
        }
        Asked::Hook(_) => well(question),
    }
}
