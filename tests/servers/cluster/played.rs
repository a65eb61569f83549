//! A scenario played in a cluster: its scripted answers are given over HTTP, and its events change the objects.

use std::{pin::pin, time::Duration};

use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
    runtime::{WatchStreamExt as _, watcher, watcher::Event},
};
use serde_json::{Value, json};
use serin_core::{Phase, State, state::Status};
use serin_simulator::scenario::{Action, Delay, Row, Scenario, Trigger};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    decisions::Decisions,
    node::BROKEN,
    objects::create,
    scripted::{Call, Scripted},
    stage::Stage,
};

/// The timeout of one scenario, if nothing goes wrong: several times what the longest one takes.
const LIMIT: Duration = Duration::from_secs(400);

/// How long after the last status questions may still arrive.
const LATE: Duration = Duration::from_secs(20);

/// The time between two polls of the questions.
const LOOK: Duration = Duration::from_millis(50);

/// The label that distinguishes revisions of the target.
const REVISION: &str = "serin.dev/revision";

/// A scenario that is being played. Its Canary and its target are named after its file.
struct Playing<'a> {
    stage: &'a Stage,
    scenario: &'a Scenario,
    name: &'a str,
    scripted: Scripted,
    /// Every status of the Canary.
    states: watch::Sender<Seen<State>>,
    /// Every state of the VirtualService: its version, and where requests go.
    routes: watch::Sender<Seen<(Option<String>, String)>>,
}

/// Everything that a watch has seen, in order.
struct Seen<T> {
    all: Vec<T>,
    /// From now on no change is missed.
    watching: bool,
}

/// Plays a scenario to its end, until this many questions were asked.
pub(crate) async fn play(stage: &Stage, scenario: &Scenario, questions: usize) -> Decisions {
    let playing = Playing {
        stage,
        scenario,
        name: scenario.path.file_stem().unwrap().to_str().unwrap(),
        scripted: Scripted::start(scenario).await,
        states: Seen::nothing(),
        routes: Seen::nothing(),
    };
    let all = async {
        tokio::select! {
            () = playing.act(questions) => {}
            () = follow(playing.canaries(), playing.name, &playing.states, state) => {}
            () = follow(playing.virtual_services(), playing.name, &playing.routes, routes) => {}
        }
    };
    let ended = time::timeout(LIMIT, all).await.is_ok();
    playing.decisions(ended)
}

