//! A Canary that is deleted gives everything back before anything is removed, in every phase; or leaves everything as
//! it is, if it says so.

use serde_json::{Value, json};
use serin_core::Phase;

use crate::{
    controller::Controller,
    history::{History, Moment},
    objects,
    proxy::{Keep, Proxy, Write},
    release::{Release, reference, weights_of},
    stage::{Stage, on_stage},
};

/// A test for each phase; a missing phase does not compile.
macro_rules! deleted {
    ($($phase:ident => $name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                delete_in(Phase::$phase);
            }
        )*

        const _: fn(Phase) = |phase| match phase {
            $(Phase::$phase => {})*
        };
    };
}

deleted! {
    New => cluster_deleted_before_anything_is_done,
    Initializing => cluster_deleted_while_initializing,
    Initialized => cluster_deleted_when_initialized,
    Waiting => cluster_deleted_while_waiting,
    Progressing => cluster_deleted_while_progressing,
    WaitingPromotion => cluster_deleted_while_waiting_for_promotion,
    Promoting => cluster_deleted_while_promoting,
    Finalising => cluster_deleted_while_finalising,
    Succeeded => cluster_deleted_after_a_success,
    Failed => cluster_deleted_after_a_failure,
    Terminating => cluster_deleted_while_terminating,
}

#[test]
fn cluster_a_deleted_namespace_is_removed_with_everything_in_it() {
    on_stage("deletion-of-namespace", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(10).await;
        let namespace = reference("", "v1", "Namespace", &stage.namespace);
        objects::delete(&stage.client, &namespace).await.unwrap();
        let is_gone = async || {
            let there = objects::read(&stage.client, &namespace).await;
            matches!(there, Err(kube::Error::Api(status)) if status.code == 404).then_some(())
        };
        objects::until("the namespace is gone", is_gone).await;
        ends_well(&mut controller).await;
    });
}

#[test]
fn cluster_deletion_waits_for_a_router_whose_kinds_are_gone_until_it_gives_nothing_back() {
    on_stage("deletion-no-router", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let mut controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;
        controller.kill();
        proxy.hide("virtualservices");
        let mut controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.delete().await;
        let why = "cannot list virtualservices.networking.istio.io: not found; is its CRD installed?";
        let says_why =
            |status: &Value| status["conditions"][0]["message"].as_str().is_some_and(|it| it.contains(why));
        release.until("it says what it waits for", says_why).await;
        let canary = [release.reference("flagger.app/v1beta1", "Canary", "")];
        let history = History::follow(&stage.client, &canary).await;
        release.change(&json!({"spec": {"revertOnDeletion": false}})).await;
        history.until_gone("Canary/web").await;
        ends_well(&mut controller).await;
    });
}

/// Deletes a Canary in a phase, with `revertOnDeletion` and without.
fn delete_in(phase: Phase) {
    let name = if phase == Phase::New { "new".into() } else { phase.name().to_lowercase() };
    on_stage(&format!("deletion-{name}"), async |stage| {
        let other = stage.beside(&format!("{}-kept", stage.namespace)).await;
        tokio::join!(gives_back(&stage, phase), leaves(&other, phase));
    });
}

/// Brings a Canary into a phase. Nothing moves any more: the controller has saved the phase and has not got the answer;
/// in the first phase it is about to write for the first time.
async fn hold<'a>(stage: &'a Stage, phase: Phase, reverts: bool) -> (Release<'a>, Proxy, Controller) {
    let release = Release::create(stage).await;
    // It has to begin, so that a deletion waits.
    let reverts = reverts || phase == Phase::Terminating;
    release.change(&json!({"spec": {"revertOnDeletion": reverts, "analysis": {"maxWeight": 20}}})).await;
    let proxy = Proxy::start(stage).await;
    let mut held = false;
    proxy.keep(move |write| keep_once(&mut held, phase, write));
    let controller = Controller::start_by(stage, proxy.kubeconfig(), &[]);
    match phase {
        Phase::New | Phase::Initializing | Phase::Initialized => {}
        Phase::Waiting => release.answer("gate", 403),
        Phase::WaitingPromotion => release.answer("promotion", 403),
        Phase::Failed => release.answer("step", 500),
        Phase::Progressing | Phase::Promoting | Phase::Finalising | Phase::Succeeded | Phase::Terminating => {
        }
    }
    match phase {
        Phase::New | Phase::Initializing | Phase::Initialized => {}
        Phase::Terminating => {
            release.until_phase("Initialized").await;
            delete(&release).await;
        }
        Phase::Waiting
        | Phase::Progressing
        | Phase::WaitingPromotion
        | Phase::Promoting
        | Phase::Finalising
        | Phase::Succeeded
        | Phase::Failed => {
            release.until_phase("Initialized").await;
            release.push("app:2").await;
        }
    }
    objects::soon(phase.name(), proxy.caught()).await;
    (release, proxy, controller)
}

