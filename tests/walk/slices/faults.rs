//! Faults: stops, failed commands, unreadable facts, changes by other clients; and statuses that Flagger left.

use serin_core::{
    State,
    command::Routes,
    observation::{Apex, Drift, Fact, Primary, Readiness, Services},
    revision::Revision,
    state::Origin,
};

use super::*;
use crate::world::World;

pub(crate) fn stops() -> Slice {
    Slice {
        stops: true,
        lapses: true,
        ..slice("stops, weighted", analysis(RAMP), &[A, B, PRIMARY_UNREADY, CANARY_UNREADY])
    }
}

pub(crate) fn stops_blue_green() -> Slice {
    let gate = with_hooks("iterations: 1", &[("end", "confirm-promotion")]);
    Slice {
        stops: true,
        lapses: true,
        phases: run_and(&[Phase::WaitingPromotion]),
        ..slice("stops, blue/green", analysis(&gate), &[A, B, PRIMARY_UNREADY])
    }
}

pub(crate) fn stops_ab_testing() -> Slice {
    let ab = "iterations: 2\nmatch: [{headers: {x: {exact: y}}}]";
    Slice { stops: true, ..slice("stops, A/B", analysis(ab), &[A, B, PRIMARY_UNREADY]) }
}

pub(crate) fn failing_commands() -> Slice {
    Slice {
        failures: vec![FailureClass::Retry],
        ..slice("commands that fail", analysis("stepWeights: [40]"), &[B, PRIMARY_UNREADY])
    }
}

/// A promotion can always come too late, see [`World::obey`]; here every command can.
pub(crate) fn late_commands() -> Slice {
    Slice {
        failures: vec![FailureClass::Moved],
        readings: vec![Answer::value(100.0)],
        phases: vec![
            Phase::Initialized,
            Phase::Progressing,
            Phase::Promoting,
            Phase::Finalising,
            Phase::Succeeded,
        ],
        ..slice("commands that come too late", analysis("stepWeights: [40]"), &[B])
    }
}

pub(crate) fn failing_initialisation() -> Slice {
    Slice {
        deviations: vec![B, lasting(Lasting::Deleted)],
        failures: vec![FailureClass::Retry, FailureClass::Refused],
        name: "initialisation, commands that fail",
        pairs: false,
        lapses: false,
        ..initialisation()
    }
}

/// The clock is set back, and time passes without observations.
pub(crate) fn clock() -> Slice {
    Slice {
        lapses: true,
        set_back: true,
        ..slice("clock", analysis("stepWeights: [40]\ndelay: 10s"), &[A, B, PRIMARY_UNREADY, CANARY_UNREADY])
    }
}

pub(crate) fn initialisation() -> Slice {
    Slice {
        start: Start::New,
        pairs: true,
        lapses: true,
        beyond: |node| node.state.phase == Phase::Initialized,
        phases: vec![Phase::New, Phase::Initializing, Phase::Initialized, Phase::Terminating],
        ..slice(
            "initialisation",
            analysis(RAMP),
            &[
                B,
                PRIMARY_UNREADY,
                passing(Passing::TargetGone),
                passing(Passing::NotServing),
                passing(Passing::AllUnknown),
                lasting(Lasting::Deleted),
            ],
        )
    }
}

pub(crate) fn unknown_facts() -> Slice {
    Slice {
        pairs: true,
        ..slice(
            "unknown facts",
            analysis("stepWeights: [40]"),
            &[
                A,
                B,
                PRIMARY_UNREADY,
                passing(Passing::PrimaryUnknown),
                passing(Passing::TargetUnknown),
                passing(Passing::TargetStale),
                passing(Passing::RevisionUnknown),
                passing(Passing::AllUnknown),
            ],
        )
    }
}

pub(crate) fn missing_objects() -> Slice {
    Slice {
        lapses: true,
        ..slice(
            "objects missing or given up",
            analysis("stepWeights: [40]"),
            &[
                A,
                B,
                passing(Passing::PrimaryGone),
                passing(Passing::PrimaryStalled),
                passing(Passing::TargetGone),
                passing(Passing::CanaryStalled),
            ],
        )
    }
}

pub(crate) fn foreign_hands() -> Slice {
    Slice {
        pairs: true,
        contested: true,
        ..slice(
            "foreign hands",
            analysis("stepWeights: [40]"),
            &[
                B,
                PRIMARY_UNREADY,
                lasting(Lasting::Routed(None)),
                lasting(Lasting::Routed(Some(Routes::split(90)))),
                lasting(Lasting::Routed(Some(Routes::split(10)))),
                lasting(Lasting::Drifted),
                lasting(Lasting::ScaledAway),
                lasting(Lasting::ScaledUp),
                lasting(Lasting::FinalizerLost),
            ],
        )
    }
}

