//! Saves, notices and copies when something goes wrong around a run.

use std::time::Duration;

use serin_core::{
    Command, Phase,
    command::Routes,
    decision::Rule,
    message::Message,
    observation::{Apex, Fact, FailureClass},
    question::{Answer, Question},
    revision::{Revision, Text},
    state::{ConditionStatus, Stage},
    testing::{Did, Environment, Pods, Simulated, badly, well},
    tick::SaveError,
};

use crate::support::{rollout, runs_until_saved};

/// Saves conflict, or notices are not delivered.
#[derive(Default)]
struct Faulty {
    conflicts: u32,
    deaf: bool,
}

impl Environment for Faulty {
    fn answer(&mut self, question: &Question) -> Answer {
        well(question)
    }
    fn save(&mut self) -> Result<(), SaveError> {
        match self.conflicts.checked_sub(1) {
            Some(left) => {
                self.conflicts = left;
                Err(SaveError::Conflict)
            }
            None => Ok(()),
        }
    }
    fn delivers(&mut self) -> bool {
        !self.deaf
    }
}

#[test]
fn a_save_that_conflicts_is_void_and_sends_no_notice() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    let mut faulty = Faulty { conflicts: 1, ..Faulty::default() };
    while !matches!(world.does(&mut faulty), Did::Saved) {}
    assert_eq!((world.state.phase, world.sent.len()), (Phase::Initialized, 0));

    // Another client set the target back meanwhile.
    let target = world.cluster.target.known_mut().and_then(Option::as_mut).expect("there is a target");
    target.revision = Fact::Known(Revision::of("a"));
    world.ticks(&mut faulty);

    assert_eq!((world.state.phase, world.sent.len()), (Phase::Initialized, 0));
}

#[test]
fn a_notice_leaves_the_outbox_once_it_was_delivered_and_not_before() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    let mut faulty = Faulty { deaf: true, ..Faulty::default() };
    world.runs_until(&mut faulty, |state| state.canary_weight == 40);
    let held = |world: &Simulated| {
        world.state.outbox.notices().iter().map(|n| n.message.clone()).collect::<Vec<_>>()
    };
    let advanced = |weight| Message::Advanced(serin_core::message::Advance::Weight(weight));
    assert_eq!(
        held(&world),
        [Message::NewRevision(Revision::of("b")), Message::Started, advanced(20), advanced(40)]
    );

    faulty.deaf = false;
    world.runs_until(&mut faulty, |state| state.canary_weight == 60);
    assert_eq!(held(&world).len(), 5, "now they are sent");
    world.runs_until(&mut faulty, |state| state.canary_weight == 80);
    assert_eq!(held(&world), [advanced(80)]);

    world.runs_until(&mut faulty, |state| state.phase == Phase::Succeeded);
    world.ticks(&mut faulty);
    assert_eq!(held(&world), []);
}

#[test]
fn a_canary_is_released_when_its_notices_are_delivered_or_overdue() {
    let mut world = Simulated::initialized(rollout("{stepWeight: 20}"));
    world.cluster.deleting = true;
    let mut faulty = Faulty { deaf: true, ..Faulty::default() };
    let decided = world.now;
    world.looks_at(decided, &mut faulty);
    world.settles();
    world.looks_at(decided, &mut faulty);
    let deadline = Duration::from_secs(600);

    let mut waits = world.clone();
    waits.looks_at(decided + deadline - Duration::from_millis(1), &mut faulty);
    assert!(waits.cluster.finalizer, "a millisecond before");
    waits.looks_at(decided + deadline, &mut faulty);
    assert!(!waits.cluster.finalizer);

    world.ticks(&mut Faulty::default());
    world.sleeps();
    world.ticks(&mut Faulty::default());
    assert!(!world.cluster.finalizer, "delivered");
}

/// A namespace that is being deleted: the routes are gone already, and no object can be created in it any more.
struct Terminating;

impl Environment for Terminating {
    fn answer(&mut self, question: &Question) -> Answer {
        well(question)
    }
    fn apply(&mut self, command: &Command) -> Result<(), (FailureClass, Text)> {
        let makes =
            matches!(command, Command::SetRoutes(_) | Command::EnsureServices(_) | Command::EnsureWorkloads);
        if makes { Err((FailureClass::Refused, "the namespace is being terminated".into())) } else { Ok(()) }
    }
}

#[test]
fn in_a_deleted_namespace_a_canary_is_released_as_soon_as_its_target_is_gone() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.runs_until(&mut well, |state| state.canary_weight == 40);
    world.cluster.deleting = true;
    let deleted = world.now;
    world.looks_at(deleted, &mut Terminating);
    assert!(world.cluster.finalizer, "its users are not on the target");
    world.cluster.target = Fact::Known(None);
    world.looks_at(deleted, &mut Terminating);
    world.settles();
    world.looks_at(deleted, &mut Terminating);
    assert!(!world.cluster.finalizer);
}