impl Playing<'_> {
    async fn act(&self, questions: usize) {
        wait(&self.states, |seen| seen.watching).await;
        wait(&self.routes, |seen| seen.watching).await;
        create(&self.stage.client, &self.target()).await.unwrap();
        let mut canary = self.scripted.rewired(&self.scenario.manifest);
        canary["metadata"]["name"] = self.name.into();
        canary["metadata"]["namespace"] = self.stage.namespace.as_str().into();
        canary["spec"]["targetRef"]["name"] = self.name.into();
        create(&self.stage.client, &canary).await.unwrap();
        let began = Instant::now();
        for event in &self.scenario.events {
            match &event.trigger {
                Trigger::At(at) => time::sleep_until(began + *at).await,
                Trigger::After(after) => time::sleep(*after).await,
                Trigger::When(pattern, after) => {
                    self.until_saved(|state| pattern.fits(state)).await;
                    time::sleep(*after).await;
                }
            }
            self.happen(&event.action).await;
        }
        self.until_over(questions).await;
    }

    /// Waits for a state: the current one, or any later one.
    async fn until_saved(&self, fits: impl Fn(&State) -> bool) {
        let known = self.states.borrow().all.len().saturating_sub(1);
        wait(&self.states, |seen| seen.all[known..].iter().any(&fits)).await;
    }

    async fn until_over(&self, questions: usize) {
        self.until_saved(|state| matches!(state.phase, Phase::Succeeded | Phase::Failed)).await;
        let route = self.virtual_services().get(self.name).await.unwrap();
        let last = route.metadata.resource_version;
        wait(&self.routes, |seen| seen.all.iter().any(|(version, _)| *version == last)).await;
        let all = async {
            while self.scripted.calls().len() < questions {
                time::sleep(LOOK).await;
            }
        };
        // The questions so far are compared.
        drop(time::timeout(LATE, all).await);
    }

    async fn happen(&self, action: &Action) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are for simulated worlds")]
        match action {
            Action::Deploy(revision) => {
                let template = json!({"metadata": {"annotations": self.annotations(revision)}});
                let patch = Patch::Merge(json!({"spec": {"template": template}}));
                let targets: Api<Deployment> =
                    Api::namespaced(self.stage.client.clone(), &self.stage.namespace);
                targets.patch(self.name, &PatchParams::default(), &patch).await.unwrap();
            }
            Action::Edit(spec) => {
                let patch = Patch::Merge(json!({"spec": spec}));
                self.canaries().patch(self.name, &PatchParams::default(), &patch).await.unwrap();
            }
            Action::Metrics(answers) => self.scripted.change(answers, &[].into()),
            Action::Hooks(answers) => self.scripted.change(&[].into(), answers),
            other => panic!("not in a cluster: {other:?}"),
        }
    }

    fn target(&self) -> Value {
        let labels = json!({"app": self.name});
        let container = json!({"name": "app", "image": "app:1", "ports": [{"containerPort": 9898}]});
        let setting = &self.scenario.setting;
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": self.stage.namespace},
            "spec": {
                "replicas": setting.replicas,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": {REVISION: setting.revision}},
                    "spec": {"containers": [container]},
                },
            },
        })
    }

    /// The ConfigMaps and Secrets of the pods of a revision that is deployed.
    fn annotations(&self, revision: &str) -> Value {
        match self.scenario.setting.canary_takes {
            Delay::Never => json!({REVISION: revision, BROKEN: ""}),
            Delay::For(Duration::ZERO) => json!({REVISION: revision}),
            Delay::For(_) => panic!("{}: pods get ready at once or never", self.name),
        }
    }

    fn canaries(&self) -> Api<DynamicObject> {
        self.api("flagger.app", "Canary", "canaries")
    }

    fn virtual_services(&self) -> Api<DynamicObject> {
        self.api("networking.istio.io", "VirtualService", "virtualservices")
    }

    fn api(&self, group: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk(group, "v1beta1", kind);
        let kind = ApiResource::from_gvk_with_plural(&kind, plural);
        Api::namespaced_with(self.stage.client.clone(), &self.stage.namespace, &kind)
    }

    fn decisions(&self, ended: bool) -> Decisions {
        let mut decisions = Decisions::default();
        self.states.borrow().all.iter().for_each(|state| decisions.saved(Row::of(state)));
        self.routes.borrow().all.iter().for_each(|(_, routes)| decisions.routed(routes));
        for call in self.scripted.calls() {
            match call {
                Call::Metric { name, answer } => decisions.asked(&name, &answer),
                Call::Hook { name, outcome, .. } => decisions.asked(&name, &outcome),
                Call::Alert { .. } => {}
            }
        }
        if !ended {
            decisions.rows.push(format!("no end within {LIMIT:?}"));
        }
        decisions
    }
}

impl<T> Seen<T> {
    fn nothing() -> watch::Sender<Self> {
        watch::Sender::new(Self { all: Vec::new(), watching: false })
    }
}

async fn wait<T>(seen: &watch::Sender<Seen<T>>, is_so: impl Fn(&Seen<T>) -> bool) {
    // The receiver keeps the sender alive.
    drop(seen.subscribe().wait_for(|seen| is_so(seen)).await);
}

/// Notes the changes of an object, until the process ends.
async fn follow<T>(
    api: Api<DynamicObject>,
    name: &str,
    seen: &watch::Sender<Seen<T>>,
    read: impl Fn(&DynamicObject) -> Option<T>,
) {
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut events = pin!(watcher(api, config).default_backoff());
    while let Some(event) = events.next().await {
        seen.send_modify(|seen| match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => seen.all.extend(read(&object)),
            Ok(Event::InitDone) => seen.watching = true,
            // The watch restarts by itself after an error.
            Ok(Event::Init | Event::Delete(_)) | Err(_) => {}
        });
    }
}

fn state(canary: &DynamicObject) -> Option<State> {
    let status = canary.data.get("status")?;
    Some(serde_json::from_value::<Status>(status.clone()).unwrap().into())
}

fn routes(route: &DynamicObject) -> Option<(Option<String>, String)> {
    let rule = route.data.pointer("/spec/http/0")?;
    let both = rule["route"].as_array()?;
    let weight = |version: &str| {
        let host = format!("{}-{version}", route.metadata.name.as_deref().unwrap_or_default());
        let to = both.iter().find(|to| to["destination"]["host"] == host.as_str());
        to.and_then(|to| to["weight"].as_u64()).unwrap_or(0)
    };
    let mut text = format!("{}/{}", weight("primary"), weight("canary"));
    if rule["mirror"].is_object() {
        text += &format!(" mirror {}", rule["mirrorPercentage"]["value"]);
    }
    Some((route.metadata.resource_version.clone(), text))
}
