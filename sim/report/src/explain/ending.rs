//! How a chapter ended.

use std::time::Duration;

use serin_core::{
    State,
    decision::{Cause, Rule},
    message::Message,
    revision::{Revision, Text},
    state::Intent,
};
use serin_simulator::record::Moment;

use super::chapter::{Of, born, is_withdrawal};

/// How a chapter ended, when, and by which rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) how: Ending,
    /// When it was decided, and when it was done; `None` if it has not ended.
    pub(super) at: Option<(Duration, Duration)>,
    /// The rule that decided it.
    pub(super) rule: Option<Rule>,
    /// The number of moments up to the end.
    pub(super) moments: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ending {
    Initialized,
    TakenOver,
    Promoted {
        skipped: bool,
    },
    RolledBack(Cause),
    PromotionFailed {
        why: Text,
    },
    Withdrawn,
    Replaced(Revision),
    StartedOver,
    ShapeChanged,
    Deleted,
    Released,
    /// It had not ended at the end of the story.
    UnderWay,
}

impl Ending {
    /// The word for it. Two endings with the same word are the same outcome.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Initialized => "initialized",
            Self::TakenOver => "taken-over",
            Self::Promoted { .. } => "promoted",
            Self::RolledBack(_) => "rolled-back",
            Self::PromotionFailed { .. } => "promotion-failed",
            Self::Withdrawn => "withdrawn",
            Self::Replaced(_) => "replaced",
            Self::StartedOver => "started-over",
            Self::ShapeChanged => "shape-changed",
            Self::Deleted => "deleted",
            Self::Released => "released",
            Self::UnderWay => "under-way",
        }
    }
}

/// How these moments ended; `next` is the subject of the next chapter.
pub(super) fn ended(of: &Of, moments: &[Moment], before: &State, next: Option<&Of>) -> Ended {
    let mut state = before;
    let mut decided = None;
    for (i, moment) in moments.iter().enumerate() {
        let rule = moment.decision.rule;
        if matches!(rule, Rule::RollbackDecided | Rule::PromotionDecided) && moment.saved.is_some() {
            decided = Some((moment.at, rule));
        }
        // An operator's request is also a decision.
        let intent = moment.saved.as_ref().is_some_and(|saved| saved.run.intent.is_some());
        if rule == Rule::Requested && state.run.intent.is_none() && intent {
            decided = Some((moment.at, rule));
        }
        if let Some(how) = ends(of, moment, state) {
            let (at, rule) = decided.filter(|_| is_decided_first(&how)).unwrap_or((moment.at, rule));
            return Ended { how, at: Some((at, moment.at)), rule: Some(rule), moments: i + 1 };
        }
        state = moment.saved.as_ref().unwrap_or(state);
    }
    let how = match (of, next) {
        (_, Some(Of::Deletion)) => Ending::Deleted,
        (_, Some(Of::Setup)) => Ending::ShapeChanged,
        (Of::Run(old), Some(Of::Run(new))) if old == new => Ending::StartedOver,
        (_, Some(Of::Run(new))) => Ending::Replaced(new.clone()),
        (_, None) => Ending::UnderWay,
    };
    Ended { how, at: None, rule: None, moments: moments.len() }
}

fn is_decided_first(how: &Ending) -> bool {
    matches!(how, Ending::RolledBack(_))
}

/// Whether this moment ends the chapter; `before` is the status before it.
fn ends(of: &Of, moment: &Moment, before: &State) -> Option<Ending> {
    let rule = moment.decision.rule;
    if rule == Rule::Released {
        let released = moment.commands.iter().all(|effect| effect.failed.is_none());
        return released.then_some(Ending::Released);
    }
    let saved = moment.saved.as_ref()?;
    match (of, rule) {
        (Of::Setup, Rule::Initialized) => Some(Ending::Initialized),
        (Of::Setup, Rule::TakenOver) if saved.phase.is_idle() => Some(Ending::TakenOver),
        (Of::Run(_), Rule::Promoted) => {
            let skipped = matches!(before.run.intent, Some(Intent::Promote { skipped: true, .. }));
            Some(Ending::Promoted { skipped })
        }
        (Of::Run(_), Rule::RolledBack) => match &before.run.intent {
            Some(Intent::Rollback { cause, .. }) => Some(Ending::RolledBack(cause.clone())),
            _ => None,
        },
        (Of::Run(_), Rule::Rejected) => {
            saved.run.failure.as_ref().map(|failure| Ending::RolledBack(failure.cause.clone()))
        }
        (Of::Run(_), Rule::PromotionFailed) => {
            let why = born(moment).find_map(|notice| {
                let Message::PromotionFailed { why } = &notice.message else { return None };
                Some(why.clone())
            });
            Some(Ending::PromotionFailed { why: why.unwrap_or_default() })
        }
        (Of::Run(_), Rule::Withdrawn | Rule::Requested) if born(moment).any(is_withdrawal) => {
            Some(Ending::Withdrawn)
        }
        _ => None,
    }
}
