//! A new revision waits for approval, and is rejected if a rollback gate opens or an approval comes too late.

use alloc::vec::Vec;

use super::{
    gate, operator, repair, rollback, run,
    turn::{Flow, Turn, Why},
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
    let pending = t.state().run.pending.clone();
    let asked_for = pending.as_ref().is_some_and(|pending| pending.asked_for);
    if *revision == t.state().promoted && !asked_for {
        operator::withdraw(t);
        t.edit().applied = revision.clone();
        return t.act(Rule::Withdrawn, Vec::new());
    }
    if pending.is_none_or(|pending| pending.revision != *revision) {
        // A newer one replaces it, with gates of its own.
        let state = t.edit();
        state.run.pending = Some(Pending { revision: revision.clone(), asked_for });
        state.run.passed.clear();
        state.run.forget_closed_gate();
        return t.act(Rule::RevisionNoted, Vec::new());
    }
    if let Some(cause) = gate::overdue(t, r) {
        return rollback::reject(t, revision, cause);
    }
    let due = t.state().due;
    if t.now < due {
        t.until(due, Why::NextCheck);
        return t.wait(Rule::NotDue);
    }
    // Before any approval: a revision that is not rolled out needs none.
    if let Some(cause) = gate::trigger(t, r)? {
        return rollback::reject(t, revision, cause);
    }
    run::start(t, r, revision)
}
