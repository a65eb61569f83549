//! A story as chapters: the setup, each run, the deletion.

use std::time::Duration;

use serin_core::{
    Phase, State,
    decision::Rule,
    message::{Message, Notice},
    revision::Revision,
};
use serin_simulator::record::{Moment, Story};

use super::ending::{Ended, ended};

/// A part of a story.
#[derive(Clone, Debug)]
pub(super) struct Chapter<'a> {
    pub(super) of: Of,
    /// Its index among the chapters about the same subject.
    pub(super) nth: usize,
    pub(super) moments: &'a [Moment],
    /// The status before it.
    pub(super) before: State,
    /// When the next chapter begins, or the story ends.
    pub(super) until: Duration,
    /// It is the last chapter of the story.
    pub(super) is_last: bool,
    pub(super) ended: Ended,
}

/// The subject of a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Setup,
    Run(Revision),
    Deletion,
}

impl Chapter<'_> {
    pub(super) fn began(&self) -> Duration {
        self.moments.first().map_or(Duration::ZERO, |moment| moment.at)
    }

    /// Every moment with the status after it.
    pub(super) fn standing(&self) -> impl Iterator<Item = (&Moment, &State)> {
        self.moments.iter().scan(&self.before, |state, moment| {
            *state = moment.saved.as_ref().unwrap_or(state);
            Some((moment, *state))
        })
    }

    /// The status at its end.
    pub(super) fn end(&self) -> &State {
        self.standing().last().map_or(&self.before, |(_, state)| state)
    }
}

/// The notices that a save adds.
pub(super) fn born(moment: &Moment) -> impl Iterator<Item = &Notice> {
    let seq = moment.saved.as_ref().map(|state| state.seq);
    let notices = moment.saved.iter().flat_map(|state| state.outbox.notices());
    notices.filter(move |notice| Some(notice.id.seq) == seq)
}

/// The chapters of a story.
pub(super) fn chapters(story: &Story) -> Vec<Chapter<'_>> {
    let starts = starts(&story.begin, story);
    let mut chapters: Vec<Chapter<'_>> = Vec::new();
    let mut before = story.begin.clone();
    for (i, (begin, of)) in starts.iter().enumerate() {
        let next = starts.get(i + 1);
        let end = next.map_or(story.moments.len(), |(begin, _)| *begin);
        let moments = &story.moments[*begin..end];
        let last = story.moments.last().map_or(Duration::ZERO, |moment| moment.at);
        let until = story.moments.get(end).map_or(last, |moment| moment.at);
        let nth = chapters.iter().filter(|chapter| chapter.of == *of).count();
        let ended = ended(of, moments, &before, next.map(|(_, of)| of));
        let (of, before_it, is_last) = (of.clone(), before.clone(), next.is_none());
        let chapter = Chapter { of, nth, moments, before: before_it, until, is_last, ended };
        before = chapter.end().clone();
        chapters.push(chapter);
    }
    // A story that begins with a Canary at rest has no setup.
    if chapters.len() > 1 && is_at_rest(&chapters[0]) {
        chapters.remove(0);
    }
    chapters
}

fn is_at_rest(chapter: &Chapter<'_>) -> bool {
    chapter.of == Of::Setup
        && chapter.before.phase.is_idle()
        && chapter.moments.iter().all(|moment| moment.commands.is_empty() && moment.sent.is_empty())
}

fn starts(first: &State, story: &Story) -> Vec<(usize, Of)> {
    let of = match first.phase {
        Phase::Waiting => Of::Run(pending(first)),
        Phase::Progressing | Phase::WaitingPromotion | Phase::Promoting | Phase::Finalising => {
            Of::Run(first.applied.clone())
        }
        Phase::New | Phase::Initializing | Phase::Initialized | Phase::Succeeded | Phase::Failed => Of::Setup,
        Phase::Terminating => Of::Deletion,
    };
    let mut starts = vec![(0, of)];
    let mut before = first;
    for (i, moment) in story.moments.iter().enumerate() {
        let state = moment.saved.as_ref().unwrap_or(before);
        let current = starts.last().map(|(_, of)| of);
        if let Some(of) = begins(moment, before, state, current) {
            if i == 0 {
                starts.clear();
            }
            starts.push((i, of));
        } else if let (Rule::TakenOver, Some((_, of @ Of::Run(_)))) =
            (moment.decision.rule, starts.last_mut())
        {
            // The revision is known only now.
            *of = Of::Run(if state.phase == Phase::Waiting { pending(state) } else { state.applied.clone() });
        }
        before = state;
    }
    starts
}

/// The chapter that begins with this moment, if any.
fn begins(moment: &Moment, before: &State, state: &State, current: Option<&Of>) -> Option<Of> {
    let rule = moment.decision.rule;
    if rule == Rule::DeletionDecided || (rule == Rule::Released && current != Some(&Of::Deletion)) {
        return Some(Of::Deletion);
    }
    // A decision that was not saved is decided again.
    moment.saved.as_ref()?;
    let starts = matches!(rule, Rule::RunStarted | Rule::Restarted | Rule::ShapeChanged);
    if starts && state.phase == Phase::Initializing {
        return Some(Of::Setup);
    }
    if starts {
        let run = Of::Run(state.applied.clone());
        // The wait before a run is part of its chapter.
        let waited = rule == Rule::RunStarted && before.phase == Phase::Waiting && current == Some(&run);
        return (!waited).then_some(run);
    }
    let waits = rule == Rule::WaitsForApproval && before.phase.is_idle();
    let waits = waits || (rule == Rule::RevisionNoted && state.phase == Phase::Waiting);
    waits.then(|| Of::Run(pending(state)))
}

fn pending(state: &State) -> Revision {
    state.run.pending.as_ref().map_or_else(Revision::unknown, |pending| pending.revision.clone())
}

/// Whether a notice says that a waiting revision was withdrawn.
pub(super) fn is_withdrawal(notice: &Notice) -> bool {
    matches!(notice.message, Message::Withdrawn(_))
}
