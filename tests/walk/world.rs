//! The closed world: the cluster between two calls, and the events that can change it.
//!
//! Readiness and serving are not stored: pods are ready and serve as soon as they are wanted, unless an event in this
//! call changes that.

use std::fmt;

use serin_core::{
    Command, Observation, State,
    command::Routes,
    effect,
    observation::{Apex, Drift, Fact, Failure, FailureClass, Readiness, Services, Unseen},
    request::{Request, RequestKind},
    revision::Revision,
    state::Outbox,
};

/// The cluster, and what the driver keeps between two calls of a tick.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    /// What is observed without an event.
    pub(crate) seen: Observation,
    /// The index of the current manifest of the slice.
    pub(crate) manifest: usize,
    /// The objects of the other manifest, if there are two: they appear and disappear with it.
    pub(crate) parked: Option<Box<Parked>>,
    /// The revision that a call observed last, and whether it was run since it was first observed; if the slice tracks
    /// it.
    pub(crate) followed: Option<Followed>,
}

/// Objects that the Canary does not name now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parked {
    pub(crate) seen: Observation,
    /// The target is the same; only service and routes differ.
    pub(crate) shares_target: bool,
}

/// The subject of I12, tracked independently of the state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Followed {
    pub(crate) shown: Revision,
    pub(crate) tried: bool,
}

impl World {
    /// A target that serves revision A, nothing of ours yet.
    pub(crate) fn untouched() -> Self {
        let drift = Drift { workloads: true, services: true, ..Drift::default() };
        let seen = Observation { drift: Fact::Known(drift), ..Observation::untouched("A") };
        Self { seen, manifest: 0, parked: None, followed: None }
    }

    /// Carries out a command; a promotion of a revision that the target no longer shows is refused as moved.
    pub(crate) fn obey(&mut self, command: &Command) -> Result<(), FailureClass> {
        let moved = matches!(command, Command::Promote { revision, .. } if self.shown() != Some(revision));
        if moved {
            return Err(FailureClass::Moved);
        }
        if let (Command::Abandon(_), Some(parked)) = (command, &mut self.parked) {
            effect::apply(command, &mut parked.seen);
            if parked.shares_target {
                effect::apply(&Command::ScaleDown, &mut self.seen);
            }
        } else {
            effect::apply(command, &mut self.seen);
        }
        Ok(())
    }

    /// Notes a failed command, as input of the next call.
    pub(crate) fn fail(&mut self, command: &Command, class: FailureClass) {
        self.seen.failed = Some(Failure { command: command.clone(), error: "no".into(), class });
    }

    /// The Canary names other objects: none of ours exist there, unless they did before.
    fn moves(&mut self, manifest: usize, shares_target: bool) {
        self.manifest = manifest;
        let fresh = || {
            let mut seen = Self::untouched().seen;
            if shares_target {
                seen.services = Fact::Known(Services { apex: Apex::Absent, serving: false });
                seen.drift = Fact::Known(Drift { services: true, ..Drift::default() });
            }
            Box::new(Parked { seen, shares_target })
        };
        let parked = self.parked.get_or_insert_with(fresh);
        let (now, then) = (&mut self.seen, &mut parked.seen);
        std::mem::swap(&mut now.services, &mut then.services);
        std::mem::swap(&mut now.routes, &mut then.routes);
        std::mem::swap(&mut now.drift, &mut then.drift);
        if !shares_target {
            std::mem::swap(&mut now.target, &mut then.target);
            std::mem::swap(&mut now.primary, &mut then.primary);
        }
    }

    /// Everything that is wanted serves.
    pub(crate) fn settle(&mut self) {
        let seen = &mut self.seen;
        if let Some(Some(target)) = seen.target.known_mut() {
            let has_pods = target.replicas > 0;
            target.readiness = if has_pods { Readiness::Ready } else { not_ready("scaled to zero", false) };
            target.serves = Fact::Known(has_pods);
        }
        if let Some(Some(primary)) = seen.primary.known_mut() {
            primary.readiness = Readiness::Ready;
            primary.serves = Fact::Known(true);
        }
        let pods = matches!(seen.target.known(), Some(Some(target)) if target.replicas > 0);
        let primary = matches!(seen.primary.known(), Some(Some(_)));
        if let Some(services) = seen.services.known_mut() {
            services.serving = match services.apex {
                Apex::Absent => false,
                Apex::Target => pods,
                Apex::Primary => primary,
                Apex::Other => true,
            };
        }
    }

