//! Any state: every value of every field, whether a run could reach it or not.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{collection, option, prelude::*, sample::select};
use serin_core::{
    Phase, State, Timestamp,
    command::Cookies,
    decision::Finding,
    message::{HookKindName, Notice, NoticeId},
    observation::FailureClass,
    request::RequestKind,
    revision::{Configs, Revision, Text},
    spec::Topology,
    state::{
        AnalysisRecord, Away, Condition, ConditionStatus, Countdown, Iteration, Origin, Outbox, Owed,
        Pending, Repair, Run, RunFailure, Stall, Trouble, Unready, VERSION,
    },
};

use crate::examples;

/// Every field, named one by one, so that a new one does not compile before it is drawn here.
pub(crate) fn states() -> impl Strategy<Value = State> {
    (shown(), run(), marks(), waits()).prop_map(|(shown, run, marks, waits)| {
        let (phase, canary_weight, failed_checks, iterations, applied, promoted, cookies, condition, moment) =
            shown;
        let (
            origin,
            seq,
            number,
            (check, took_over),
            topology,
            intent,
            stage,
            mirror_weight,
            before,
            analysis,
            due,
        ) = run;
        let (
            passed,
            passed_step,
            (closed_gate, gate_closed, last_finding, failure),
            owed,
            outbox,
            consumed,
            flags,
            (held_checks, void_checks, unreached, unjudged),
            pending,
        ) = marks;
        let (canary_unready, primary_unready, ready_since, away, suspended, stall, concern, trouble, repair) =
            waits;
        let [held_by_operator, skip, skip_next, away_told, primary_down] = flags;
        State {
            phase,
            canary_weight,
            failed_checks,
            iterations,
            applied,
            promoted,
            cookies,
            condition: condition.map(Arc::new),
            last_transition: moment,
            analysis,
            origin,
            seq,
            runs: number,
            check,
            topology: Arc::new(topology),
            took_over,
            run: Run {
                intent,
                stage,
                mirror_weight,
                passed: passed.into_iter().collect(),
                passed_step: passed_step.into_iter().collect(),
                closed_gate,
                gate_closed,
                last_finding,
                failure,
                held_by_operator,
                skip,
                held_checks,
                void_checks,
                unreached,
                unjudged,
                canary_unready,
                primary_unready,
                ready_since,
                away,
                away_told,
                primary_down,
                pending,
            },
            owed,
            outbox,
            consumed,
            skip_next,
            due,
            suspended,
            stall,
            concern,
            trouble,
            repair,
            before,
        }
    })
}

type Shown = (Phase, u8, u32, u32, Revision, Revision, Cookies, Option<Condition>, Timestamp);

fn shown() -> impl Strategy<Value = Shown> {
    let cookies = (option::of(texts()), option::of(texts()), option::of(texts()))
        .prop_map(|(canary, primary, previous)| Cookies { canary, primary, previous });
    (
        phases(),
        weights(),
        counts(),
        counts(),
        revisions(),
        revisions(),
        cookies,
        option::of(conditions()),
        moments(),
    )
}

type RunParts = (
    Origin,
    u64,
    u32,
    (u32, bool),
    Topology,
    Option<serin_core::state::Intent>,
    serin_core::state::Stage,
    u8,
    Phase,
    AnalysisRecord,
    Timestamp,
);

fn run() -> impl Strategy<Value = RunParts> {
    let origin = prop_oneof![9 => Just(Origin::Ours), 1 => (VERSION + 1..).prop_map(Origin::Newer)];
    let topology = prop_oneof![
        Just(topology("canary")),
        Just(topology("blue-green")),
        (texts(), texts(), texts(), texts(), texts()).prop_map(
            |(strategy, provider, kind, target, service)| Topology {
                strategy,
                provider,
                kind,
                target,
                service
            }
        )
    ];
    let intent = option::of(select(examples::intents()));
    let stage = select(examples::stages());
    (
        origin,
        1_u64..9,
        counts(),
        (counts(), any::<bool>()),
        topology,
        intent,
        stage,
        weights(),
        phases(),
        analyses(),
        moments(),
    )
}

/// The shape of the Canaries in these tests.
pub(crate) fn topology(strategy: &str) -> Topology {
    Topology {
        strategy: strategy.into(),
        provider: "istio".into(),
        kind: "Deployment".into(),
        target: "web".into(),
        service: "web".into(),
    }
}

type Marks = (
    Vec<Text>,
    Vec<Text>,
    (Option<Text>, Option<Countdown>, Option<Finding>, Option<RunFailure>),
    Vec<Owed>,
    Outbox,
    BTreeMap<RequestKind, Text>,
    [bool; 5],
    (u32, u32, Option<Text>, Option<Countdown>),
    Option<Pending>,
);

