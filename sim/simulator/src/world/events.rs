//! Events that change the world from outside.

use std::{collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use serin_core::{
    Rollout,
    command::Routes,
    decision::Workload,
    observation::{Apex, Drift, Fact, Readiness, Services, Target},
    request::{Request, RequestKind},
    revision::Revision,
    spec::Topology,
    time::Human,
};
use serin_input::manifest::read_raw;

use super::{World, blind, pods};
use crate::scenario::{
    Action, Delay, Deleted, Fail, HookAnswer, HookOutcome, Overwritten, Pods, SaveFault, Times, merge,
};

impl<'a> World<'a> {
    /// Applies an event. Returns a sentence about it, and whether a controller can see it.
    ///
    /// Restarts and stops do not change the world; only the sentence is returned.
    pub(crate) fn happen(&mut self, action: &'a Action) -> (String, bool) {
        let told = self.apply(action);
        self.settle();
        let is_seen = match action {
            Action::Deploy(_)
            | Action::Config(_)
            | Action::Annotate(_)
            | Action::Edit(_)
            | Action::Delete(_)
            | Action::Ready(_)
            | Action::Scale(_)
            | Action::Routes(_)
            | Action::Drift(_)
            | Action::Unknown { .. } => true,
            Action::Fail(_, _)
            | Action::Restart
            | Action::Stop(_)
            | Action::Clock(_)
            | Action::Away(_)
            | Action::SecondController(_)
            | Action::Metrics(_)
            | Action::Hooks(_)
            | Action::Receivers(_) => false,
        };
        (told, is_seen)
    }

    fn apply(&mut self, action: &'a Action) -> String {
        match action {
            Action::Deploy(revision) => self.deploy(revision),
            Action::Config(configs) => self.configure(configs),
            Action::Annotate(annotations) => self.annotate(annotations),
            Action::Edit(patch) => self.edit(patch),
            Action::Delete(Deleted::Canary) => {
                self.truth.deleting = true;
                "the Canary is deleted".into()
            }
            Action::Delete(Deleted::Target) => {
                self.truth.target = Fact::Known(None);
                self.canary_pods.stop();
                "the target is deleted".into()
            }
            Action::Ready(copies) => {
                let told = copies.iter().map(|(copy, pods)| self.set_pods(*copy, *pods));
                told.collect::<Vec<_>>().join(", ")
            }
            Action::Scale(replicas) => self.scale(*replicas),
            Action::Routes(routes) => self.write_routes(*routes),
            Action::Drift(objects) => self.drift(objects),
            Action::Fail(fail, times) => {
                self.faults.add(fail, *times);
                tell_fault(fail, *times)
            }
            Action::Unknown { fact, lasts, why } => {
                let until = lasts.map(|lasts| self.at().saturating_add(lasts));
                self.blind.begin(*fact, until, why);
                let lasts = lasts.map(|lasts| format!(" for {}", Human(lasts))).unwrap_or_default();
                format!("the {} cannot be read{lasts}: {why}", blind::name(*fact))
            }
            Action::Restart => "the controller is stopped and started".into(),
            Action::Stop(_) => "the controller is about to be stopped".into(),
            Action::Clock(millis) => self.jump(*millis),
            Action::Away(lasts) => format!("the controller is not called for {}", Human(*lasts)),
            Action::SecondController(behind) => {
                format!("another controller reads a status from {behind} saves ago")
            }
            Action::Metrics(scripts) => {
                self.metrics.change(scripts);
                tell_answers("metric", scripts)
            }
            Action::Hooks(scripts) => {
                self.hooks.change(scripts);
                tell_answers("hook", &outcomes(scripts))
            }
            Action::Receivers(scripts) => {
                self.receivers.change(scripts);
                tell_answers("receiver", &outcomes(scripts))
            }
        }
    }

    /// Replaces pods that run; if there is no target, it is created.
    fn deploy(&mut self, spec: &str) -> String {
        let Some(target) = self.truth.target.known_mut() else { return String::new() };
        let target = target.get_or_insert_with(|| Target {
            revision: Fact::Known(Revision::unknown()),
            replicas: 1,
            readiness: Readiness::not_ready("pods are starting"),
            serves: Fact::Known(false),
        });
        let configs = target.revision.known().map(|revision| revision.configs.clone()).unwrap_or_default();
        let revision = Revision { spec: spec.into(), configs };
        let is_new = target.revision.known() != Some(&revision);
        target.revision = Fact::Known(revision);
        if is_new && target.replicas > 0 {
            target.readiness = Readiness::not_ready("pods are being replaced");
            self.start_canary();
        }
        format!("{spec} is deployed")
    }

    fn configure(&mut self, configs: &BTreeMap<String, String>) -> String {
        if let Some(Some(target)) = self.truth.target.known_mut()
            && let Some(revision) = target.revision.known_mut()
        {
            let changes = configs.iter().map(|(name, content)| (name.clone(), content.clone()));
            Arc::make_mut(&mut revision.configs).extend(changes);
        }
        let told = configs.iter().map(|(name, content)| format!("{name} becomes {content}"));
        told.collect::<Vec<_>>().join(", ")
    }

    fn annotate(&mut self, annotations: &BTreeMap<RequestKind, Option<String>>) -> String {
        let requests = &mut self.truth.requests;
        let mut told = Vec::new();
        for (kind, value) in annotations {
            requests.retain(|request| request.kind != *kind);
            match value {
                Some(value) => {
                    requests.push(Request { kind: *kind, value: value.as_str().into() });
                    told.push(format!("an operator requests {kind}={value}"));
                }
                None => told.push(format!("an operator withdraws {kind}")),
            }
        }
        told.join(", ")
    }

    /// Parses the edited Canary. If it names other objects, they are not set up yet.
    fn edit(&mut self, patch: &serde_json::Value) -> String {
        merge(&mut self.manifest.to_mut()["spec"], patch);
        let told = format!("the Canary is edited: {patch}");
        // A manifest that the API server refuses was already refused when the scenario was read.
        let Ok(raw) = read_raw(&self.manifest) else { return told };
        let canary = Rollout::parse(&raw, &self.scenario.defaults);
        if let (Ok(old), Ok(new)) = (&*self.canary, &canary) {
            let (old, new) = (old.topology().clone(), new.topology().clone());
            self.name_others(&old, &new);
        }
        self.canary = Rc::new(canary);
        told
    }

    fn name_others(&mut self, old: &Topology, new: &Topology) {
        if old.same_objects(new) {
            return;
        }
        let other_target = old.kind != new.kind || old.target != new.target;
        let other_service = old.service != new.service;
        if other_target {
            let revision =
                self.truth.target.known().and_then(Option::as_ref).map(|target| target.revision.clone());
            let revision = revision.unwrap_or(Fact::Known(Revision::of(&self.scenario.setting.revision)));
            let serves = Fact::Known(true);
            self.truth.target =
                Fact::Known(Some(Target { revision, replicas: 1, readiness: Readiness::Ready, serves }));
            self.truth.primary = Fact::Known(None);
            self.canary_pods.stop();
            self.primary_pods.stop();
        }
        if other_service {
            self.truth.services = Fact::Known(Services { apex: Apex::Absent, serving: false });
        } else if other_target {
            self.truth.services = Fact::Known(Services { apex: Apex::Other, serving: false });
        }
        if other_service || old.provider != new.provider {
            self.truth.routes = Fact::Known(None);
        }
        if let Some(drift) = self.truth.drift.known_mut() {
            *drift = Drift { workloads: drift.workloads || other_target, services: true, ..Drift::default() };
        }
    }

    fn set_pods(&mut self, copy: Workload, pods: Pods) -> String {
        let at = self.at();
        let has_pods = match copy {
            Workload::Canary => self.target_replicas().is_some_and(|replicas| replicas > 0),
            Workload::Primary => pods::of_primary(&mut self.truth).is_some(),
        };
        let (timer, readiness) = match copy {
            Workload::Canary => (&mut self.canary_pods, pods::of_target(&mut self.truth)),
            Workload::Primary => (&mut self.primary_pods, pods::of_primary(&mut self.truth)),
        };
        match pods {
            Pods::Take(takes) => timer.takes = takes,
            Pods::Share(share) => timer.share = share,
            Pods::Ready | Pods::Unready | Pods::Stalled => timer.share = 0,
        }
        if let Some(readiness) = readiness.filter(|_| has_pods) {
            timer.stop();
            *readiness = match pods {
                Pods::Ready | Pods::Take(Delay::For(Duration::ZERO)) => Readiness::Ready,
                Pods::Unready | Pods::Share(_) => Readiness::not_ready("pods are not ready"),
                Pods::Stalled => Readiness::NotReady { why: "the platform gave up".into(), stalled: true },
                Pods::Take(_) => Readiness::not_ready("pods are starting"),
            };
            if matches!(pods, Pods::Take(_)) && !readiness.is_ready() {
                timer.start(at, false);
            }
        }
        format!("pods of the {copy} {pods}")
    }

    fn scale(&mut self, replicas: u32) -> String {
        if let Some(Some(target)) = self.truth.target.known_mut() {
            let before = std::mem::replace(&mut target.replicas, replicas);
            if replicas == 0 {
                target.readiness = Readiness::not_ready("scaled to zero");
                self.canary_pods.stop();
            } else if before == 0 {
                target.readiness = Readiness::not_ready("pods are starting");
                self.start_canary();
            }
        }
        format!("another client scales the target to {replicas}")
    }

    fn write_routes(&mut self, routes: Routes) -> String {
        self.truth.routes = Fact::Known(Some(routes));
        format!("another client sets the routes to {routes}")
    }

    fn drift(&mut self, objects: &[Overwritten]) -> String {
        let mut told = Vec::new();
        if objects.contains(&Overwritten::Services)
            && let Some(services) = self.truth.services.known_mut()
        {
            // Like a deployment tool that applies the Service as it was before.
            services.apex = Apex::Target;
        }
        if let Some(drift) = self.truth.drift.known_mut() {
            for object in objects {
                match object {
                    Overwritten::Workloads => drift.workloads = true,
                    Overwritten::Services => drift.services = true,
                }
                drift.tampered = true;
                told.push(match object {
                    Overwritten::Workloads => "workloads",
                    Overwritten::Services => "services (the apex selects the target)",
                });
            }
        }
        format!("another client changes {}", told.join(" and "))
    }

    pub(super) fn jump(&mut self, millis: i64) -> String {
        self.clock.jump(millis);
        let span = Human(Duration::from_millis(millis.unsigned_abs()));
        if millis < 0 {
            format!("the clock is set back by {span}")
        } else {
            format!("the clock is set forward by {span}")
        }
    }
}

fn tell_fault(fail: &Fail, times: Times) -> String {
    let times = match times {
        Times::Count(_) => format!(", {times}"),
        Times::Forever => " from now on".into(),
    };
    match fail {
        Fail::Command { prefix, error, .. } => format!("`{prefix}` will fail{times}: {error}"),
        Fail::Save(SaveFault::Conflict) => format!("saves will conflict{times}"),
        Fail::Save(SaveFault::Retry) => format!("saves will fail{times}"),
        Fail::Notices => format!("notices will be lost{times}"),
    }
}

fn outcomes(scripts: &BTreeMap<String, Vec<HookAnswer>>) -> BTreeMap<String, Vec<HookOutcome>> {
    let shown = |answers: &[HookAnswer]| answers.iter().map(|answer| answer.outcome).collect();
    scripts.iter().map(|(name, answers)| (name.clone(), shown(answers))).collect()
}

fn tell_answers<T: std::fmt::Display>(what: &str, scripts: &BTreeMap<String, Vec<T>>) -> String {
    let told = scripts.iter().map(|(name, answers)| {
        format!("{what} {name} answers {} from now on", crate::scenario::Listed(answers))
    });
    told.collect::<Vec<_>>().join(", ")
}
