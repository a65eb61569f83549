//! Properties of every call, for any Canary, state and world: it has one answer, always the same, and breaks no
//! invariant, in stories in which everything goes wrong.

use proptest::{collection, option, prelude::*, sample::select};
use serin_core::{
    Command, Observation, Phase, Step,
    command::Routes,
    decision::Rule,
    message::Message,
    observation::{Apex, Fact, Failure, FailureClass, Primary, Readiness, Services, Target, Unseen},
    question::{Answer, Question},
    request::{Request, RequestKind},
    revision::{Revision, Text},
    state::{Intent, Stage},
    step,
    testing::{Did, Environment, Simulated, well},
    tick::Do,
};

use crate::{
    rollouts::{manifests, rollouts},
    states::{moments, states},
    support::{cases, drift_of},
    turmoil::{Happening, Hidden, Story, happenings, left_behind},
};

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn prop_no_sequence_of_events_breaks_an_invariant_and_every_canary_comes_to_rest(
        manifest in manifests(),
        left in option::weighted(0.2, left_behind()),
        luck in any::<u64>(),
        happenings in collection::vec((happenings(), 0_u8..40), 1..120),
    ) {
        let mut story = Story::begin(manifest, luck);
        if let Some(left) = left {
            story.takes_over(&left);
        }
        for (happening, patience) in happenings {
            story.happens(happening);
            for _ in 0..patience {
                if let Did::Slept(_) = goes_on(&mut story)? {
                    break;
                }
            }
        }

        story.calms_down();
        rests(&mut story)?;
    }
}

/// The next action of the driver; a decision is made twice.
fn goes_on(story: &mut Story) -> Result<Did, TestCaseError> {
    let world = &mut story.world;
    if !matches!(world.tick.next(), Do::Observe) {
        return Ok(world.does(&mut story.hands));
    }
    let mut seen = world.cluster.clone();
    world.tick.complete(&mut seen);
    reads_nothing_unknown(story, &mut seen.clone())?;
    story.hidden.hide(&mut seen);
    let world = &mut story.world;
    let once = step(&world.canary, &world.state, &seen, world.now);
    prop_assert_eq!(once, step(&world.canary, &world.state, &seen, world.now));
    let did = world.decides(seen);
    prop_assert_eq!(&world.violations, &vec![]);
    Ok(did)
}

/// If no fact is known, the only actions are a rollback that was decided, and those that read nothing of the cluster.
fn reads_nothing_unknown(story: &Story, seen: &mut Observation) -> Result<(), TestCaseError> {
    let world = &story.world;
    Hidden::everything().hide(seen);
    let Step::Act(plan) = step(&world.canary, &world.state, seen, world.now) else { return Ok(()) };
    let decided = matches!(world.state.run.intent, Some(Intent::Rollback { .. } | Intent::Delete { .. }));
    let state = &world.state;
    let serves = state.canary_weight > 0 || state.run.stage == Stage::Switched && state.run.away.is_none();
    let edited = plan.decision.rule == Rule::ShapeChanged && !serves;
    let harmless = edited
        || plan.commands.iter().all(|command| {
            matches!(command, Command::EnsureFinalizer(_) | Command::ClearRequest(_) | Command::Release)
        });
    prop_assert!(decided || harmless, "{:?} of {:?} on nothing known", plan.commands, plan.decision.rule);
    Ok(())
}

/// Once everything works, the Canary comes to rest, as [`at_rest`] defines it; a deleted one is gone.
fn rests(story: &mut Story) -> Result<(), TestCaseError> {
    for _ in 0..400 {
        if story.world.state.run.held_by_operator {
            story.happens(Happening::Asks(RequestKind::CanaryWeight, " 0"));
        }
        let world = &mut story.world;
        world.ticks(&mut well);
        prop_assert_eq!(&world.violations, &vec![]);
        world.sleeps();
        if if world.cluster.deleting { !world.cluster.finalizer } else { at_rest(world) } {
            return Ok(());
        }
    }
    prop_assert!(false, "it does not end in {:?}", story.world.rows.last());
    Ok(())
}

