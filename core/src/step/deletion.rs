//! Deletion: the target serves again before any of our objects is removed; the finalizer is removed last, in a save of
//! its own.

use alloc::{vec, vec::Vec};

use super::{
    owed,
    turn::{Flow, Turn},
};
use crate::{
    command::{Command, Routes},
    decision::{Obstacle, Rule, Workload},
    message::Message,
    observation::{Apex, Readiness},
    phase::Phase,
    state::{Intent, Origin, Stage},
};

pub(super) fn rules(t: &mut Turn<'_>) -> Flow {
    let reverts = match t.canary {
        Ok(r) => r.reverts_on_deletion(),
        Err(invalid) => invalid.revert_on_deletion,
    };
    if !t.seen.finalizer {
        // Nothing holds the object: it is gone as soon as all clients have seen so.
        return t.wait(Rule::Released);
    }
    if !reverts || never_took_over(t) {
        return t.act(Rule::Released, vec![Command::Release]);
    }
    match t.state().run.intent {
        Some(Intent::Delete { given_back: false }) => give_back(t),
        Some(Intent::Delete { given_back: true }) => release(t),
        Some(Intent::Promote { .. } | Intent::Rollback { .. }) | None => {
            let state = t.edit();
            state.phase = Phase::Terminating;
            state.run.intent = Some(Intent::Delete { given_back: false });
            // From here on the status is ours, whichever controller wrote it.
            state.origin = Origin::Ours;
            t.tell(Message::Terminating);
            // All users are about to be sent to the target, whether it is idle or in the middle of a run.
            let is_there = matches!(t.seen.target.known(), Some(Some(_)));
            let commands =
                if is_there { vec![Command::ResumeScaler, Command::ScaleToPrimary] } else { Vec::new() };
            t.act(Rule::DeletionDecided, commands)
        }
    }
}

/// Whether users were never moved: the target serves as it did before the Canary was created, so there is nothing to
/// give back. Unreadable facts and objects that cannot be created do not block the deletion of such a Canary.
fn never_took_over(t: &Turn<'_>) -> bool {
    let state = t.state();
    // A status from before this was noted shows it only by the apex service.
    let apex = t.seen.services.known().map(|services| services.apex);
    matches!(state.phase, Phase::New | Phase::Initializing)
        && state.origin == Origin::Ours
        && !state.took_over
        && apex != Some(Apex::Primary)
}

/// The target gets its pods; once they serve, services and routes return to it.
fn give_back(t: &mut Turn<'_>) -> Flow {
    // Without a target no copy can take the users; and in a namespace that is being deleted no route can be created
    // again.
    if !matches!(t.seen.target.known(), Some(None)) {
        roll_back(t)?;
    }
    if let Some(target) = t.target()? {
        if target.replicas == 0 {
            return t.act(Rule::DeletionWaits, vec![Command::ResumeScaler, Command::ScaleToPrimary]);
        }
        if let Some(why) = Readiness::why_not(&target.readiness) {
            t.held_up_by(Obstacle::NotReady { who: Workload::Canary, why });
            return t.wait(Rule::DeletionWaits);
        }
    }
    t.edit().run.intent = Some(Intent::Delete { given_back: true });
    t.act(Rule::GivenBack, vec![Command::ResumeScaler, Command::RevertServices, Command::RevertRoutes])
}

/// A run ends first: its users go to the primary, unless that is the worse copy.
fn roll_back(t: &mut Turn<'_>) -> Flow {
    let Ok(r) = t.canary else { return Flow::Continue(()) };
    let routed = t.state().routes(r.strategy()) != Routes::PRIMARY;
    if !routed || t.primary_is_the_worse_copy() {
        return Flow::Continue(());
    }
    let state = t.edit();
    state.canary_weight = 0;
    state.run.mirror_weight = 0;
    state.run.stage = Stage::Start;
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::DeletionWaits, commands)
}

/// Owed hooks are called and notices are sent; then the Canary is removed.
fn release(t: &mut Turn<'_>) -> Flow {
    if let Ok(r) = t.canary {
        owed::rule(t, r)?;
    }
    let unsent = t.state().outbox.notices().iter().filter(|notice| !t.seen.sent.contains(&notice.id));
    // A receiver that is down for longer than the deadline does not block the deletion.
    let (now, deadline) = (t.now, t.deadline());
    if unsent.into_iter().any(|notice| now.since(notice.at) < deadline) {
        return t.wait(Rule::DeletionWaits);
    }
    t.act(Rule::Released, vec![Command::Release])
}