    /// The revision the target shows.
    pub(crate) fn shown(&self) -> Option<&Revision> {
        self.seen.target.known()?.as_ref()?.revision.known()
    }

    /// The revision the primary runs.
    pub(crate) fn runs(&self) -> Option<&Revision> {
        self.seen.primary.known()?.as_ref()?.runs.as_ref()
    }

    /// Notes for I12 which revision a call observed, and whether it is being run now. While an intent is carried out,
    /// the revision of the target does not matter.
    pub(crate) fn follow(&mut self, seen: &Observation, before: &State, after: &State) {
        let shown = seen.target.known().and_then(Option::as_ref).and_then(|target| target.revision.known());
        let (Some(followed), Some(shown)) = (&mut self.followed, shown) else { return };
        let begins = after.runs > before.runs && after.applied == *shown;
        if begins || (before.run.intent.is_none() && followed.shown != *shown) {
            *followed = Followed { shown: shown.clone(), tried: begins };
        }
    }

    /// Deleted, and nothing holds it any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.seen.deleting && !self.seen.finalizer
    }
}

/// A deviation from the normal world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// It lasts for one observation of the cluster.
    Passing(Passing),
    /// It lasts until something is done about it.
    Lasting(Lasting),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    PrimaryUnready,
    PrimaryStalled,
    /// Too few of its pods are ready, and those serve.
    PrimaryShort,
    PrimaryGone,
    PrimaryUnknown,
    CanaryUnready,
    CanaryStalled,
    CanaryShort,
    /// It is ready, and none of its pods is an endpoint.
    CanaryHidden,
    /// It is unknown which copy serves.
    ServingUnknown,
    TargetGone,
    TargetUnknown,
    TargetStale,
    /// A ConfigMap of the target cannot be read.
    RevisionUnknown,
    AllUnknown,
    NotServing,
    /// The notices in the outbox were not delivered.
    Undelivered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    Shows(&'static str),
    Routed(Option<Routes>),
    Drifted,
    ScaledAway,
    ScaledUp,
    FinalizerLost,
    Requested(RequestKind, &'static str),
    Deleted,
    Manifest(usize),
    /// A manifest that names another service or router.
    Moved(usize),
    /// A manifest that names another target.
    Retargeted(usize),
}

impl Deviation {
    /// The object that it affects: two of the same kind do not occur together.
    pub(crate) fn befalls(self) -> &'static str {
        match self {
            Self::Passing(passing) => match passing {
                Passing::PrimaryUnready
                | Passing::PrimaryStalled
                | Passing::PrimaryShort
                | Passing::PrimaryGone
                | Passing::PrimaryUnknown => "primary",
                Passing::CanaryUnready
                | Passing::CanaryStalled
                | Passing::CanaryShort
                | Passing::CanaryHidden
                | Passing::TargetGone
                | Passing::TargetUnknown
                | Passing::TargetStale => "target",
                Passing::RevisionUnknown => "revision",
                Passing::ServingUnknown => "endpoints",
                Passing::AllUnknown => "all",
                Passing::NotServing => "services",
                Passing::Undelivered => "notices",
            },
            Self::Lasting(lasting) => match lasting {
                Lasting::Shows(_) => "revision",
                Lasting::Routed(_) => "routes",
                Lasting::Drifted => "objects",
                Lasting::ScaledAway | Lasting::ScaledUp => "replicas",
                Lasting::FinalizerLost | Lasting::Deleted => "canary",
                Lasting::Requested(..) => "requests",
                Lasting::Manifest(_) | Lasting::Moved(_) | Lasting::Retargeted(_) => "manifest",
            },
        }
    }
}

impl Lasting {
    fn befall(self, world: &mut World) {
        let seen = &mut world.seen;
        match self {
            Self::Shows(revision) => {
                if let Some(Some(target)) = seen.target.known_mut() {
                    target.revision = Fact::Known(Revision::of(revision));
                }
            }
            Self::Routed(routes) => seen.routes = Fact::Known(routes),
            Self::Drifted => {
                let all = Drift { workloads: true, services: true, routes: true, tampered: true };
                seen.drift = Fact::Known(all);
            }
            Self::ScaledAway => scale(seen, 0),
            Self::ScaledUp => scale(seen, 1),
            Self::FinalizerLost => seen.finalizer = false,
            Self::Requested(kind, value) => {
                seen.requests.retain(|request| request.kind != kind);
                seen.requests.push(Request { kind, value: value.into() });
                seen.requests.sort_by_key(|request| request.kind);
            }
            Self::Deleted => seen.deleting = true,
            Self::Manifest(index) => world.manifest = index,
            Self::Moved(index) if index != world.manifest => world.moves(index, true),
            Self::Retargeted(index) if index != world.manifest => world.moves(index, false),
            Self::Moved(_) | Self::Retargeted(_) => {}
        }
    }
}