/// Nothing is left to do: the revision of the target is promoted and runs on the primary, or it was tried, or
/// withdrawn.
fn at_rest(world: &Simulated) -> bool {
    let (state, cluster) = (&world.state, &world.cluster);
    let target = cluster.target.known().and_then(Option::as_ref);
    let Some(shown) = target.and_then(|target| target.revision.known()) else { return false };
    let promoted = *shown == state.promoted;
    let withdrawn = world.sent.iter().any(|notice| notice.message == Message::Withdrawn(shown.clone()));
    let done = match state.phase {
        Phase::Initialized | Phase::Succeeded => promoted || (withdrawn && *shown == state.applied),
        Phase::Failed => promoted || *shown == state.applied,
        Phase::New
        | Phase::Initializing
        | Phase::Waiting
        | Phase::Progressing
        | Phase::WaitingPromotion
        | Phase::Promoting
        | Phase::Finalising
        | Phase::Terminating => false,
    };
    let primary = cluster.primary.known().and_then(Option::as_ref);
    let runs = primary.and_then(|primary| primary.runs.as_ref());
    done && runs.is_none_or(|runs| *runs == state.promoted) && state.owed.is_empty()
}

/// A cluster that accepts every command and changes nothing.
struct Stubborn;

impl Environment for Stubborn {
    fn answer(&mut self, question: &Question) -> Answer {
        well(question)
    }
    fn obeys(&mut self, _: &Command) -> bool {
        false
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn prop_a_cluster_that_ignores_commands_gets_them_at_growing_intervals(
        manifest in manifests(), luck in any::<u64>(), happenings in collection::vec(happenings(), 0..40),
    ) {
        let mut story = Story::begin(manifest, luck);
        for happening in happenings {
            story.happens(happening);
            while !matches!(goes_on(&mut story)?, Did::Slept(_)) {}
        }
        for _ in 0..20 {
            story.world.ticks(&mut Stubborn);
            story.world.sleeps();
        }
    }
}

/// Any observation, consistent or not.
fn observations() -> impl Strategy<Value = Observation> {
    let readiness = select(vec![
        Readiness::Ready,
        Readiness::Missing,
        Readiness::not_ready("0 of 1 pods"),
        Readiness::NotReady { why: "crash loop".into(), stalled: true },
    ]);
    let revision = select(vec!["a", "b", "c"]).prop_map(Revision::of);
    let serves = || fact(any::<bool>());
    let target = (fact(revision.clone()), 0_u32..3, readiness.clone(), serves())
        .prop_map(|(revision, replicas, readiness, serves)| Target { revision, replicas, readiness, serves });
    let primary = (option::of(revision), readiness, serves()).prop_map(|(runs, readiness, serves)| Primary {
        runs,
        readiness,
        serves,
    });
    let apex = select(vec![Apex::Absent, Apex::Target, Apex::Primary, Apex::Other]);
    let services = (apex, any::<bool>()).prop_map(|(apex, serving)| Services { apex, serving });
    let drift = any::<[bool; 4]>().prop_map(drift_of);
    let request = (select(RequestKind::ALL.to_vec()), select(vec!["0", "20", "90", "true", "", "x"]))
        .prop_map(|(kind, value)| Request { kind, value: value.into() });
    let command = select(vec![Command::ScaleUp, Command::ScaleDown, Command::EnsureWorkloads]);
    let class = select(vec![FailureClass::Retry, FailureClass::Refused, FailureClass::Moved]);
    let failed = (command, class).prop_map(|(command, class)| Failure { command, error: "no".into(), class });
    (
        fact(option::of(target)),
        fact(option::of(primary)),
        fact(services),
        fact(option::of((0_u8..=100).prop_map(Routes::split))),
        fact(drift),
        fact(option::of(select(vec!["no template", "no answer"]).prop_map(Text::from))),
        (any::<bool>(), any::<bool>(), option::of(Just(Text::from("argocd")))),
        collection::vec(request, 0..3),
        option::of(failed),
    )
        .prop_map(
            |(
                target,
                primary,
                services,
                routes,
                drift,
                concern,
                (deleting, finalizer, rival),
                requests,
                failed,
            )| {
                let answers = Default::default();
                Observation {
                    target,
                    primary,
                    services,
                    routes,
                    drift,
                    rival,
                    concern,
                    deleting,
                    finalizer,
                    requests,
                    answers,
                    failed,
                    sent: vec![],
                }
            },
        )
}

fn fact<T: Clone + std::fmt::Debug>(
    known: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Fact<T>> + Clone {
    prop_oneof![
        4 => known.prop_map(Fact::Known),
        1 => select(vec![Unseen::Stale, Unseen::Unreadable("403".into())]).prop_map(Fact::Unknown),
    ]
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn prop_every_input_has_one_answer(
        rollout in rollouts(), state in states(), seen in observations(), now in moments(),
    ) {
        let canary = Ok(rollout);
        let once = step(&canary, &state, &seen, now);
        prop_assert_eq!(once, step(&canary, &state, &seen, now));
    }
}
