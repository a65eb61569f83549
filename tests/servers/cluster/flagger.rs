//! Takeover from Flagger: objects and statuses in its shape, which Serin has never written.

use serde_json::{Value, json};

use crate::{
    controller::Controller,
    objects,
    release::{Release, deployment, manifest},
    scripted::Call,
    stage::{Stage, on_stage},
};

/// A moment in a release from `app:1` to `app:2`.
struct Left {
    phase: &'static str,
    /// The image of the primary.
    primary: &'static str,
    /// The share of users that are sent to the canary.
    weight: u64,
    /// The wanted pods of the target.
    replicas: u64,
}

impl Left {
    /// Creates everything as Flagger leaves it.
    async fn set<'a>(&self, stage: &'a Stage) -> Release<'a> {
        let mut target = deployment(&stage.namespace, "web");
        target["spec"]["replicas"] = self.replicas.into();
        target["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2".into();
        let release = Release::of(stage, &target, &manifest(&stage.namespace), &[]).await;
        let mut canary = release.canary().await;
        let owner = json!([{
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "web", "uid": canary["metadata"]["uid"],
            "controller": true, "blockOwnerDeletion": true,
        }]);
        for mut object in objects::documents(include_str!("flagger/objects.yaml")) {
            object["metadata"]["namespace"] = stage.namespace.clone().into();
            object["metadata"]["ownerReferences"] = owner.clone();
            match object["kind"].as_str().unwrap() {
                "Deployment" => {
                    object["spec"]["template"]["spec"]["containers"][0]["image"] = self.primary.into();
                }
                "VirtualService" => {
                    for (route, weight) in [(0, 100 - self.weight), (1, self.weight)] {
                        object["spec"]["http"][0]["route"][route]["weight"] = weight.into();
                    }
                }
                _ => {}
            }
            objects::create(&stage.client, &object).await.unwrap();
        }
        let statuses = objects::documents(include_str!("flagger/statuses.yaml"));
        canary["status"] = statuses.into_iter().find(|status| status["phase"] == self.phase).unwrap();
        let kept = objects::write_status(&stage.client, &canary).await.unwrap();
        assert_eq!(kept["status"], canary["status"], "nothing of it is dropped");
        assert_eq!(release.weights().await, [100 - self.weight, self.weight]);
        release
    }
}

/// Waits until a Canary is taken over; returns its status then.
async fn taken_over(release: &Release<'_>) -> Value {
    let status = release.until("taken over", |status| status["serin"].is_object()).await;
    release.until_event("over from Flagger").await;
    status
}

/// How many times a new run was reported.
async fn runs(release: &Release<'_>) -> usize {
    release.events().await.iter().filter(|event| event.contains("New revision")).count()
}

/// The saved values of a field, in order.
fn saved(controller: &Controller, field: &str) -> Vec<Value> {
    let lines = controller.decisions();
    lines
        .iter()
        .map(|line| &line["save"])
        .filter(|save| !save.is_null())
        .map(|save| save[field].clone())
        .collect()
}

#[test]
fn cluster_a_run_that_flagger_began_continues_at_its_weight() {
    on_stage("flagger-progressing", async |stage| {
        let left = Left { phase: "Progressing", primary: "app:1", weight: 20, replicas: 1 };
        let release = left.set(&stage).await;
        let controller = Controller::start(&stage, &[]);
        let status = taken_over(&release).await;
        assert_eq!((&status["phase"], &status["canaryWeight"]), (&json!("Progressing"), &json!(20)));
        assert_eq!(status["failedChecks"], 1, "a check that failed stays one");
        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        assert_eq!(release.weights().await, [100, 0]);
        let weights = saved(&controller, "canaryWeight");
        let steps: Vec<&Value> = weights.iter().take_while(|weight| **weight != 0).collect();
        assert!(steps.first() == Some(&&json!(20)) && steps.contains(&&json!(30)), "{weights:?}");
        assert_eq!(runs(&release).await, 0, "it was no new run");
    });
}

#[test]
fn cluster_a_canary_that_flagger_left_before_a_gate_waits_there() {
    on_stage("flagger-waiting", async |stage| {
        let left = Left { phase: "Waiting", primary: "app:1", weight: 0, replicas: 0 };
        let release = left.set(&stage).await;
        release.answer("gate", 403);
        let controller = Controller::start(&stage, &[]);
        assert_eq!(taken_over(&release).await["phase"], "Waiting");
        // It is asked twice; the first time it was closed.
        let gate = |call: &Call| matches!(call, Call::Hook { .. });
        let asked =
            async || (release.scripted.calls().iter().filter(|call| gate(call)).count() > 1).then_some(());
        objects::until("the gate is asked twice", asked).await;
        assert_eq!((release.weights().await, runs(&release).await), ([100, 0], 0));
        release.answer("gate", 200);
        release.until_phase("Succeeded").await;
        assert_eq!((release.image("web-primary").await.as_str(), runs(&release).await), ("app:2", 1));
        let phases = saved(&controller, "phase");
        assert_eq!(phases[0], "Waiting", "{phases:?}");
    });
}

#[test]
fn cluster_a_promotion_that_flagger_began_is_finished() {
    on_stage("flagger-promoting", async |stage| {
        let left = Left { phase: "Promoting", primary: "app:2", weight: 30, replicas: 1 };
        let release = left.set(&stage).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Succeeded").await;
        assert_eq!(release.weights().await, [100, 0]);
        assert_eq!(release.image("web-primary").await, "app:2");
        let target = release.object("apps/v1", "Deployment", "web").await.unwrap();
        assert_eq!(target["spec"]["replicas"], 0);
        let phases = saved(&controller, "phase");
        let undone = |phase: &Value| phase == "Progressing" || phase == "Failed";
        assert!(!phases.iter().any(undone), "{phases:?}");
        assert_eq!(runs(&release).await, 0);
    });
}

/// A release that Flagger ended stays as it is until there is a new revision.
async fn rests(stage: &Stage, left: &Left) {
    let release = left.set(stage).await;
    let controller = Controller::start(stage, &[]);
    let status = taken_over(&release).await;
    assert_eq!(status["phase"], left.phase);
    assert_eq!(release.image("web-primary").await, left.primary);
    release.push("app:3").await;
    release.until_event("New revision").await;
    release.until_phase("Progressing").await;
    release.until_phase("Succeeded").await;
    assert_eq!((release.image("web-primary").await.as_str(), runs(&release).await), ("app:3", 1));
    let phases = saved(&controller, "phase");
    let before: Vec<&Value> = phases.iter().take_while(|phase| **phase != "Progressing").collect();
    assert!(!before.is_empty() && before.iter().all(|phase| **phase == left.phase), "{phases:?}");
}

#[test]
fn cluster_a_release_that_flagger_finished_is_not_made_again() {
    on_stage("flagger-succeeded", async |stage| {
        rests(&stage, &Left { phase: "Succeeded", primary: "app:2", weight: 0, replicas: 0 }).await;
    });
}

#[test]
fn cluster_a_release_that_flagger_rolled_back_is_not_tried_again() {
    on_stage("flagger-failed", async |stage| {
        rests(&stage, &Left { phase: "Failed", primary: "app:1", weight: 0, replicas: 0 }).await;
    });
}
