//! Dry runs: objects that would have been written are kept in the status and read back, so that a rollout continues as
//! if they had been.

use serde::{Deserialize, Serialize};
use serin_core::{
    Command, Observation,
    command::Routes,
    effect,
    observation::{Apex, Drift, Fact, Primary, Readiness, Services},
    revision::Revision,
};

use crate::object::Object;

/// The field of the status that contains them.
pub const PLACE: &str = "/status/serin/dryRun";

/// The objects that would exist; those that were not written yet are the existing ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pretended {
    #[serde(skip_serializing_if = "Option::is_none")]
    finalizer: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<Option<Revision>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apex: Option<Apex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routes: Option<Option<Routes>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<u32>,
}

impl Pretended {
    /// The objects that were kept with a Canary's status.
    #[must_use]
    pub fn of(canary: &Object) -> Self {
        canary.at(PLACE).and_then(|kept| Self::deserialize(kept).ok()).unwrap_or_default()
    }

    /// Changes an observation to what it would be. Pods that would have been requested are ready.
    pub fn show(&self, seen: &mut Observation) {
        seen.finalizer = self.finalizer.unwrap_or(seen.finalizer);
        if let Some(runs) = &self.primary {
            let (runs, serves) = (runs.clone(), Fact::Known(true));
            seen.primary = Fact::Known(Some(Primary { runs, readiness: Readiness::Ready, serves }));
        }
        if let Some(apex) = self.apex {
            seen.services = Fact::Known(Services { apex, serving: true });
        }
        if let Some(routes) = self.routes {
            seen.routes = Fact::Known(routes);
        }
        if let Some(replicas) = self.replicas
            && let Some(Some(target)) = seen.target.known_mut()
        {
            target.replicas = replicas;
            if replicas > 0 {
                target.readiness = Readiness::Ready;
                target.serves = Fact::Known(true);
            }
        }
        // An object that would be repaired does not exist.
        seen.drift = Fact::Known(Drift::default());
    }

    /// Carries out a command on these objects.
    pub fn apply(&mut self, command: &Command, seen: &Observation) {
        let mut after = seen.clone();
        self.show(&mut after);
        let before = after.clone();
        effect::apply(command, &mut after);
        if after.finalizer != before.finalizer {
            self.finalizer = Some(after.finalizer);
        }
        if after.primary != before.primary
            && let Some(primary) = after.primary.known()
        {
            self.primary = Some(primary.as_ref().and_then(|primary| primary.runs.clone()));
        }
        if after.services != before.services
            && let Some(services) = after.services.known()
        {
            self.apex = Some(services.apex);
        }
        if after.routes != before.routes
            && let Some(routes) = after.routes.known()
        {
            self.routes = Some(*routes);
        }
        let replicas = |seen: &Observation| Some(seen.target.known()?.as_ref()?.replicas);
        if replicas(&after) != replicas(&before) {
            self.replicas = replicas(&after);
        }
    }
}

#[cfg(test)]
mod tests {
    use serin_core::command::Split;

    use super::*;

    fn seen() -> Observation {
        Observation::untouched("v1")
    }

    #[test]
    fn a_dry_run_reads_back_what_it_would_have_written() {
        let mut pretended = Pretended::default();
        let split = Split { routes: Routes::split(20), cookies: Default::default() };
        for command in [Command::EnsureWorkloads, Command::SetRoutes(split), Command::ScaleDown] {
            pretended.apply(&command, &seen());
        }
        let kept: Pretended = serde_json::from_value(serde_json::to_value(&pretended).unwrap()).unwrap();
        let mut shown = seen();
        kept.show(&mut shown);
        let primary = shown.primary.known().unwrap().clone().unwrap();
        assert_eq!((primary.runs, primary.readiness), (Some(Revision::of("v1")), Readiness::Ready));
        assert_eq!(shown.routes, Fact::Known(Some(Routes::split(20))));
        assert_eq!(shown.target.known().unwrap().as_ref().unwrap().replicas, 0);
        assert_eq!(shown.services, seen().services, "nothing was done to services");
    }
}
