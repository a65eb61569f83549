//! One scenario file, in the simulator and in a cluster: the same decisions.

use std::path::Path;

use futures::future::join_all;
use serin_simulator::{
    drive,
    scenario::{self, Scenario},
};

use crate::{controller::Controller, decisions::Decisions, identity::User, played::play, stage::on_stage};

/// Every Canary names its own Prometheus.
const NO_METRICS: &str = "--metrics-server=http://127.0.0.1:9";

#[test]
fn cluster_conformance_scenarios_have_the_same_result_as_in_the_simulator() {
    on_stage("same", async |stage| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/conformance");
        let files = scenario::find(&[folder]).unwrap();
        let scenarios: Vec<Scenario> = files.iter().map(|file| scenario::load(file).unwrap()).collect();
        assert_eq!(scenarios.len(), 18);
        let controller = Controller::start_as(&stage, User::Controller, &[NO_METRICS]);
        let both = scenarios.iter().map(async |scenario| {
            let simulated = Decisions::by(&drive::run(scenario));
            let played = play(&stage, scenario, simulated.questions()).await;
            let unlike = simulated.unlike(&played)?;
            Some(format!("{}: simulator | cluster\n{unlike}\n", scenario.path.display()))
        });
        let unlike: Vec<String> = join_all(both).await.into_iter().flatten().collect();
        let log = controller.log();
        assert!(unlike.is_empty(), "{} differ\n{}\n{log}", unlike.len(), unlike.join("\n"));
    });
}
