//! A Canary that is deleted gives everything back before anything goes, in whichever phase it is.

use serde_json::Value;

use crate::{
    controller::Controller,
    history::{History, Moment},
    objects,
    release::{Release, weights_of},
    stage::{Stage, on_stage},
};

/// Deletes a Canary that `reach` has brought to a phase, and looks at what happens.
async fn delete_in(stage: &Stage, reach: impl AsyncFnOnce(&Release<'_>)) {
    let release = Release::create(stage).await;
    let mut controller = Controller::start(stage, &[]);
    reach(&release).await;
    let kinds = [
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("networking.istio.io/v1", "VirtualService"),
        ("networking.istio.io/v1", "DestinationRule"),
        ("flagger.app/v1beta1", "Canary"),
    ];
    let kinds = kinds.map(|(api_version, kind)| release.reference(api_version, kind, ""));
    let history = History::follow(&stage.client, &kinds).await;
    release.delete().await;
    history.until_gone("Canary/web").await;
    let had_primary = !history.of("Deployment/web-primary").is_empty();
    if had_primary {
        history.until_gone("Deployment/web-primary").await;
    }
    let left = async || {
        let mut left = Vec::new();
        for kind in &kinds {
            left.extend(objects::all(&stage.client, kind).await.ok()?);
        }
        let ours = |object: &Value| object["metadata"]["ownerReferences"].is_array();
        (!left.iter().any(ours)).then_some(left)
    };
    // The garbage collector takes what belonged to the Canary.
    let left = objects::until("nothing of ours is left", left).await;
    assert_given_back(&left);
    assert_no_outage(&history.moments());
    assert!(controller.is_running());
    controller.signal("TERM");
    assert!(controller.ended().await.success());
}

/// What stays is as if there had been no Canary.
fn assert_given_back(left: &[Value]) {
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    assert!(left.iter().all(|object| name(object) == "web"), "{left:#?}");
    let target = left.iter().find(|object| object["spec"]["template"].is_object()).unwrap();
    assert_eq!(target["spec"]["replicas"], 1);
    for apex in left.iter().filter(|object| object["spec"]["clusterIP"].is_string()) {
        assert_eq!(apex["spec"]["selector"]["app"], "web");
    }
}

/// From the moment the primary stood in for the target until it goes, somebody ready served.
fn assert_no_outage(moments: &[Moment]) {
    let ready = |moment: &Moment| moment.object["status"]["readyReplicas"].as_u64().unwrap_or_default();
    let mut target_is_ready = false;
    let mut apex: Option<String> = None;
    let mut primary_goes = false;
    for moment in moments {
        let goes = moment.gone || moment.object["metadata"]["deletionTimestamp"].is_string();
        match moment.of.as_str() {
            "Deployment/web" => target_is_ready = ready(moment) > 0,
            "Service/web" => {
                let selects = moment.object["spec"]["selector"]["app"].as_str().unwrap_or_default();
                if apex.as_deref() == Some("web-primary") && selects == "web" {
                    assert!(target_is_ready, "users were sent to a target that is not ready");
                }
                apex = Some(selects.to_owned());
            }
            "VirtualService/web" if !goes => {
                let [primary, canary] = weights_of(&moment.object);
                assert!(canary == 0 || target_is_ready || primary > 0, "{moment:?}");
            }
            "Deployment/web-primary" if goes => primary_goes = true,
            _ => {}
        }
        if primary_goes {
            assert!(target_is_ready, "the primary went before the target was ready: {moment:#?}");
            assert_ne!(apex.as_deref(), Some("web-primary"), "the primary went while users were sent to it");
        }
    }
}

#[test]
fn cluster_deleted_while_initializing() {
    on_stage("deletion-initializing", async |stage| {
        delete_in(&stage, async |release| {
            drop(release.until("Initializing", |status| status["phase"].is_string()).await);
        })
        .await;
    });
}

#[test]
fn cluster_deleted_when_initialized() {
    on_stage("deletion-initialized", async |stage| {
        delete_in(&stage, async |release| drop(release.until_phase("Initialized").await)).await;
    });
}

#[test]
fn cluster_deleted_while_waiting() {
    on_stage("deletion-waiting", async |stage| {
        delete_in(&stage, async |release| {
            release.answer("gate", 403);
            release.until_phase("Initialized").await;
            release.push("app:2").await;
            release.until_phase("Waiting").await;
        })
        .await;
    });
}

#[test]
fn cluster_deleted_while_progressing() {
    on_stage("deletion-progressing", async |stage| {
        delete_in(&stage, async |release| {
            release.until_phase("Initialized").await;
            release.push("app:2").await;
            release.until_weight(20).await;
        })
        .await;
    });
}

#[test]
fn cluster_deleted_while_waiting_for_promotion() {
    on_stage("deletion-promotion", async |stage| {
        delete_in(&stage, async |release| {
            release.answer("promotion", 403);
            release.until_phase("Initialized").await;
            release.push("app:2").await;
            release.until_phase("WaitingPromotion").await;
        })
        .await;
    });
}

#[test]
fn cluster_deleted_after_a_success() {
    on_stage("deletion-succeeded", async |stage| {
        delete_in(&stage, async |release| {
            release.until_phase("Initialized").await;
            release.push("app:2").await;
            release.until_phase("Succeeded").await;
        })
        .await;
    });
}

#[test]
fn cluster_deleted_after_a_failure() {
    on_stage("deletion-failed", async |stage| {
        delete_in(&stage, async |release| {
            release.until_phase("Initialized").await;
            release.answer("step", 500);
            release.push("app:2").await;
            release.until_phase("Failed").await;
        })
        .await;
    });
}