#[test]
fn a_newer_revision_between_the_decision_to_promote_and_the_copy_gets_its_own_run() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 100}"));
    runs_until_saved(&mut world, &mut well, |state| state.run.intent.is_some());
    world.deploys("c");

    let rules = world.looks_at(world.now, &mut well);

    assert_eq!((rules[0], &world.state.applied), (Rule::Restarted, &Revision::of("c")));
    assert_eq!((world.state.phase, world.state.promoted.clone()), (Phase::Progressing, Revision::of("a")));
}

#[test]
fn a_revision_that_failed_is_new_again_once_the_target_was_set_back() {
    let metrics = "metrics: [{name: m, query: q, thresholdRange: {min: 50}}]";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 20, threshold: 1, {metrics}}}")));
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    runs_until_saved(&mut world, &mut badly, |state| state.run.intent.is_some());
    world.deploys("a");
    runs_until_saved(&mut world, &mut well, |state| state.phase == Phase::Failed);
    world.deploys("b");

    world.runs_until(&mut well, |state| state.phase == Phase::Progressing);

    assert_eq!((world.state.runs, world.violations), (2, vec![]));
}

#[test]
fn after_a_failed_promotion_users_stay_on_the_canary_until_the_primary_is_ready() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 100}"));
    world.runs_until(&mut well, |state| state.canary_weight == 100);
    world.runs_until(&mut well, |state| {
        // After the copy, the primary never becomes ready.
        state.run.intent.is_some()
    });
    world.primary_pods = Pods::Broken;
    world.settles();
    world.runs_until(&mut well, |state| state.phase == Phase::Failed);
    let routed = |world: &Simulated| world.cluster.routes.known().copied().flatten();
    assert_eq!((world.state.run.stage, routed(&world)), (Stage::Holding, Some(Routes::split(100))));

    world.primary_pods = Pods::Well;
    world.settles();
    let mut commands: Vec<Command> = Vec::new();
    world.wakes();
    loop {
        match world.does(&mut well) {
            Did::Applied(command) => commands.push(command),
            Did::Slept(_) => break,
            Did::Decided(_) | Did::Asked(_) | Did::Saved | Did::Sent => {}
        }
    }

    let commands: Vec<_> = commands.iter().map(ToString::to_string).collect();
    assert_eq!(commands, ["route 100/0", "pause autoscaler", "scale canary down"]);
    assert_eq!((world.state.canary_weight, world.state.run.stage), (0, Stage::Start));
}

#[test]
fn the_transition_time_of_the_condition_changes_only_with_its_status() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 100}"));
    let mut seen: Vec<(ConditionStatus, Text, bool)> = Vec::new();
    let mut last = None;
    for _ in 0..40 {
        world.ticks(&mut well);
        let condition = world.state.condition.clone().expect("it was saved");
        let moved = last != Some(condition.last_transition_time);
        last = Some(condition.last_transition_time);
        if seen.last().is_none_or(|(_, reason, _)| *reason != condition.reason) {
            seen.push((condition.status, condition.reason.clone(), moved));
        }
        world.sleeps();
    }
    use ConditionStatus::{True, Unknown};
    assert_eq!(
        seen,
        [
            (Unknown, "Progressing".into(), true),
            (Unknown, "Promoting".into(), false),
            (Unknown, "Finalising".into(), false),
            (True, "Succeeded".into(), true)
        ]
    );
}

#[test]
fn a_canary_that_took_nothing_over_is_released_at_once() {
    for unreadable in [false, true] {
        let mut world = Simulated::new(rollout("{stepWeight: 20}"));
        world.primary_pods = Pods::Broken;
        world.ticks(&mut well);
        assert_eq!((world.state.phase, world.cluster.finalizer), (Phase::Initializing, true));
        if unreadable {
            // This happens if the selector of the target has no label that the services could select by.
            let why = serin_core::observation::Unseen::Unreadable("no known label".into());
            world.cluster.services = Fact::Unknown(why);
        }

        world.cluster.deleting = true;
        let rules = world.looks_at(world.now, &mut well);

        assert_eq!(rules.first(), Some(&Rule::Released));
        assert!(!world.cluster.finalizer);
        assert_eq!(world.violations, []);
    }
}

#[test]
fn a_canary_that_is_about_to_take_over_gives_everything_back() {
    let mut world = Simulated::new(rollout("{stepWeight: 20}"));
    runs_until_saved(&mut world, &mut well, |state| state.took_over);

    world.cluster.deleting = true;
    let rules = world.looks_at(world.now, &mut well);

    assert_eq!(rules.first(), Some(&Rule::DeletionDecided));
    assert_eq!(world.violations, []);
}

#[test]
fn a_deletion_gives_users_back_to_the_target_once_it_is_ready_and_not_before() {
    let mut world = Simulated::initialized(rollout("{stepWeight: 20}"));
    world.cluster.deleting = true;
    let apex = |world: &Simulated| world.cluster.services.known().map(|services| services.apex);
    for pods in [Pods::Broken, Pods::Well] {
        world.canary_pods = pods;
        for _ in 0..3 {
            world.looks_at(world.now, &mut well);
            world.settles();
        }
        let expected = if pods == Pods::Well { Apex::Target } else { Apex::Primary };
        assert_eq!(apex(&world), Some(expected), "{pods:?}");
    }
}
