//! One example, or a few, of every variant of the enums that are shown or stored. A new variant does not compile until
//! it has one.

use std::time::Duration;

use serin_core::{
    Command, Phase,
    command::{ApexTo, Cookies, Routes, Split},
    decision::{Cause, Finding, Obstacle, Rule, Workload},
    message::{Advance, HookKindName, Message},
    observation::FailureClass,
    request::{Order, Refusal, Request, RequestKind},
    revision::Revision,
    spec::{MetricUnit, Topology},
    state::{Intent, Stage},
};

/// Lists examples by pattern, or variants by name; they have to cover the type.
macro_rules! every {
    ($name:ident: $type:ident = $($variant:ident),+ $(,)?) => {
        every!($name: $type { $($type::$variant => [$type::$variant],)+ });
    };
    ($name:ident: $type:ty { $($pattern:pat => [$($example:expr),+ $(,)?],)+ }) => {
        pub(crate) fn $name() -> Vec<$type> {
            let _covers = |value: &$type| match value { $($pattern => (),)+ };
            vec![$($($example),+),+]
        }
    };
}

every!(commands: Command {
    Command::EnsureFinalizer(_) => [Command::EnsureFinalizer(true), Command::EnsureFinalizer(false)],
    Command::EnsureWorkloads => [Command::EnsureWorkloads],
    Command::EnsureServices(_) => [
        Command::EnsureServices(ApexTo::Untouched),
        Command::EnsureServices(ApexTo::Primary),
    ],
    Command::SetRoutes(_) => [route(0, None), route(20, None), route(20, Some("b=1"))],
    Command::ScaleUp => [Command::ScaleUp],
    Command::ScaleToPrimary => [Command::ScaleToPrimary],
    Command::ScaleDown => [Command::ScaleDown],
    Command::PauseScaler => [Command::PauseScaler],
    Command::ResumeScaler => [Command::ResumeScaler],
    Command::Promote { .. } => [Command::Promote { revision: Revision::of("7f9c"), run: 3 }],
    Command::Abandon(_) => [Command::Abandon(Topology::default())],
    Command::ClearRequest(_) => [
        Command::ClearRequest(Request { kind: RequestKind::Promote, value: "true".into() }),
    ],
    Command::RevertServices => [Command::RevertServices],
    Command::RevertRoutes => [Command::RevertRoutes],
    Command::Release => [Command::Release],
});

fn route(canary: u8, cookie: Option<&str>) -> Command {
    let cookies = Cookies { canary: cookie.map(Into::into), ..Cookies::default() };
    Command::SetRoutes(Split { routes: Routes::split(canary), cookies })
}

