//! A world in which everything goes wrong: the events between two actions of a driver.

use std::time::Duration;

use proptest::{option, prelude::*, sample::select};
use serin_core::{
    Command, Observation, Phase, State,
    command::Routes,
    observation::{Drift, Fact, FailureClass, Primary, Readiness, Target, Unseen},
    question::{Answer, Asked, Question},
    request::{Request, RequestKind},
    revision::{Revision, Text},
    spec::raw,
    state::Status,
    testing::{Environment, Pods, Simulated},
    tick::{Do, SaveError},
};

use crate::{
    rollouts::{Manifest, manifests},
    states::phases,
    support::{drift_of, parse},
};

/// An event between two actions of a driver.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// Time passes until the wake.
    Wake,
    /// This time passes.
    Passes(Duration),
    /// The clock is set back.
    SetBack(Duration),
    Deploys(&'static str),
    PodsSettle,
    CanaryPods(Pods),
    PrimaryPods(Pods),
    /// These facts cannot be read any more; the others can.
    Hides(Hidden),
    Asks(RequestKind, &'static str),
    Deleted,
    Suspends(bool),
    /// The manifest is replaced.
    Edited(Box<Manifest>),
    /// The manifest becomes invalid, or valid again.
    Senseless(bool),
    /// The next command fails.
    Refuses(FailureClass),
    /// The next commands succeed and have no effect.
    Ignores(u8),
    /// The next save fails.
    Conflicts(SaveError),
    /// The driver is killed and starts again.
    Restarts,
    Drifts(Drift),
    /// Another client changes the routes.
    Rerouted(Option<u8>),
    /// Another client scales the target.
    Scaled(u32),
    TargetVanishes,
}

/// Facts that cannot be observed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hidden {
    target: bool,
    revision: bool,
    primary: bool,
    services: bool,
    routes: bool,
    drift: bool,
    endpoints: bool,
}

impl Hidden {
    fn from_bits(bits: u8) -> Self {
        let bit = |n: u8| bits & (1 << n) != 0;
        Self {
            target: bit(0),
            revision: bit(1),
            primary: bit(2),
            services: bit(3),
            routes: bit(4),
            drift: bit(5),
            endpoints: bit(6),
        }
    }

    pub(crate) fn everything() -> Self {
        Self::from_bits(u8::MAX)
    }

    pub(crate) fn hide(self, seen: &mut Observation) {
        let unreadable = || Unseen::Unreadable("403".into());
        if self.revision
            && let Some(Some(target)) = seen.target.known_mut()
        {
            target.revision = Fact::Unknown(unreadable());
        }
        if self.endpoints {
            if let Some(Some(target)) = seen.target.known_mut() {
                target.serves = Fact::Unknown(Unseen::Stale);
            }
            if let Some(Some(primary)) = seen.primary.known_mut() {
                primary.serves = Fact::Unknown(unreadable());
            }
        }
        if self.target {
            seen.target = Fact::Unknown(Unseen::Stale);
        }
        if self.primary {
            seen.primary = Fact::Unknown(unreadable());
        }
        if self.services {
            seen.services = Fact::Unknown(unreadable());
        }
        if self.routes {
            seen.routes = Fact::Unknown(Unseen::Stale);
        }
        if self.drift {
            seen.drift = Fact::Unknown(unreadable());
        }
    }
}

pub(crate) fn happenings() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let seconds = |range: std::ops::Range<u64>| range.prop_map(Duration::from_secs);
    let class = || select(vec![FailureClass::Retry, FailureClass::Refused, FailureClass::Moved]);
    let request = select(vec![
        (RequestKind::Promote, "true"),
        (RequestKind::CanaryWeight, "0"),
        (RequestKind::CanaryWeight, "25"),
        (RequestKind::CanaryWeight, "80"),
        (RequestKind::CanaryWeight, "half"),
        (RequestKind::SkipAnalysis, "true"),
        (RequestKind::Reset, "1"),
        (RequestKind::Reset, "2"),
    ]);
    prop_oneof![
        40 => Just(Wake),
        8 => Just(PodsSettle),
        5 => seconds(0..120).prop_map(Passes),
        1 => seconds(0..2_000).prop_map(Passes),
        1 => seconds(0..2_000).prop_map(SetBack),
        6 => select(vec!["a", "b", "c"]).prop_map(Deploys),
        2 => pods().prop_map(CanaryPods),
        2 => pods().prop_map(PrimaryPods),
        2 => any::<u8>().prop_map(|bits| Hides(Hidden::from_bits(bits))),
        3 => Just(Hides(Hidden::default())),
        4 => request.prop_map(|(kind, value)| Asks(kind, value)),
        1 => (0_u8..8).prop_map(|n| if n == 0 { Deleted } else { Wake }),
        1 => any::<bool>().prop_map(Suspends),
        1 => manifests().prop_map(|manifest| Edited(Box::new(manifest))),
        1 => any::<bool>().prop_map(Senseless),
        3 => class().prop_map(Refuses),
        2 => (1_u8..6).prop_map(Ignores),
        2 => select(vec![SaveError::Conflict, SaveError::Failed]).prop_map(Conflicts),
        3 => Just(Restarts),
        1 => any::<[bool; 4]>().prop_map(|parts| Drifts(drift_of(parts))),
        1 => option::of(0_u8..=100).prop_map(Rerouted),
        1 => (0_u32..3).prop_map(Scaled),
        1 => (0_u8..4).prop_map(|n| if n == 0 { TargetVanishes } else { Wake }),
    ]
}

