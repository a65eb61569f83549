//! The result of a command: it fails as scripted or as in a cluster, or it is carried out and pods start.

use serin_core::{
    Command, effect,
    observation::FailureClass,
    revision::{Revision, Text},
    spec::Topology,
};

use super::World;
use crate::scenario::Blind;

/// The result of a command.
pub(crate) type CommandResult = Result<(), (FailureClass, Text)>;

impl World<'_> {
    /// Carries a command out.
    pub(crate) fn carry_out(&mut self, command: &Command) -> CommandResult {
        if let Some(failure) = self.faults.of_command(command).or_else(|| self.command_trouble()) {
            return Err(failure);
        }
        self.possible(command)?;
        // No other command gives the primary a revision.
        let gives = matches!(command, Command::EnsureWorkloads | Command::Promote { .. });
        let primary = gives.then(|| self.primary().map(Option::<&Revision>::cloned));
        let pods = self.target_replicas();
        if let Command::Abandon(topology) = command {
            self.leave(topology, command);
        } else {
            effect::apply(command, &mut self.truth);
        }
        if let Some(before) = primary {
            let now = self.primary();
            if now.is_some() && now != before.as_ref().map(Option::as_ref) {
                self.start_primary();
            }
        }
        if let (Some(simulation), Command::PauseScaler | Command::ResumeScaler) =
            (&mut self.simulation, command)
        {
            simulation.pause_scaler(matches!(command, Command::PauseScaler));
        }
        match (pods, self.target_replicas()) {
            (Some(0), Some(1..)) => self.start_canary(),
            (_, Some(0) | None) => self.canary_pods.stop(),
            (_, Some(_)) => {}
        }
        self.settle();
        self.lag();
        Ok(())
    }

    /// The commands that a cluster refuses.
    fn possible(&self, command: &Command) -> CommandResult {
        let retry = |why: &str| Err((FailureClass::Retry, why.into()));
        match command {
            Command::Promote { revision, .. } => {
                if let Some(why) = self.blind.why(Blind::Target).or(self.blind.why(Blind::Configs)) {
                    return retry(why);
                }
                let target = self.truth.target.known().and_then(Option::as_ref);
                match target.and_then(|target| target.revision.known()) {
                    Some(shown) if shown == revision => Ok(()),
                    Some(shown) => Err((FailureClass::Moved, format!("the target shows {shown}").into())),
                    None => Err((FailureClass::Moved, "the target does not exist".into())),
                }
            }
            Command::ScaleUp if self.target_replicas().is_none() => retry("the target does not exist"),
            Command::EnsureWorkloads if self.primary().is_none() && self.target_replicas().is_none() => {
                retry("the target does not exist")
            }
            Command::EnsureFinalizer(_)
            | Command::EnsureWorkloads
            | Command::EnsureServices(_)
            | Command::SetRoutes(_)
            | Command::ScaleUp
            | Command::ScaleToPrimary
            | Command::ScaleDown
            | Command::PauseScaler
            | Command::ResumeScaler
            | Command::Abandon(_)
            | Command::ClearRequest(_)
            | Command::RevertServices
            | Command::RevertRoutes
            | Command::Release => Ok(()),
        }
    }

    /// Of the objects of another shape, only the target may still be visible.
    fn leave(&mut self, topology: &Topology, command: &Command) {
        let now = match &*self.canary {
            Ok(canary) => canary.topology(),
            Err(invalid) => &invalid.topology,
        };
        if topology.same_objects(now) {
            effect::apply(command, &mut self.truth);
        } else if topology.kind == now.kind && topology.target == now.target {
            effect::apply(&Command::ScaleDown, &mut self.truth);
        }
    }

    /// The revision of the primary, if it is known; `None` if there is no primary.
    fn primary(&self) -> Option<Option<&Revision>> {
        self.truth.primary.known().and_then(Option::as_ref).map(|primary| primary.runs.as_ref())
    }

    /// The replicas of the target; `None` if there is no target.
    pub(super) fn target_replicas(&self) -> Option<u32> {
        self.truth.target.known().and_then(Option::as_ref).map(|target| target.replicas)
    }
}