every!(messages: Message {
    Message::TakenOver => [Message::TakenOver],
    Message::RollbackHooks { .. } => [Message::RollbackHooks { polled: 1, called: 2 }],
    Message::Initialized => [Message::Initialized],
    Message::NewRevision(_) => [Message::NewRevision(Revision::of("7f9c"))],
    Message::Restarted(_) => [Message::Restarted(Revision::of("7f9c"))],
    Message::AnalysedInPlace(_) => [Message::AnalysedInPlace(Revision::of("7f9c"))],
    Message::Withdrawn(_) => [Message::Withdrawn(Revision::of("7f9c")), Message::Withdrawn(Revision::unknown())],
    Message::Started => [Message::Started],
    Message::Advanced(Advance::Mirror(_)) => [Message::Advanced(Advance::Mirror(30))],
    Message::Advanced(Advance::Weight(_)) => [Message::Advanced(Advance::Weight(20))],
    Message::Advanced(Advance::Iteration(..)) => [Message::Advanced(Advance::Iteration(3, 10))],
    Message::Advanced(Advance::All) => [Message::Advanced(Advance::All)],
    Message::HookPassed { .. } => [hook_passed("confirm-rollout", "go"), hook_passed("pre-rollout", "")],
    Message::GateClosed { .. } => [
        gate_closed("confirm-rollout", false),
        gate_closed("confirm-traffic-increase", false),
        gate_closed("confirm-promotion", true),
    ],
    Message::CheckFailed { .. } => [
        Message::CheckFailed { finding: below(), failed: 1, threshold: 5, first: true },
        Message::CheckFailed { finding: above(), failed: 2, threshold: 5, first: false },
    ],
    Message::Late { .. } => [
        Message::Late { plan: Duration::from_secs(360), taken: Duration::from_secs(750) },
    ],
    Message::CheckHeld(_) => [Message::CheckHeld(Finding::NoData { metric: "error-rate".into() })],
    Message::CheckVoid(_) => [Message::CheckVoid("there was no route".into())],
    Message::Contested { .. } => [
        Message::Contested { by: Some("argocd-controller".into()), times: 3, again: false },
        Message::Contested { by: None, times: 9, again: true },
    ],
    Message::CanaryLeft { .. } => [
        Message::CanaryLeft { why: "0 of 1 pods are available".into(), again: false },
        Message::CanaryLeft { why: "it has no ready endpoint with a port".into(), again: true },
    ],
    Message::CanaryBack(_) => [Message::CanaryBack(20), Message::CanaryBack(0)],
    Message::ServingCopy { .. } => [Message::ServingCopy { why: "0 of 3 pods are available".into() }],
    Message::PrimaryDown { .. } => [Message::PrimaryDown { why: "0 of 3 pods are available".into() }],
    Message::RollingBack(_) => [Message::RollingBack(Cause::Request)],
    Message::Rejected { .. } => [
        Message::Rejected { revision: Revision::of("7f9c"), cause: Cause::Trigger { hook: "stop".into() } },
    ],
    Message::RollbackWaits => [Message::RollbackWaits],
    Message::CanaryFailed => [Message::CanaryFailed],
    Message::PromotionStarted(_) => [Message::PromotionStarted(Revision::of("7f9c"))],
    Message::PrimaryAdvanced(_) => [Message::PrimaryAdvanced(60)],
    Message::PrimaryTakesAll => [Message::PrimaryTakesAll],
    Message::Promoted { .. } => [Message::Promoted { skipped: false }, Message::Promoted { skipped: true }],
    Message::PromotionFailed { .. } => [Message::PromotionFailed { why: "0 of 3 pods are available".into() }],
    Message::PrimaryRecovered => [Message::PrimaryRecovered],
    Message::OwedHookFailed { .. } => [owed_hook_failed(false), owed_hook_failed(true)],
    Message::RequestGranted { .. } => [
        Message::RequestGranted { kind: RequestKind::CanaryWeight, value: "30".into() },
    ],
    Message::RequestRefused { .. } => [
        Message::RequestRefused { kind: RequestKind::Promote, value: "true".into(), why: Refusal::NothingToPromote },
        Message::RequestRefused { kind: RequestKind::Promote, value: "true".into(), why: Refusal::FailedJustNow { revision: "7f9c".into() } },
    ],
    Message::Suspended => [Message::Suspended],
    Message::Resumed => [Message::Resumed],
    Message::Invalid { .. } => [Message::Invalid { problem: "spec.targetRef: is required".into() }],
    Message::ShapeChanged => [Message::ShapeChanged],
    Message::RoutesRepaired => [Message::RoutesRepaired],
    Message::ObjectsRepaired => [Message::ObjectsRepaired],
    Message::CommandFailed { class: FailureClass::Retry, .. } => [command_failed(FailureClass::Retry)],
    Message::CommandFailed { class: FailureClass::Refused, .. } => [command_failed(FailureClass::Refused)],
    Message::CommandFailed { class: FailureClass::Moved, .. } => [command_failed(FailureClass::Moved)],
    Message::CommandStillFails { .. } => [
        Message::CommandStillFails { command: "route 80/20".into(), error: "admission webhook said no".into() },
    ],
    Message::HeldUp(_) => [Message::HeldUp(Obstacle::Unreadable { what: "routes".into(), why: "403 Forbidden".into() })],
    Message::Stalled(_) => [Message::Stalled(Obstacle::TargetMissing)],
    Message::Concern(_) => [Message::Concern("spec.analysis.alerts[0].providerRef: AlertProvider team does not exist".into())],
    Message::NotReady { who: Workload::Canary, .. } => [not_ready(Workload::Canary)],
    Message::NotReady { who: Workload::Primary, .. } => [not_ready(Workload::Primary)],
    Message::Terminating => [Message::Terminating],
});

fn not_ready(who: Workload) -> Message {
    Message::NotReady {
        who,
        why: "waiting for rollout to finish: 0 out of 2 new replicas have been updated".into(),
    }
}

fn hook_passed(kind: &str, said: &str) -> Message {
    Message::HookPassed { kind: HookKindName(kind.into()), hook: "gate".into(), said: said.into() }
}

fn gate_closed(kind: &str, muted: bool) -> Message {
    let kind = HookKindName(kind.into());
    Message::GateClosed { kind, hook: "gate".into(), said: "not on Fridays".into(), muted }
}

fn owed_hook_failed(given_up: bool) -> Message {
    let kind = HookKindName("rollback".into());
    Message::OwedHookFailed { kind, hook: "migrate-down".into(), said: "502".into(), given_up }
}

fn command_failed(class: FailureClass) -> Message {
    Message::CommandFailed { command: "route 80/20".into(), error: "timed out".into(), class }
}

fn below() -> Finding {
    let (metric, unit) = ("request-success-rate".into(), MetricUnit::Number);
    Finding::Below { metric, value: 95.0, series: None, min: 99.0, unit }
}