fn pods() -> impl Strategy<Value = Pods> {
    select(vec![Pods::Well, Pods::Broken, Pods::Few, Pods::Hidden])
}

/// Answers drawn from a number, mostly good ones; a hook that was set to fail fails once.
pub(crate) struct Fickle {
    pub(crate) luck: u64,
    refuses: Option<FailureClass>,
    ignores: u8,
    conflicts: Option<SaveError>,
}

impl Fickle {
    /// The next number of SplitMix64.
    fn draw(&mut self, below: u64) -> u64 {
        self.luck = self.luck.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.luck;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

impl Environment for Fickle {
    fn answer(&mut self, question: &Question) -> Answer {
        let draw = self.draw(12);
        match (&question.id.of, draw) {
            (of, 0) => Answer::error(of, "timed out"),
            (Asked::Metric(_), 1) => Answer::no_data(),
            (Asked::Metric(_), 2) => Answer::value(f64::NAN),
            (Asked::Metric(_), 3) => Answer::value(0.0),
            (Asked::Metric(_), 4) => Answer::value(100.0),
            (Asked::Metric(_), _) => Answer::value(50.0),
            (Asked::Hook(_), 1..=3) => Answer::deny("no"),
            (Asked::Hook(key), 4..) if key.starts_with("rollback") => Answer::deny("no"),
            (Asked::Hook(_), _) => Answer::pass("yes"),
        }
    }

    fn apply(&mut self, _command: &Command) -> Result<(), (FailureClass, Text)> {
        self.refuses.take().map_or(Ok(()), |class| Err((class, "not now".into())))
    }

    fn obeys(&mut self, command: &Command) -> bool {
        // After a copy that succeeded, the revision of the primary is known.
        let ignores = self.ignores > 0 && !matches!(command, Command::Promote { .. });
        self.ignores = self.ignores.saturating_sub(1);
        !ignores
    }

    fn save(&mut self) -> Result<(), SaveError> {
        self.conflicts.take().map_or(Ok(()), Err)
    }
}

/// A Canary and its world.
pub(crate) struct Story {
    pub(crate) world: Simulated,
    pub(crate) hands: Fickle,
    pub(crate) hidden: Hidden,
    written: raw::Canary,
    senseless: bool,
}

impl Story {
    pub(crate) fn begin(Manifest(written): Manifest, luck: u64) -> Self {
        let world = Simulated::new(parse(&written).expect("it makes sense"));
        let hands = Fickle { luck, refuses: None, ignores: 0, conflicts: None };
        Self { world, hands, hidden: Hidden::default(), written, senseless: false }
    }

    /// Until now, Flagger controlled the Canary.
    pub(crate) fn takes_over(&mut self, left: &LeftBehind) {
        let routes = Routes { mirror: left.mirror, ..Routes::split(left.exposed) };
        let readiness = Readiness::not_ready("0 of 1 pods are available");
        let shown = Fact::Known(Revision::of(left.shown));
        let runs = left.runs.map(Revision::of);
        self.world.cluster = Observation {
            target: Fact::Known(Some(Target {
                revision: shown,
                replicas: left.replicas,
                readiness: readiness.clone(),
                serves: Fact::Known(false),
            })),
            primary: Fact::Known(Some(Primary { runs, readiness, serves: Fact::Known(false) })),
            routes: Fact::Known(Some(routes)),
            deleting: left.phase == Phase::Terminating,
            ..Observation::settled("a")
        };
        self.world.state = State::from(Status {
            phase: left.phase,
            canary_weight: left.weight,
            iterations: left.iterations,
            failed_checks: left.failed,
            last_applied_spec: "6c8d9f5b7f".into(),
            last_promoted_spec: "5978589476".into(),
            ..Status::default()
        });
        self.world.settles();
    }

    /// The event happens; the driver observes if it was asleep.
    pub(crate) fn happens(&mut self, happening: Happening) {
        let asleep = matches!(self.world.tick.next(), Do::Sleep(_));
        let world = &mut self.world;
        match happening {
            Happening::Wake if asleep => world.sleeps(),
            Happening::Wake => {}
            Happening::Passes(time) => world.now = world.now + time,
            Happening::SetBack(time) => world.now = world.now - time,
            Happening::Deploys(revision) => deploy(&mut world.cluster, revision),
            Happening::PodsSettle => _ = world.settles(),
            Happening::CanaryPods(pods) => world.canary_pods = pods,
            Happening::PrimaryPods(pods) => world.primary_pods = pods,
            Happening::Hides(hidden) => self.hidden = hidden,
            Happening::Asks(kind, value) => {
                world.cluster.requests.retain(|request| request.kind != kind);
                world.cluster.requests.push(Request { kind, value: value.into() });
            }
            Happening::Deleted => world.cluster.deleting = true,
            Happening::Suspends(suspend) => self.written.spec.suspend = Some(suspend),
            Happening::Edited(manifest) => self.written = manifest.0,
            Happening::Senseless(senseless) => self.senseless = senseless,
            Happening::Refuses(class) => self.hands.refuses = Some(class),
            Happening::Ignores(commands) => self.hands.ignores = commands,
            Happening::Conflicts(error) => self.hands.conflicts = Some(error),
            Happening::Restarts => world.restarts(),
            Happening::Drifts(drift) => world.cluster.drift = Fact::Known(drift),
            Happening::Rerouted(weight) => world.cluster.routes = Fact::Known(weight.map(Routes::split)),
            Happening::Scaled(replicas) => {
                if let Some(Some(target)) = world.cluster.target.known_mut() {
                    target.replicas = replicas;
                    target.readiness = Readiness::not_ready("pods are starting");
                    target.serves = Fact::Known(false);
                }
            }
            Happening::TargetVanishes => world.cluster.target = Fact::Known(None),
        }
        let senseless = if self.senseless { "v0" } else { "flagger.app/v1beta1" };
        self.written.api_version = senseless.into();
        world.canary = parse(&self.written);
        if asleep {
            world.wakes();
        }
    }

    /// Nothing is broken, hidden or held any more.
    pub(crate) fn calms_down(&mut self) {
        self.hidden = Hidden::default();
        for happening in [
            Happening::CanaryPods(Pods::Well),
            Happening::PrimaryPods(Pods::Well),
            Happening::Suspends(false),
            Happening::Senseless(false),
        ] {
            self.happens(happening);
        }
        if self.world.cluster.target == Fact::Known(None) {
            self.happens(Happening::Deploys("b"));
        }
    }
}

/// A status that Flagger left.
#[derive(Clone, Debug)]
pub(crate) struct LeftBehind {
    phase: Phase,
    weight: u8,
    iterations: i64,
    failed: u32,
    shown: &'static str,
    replicas: u32,
    runs: Option<&'static str>,
    exposed: u8,
    mirror: Option<u8>,
}

/// Any status that Flagger can leave; we cannot interpret its checksums.
pub(crate) fn left_behind() -> impl Strategy<Value = LeftBehind> {
    let written = (phases(), 0_u8..=100, -1_i64..5, 0_u32..3);
    let share = || select(vec![0_u8, 0, 20, 100]);
    let exists =
        (select(vec!["a", "b"]), 0_u32..2, select(vec![None, Some("a"), Some("b")]), share(), share());
    (written, exists).prop_map(
        |((phase, weight, iterations, failed), (shown, replicas, runs, exposed, mirror))| {
            let mirror = Some(mirror).filter(|mirror| *mirror > 0 && exposed == 0);
            LeftBehind { phase, weight, iterations, failed, shown, replicas, runs, exposed, mirror }
        },
    )
}

/// New pods start, if there are any.
fn deploy(cluster: &mut Observation, revision: &str) {
    let target = cluster.target.known().and_then(Option::as_ref);
    let replicas = target.map_or(1, |target| target.replicas);
    // Pods that are replaced serve until the new ones do.
    let serves = target.map_or(Fact::Known(false), |target| target.serves.clone());
    let readiness = Readiness::not_ready("pods are being replaced");
    cluster.target = Fact::Known(Some(Target {
        revision: Fact::Known(Revision::of(revision)),
        replicas,
        readiness,
        serves,
    }));
}