impl Passing {
    fn show(self, seen: &mut Observation) {
        match self {
            Self::PrimaryUnready => primary(seen, false, false),
            Self::PrimaryStalled => primary(seen, true, false),
            Self::PrimaryShort => primary(seen, false, true),
            Self::PrimaryGone => seen.primary = Fact::Known(None),
            Self::PrimaryUnknown => seen.primary = Fact::Unknown(unreadable()),
            Self::CanaryUnready => canary(seen, false, false),
            Self::CanaryStalled => canary(seen, true, false),
            Self::CanaryShort => canary(seen, false, true),
            Self::CanaryHidden => {
                if let Some(Some(target)) = seen.target.known_mut() {
                    target.serves = Fact::Known(false);
                }
            }
            Self::ServingUnknown => {
                if let Some(Some(target)) = seen.target.known_mut() {
                    target.serves = Fact::Unknown(unreadable());
                }
                if let Some(Some(primary)) = seen.primary.known_mut() {
                    primary.serves = Fact::Unknown(unreadable());
                }
            }
            Self::TargetGone => seen.target = Fact::Known(None),
            Self::TargetUnknown => seen.target = Fact::Unknown(unreadable()),
            Self::TargetStale => seen.target = Fact::Unknown(Unseen::Stale),
            Self::RevisionUnknown => {
                if let Some(Some(target)) = seen.target.known_mut() {
                    target.revision = Fact::Unknown(unreadable());
                }
            }
            Self::AllUnknown => {
                seen.target = Fact::Unknown(unreadable());
                seen.primary = Fact::Unknown(unreadable());
                seen.services = Fact::Unknown(unreadable());
                seen.routes = Fact::Unknown(unreadable());
                seen.drift = Fact::Unknown(unreadable());
            }
            Self::NotServing => {
                if let Some(services) = seen.services.known_mut() {
                    services.serving = false;
                }
            }
            Self::Undelivered => seen.sent.clear(),
        }
    }
}

/// Applies these to the world; returns the observation. Every notice of `outbox` was delivered, unless they say
/// otherwise.
pub(crate) fn befall(deviations: &[Deviation], world: &mut World, outbox: &Outbox) -> Observation {
    for deviation in deviations {
        if let Deviation::Lasting(lasting) = deviation {
            lasting.befall(world);
        }
    }
    world.settle();
    let sent = outbox.notices().iter().map(|notice| notice.id).collect();
    let mut seen = Observation { sent, ..world.seen.clone() };
    for deviation in deviations {
        if let Deviation::Passing(passing) = deviation {
            passing.show(&mut seen);
        }
    }
    seen
}

fn primary(seen: &mut Observation, stalled: bool, serves: bool) {
    if let Some(Some(primary)) = seen.primary.known_mut() {
        primary.readiness = not_ready("crash loop", stalled);
        primary.serves = Fact::Known(serves);
    }
    if let Some(services) = seen.services.known_mut()
        && services.apex == Apex::Primary
    {
        services.serving = serves;
    }
}

fn canary(seen: &mut Observation, stalled: bool, serves: bool) {
    if let Some(Some(target)) = seen.target.known_mut()
        && target.replicas > 0
    {
        target.readiness = not_ready("crash loop", stalled);
        target.serves = Fact::Known(serves);
    }
}

fn scale(seen: &mut Observation, replicas: u32) {
    if let Some(Some(target)) = seen.target.known_mut() {
        target.replicas = replicas;
    }
}

fn not_ready(why: &str, stalled: bool) -> Readiness {
    Readiness::NotReady { why: why.into(), stalled }
}

fn unreadable() -> Unseen {
    Unseen::Unreadable("no answer".into())
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passing(passing) => fmt::Debug::fmt(passing, f),
            Self::Lasting(Lasting::Routed(Some(routes))) => write!(f, "Routed {routes}"),
            Self::Lasting(Lasting::Requested(kind, value)) => write!(f, "{kind}={value}"),
            Self::Lasting(lasting) => fmt::Debug::fmt(lasting, f),
        }
    }
}
