//! Short texts for calls, states and outcomes, for the lines of a path.

use std::fmt;

use serin_core::{
    Plan, State, Timestamp,
    question::{Answer, Asked, HookResult, MetricResult},
    state::{Intent, Run},
};

use crate::{
    decide::Decided,
    expand::{Outcome, Then},
};

impl fmt::Display for Decided<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.deviations.is_empty() {
            let deviations: Vec<String> = self.deviations.iter().map(ToString::to_string).collect();
            write!(f, "[{}] ", deviations.join(", "))?;
        }
        for (question, answer) in self.answers {
            let of = match &question.id.of {
                Asked::Metric(of) | Asked::Hook(of) => of,
            };
            let said = match answer {
                Answer::Metric(MetricResult::Value(value)) => value.to_string(),
                Answer::Metric(MetricResult::NoData) => "no data".into(),
                Answer::Metric(MetricResult::Error(_)) | Answer::Hook(HookResult::Error(_)) => "error".into(),
                Answer::Hook(HookResult::Pass(_)) => "pass".into(),
                Answer::Hook(HookResult::Deny(_)) => "deny".into(),
            };
            write!(f, "{of}={said} ")?;
        }
        let Plan { commands, state, notices, decision, wake } = self.plan;
        write!(f, "=> {:?}", decision.rule)?;
        for command in commands {
            write!(f, "; {command}")?;
        }
        if let Some(state) = state {
            write!(f, "; save {}", Brief(state))?;
        }
        if !notices.is_empty() {
            write!(f, "; tell {}", notices.len())?;
        }
        match wake {
            None => f.write_str("; no wake"),
            Some(wake) => write!(f, "; wake {:?} +{}s", wake.why, wake.at.since(self.now).as_secs()),
        }
    }
}

/// A short text for a state.
pub(crate) struct Brief<'a>(pub(crate) &'a State);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { phase, canary_weight, failed_checks, iterations, applied, promoted, run, .. } = self.0;
        let Run { stage, intent, pending, .. } = run;
        write!(
            f,
            "{phase}/{stage:?} w{canary_weight} f{failed_checks} i{iterations} {applied} over {promoted}"
        )?;
        match intent {
            None => {}
            Some(Intent::Promote { revision, applied, skipped }) => {
                let applied = if *applied { " (applied)" } else { "" };
                write!(f, " PROMOTE {revision}{applied}{}", if *skipped { " (skipped)" } else { "" })?;
            }
            Some(Intent::Rollback { cause, released }) => {
                write!(f, " ROLLBACK {cause}{}", if *released { " (released)" } else { "" })?;
            }
            Some(Intent::Delete { given_back }) => {
                write!(f, " DELETE{}", if *given_back { " (given back)" } else { "" })?;
            }
        }
        if let Some(pending) = pending {
            write!(
                f,
                " pending {}{}",
                pending.revision,
                if pending.asked_for { " (asked for)" } else { "" }
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => Ok(()),
            Self::Stopped(made) => write!(f, " -- stopped after {made} commands, unsaved"),
            Self::Failed(index, class) => write!(f, " -- command {} failed: {class:?}", index + 1),
        }
    }
}

/// How much time passed.
pub(crate) fn passed(then: Then, from: Timestamp, to: Timestamp) -> String {
    match then {
        Then::Now => String::new(),
        Then::Woken => format!(" -- woken {:?} later", to.since(from)),
        Then::Late => format!(" -- no call for {:?}", to.since(from)),
        Then::Earlier => format!(" -- the clock is set back by {:?}", from.since(to)),
    }
}
