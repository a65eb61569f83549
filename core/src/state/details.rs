//! What the condition says beyond the phase: what the Canary waits for, since when and until when, or why a run ended.
//! Each fact is a sentence.

use alloc::{format, string::String, vec::Vec};

use super::{Repair, Stage, State, Unready};
use crate::{
    decision::Workload,
    message::{Contested, target_not_found},
    observation::{Observation, Readiness},
    phase::Phase,
    spec::Rollout,
    time::Timestamp,
};

const AWAY: &str = "The canary serves no users, so all users are on the primary until both copies are ready.";
const PRIMARY_DOWN: &str = "The primary serves no users, and none are sent to a canary that is being analysed: \
     set flagger.app/canaryWeight or flagger.app/promote to send them there.";

/// What the sentences are made from.
#[derive(Clone, Copy)]
pub(crate) struct Details<'a> {
    /// The Canary; `None` if it is invalid.
    pub(crate) canary: Option<&'a Rollout>,
    /// What was observed when the state was decided.
    pub(crate) seen: &'a Observation,
}

impl Details<'_> {
    /// Whether there is nothing to add: most saves find this without writing anything.
    pub(super) fn is_empty(state: &State) -> bool {
        state.suspended.is_none()
            && state.run.canary_unready.is_none()
            && state.run.primary_unready.is_none()
            && (state.failed_checks == 0 || !state.phase.is_analysing())
            && state.run.closed_gate.is_none()
            && !state.run.held_by_operator
            && state.run.failure.is_none()
            && state.owed.is_empty()
            && state.run.away.is_none()
            && state.run.unreached.is_none()
            && state.repair.as_ref().is_none_or(|repair| !repair.contested)
            && !state.run.primary_down
    }

    /// The Canary's namespace; empty if the Canary is invalid.
    pub(super) fn namespace(&self) -> &str {
        self.canary.map_or("", |r| &r.identity().namespace)
    }

    /// The sentences that follow the phase's own.
    pub(super) fn sentences(&self, state: &State) -> Vec<String> {
        let mut all = Vec::new();
        all.extend(state.suspended.map(|since| format!("Suspended since {since}: nothing advances.")));
        if let (Phase::Failed, Some(failure)) = (state.phase, &state.run.failure) {
            all.push(format!("Cause: {}.", failure.cause));
        }
        if state.run.away.is_some() {
            all.push(AWAY.into());
        }
        if state.run.primary_down && state.phase.is_analysing() && state.run.intent.is_none() {
            all.push(PRIMARY_DOWN.into());
        }
        if state.is_running() {
            all.extend(state.run.canary_unready.map(|unready| self.unready_canary(state, unready)));
            all.extend(state.run.primary_unready.map(|unready| self.unready(Workload::Primary, unready)));
        }
        if state.phase.is_analysing() {
            all.extend(state.run.unreached.as_ref().map(|why| format!("The next check cannot pass: {why}.")));
            all.extend(self.failed_checks(state));
        }
        all.extend(self.closed_gate(state));
        if state.run.held_by_operator {
            all.push(format!("An operator holds the canary at weight {}.", state.canary_weight));
        }
        all.extend(state.repair.as_ref().and_then(contested));
        all.extend(self.owed(state));
        all
    }

    /// A target that was deleted is reported as such, because waiting does not make it ready.
    fn unready_canary(&self, state: &State, unready: Unready) -> String {
        if !matches!(self.seen.target.known(), Some(None)) {
            return self.unready(Workload::Canary, unready);
        }
        let missing = target_not_found(&state.topology, self.namespace());
        format!("Canary: {missing} {}; create it again.", span(unready.count.since, self.until(unready)))
    }

    fn until(&self, unready: Unready) -> Option<Timestamp> {
        self.canary.map(|r| unready.count.ends(r.policy().progress_deadline))
    }

    fn unready(&self, who: Workload, unready: Unready) -> String {
        let seen = match who {
            Workload::Canary => {
                self.seen.target.known().and_then(Option::as_ref).map(|target| &target.readiness)
            }
            Workload::Primary => {
                self.seen.primary.known().and_then(Option::as_ref).map(|primary| &primary.readiness)
            }
        };
        let time = span(unready.count.since, self.until(unready));
        match seen.and_then(Readiness::why_not) {
            Some(why) => format!("The {who} is not ready: {why} {time}."),
            None => format!("Waiting for the {who} to be ready {time}."),
        }
    }

    fn failed_checks(&self, state: &State) -> Option<String> {
        let threshold = self.canary?.policy().threshold;
        let failed = state.failed_checks;
        (failed > 0).then(|| match &state.run.last_finding {
            Some(last) => format!("{failed} of {threshold} failed checks, last: {last}."),
            None => format!("{failed} of {threshold} failed checks."),
        })
    }

    fn closed_gate(&self, state: &State) -> Option<String> {
        let hook = self.canary?.hook(state.run.closed_gate.as_ref()?)?;
        let closed = state.run.gate_closed?;
        let until = hook.deadline.map(|deadline| closed.ends(deadline));
        Some(format!("Gate {} ({}) is closed {}.", hook.name, hook.kind, span(closed.since, until)))
    }

    fn owed(&self, state: &State) -> Option<String> {
        let owed = state.owed.first()?;
        let hook = self.canary?.hook(&owed.hook)?;
        Some(match owed.attempts {
            0 => format!("The {} hook {} is called next.", hook.kind, hook.name),
            failed => format!(
                "The {} hook {} failed {failed} times and is called again at {}.",
                hook.kind, hook.name, owed.at
            ),
        })
    }
}

fn contested(repair: &Repair) -> Option<String> {
    let Repair { by, times, at, .. } = repair;
    let contested = Contested { what: "the Canary", by, times: *times };
    repair.contested.then(|| format!("{contested}, last at {}.", at.whole_second()))
}

/// Since when, and until when if that is limited.
fn span(since: Timestamp, until: Option<Timestamp>) -> String {
    let since = since.whole_second();
    match until {
        Some(until) => format!("(since {since}, until {})", until.whole_second()),
        None => format!("(since {since})"),
    }
}

/// Whether users stay on whichever copy is ready, because a promotion failed.
pub(super) fn holds(state: &State) -> bool {
    state.phase == Phase::Failed && state.run.stage == Stage::Holding
}