fn marks() -> impl Strategy<Value = Marks> {
    let owed =
        (texts(), texts(), phases(), counts(), moments()).prop_map(|(hook, kind, phase, attempts, at)| {
            Owed { hook, kind: HookKindName(kind), phase, attempts, at }
        });
    let failure = (select(examples::causes()), moments()).prop_map(|(cause, at)| RunFailure { cause, at });
    let pending =
        (revisions(), any::<bool>()).prop_map(|(revision, asked_for)| Pending { revision, asked_for });
    let consumed = collection::btree_map(select(RequestKind::ALL.to_vec()), texts(), 0..3);
    (
        collection::vec(texts(), 0..3),
        collection::vec(texts(), 0..3),
        (
            option::of(texts()),
            option::of(countdowns()),
            option::of(select(examples::findings())),
            option::of(failure),
        ),
        collection::vec(owed, 0..3),
        outboxes(),
        consumed,
        any::<[bool; 5]>(),
        (counts(), counts(), option::of(texts()), option::of(countdowns())),
        option::of(pending),
    )
}

/// An outbox can only be read back from the notices it was written as.
fn outboxes() -> impl Strategy<Value = Outbox> {
    let notice = (0_u64..9, 0_u16..9, moments(), phases(), select(examples::messages())).prop_map(
        |(seq, index, at, phase, message)| Notice { id: NoticeId { seq, index }, at, phase, message },
    );
    collection::vec(notice, 0..4).prop_map(|notices| {
        let written = serde_json::to_value(notices).expect("notices can be written");
        serde_json::from_value(written).expect("an outbox is a list of notices")
    })
}

type Waits = (
    Option<Unready>,
    Option<Unready>,
    Option<Timestamp>,
    Option<Away>,
    Option<Timestamp>,
    Option<Stall>,
    Option<Text>,
    Option<Trouble>,
    Option<Repair>,
);

fn waits() -> impl Strategy<Value = Waits> {
    let unready = || {
        (countdowns(), option::of(moments()), any::<bool>()).prop_map(|(count, gave_up, told)| Unready {
            count,
            gave_up,
            told,
        })
    };
    let away = (moments(), weights()).prop_map(|(since, weight)| Away { since, weight });
    let stall = (select(examples::obstacles()), moments(), option::of(moments()))
        .prop_map(|(on, since, told)| Stall { on, since, told });
    let class = select(vec![FailureClass::Retry, FailureClass::Refused, FailureClass::Moved]);
    let trouble =
        (select(examples::commands()), texts(), class, moments(), counts(), moments(), any::<bool>())
            .prop_map(|(command, error, class, since, attempts, retry_at, alerted)| Trouble {
                command,
                error,
                class,
                since,
                attempts,
                retry_at,
                alerted,
            });
    let repair = (moments(), counts(), option::of(moments()), any::<bool>(), option::of(texts()))
        .prop_map(|(at, times, told, contested, by)| Repair { at, times, told, contested, by });
    (
        option::of(unready()),
        option::of(unready()),
        option::of(moments()),
        option::of(away),
        option::of(moments()),
        option::of(stall),
        option::of(texts()),
        option::of(trouble),
        option::of(repair),
    )
}

fn analyses() -> impl Strategy<Value = AnalysisRecord> {
    let number = || option::of(any::<f64>().prop_filter("NaN is no value", |value| !value.is_nan()));
    let iteration = (texts(), number(), number(), any::<bool>(), moments()).prop_map(
        |(metric, value, threshold, failed, at)| Iteration { metric, value, threshold, failed, at },
    );
    (counts(), counts(), collection::vec(iteration, 0..3)).prop_map(
        |(passed_checks, failed_checks, iterations)| AnalysisRecord {
            passed_checks,
            failed_checks,
            iterations: Arc::new(iterations),
        },
    )
}

fn conditions() -> impl Strategy<Value = Condition> {
    let status = select(vec![ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown]);
    (texts(), status, texts(), texts(), moments(), moments()).prop_map(
        |(r#type, status, reason, message, last_update_time, last_transition_time)| Condition {
            r#type,
            status,
            reason,
            message,
            last_update_time,
            last_transition_time,
        },
    )
}

fn countdowns() -> impl Strategy<Value = Countdown> {
    let credited = prop_oneof![9 => 0_u64..900_000, 1 => Just(u64::MAX)];
    (moments(), moments(), credited).prop_map(|(since, part_since, credited_ms)| Countdown {
        since,
        part_since,
        credited_ms,
    })
}

fn weights() -> impl Strategy<Value = u8> {
    0_u8..=100
}

/// Mostly states that a run can reach; and statuses that someone may have written by hand.
fn counts() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 0_u32..9, 1 => select(vec![u32::MAX - 1, u32::MAX])]
}

pub(crate) fn phases() -> impl Strategy<Value = Phase> {
    select(examples::phases())
}

fn revisions() -> impl Strategy<Value = Revision> {
    let configs = collection::btree_map("(configmap|secret)/[a-z]{1,3}", "[0-9a-f]{4}", 0..3);
    prop_oneof![
        4 => select(vec!["a", "b", "c"]).prop_map(Revision::of),
        1 => (texts(), configs).prop_map(|(spec, configs): (_, Configs)| Revision { spec, configs: configs.into() }),
    ]
}

fn texts() -> impl Strategy<Value = Text> {
    ".{0,6}".prop_map(Text::from)
}

/// Moments around the story, and any other.
pub(crate) fn moments() -> impl Strategy<Value = Timestamp> {
    let begin = serin_core::testing::START.as_millis();
    prop_oneof![
        4 => (begin..begin + 3_600_000).prop_map(Timestamp::from_millis),
        1 => any::<u64>().prop_map(Timestamp::from_millis),
    ]
}
