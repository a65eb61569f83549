//! The effects of the simulated part of a world on the cluster: start times of pods, measured values, faults.

use std::time::Duration;

use serin_core::{
    Observation,
    command::Routes,
    observation::{Apex, FailureClass, Readiness},
    revision::Text,
    spec::{Hook, Metric},
};

use super::{
    World,
    hooks::Attempt,
    pods,
    simulated::{ClusterChange, Copies, Copy, Offered, Strike},
};
use crate::{
    record::{Slice, Users},
    scenario::{Blind, Delay, HookAnswer, HookOutcome, Load, MetricAnswer, SaveFault, What},
};

/// How long a stale cache takes to catch up.
const STALE_FOR: Duration = Duration::from_secs(2);

impl World<'_> {
    /// Whether the fault happens this time.
    pub(crate) fn strikes(&mut self, what: What) -> bool {
        let at = self.at();
        self.simulation.as_mut().is_some_and(|simulation| simulation.weather.strikes(what, at))
    }

    /// Whether the fault happens this time, and its size.
    pub(crate) fn strike(&mut self, what: What) -> Option<Strike> {
        let at = self.at();
        self.simulation.as_mut()?.weather.strike(what, at)
    }

    /// The clock may jump when it is read; returns a sentence about it.
    pub(crate) fn clock_strikes(&mut self) -> Option<String> {
        let strike = self.strike(What::ClockJump)?;
        let millis = i64::try_from(strike.by.as_millis()).unwrap_or(i64::MAX);
        Some(self.jump(if strike.place < 0.5 { -millis } else { millis }))
    }

    /// The answer of a metric: scripted, or simulated, or a healthy value.
    pub(crate) fn measure(&mut self, metric: &Metric) -> MetricAnswer {
        let at = self.at();
        let (simulation, journal) = (&mut self.simulation, &self.journal);
        self.metrics.take(metric, || match journal {
            Some(journal) => journal.answer(metric),
            None => simulation.as_mut()?.answer(at, metric),
        })
    }

    /// The next attempt to call a hook.
    pub(crate) fn attempt(&mut self, hook: &Hook) -> Attempt {
        if self.strikes(What::HookTimeout) {
            return Attempt::of(HookOutcome::Timeout.into(), hook);
        }
        if self.strikes(What::HookError) {
            let body = Some("an internal error".into());
            return Attempt::of(HookAnswer { outcome: HookOutcome::Status(500), body, after: None }, hook);
        }
        let attempt = self.hooks.attempt(hook);
        if let Ok(canary) = &*self.canary
            && attempt.outcome.passes()
            && let Some(load) = Load::of(hook, &canary.topology().canary_service())
        {
            self.inform(ClusterChange::LoadTest(hook.key.clone(), load));
        }
        attempt
    }

    /// Informs the simulation of a change, or notes it. Returns how long pods take that are started.
    fn inform(&mut self, change: ClusterChange) -> Option<Delay> {
        let at = self.at();
        match &mut self.journal {
            Some(journal) => journal.note(at, change),
            None => self.simulation.as_mut()?.hear(at, &change),
        }
    }

    /// How the next save fails, if it does.
    pub(crate) fn save_fault(&mut self) -> Option<SaveFault> {
        self.faults.of_save().or_else(|| {
            let conflict = self.strikes(What::SaveConflict).then_some(SaveFault::Conflict);
            conflict.or_else(|| self.strikes(What::SaveFails).then_some(SaveFault::Retry))
        })
    }

    /// Whether the next notices are lost.
    pub(crate) fn loses_notices(&mut self) -> bool {
        self.faults.of_notices() || self.strikes(What::NoticesLost)
    }

    /// How a command fails because of a fault, if it does.
    pub(super) fn command_trouble(&mut self) -> Option<(FailureClass, Text)> {
        self.strikes(What::CommandFails)
            .then(|| (FailureClass::Retry, "the API server does not answer".into()))
    }

    /// A write may be visible late.
    pub(super) fn lag(&mut self) {
        if self.strikes(What::StaleRead) {
            let until = self.at().saturating_add(STALE_FOR);
            for fact in [Blind::Target, Blind::Routes] {
                self.blind.lag(fact, until);
            }
        }
    }

    /// Pods of the canary are started.
    pub(super) fn start_canary(&mut self) {
        let at = self.at();
        let revision = self.target_shows();
        if let Some(revision) = revision
            && let Some(takes) = self.inform(ClusterChange::CanaryStarts(revision.clone()))
        {
            self.canary_pods.takes = takes;
            self.canary_pods.flaps = self.simulation.as_mut().and_then(|world| world.flaps(&revision));
        }
        let serves = self.truth.canary_serves() == Some(true);
        self.canary_pods.start(at, serves);
    }

    /// Pods of the primary are started.
    pub(super) fn start_primary(&mut self) {
        let at = self.at();
        let revision = self.primary_runs();
        if let Some(takes) = revision.and_then(|revision| self.inform(ClusterChange::PrimaryStarts(revision)))
        {
            self.primary_pods.takes = takes;
        }
        let serves = self.truth.primary_serves() == Some(true);
        self.primary_pods.start(at, serves);
    }

    /// Pods that the autoscalers have started and that do not serve yet are not ready.
    pub(super) fn judge_scaled(&self, seen: &mut Observation) {
        let Some([canary, primary]) =
            self.simulation.as_ref().and_then(|simulation| simulation.scaled_pods())
        else {
            return;
        };
        let Ok(rollout) = &*self.canary else { return };
        let policy = rollout.policy();
        let judge = |readiness: Option<&mut Readiness>, (serving, wanted): (u32, u32), threshold| {
            if let Some(readiness) = readiness.filter(|readiness| readiness.is_ready() && serving < wanted) {
                *readiness = Readiness::of_pods(serving, wanted, threshold, false);
            }
        };
        judge(pods::of_target(seen), canary, policy.canary_ready_threshold);
        judge(pods::of_primary(seen), primary, policy.primary_ready_threshold);
    }

    /// The requests of users since then; `None` in a world that is not simulated.
    pub(crate) fn users(&mut self, since: Duration) -> Option<Users> {
        let at = self.at();
        self.simulation.as_mut().map(|simulation| simulation.finish(since, at))
    }

    /// The expected requests since then; `None` in a world that is not simulated.
    pub(crate) fn offered(&self, since: Duration) -> Option<Offered> {
        let (since, at) = (since.as_secs_f64(), self.at().as_secs_f64());
        self.simulation.as_ref().map(|simulation| simulation.offered(since, at))
    }

    /// From now on, keeps what [`World::course`] needs.
    pub(crate) fn keep_course(&mut self) {
        if let Some(simulation) = &mut self.simulation {
            simulation.keep_course();
        }
    }

    /// The requests of users since then, in slices; call it after [`World::users`]. Empty in a world that is not
    /// simulated.
    pub(crate) fn course(&mut self, since: Duration) -> Vec<Slice> {
        let at = self.at();
        let metrics = self.scenario.canary.metrics();
        self.simulation.as_mut().map(|simulation| simulation.course(since, at, metrics)).unwrap_or_default()
    }

    /// Whether the revision of the target meets the standard; `None` in a world that is not simulated.
    pub(crate) fn is_good(&mut self) -> Option<bool> {
        let revision = self.target_shows()?;
        let standard = &self.scenario.standard;
        self.simulation.as_mut().map(|simulation| simulation.is_good(&revision, standard))
    }

    /// Informs the simulation of the state of the cluster.
    pub(super) fn note_copies(&mut self) {
        if self.simulation.is_none() && self.journal.is_none() {
            return;
        }
        let target = self.truth.target.known().and_then(Option::as_ref);
        let primary = self.truth.primary.known().and_then(Option::as_ref);
        let target_runs = target.and_then(|target| target.revision.known()).map(|revision| &revision.spec);
        let primary_runs = primary.and_then(|primary| primary.runs.as_ref()).map(|revision| &revision.spec);
        let revision = target_runs.cloned().unwrap_or_else(|| "".into());
        let canary = Copy { revision, serves: self.truth.canary_serves() == Some(true) };
        let apex = self.truth.services.known().map(|services| services.apex);
        // Until the primary is set up, the target itself serves all users.
        let is_set_up = apex == Some(Apex::Primary);
        let primary = match primary_runs {
            Some(runs) if is_set_up => {
                Copy { revision: runs.clone(), serves: self.truth.primary_serves() == Some(true) }
            }
            Some(_) | None => canary.clone(),
        };
        let routes =
            self.truth.routes.known().copied().flatten().filter(|_| is_set_up).unwrap_or(Routes::PRIMARY);
        self.inform(ClusterChange::Copies(Copies {
            canary,
            primary,
            weight: f64::from(routes.canary) / 100.0,
            matched: routes.matched,
            mirror: f64::from(routes.mirror.unwrap_or(0)) / 100.0,
        }));
    }

    /// The revision of the target, if there is a target.
    pub(crate) fn target_shows(&self) -> Option<Text> {
        let target = self.truth.target.known()?.as_ref()?;
        Some(Text::clone(&target.revision.known()?.spec))
    }
}

