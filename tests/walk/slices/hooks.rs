//! Gates, and the other hooks.

use super::*;

/// All three gates, each asked before it is passed.
pub(crate) fn gates() -> Slice {
    let gates =
        [("start", "confirm-rollout"), ("more", "confirm-traffic-increase"), ("end", "confirm-promotion")];
    Slice {
        lapses: true,
        phases: run_and(&[Phase::Waiting, Phase::WaitingPromotion]),
        ..slice("gates", analysis(&with_hooks(RAMP, &gates)), &[A, B, C, CANARY_UNREADY, PRIMARY_UNREADY])
    }
}

/// Blue/green asks before traffic moves, and not again.
pub(crate) fn gates_blue_green() -> Slice {
    let gates = [("start", "confirm-rollout"), ("also", "confirm-rollout"), ("end", "confirm-promotion")];
    Slice {
        lapses: true,
        phases: run_and(&[Phase::Waiting, Phase::WaitingPromotion]),
        ..slice("gates, blue/green", analysis(&with_hooks("iterations: 1", &gates)), &[A, B, PRIMARY_UNREADY])
    }
}

/// Gates that can stay closed for a minute: before a run and in it.
pub(crate) fn gates_with_deadlines() -> Slice {
    let gates = [("start", "confirm-rollout, deadline: 1m"), ("end", "confirm-promotion, deadline: 1m")];
    Slice {
        lapses: true,
        phases: run_and(&[Phase::Waiting, Phase::WaitingPromotion]),
        ..slice(
            "gates with deadlines",
            analysis(&with_hooks("stepWeights: [40]", &gates)),
            &[A, B, CANARY_UNREADY],
        )
    }
}

/// A rollback gate that can open while a revision waits for approval.
pub(crate) fn rejected_in_waiting() -> Slice {
    let gates = [("start", "confirm-rollout"), ("panic", "rollback, mode: trigger")];
    Slice {
        stops: true,
        phases: run_and(&[Phase::Waiting]),
        ..slice("rollback gate before a run", analysis(&with_hooks("stepWeights: [40]", &gates)), &[A, B, C])
    }
}

pub(crate) fn rollout_hooks() -> Slice {
    let hooks = [
        ("first", "pre-rollout"),
        ("then", "pre-rollout"),
        ("load", "rollout"),
        ("panic", "rollback, mode: trigger"),
    ];
    let hooks = with_hooks("stepWeights: [40]", &hooks);
    let bad = [A, B, PRIMARY_UNREADY];
    Slice { stops: true, ..slice("pre-rollout hooks and rollback triggers", analysis(&hooks), &bad) }
}

/// Hooks owed after a run; a hook that undoes a release is tried five times.
pub(crate) fn owed() -> Slice {
    let hooks = [
        ("undo", "rollback, mode: action"),
        ("tell", "rollback, mode: action"),
        ("clean", "post-rollout, runOn: [success, failure]"),
        ("report", "post-rollout"),
    ];
    let hooks = with_hooks("stepWeights: [40]", &hooks);
    let edits = [lasting(Lasting::Manifest(0)), lasting(Lasting::Manifest(1))];
    let bad = [&[A, B, PRIMARY_UNREADY][..], &edits].concat();
    let mut owed = slice("rollback actions and post-rollout", analysis(&hooks), &bad);
    // Owed hooks can be removed from the manifest.
    owed.manifests.push(analysis("stepWeights: [40]"));
    owed.stops = true;
    owed
}
