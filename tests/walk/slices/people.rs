//! Actions of people: requests, new revisions, other manifests, suspension, deletion.

use super::*;

/// All requests in all phases, with a gate so that the run waits for something.
pub(crate) fn requests() -> Slice {
    let gates = [("start", "confirm-rollout"), ("end", "confirm-promotion")];
    Slice {
        phases: run_and(&[Phase::Waiting, Phase::WaitingPromotion]),
        ..slice(
            "requests",
            analysis(&with_hooks("stepWeights: [40]", &gates)),
            &[
                B,
                asks(RequestKind::Promote, "1"),
                asks(RequestKind::CanaryWeight, "0"),
                asks(RequestKind::CanaryWeight, "20"),
                asks(RequestKind::SkipAnalysis, "1"),
                asks(RequestKind::Reset, "1"),
            ],
        )
    }
}

/// Orders while copies are not ready: one of them releases a rollback that waits.
pub(crate) fn orders_and_readiness() -> Slice {
    slice(
        "requests while not ready",
        analysis("stepWeights: [40]"),
        &[
            A,
            B,
            CANARY_UNREADY,
            PRIMARY_UNREADY,
            asks(RequestKind::Promote, "1"),
            asks(RequestKind::CanaryWeight, "0"),
            asks(RequestKind::CanaryWeight, "20"),
        ],
    )
}

/// Every revision in every phase. The revision that was tried is tracked beside the state.
pub(crate) fn revisions() -> Slice {
    let gates = [("start", "confirm-rollout"), ("end", "confirm-promotion")];
    Slice {
        follows: true,
        phases: run_and(&[Phase::Waiting, Phase::WaitingPromotion]),
        ..slice("revisions", analysis(&with_hooks("stepWeights: [40]", &gates)), &[A, B, C, PRIMARY_UNREADY])
    }
}

/// The primary breaks after it was given the revision, and the users are on the canary.
pub(crate) fn failed_promotion() -> Slice {
    let bad = [A, B, C, PRIMARY_UNREADY, CANARY_UNREADY];
    Slice { pairs: true, ..slice("failed promotion and in place", analysis("stepWeights: [40]"), &bad) }
}

/// Strategy, steps and threshold change during a run.
pub(crate) fn edits() -> Slice {
    let changed = [
        analysis("stepWeights: [20, 60]"),
        analysis("iterations: 2\nmatch: [{headers: {x: {exact: y}}}]"),
        analysis("iterations: 1"),
        parse("interval: 30s\nthreshold: 1\nstepWeight: 50", |_| {}),
    ];
    let edits = [
        A,
        B,
        PRIMARY_UNREADY,
        lasting(Lasting::Manifest(0)),
        lasting(Lasting::Manifest(1)),
        lasting(Lasting::Manifest(2)),
        lasting(Lasting::Manifest(3)),
        lasting(Lasting::Manifest(4)),
    ];
    let mut edits = slice("edits of strategy and policy", analysis(RAMP), &edits);
    edits.manifests.extend(changed);
    edits
}

/// The manifest is invalid for a while: a run can be ended, and nothing else.
pub(crate) fn senseless() -> Slice {
    let bad = [
        A,
        B,
        PRIMARY_UNREADY,
        lasting(Lasting::Manifest(0)),
        lasting(Lasting::Manifest(1)),
        asks(RequestKind::CanaryWeight, "0"),
    ];
    let mut senseless = slice("senseless manifest", analysis("stepWeights: [40]"), &bad);
    senseless.manifests.push(analysis("stepWeights: [400]"));
    senseless
}

/// Another router during a run, and back.
pub(crate) fn other_router() -> Slice {
    let other = |spec: &mut raw::CanarySpec| {
        spec.provider = Some("nginx".into());
        spec.ingress_ref = Some(raw::ObjectRef { name: "web".into(), ..Default::default() });
    };
    other_objects("other router", other, Lasting::Moved)
}

/// Another target during a run, and back.
pub(crate) fn other_target() -> Slice {
    let other = |spec: &mut raw::CanarySpec| {
        if let Some(target) = &mut spec.target_ref {
            target.name = "other".into();
        }
    };
    other_objects("other target", other, Lasting::Retargeted)
}

fn other_objects(
    name: &'static str,
    edit: impl Fn(&mut raw::CanarySpec),
    become_other: fn(usize) -> Lasting,
) -> Slice {
    let gate = with_hooks("stepWeights: [40]", &[("start", "confirm-rollout"), ("end", "confirm-promotion")]);
    let bad = [A, B, PRIMARY_UNREADY, lasting(become_other(0)), lasting(become_other(1))];
    let mut others = slice(name, analysis(&gate), &bad);
    others.manifests.push(manifest(&gate, edit));
    others.phases = run_and(&[Phase::Initializing, Phase::Waiting, Phase::WaitingPromotion]);
    others
}

pub(crate) fn suspend() -> Slice {
    let bad = [
        A,
        B,
        PRIMARY_UNREADY,
        CANARY_UNREADY,
        lasting(Lasting::Manifest(0)),
        lasting(Lasting::Manifest(1)),
        asks(RequestKind::CanaryWeight, "0"),
    ];
    let mut suspend = slice("suspend", analysis("stepWeights: [40]"), &bad);
    suspend.manifests.push(manifest("stepWeights: [40]", |spec| spec.suspend = Some(true)));
    suspend.lapses = true;
    suspend
}

/// Deletion in every phase, with notices that are not delivered and copies that do not serve.
pub(crate) fn deletion() -> Slice {
    let bad = [
        B,
        PRIMARY_UNREADY,
        CANARY_UNREADY,
        passing(Passing::Undelivered),
        lasting(Lasting::Deleted),
        lasting(Lasting::FinalizerLost),
    ];
    Slice {
        stops: true,
        lapses: true,
        notices: true,
        phases: run_and(&[Phase::Terminating]),
        ..slice("deletion", analysis("stepWeights: [40]"), &bad)
    }
}

/// Flagger's behaviour: without the finalizer.
pub(crate) fn deletion_without_return() -> Slice {
    let manifest = |revert| manifest("stepWeights: [40]", move |spec| spec.revert_on_deletion = revert);
    let bad = [B, lasting(Lasting::Deleted), lasting(Lasting::Manifest(0)), lasting(Lasting::Manifest(1))];
    let mut deletion = slice("deletion, revertOnDeletion edited", manifest(Some(false)), &bad);
    deletion.manifests.push(manifest(None));
    deletion.phases = run_and(&[Phase::Terminating]);
    deletion
}