impl super::Pods {
    /// Pods that became ready now may stop being ready later.
    pub(super) fn wait_for_a_flap(&mut self, at: Duration) {
        self.lost_at = self.flaps.map(|(every, lasts)| at.saturating_add(every.saturating_sub(lasts)));
    }

    /// Whether they stop being ready now.
    pub(super) fn are_lost(&mut self, at: Duration) -> bool {
        let Some(lost_at) = self.lost_at.take_if(|lost_at| *lost_at <= at) else { return false };
        if let Some((_, lasts)) = self.flaps {
            self.ready_at = Some(lost_at.saturating_add(lasts));
        }
        true
    }
}

/// The pods of a copy that stop being ready.
pub(super) fn lose(readiness: Option<&mut Readiness>) {
    if let Some(readiness) = readiness {
        *readiness = Readiness::not_ready("a probe fails");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Delay;

    #[test]
    fn pods_flap_periodically() {
        let secs = Duration::from_secs;
        let mut pods = super::super::Pods::new(Delay::For(Duration::ZERO));
        pods.flaps = Some((secs(60), secs(10)));
        pods.wait_for_a_flap(secs(100));
        assert!(!pods.are_lost(secs(149)) && pods.are_lost(secs(150)));
        assert_eq!(pods.ready_at, Some(secs(160)));
    }
}
