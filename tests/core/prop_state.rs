//! `.status` contains a whole state: what is written is read back unchanged.

use proptest::prelude::*;
use serde_json::json;
use serin_core::{
    Observation, Phase, State, Step, Timestamp,
    decision::{Obstacle, Rule},
    revision::Revision,
    state::{Origin, Stall, Status, VERSION},
    step,
    testing::START,
};

use crate::{
    states::states,
    support::{cases, rollout},
};

fn written(state: &State) -> serde_json::Value {
    serde_json::to_value(Status::from(state)).expect("a status can be written")
}

fn read(status: &serde_json::Value) -> State {
    // As text, as an API server keeps it.
    let status: Status = serde_json::from_str(&status.to_string()).expect("a status can be read");
    State::from(status)
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn prop_a_state_is_read_as_it_was_written(state in states()) {
        prop_assert_eq!(read(&written(&state)), state);
    }

    #[test]
    fn prop_a_state_whose_key_the_crd_prunes_is_read_as_flaggers(state in states()) {
        let mut status = written(&state);
        status.as_object_mut().unwrap().remove("serin");

        let state = read(&status);

        prop_assert_eq!(state.origin == Origin::Flagger, state.phase != Phase::New);
        prop_assert_eq!((state.seq, state.runs, state.run.intent, state.owed), (0, 0, None, vec![]));
    }
}

#[test]
fn a_new_canary_has_an_empty_state_and_writes_none_of_our_fields() {
    assert_eq!(read(&json!({})), State::default());
    assert_eq!(written(&State::default()).get("serin"), None);
}

#[test]
fn a_status_that_flagger_wrote_is_recognized() {
    let status = json!({
        "canaryWeight": 20,
        "conditions": [{
            "lastTransitionTime": "2025-11-03T09:14:05Z",
            "lastUpdateTime": "2025-11-03T09:15:05Z",
            "message": "New revision detected, progressing canary analysis.",
            "reason": "Progressing",
            "status": "Unknown",
            "type": "Promoted"
        }],
        "failedChecks": 1,
        "iterations": 0,
        "lastAppliedSpec": "7b8d9c5f64",
        "lastPromotedSpec": "5978589476",
        "lastTransitionTime": "2025-11-03T09:16:05Z",
        "phase": "Progressing",
        "sessionAffinityCookie": "flagger-cookie=QzrqhmjYmg",
        "trackedConfigs": {"configmap/web": "2ee1a0f3b9a7f1c4"}
    });

    let state = read(&status);

    let expected = State {
        phase: Phase::Progressing,
        canary_weight: 20,
        failed_checks: 1,
        applied: Revision {
            spec: "7b8d9c5f64".into(),
            configs: [("configmap/web".to_owned(), "2ee1a0f3b9a7f1c4".to_owned())]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>()
                .into(),
        },
        promoted: Revision::of("5978589476"),
        condition: state.condition.clone(),
        cookies: serin_core::command::Cookies {
            canary: Some("flagger-cookie=QzrqhmjYmg".into()),
            ..Default::default()
        },
        last_transition: "2025-11-03T09:16:05Z".parse().unwrap(),
        origin: Origin::Flagger,
        ..State::default()
    };
    assert_eq!(state, expected);
}

#[test]
fn flaggers_iteration_of_minus_one_is_none_yet() {
    let status = json!({"phase": "WaitingPromotion", "iterations": -1, "canaryWeight": 0, "failedChecks": 0});
    let state = read(&status);
    assert_eq!((state.iterations, state.origin), (0, Origin::Flagger));
}

#[test]
fn a_weight_above_100_is_cut() {
    let status = json!({"phase": "Promoting", "canaryWeight": 101, "serin": {"seq": 1, "mirrorWeight": 255}});
    let state = read(&status);
    assert_eq!((state.canary_weight, state.run.mirror_weight), (100, 100));
}

#[test]
fn a_status_of_a_newer_version_is_left_alone_whatever_is_observed() {
    // It should have been reported as blocked long ago.
    let stall = Some(Stall { on: Obstacle::TargetMissing, since: Timestamp::default(), told: None });
    let mut status = written(&State { phase: Phase::Progressing, seq: 7, stall, ..State::default() });
    status["serin"]["version"] = json!(VERSION + 1);
    status["serin"]["aFieldOfTomorrow"] = json!({"deep": [1, 2]});
    let state = read(&status);
    assert_eq!(state.origin, Origin::Newer(VERSION + 1));

    let mut seen = Observation::settled("a");
    seen.deleting = true;
    let Step::Act(plan) = step(&Ok(rollout("{stepWeight: 20}")), &state, &seen, START) else {
        panic!("nothing is asked");
    };

    assert_eq!((plan.decision.rule, plan.commands, plan.state), (Rule::HeldForNewerVersion, vec![], None));
    assert_eq!((plan.notices, plan.wake), (vec![], None));
}
