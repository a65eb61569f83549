//! A new revision waits for approval.

use alloc::vec::Vec;

use super::{
    operator, repair, run,
    turn::{Flow, Turn},
};
use crate::{
    decision::{Obstacle, Rule},
    spec::Rollout,
    state::Pending,
};

pub(super) fn rules(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    repair::rule(t, r)?;
    let Some(revision) = t.revision()? else {
        t.held_up_by(Obstacle::TargetMissing);
        return t.wait(Rule::NotReady);
    };
    let pending = t.state().pending.clone();
    let asked_for = pending.as_ref().is_some_and(|pending| pending.asked_for);
    if *revision == t.state().promoted && !asked_for {
        operator::withdraw(t);
        t.edit().applied = revision.clone();
        return t.act(Rule::Withdrawn, Vec::new());
    }
    if pending.is_none_or(|pending| pending.revision != *revision) {
        // A newer one takes its place, with gates of its own.
        let state = t.edit();
        state.pending = Some(Pending { revision: revision.clone(), asked_for });
        state.passed.clear();
        return t.act(Rule::RevisionNoted, Vec::new());
    }
    if t.now < t.state().due {
        t.keep_stall();
        return t.wait(Rule::NotDue);
    }
    run::start(t, r, revision)
}