/// Deletes the Canary once the target has as many pods as it was scaled to: a Deployment that was scaled a moment ago
/// may count pods that are about to be removed.
async fn delete(release: &Release<'_>) {
    let is_settled = async || {
        let target = release.object("apps/v1", "Deployment", "web").await?;
        let count = |pointer: &str| target.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        (count("/status/replicas") == count("/spec/replicas")).then_some(())
    };
    objects::until("the target has the pods that it was scaled to", is_settled).await;
    release.delete().await;
}

fn keep_once(held: &mut bool, phase: Phase, write: &Write) -> Option<Keep> {
    let keep = match (phase, write.saves()) {
        (Phase::New, _) => Some(Keep::Request),
        // The cases in which users are on the canary.
        (Phase::Progressing, Some(status)) if status["canaryWeight"] != 20 => None,
        (_, Some(status)) => (status["phase"] == phase.name()).then_some(Keep::Answer),
        (_, None) => None,
    };
    let keep = keep.filter(|_| !*held);
    *held |= keep.is_some();
    keep
}

/// The objects of a Canary.
fn kinds(release: &Release<'_>) -> [Value; 5] {
    [
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("networking.istio.io/v1", "VirtualService"),
        ("networking.istio.io/v1", "DestinationRule"),
        ("flagger.app/v1beta1", "Canary"),
    ]
    .map(|(api_version, kind)| release.reference(api_version, kind, ""))
}

/// Waits until the garbage collector has removed the objects that the Canary owns; returns the others.
async fn left_of(stage: &Stage, kinds: &[Value]) -> Vec<Value> {
    let left = async || {
        let mut left = Vec::new();
        for kind in kinds {
            left.extend(objects::all(&stage.client, kind).await.ok()?);
        }
        let ours = |object: &Value| object["metadata"]["ownerReferences"].is_array();
        (!left.iter().any(ours)).then_some(left)
    };
    objects::until("nothing of ours is left", left).await
}

/// With `revertOnDeletion`: the target serves before anything is removed.
async fn gives_back(stage: &Stage, phase: Phase) {
    let (release, proxy, mut controller) = hold(stage, phase, true).await;
    let kinds = kinds(&release);
    let history = History::follow(&stage.client, &kinds).await;
    delete(&release).await;
    proxy.open();
    history.until_gone("Canary/web").await;
    let had_primary = !history.of("Deployment/web-primary").is_empty();
    assert!(had_primary || matches!(phase, Phase::New | Phase::Initializing), "{phase}");
    if had_primary {
        history.until_gone("Deployment/web-primary").await;
    }
    assert_given_back(&left_of(stage, &kinds).await);
    assert_no_outage(&history.moments());
    ends_well(&mut controller).await;
}

/// Without it: the objects that the Canary owns are removed with it, and the target stays as it is.
async fn leaves(stage: &Stage, phase: Phase) {
    let (release, proxy, mut controller) = hold(stage, phase, false).await;
    let kinds = kinds(&release);
    let history = History::follow(&stage.client, &kinds).await;
    let before = release.object("apps/v1", "Deployment", "web").await.unwrap();
    if phase == Phase::Terminating {
        release.change(&json!({"spec": {"revertOnDeletion": false}})).await;
    }
    release.delete().await;
    if phase != Phase::Terminating {
        history.until_gone("Canary/web").await;
    }
    proxy.open();
    history.until_gone("Canary/web").await;
    let left = left_of(stage, &kinds).await;
    let names: Vec<_> =
        left.iter().map(|object| object["metadata"]["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["web"]);
    // Its pods were about to be removed.
    if phase != Phase::Finalising {
        assert_eq!(left[0]["spec"], before["spec"], "{phase}");
    }
    ends_well(&mut controller).await;
}

async fn ends_well(controller: &mut Controller) {
    assert!(controller.is_running());
    controller.signal("TERM");
    assert!(controller.ended().await.success());
}

/// The remaining objects are as if there had been no Canary.
fn assert_given_back(left: &[Value]) {
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    assert!(left.iter().all(|object| name(object) == "web"), "{left:#?}");
    let target = left.iter().find(|object| object["spec"]["template"].is_object()).unwrap();
    assert_eq!(target["spec"]["replicas"], 1);
    for apex in left.iter().filter(|object| object["spec"]["clusterIP"].is_string()) {
        assert_eq!(apex["spec"]["selector"]["app"], "web");
    }
}

/// From the moment the primary replaced the target until it was removed, a ready copy served.
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
                    assert!(target_is_ready, "users were sent to a target that is not ready: {moments:#?}");
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
