//! Between runs: Initialized, Succeeded and Failed.

use alloc::vec::Vec;

use super::{
    owed, repair, run,
    turn::{Flow, Turn},
};
use crate::{
    command::Command, decision::Rule, message::Message, observation::Readiness, spec::Rollout, state::Stage,
};

pub(super) fn rules(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    owed::rule(t, r)?;
    holding(t, r)?;
    repair::objects(t, r)?;
    repair::routes(t, r)?;

    let Some(revision) = t.revision()? else { return t.wait(Rule::Idle) };
    let asked_for = t.state().pending.as_ref().is_some_and(|pending| pending.asked_for);
    if asked_for {
        return run::start(t, r, revision);
    }
    if *revision == t.state().applied {
        return Flow::Continue(());
    }
    if *revision == t.state().promoted {
        // Set back without a run. Remembered, so that what it was set back from is new again.
        t.edit().applied = revision.clone();
        return t.wait(Rule::RevisionNoted);
    }
    run::start(t, r, revision)
}

/// After a failed promotion users are on whichever copy is ready; the primary comes first.
fn holding(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().stage != Stage::Holding {
        return Flow::Continue(());
    }
    t.primary()?;
    if t.primary_readiness().is_some_and(Readiness::is_ready) {
        let state = t.edit();
        state.stage = Stage::Start;
        state.canary_weight = 0;
        let mut commands: Vec<Command> = t.reroute(r).into_iter().collect();
        commands.extend([Command::PauseScaler, Command::ScaleDown]);
        t.tell(Message::PrimaryRecovered);
        return t.act(Rule::PrimaryRecovered, commands);
    }
    t.target()?;
    if t.state().canary_weight == 0 && r.switches_traffic && t.primary_is_the_worse_copy() {
        t.edit().canary_weight = 100;
        let commands = t.reroute(r).into_iter().collect();
        return t.act(Rule::ReadyCopy, commands);
    }
    Flow::Continue(())
}