/// Checks that cannot be judged: the canary is not reached, or not ready when they are due.
pub(crate) fn unjudged() -> Slice {
    Slice {
        unjudged: true,
        ..slice(
            "checks that are not judged",
            analysis("stepWeights: [40]"),
            &[B, CANARY_UNREADY, CANARY_HIDDEN, lasting(Lasting::Routed(Some(Routes::split(10))))],
        )
    }
}

/// Copies that do not serve, and copies that serve with too few pods.
pub(crate) fn serving() -> Slice {
    let bad = [
        B,
        PRIMARY_UNREADY,
        PRIMARY_SHORT,
        CANARY_UNREADY,
        CANARY_HIDDEN,
        passing(Passing::CanaryShort),
        passing(Passing::ServingUnknown),
    ];
    Slice { pairs: true, lapses: true, ..slice("who serves, weighted", analysis("stepWeights: [40]"), &bad) }
}

pub(crate) fn serving_blue_green() -> Slice {
    Slice {
        stops: true,
        ..slice(
            "who serves, blue/green",
            analysis("iterations: 1\ndelay: 10s"),
            &[B, PRIMARY_UNREADY, PRIMARY_SHORT, CANARY_HIDDEN],
        )
    }
}

/// Users who are away while gates are asked, and while an operator requests something.
pub(crate) fn serving_and_orders() -> Slice {
    let hooks = with_hooks(
        "stepWeights: [40]",
        &[("step", "confirm-traffic-increase"), ("stop", "rollback, mode: trigger")],
    );
    Slice {
        phases: RUN.to_vec(),
        ..slice(
            "who serves, gates and orders",
            analysis(&hooks),
            &[
                B,
                CANARY_HIDDEN,
                PRIMARY_UNREADY,
                asks(RequestKind::CanaryWeight, "20"),
                asks(RequestKind::CanaryWeight, "0"),
                asks(RequestKind::Promote, "true"),
            ],
        )
    }
}

/// Flagger's status, in each of its phases.
pub(crate) fn takeover() -> Slice {
    taken_over("takeover, weighted", RAMP, &[Routes::split(30), Routes::split(100)])
}

pub(crate) fn takeover_ab_testing() -> Slice {
    let matched = Routes { matched: true, ..Routes::split(100) };
    taken_over("takeover, A/B", "iterations: 2\nmatch: [{headers: {x: {exact: y}}}]", &[matched])
}

pub(crate) fn takeover_blue_green() -> Slice {
    let mirrored = Routes { mirror: Some(100), ..Routes::PRIMARY };
    taken_over("takeover, blue/green", "iterations: 2\nmirror: true", &[mirrored, Routes::split(100)])
}

fn taken_over(name: &'static str, strategy: &str, routes: &[Routes]) -> Slice {
    Slice {
        start: Start::At(left_by_flagger(routes)),
        stops: true,
        phases: run_and(&[Phase::Waiting, Phase::WaitingPromotion, Phase::Initializing, Phase::Terminating]),
        ..slice(
            name,
            analysis(strategy),
            &[PRIMARY_UNREADY, CANARY_UNREADY, passing(Passing::AllUnknown), lasting(Lasting::Deleted)],
        )
    }
}

/// Phases, routes and revisions of both copies, without combinations that Flagger cannot leave.
fn left_by_flagger(in_a_run: &[Routes]) -> Vec<(State, World)> {
    let mut left = Vec::new();
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::New) {
        let on_canary = phase.is_analysing() || matches!(phase, Phase::Promoting | Phase::Failed);
        let in_a_run = in_a_run.iter().filter(|_| on_canary);
        for routes in [Routes::PRIMARY].iter().chain(in_a_run) {
            for (shown, runs) in [("A", "A"), ("B", "A"), ("B", "B")] {
                left.push(left_so(phase, *routes, shown, runs));
            }
        }
    }
    left
}

fn left_so(phase: Phase, routes: Routes, shown: &str, runs: &str) -> (State, World) {
    let revision = |spec: &str| Revision::of(&format!("flagger's {spec}"));
    let state = State {
        phase,
        canary_weight: routes.canary,
        applied: revision(shown),
        promoted: revision(runs),
        origin: Origin::Flagger,
        ..State::default()
    };
    let mut world = World::untouched();
    let seen = &mut world.seen;
    if let Some(Some(target)) = seen.target.known_mut() {
        target.revision = Fact::Known(Revision::of(shown));
        target.replicas = u32::from(!phase.is_idle() || routes.canary > 0);
    }
    let runs = Some(Revision::of(runs));
    let primary = Primary { runs, readiness: Readiness::Ready, serves: Fact::Known(true) };
    seen.primary = Fact::Known(Some(primary));
    seen.services = Fact::Known(Services { apex: Apex::Primary, serving: true });
    seen.routes = Fact::Known(Some(routes));
    seen.drift = Fact::Known(Drift::default());
    seen.deleting = phase == Phase::Terminating;
    seen.finalizer = seen.deleting;
    world.settle();
    (state, world)
}
