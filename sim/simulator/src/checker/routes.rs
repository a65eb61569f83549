//! Routes: restored by a rollback, and ahead of the status only for a short time.
//!
//! Verifies that a run that has failed has moved its users to the primary, and that more users are exposed than the
//! status says for at most one interval without faults; and that the routes are as in the status if nothing can happen
//! any more, whoever wrote them last. Only checks Canaries that are not edited. Does not verify what another client
//! writes to the routes in between, nor the delay of a router.

use std::time::Duration;

use serin_core::{
    Command, Phase, State,
    command::Routes,
    decision::Rule,
    state::{Origin, Stage},
};

use super::{Checked, Violations};
use crate::{
    record::Moment,
    scenario::{Action, Scenario},
};

/// In addition to an interval.
const SLACK: Duration = Duration::from_secs(60);

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let mut found = Vec::new();
    let foreign = |scenario: &Scenario| {
        scenario.events.iter().any(|event| matches!(event.action, Action::Routes(_) | Action::Delete(_)))
    };
    if !seen.is_unedited() || foreign(seen.scenario) {
        return found;
    }
    found.extend(at_rest(seen));
    let mut routes = None;
    let mut status: Option<&State> = None;
    let mut ahead_since: Option<Duration> = None;
    for (i, moment) in seen.story.moments.iter().enumerate() {
        let is_calm = moment.happened.is_empty()
            && moment.commands.iter().all(|effect| effect.failed.is_none())
            && !seen.story.restarts.contains(&i);
        if let (Some(since), true) = (ahead_since, is_calm)
            && moment.at > since + seen.scenario.canary.policy().interval + SLACK
        {
            found.push((i, "more users are exposed than the status says".into()));
            return found;
        }
        routes = last_routes(moment).or(routes);
        status = moment.saved.as_ref().or(status);
        if moment.decision.rule == Rule::RolledBack
            && let (Some(state), Some(routes)) = (&moment.saved, routes)
            && state.run.stage != Stage::Holding
            && (routes.exposed() > 0 || routes.mirror.is_some())
        {
            found.push((i, format!("the run has failed, but the routes are {routes}")));
        }
        let (Some(status), Some(routes)) = (status, routes) else { continue };
        let ahead = routes.exposed() > status.routes(seen.scenario.canary.strategy()).exposed();
        ahead_since = match (ahead, is_calm) {
            (true, true) => ahead_since.or(Some(moment.at)),
            (true, false) => Some(moment.at),
            (false, _) => None,
        };
    }
    found
}

/// Routes that differ from the status and are not repaired.
fn at_rest(seen: &Checked<'_>) -> Option<(usize, String)> {
    let (end, routes) = (&seen.story.end, seen.story.routes?);
    let is_ours = end.origin == Origin::Ours
        && !matches!(end.phase, Phase::New | Phase::Initializing | Phase::Terminating)
        && end.suspended.is_none()
        && end.run.intent.is_none()
        && end.stall.is_none()
        && end.trouble.is_none();
    let wanted = end.routes(seen.scenario.canary.strategy());
    (seen.story.rests && is_ours && routes != wanted)
        .then(|| (seen.last(), format!("the routes are {routes}, but the status says {wanted}")))
}

/// The change of the routes in a moment.
fn last_routes(moment: &Moment) -> Option<Routes> {
    let done = moment.commands.iter().rev().filter(|effect| effect.failed.is_none());
    let mut made = done.filter_map(|effect| {
        let gone = matches!(effect.command, Command::Abandon(_) | Command::RevertRoutes);
        if let Command::SetRoutes(split) = &effect.command {
            Some(split.routes)
        } else {
            gone.then_some(Routes::PRIMARY)
        }
    });
    made.next()
}