fn above() -> Finding {
    let (metric, unit) = ("request-duration".into(), MetricUnit::Milliseconds);
    let series = Some(r#"{path="/cart"}"#.into());
    Finding::Above { metric, value: 612.0, series, max: 500.0, unit }
}

every!(findings: Finding {
    Finding::Below { .. } => [below()],
    Finding::Above { .. } => [above()],
    Finding::NoData { .. } => [Finding::NoData { metric: "error-rate".into() }],
    Finding::MetricError { .. } => [
        Finding::MetricError { metric: "error-rate".into(), error: "connection refused".into() },
    ],
    Finding::Hook { .. } => [hook_finding("rollout", "404"), hook_finding("pre-rollout", "")],
});

fn hook_finding(kind: &str, said: &str) -> Finding {
    let kind = HookKindName(kind.into());
    Finding::Hook { kind, hook: "acceptance".into(), said: said.into() }
}

every!(causes: Cause {
    Cause::Checks { last: Some(_), .. } => [Cause::Checks { failed: 5, threshold: 5, last: Some(below()) }],
    Cause::Checks { last: None, .. } => [Cause::Checks { failed: 5, threshold: 3, last: None }],
    Cause::Trigger { .. } => [Cause::Trigger { hook: "rollback-gate".into() }],
    Cause::Deadline { .. } => [
        Cause::Deadline { who: Workload::Canary, why: "image not found".into(), deadline: Duration::from_secs(600), gave_up: false },
        Cause::Deadline { who: Workload::Primary, why: "evicted".into(), deadline: Duration::from_secs(90), gave_up: true },
    ],
    Cause::NotJudged { .. } => [
        Cause::NotJudged { deadline: Duration::from_secs(600), why: "there was no route".into() },
    ],
    Cause::Gate { .. } => [
        Cause::Gate { kind: HookKindName("confirm-promotion".into()), hook: "sign-off".into(), deadline: Duration::from_secs(7200) },
    ],
    Cause::Request => [Cause::Request],
    Cause::Reverted => [Cause::Reverted],
});

every!(obstacles: Obstacle {
    Obstacle::TargetMissing => [Obstacle::TargetMissing],
    Obstacle::NotReady { .. } => [Obstacle::NotReady { who: Workload::Primary, why: "1 of 2 pods".into() }],
    Obstacle::NotServing => [Obstacle::NotServing],
    Obstacle::Unreadable { .. } => [Obstacle::Unreadable { what: "routes".into(), why: "403 Forbidden".into() }],
    Obstacle::Held(_) => [Obstacle::Held(below())],
    Obstacle::Invalid { .. } => [Obstacle::Invalid { problem: "spec.targetRef: is required".into() }],
});

every!(intents: Intent {
    Intent::Promote { .. } => [
        Intent::Promote { revision: Revision::of("b"), applied: false, skipped: false },
        Intent::Promote { revision: Revision::of("b"), applied: true, skipped: false },
        Intent::Promote { revision: Revision::of("b"), applied: false, skipped: true },
        Intent::Promote { revision: Revision::of("b"), applied: true, skipped: true },
    ],
    Intent::Rollback { .. } => [
        Intent::Rollback { cause: Cause::Reverted, released: false },
        Intent::Rollback { cause: Cause::Request, released: true },
    ],
    Intent::Delete { .. } => [Intent::Delete { given_back: false }, Intent::Delete { given_back: true }],
});

every!(stages: Stage = Start, Mirroring, Analysing, Switched, Holding, InPlace);

every!(orders: Order {
    Order::Promote => [Order::Promote],
    Order::Abort => [Order::Abort],
    Order::Weight(_) => [Order::Weight(50), Order::Weight(51)],
    Order::Skip => [Order::Skip],
    Order::Reset => [Order::Reset],
});

every!(refusals: Refusal {
    Refusal::Meaningless => [Refusal::Meaningless],
    Refusal::NotInService => [Refusal::NotInService],
    Refusal::NothingToPromote => [Refusal::NothingToPromote],
    Refusal::FailedJustNow { .. } => [Refusal::FailedJustNow { revision: "7f9c".into() }],
    Refusal::OtherRevision { .. } => [Refusal::OtherRevision { shown: "7f9c".into() }],
    Refusal::NoRun => [Refusal::NoRun],
    Refusal::PromotionUnderWay => [Refusal::PromotionUnderWay],
    Refusal::RollingBack => [Refusal::RollingBack],
    Refusal::NoWeights => [Refusal::NoWeights],
    Refusal::AboveMax(_) => [Refusal::AboveMax(50)],
    Refusal::CanaryNotReady => [Refusal::CanaryNotReady],
    Refusal::PrimaryNotReady => [Refusal::PrimaryNotReady],
});

every!(phases: Phase =
    New, Initializing, Initialized, Waiting, Progressing, WaitingPromotion, Promoting, Finalising,
    Succeeded, Failed, Terminating
);

every!(rules: Rule =
    HeldForNewerVersion, CommandFailed, BackingOff, DeletionDecided, DeletionWaits, GivenBack, Released,
    TakenOver, CanaryLeft, ServingCopy, PrimaryDown, Requested, PromotionApplied, PromotionWaits, PrimaryAdvanced,
    PrimaryTakesAll, Promoted, PromotionFailed, RolledBack, RollbackWaits, Invalid, Suspended, Resumed,
    ShapeChanged, Repaired, Unknown, Initializing, Initialized, OwedHook, PrimaryRecovered,
    RevisionNoted, RunStarted, WaitsForApproval, Withdrawn, Rejected, Restarted, RollbackDecided, ScaledUp, NotReady,
    NotDue, CanaryBack, CheckFailed, CheckHeld, CheckVoid, GateClosed, HeldByOperator, Soaked, Advanced, PromotionDecided,
    RequestCleared, NoticesDropped, Idle
);
