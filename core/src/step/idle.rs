//! Between runs: Initialized, Succeeded and Failed.

use alloc::vec::Vec;

use super::{
    owed, repair, run,
    turn::{Flow, Turn},
};
use crate::{
    command::Command,
    decision::{Obstacle, Rule},
    message::Message,
    observation::Readiness,
    spec::Rollout,
    state::{Pending, Stage},
};

pub(super) fn rules(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    owed::rule(t, r)?;
    holding(t, r)?;
    repair::rule(t, r)?;

    let Some(revision) = t.revision()? else {
        t.held_up_by(Obstacle::TargetMissing);
        return t.wait(Rule::Idle);
    };
    if t.state().run.pending.as_ref().is_some_and(|pending| pending.asked_for) {
        return run::start(t, r, revision);
    }
    let applied = *revision == t.state().applied;
    if applied && t.state().run.pending.is_none() {
        return Flow::Continue(());
    }
    if *revision == t.state().promoted {
        // Set back without a run. This is remembered, so that the revision it was set back from counts as new again.
        let state = t.edit();
        state.applied = revision.clone();
        state.run.pending = None;
        return t.wait(Rule::RevisionNoted);
    }
    // Remembered until it can start: if the target meanwhile returns to the failed revision, that one counts as new
    // again.
    if !applied && t.state().run.pending.as_ref().is_none_or(|pending| pending.revision != *revision) {
        t.edit().run.pending = Some(Pending { revision: revision.clone(), asked_for: false });
    }
    run::start(t, r, revision)
}

/// After a failed promotion users are on the copy that serves, and return to the primary once it is ready.
fn holding(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().run.stage != Stage::Holding {
        return Flow::Continue(());
    }
    t.primary()?;
    if t.primary_readiness().is_some_and(Readiness::is_ready) && !t.would_leave_the_better_copy()? {
        let shown = t.shown();
        let state = t.edit();
        state.run.stage = Stage::Start;
        state.canary_weight = 0;
        if let (Some(shown), None) = (shown, &state.run.pending) {
            state.remember(shown);
        }
        let mut commands: Vec<Command> = t.reroute(r).into_iter().collect();
        commands.extend([Command::PauseScaler, Command::ScaleDown]);
        t.tell(Message::PrimaryRecovered);
        return t.act(Rule::PrimaryRecovered, commands);
    }
    Flow::Continue(())
}
