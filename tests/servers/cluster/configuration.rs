//! Configuration that a release reads, changed during the analysis.

use serde_json::json;

use crate::{controller::Controller, identity::User, objects, release::Release, stage::on_stage};

#[test]
fn cluster_configuration_that_changes_during_a_run_restarts_the_analysis() {
    on_stage("configuration", async |stage| {
        let release = Release::create(&stage).await;
        let settings = release.settings("settings", "hello");
        objects::create(&stage.client, &settings).await.unwrap();
        release.reads(&["settings"]).await;
        let controller = Controller::start_as(&stage, User::Controller, &[]);
        release.until_phase("Initialized").await;

        objects::patch(&stage.client, &settings, &json!({"data": {"greeting": "good day"}})).await.unwrap();
        release.until_weight(10).await;
        objects::patch(&stage.client, &settings, &json!({"data": {"greeting": "good night"}})).await.unwrap();
        release.until_event("Restarting analysis for web").await;
        release.until_phase("Succeeded").await;
        let copy = release.object("v1", "ConfigMap", "settings-primary").await.unwrap();
        assert_eq!(copy["data"]["greeting"], "good night");
        drop(controller);
    });
}
