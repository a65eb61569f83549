//! Conditions that last from some moment on: under one weather there is only one way.

use std::sync::Arc;

use serin_core::{
    Command, Rollout,
    observation::FailureClass,
    question::{Answer, Asked},
    spec::HookKind,
    step::Why,
};

use crate::{
    decide::Calls,
    expand::{Node, carry_out},
    slice::Slice,
    world::{Deviation, Passing, World, befall},
};

pub(crate) struct Weather {
    pub(crate) name: &'static str,
    /// Whether everything has to end well; otherwise it is enough that the obstacle is named.
    pub(crate) fair: bool,
    /// Whether the obstacle cannot be known, so that the controller only has to wait.
    pub(crate) baffling: bool,
    passing: &'static [Passing],
    metrics: Metrics,
    gates_open: bool,
    commands: Commands,
}

enum Commands {
    Obeyed,
    Refused,
    /// They succeed without effect.
    Lost,
}

enum Metrics {
    Pass,
    Fail,
    Silent,
}

const FAIR: Weather = Weather {
    name: "all passes",
    fair: true,
    baffling: false,
    passing: &[],
    metrics: Metrics::Pass,
    gates_open: true,
    commands: Commands::Obeyed,
};

const fn foul(name: &'static str, passing: &'static [Passing]) -> Weather {
    Weather { name, fair: false, passing, ..FAIR }
}

impl Weather {
    /// Whether the revision of the target is unknown.
    pub(crate) fn hides_revision(&self) -> bool {
        [Passing::TargetGone, Passing::RevisionUnknown, Passing::AllUnknown]
            .iter()
            .any(|hides| self.passing.contains(hides))
    }
}

/// The first is the best.
pub(crate) const WEATHERS: &[Weather] = &[
    FAIR,
    Weather { name: "all checks fail", metrics: Metrics::Fail, ..FAIR },
    Weather { metrics: Metrics::Silent, ..foul("metrics say nothing", &[]) },
    Weather { gates_open: false, ..foul("gates stay closed", &[]) },
    Weather { commands: Commands::Refused, ..foul("commands are refused", &[]) },
    Weather { commands: Commands::Lost, baffling: true, ..foul("commands do not take", &[]) },
    foul("the primary never serves", &[Passing::PrimaryUnready]),
    foul("the canary never serves", &[Passing::CanaryUnready]),
    foul("neither serves", &[Passing::PrimaryUnready, Passing::CanaryUnready]),
    foul("the primary serves with too few pods", &[Passing::PrimaryShort]),
    foul("the canary serves with too few pods", &[Passing::CanaryShort]),
    foul("the canary has pods and no endpoint", &[Passing::CanaryHidden]),
    foul("it is unknown which copy serves", &[Passing::ServingUnknown]),
    foul("there is no target", &[Passing::TargetGone]),
    foul("there is no primary", &[Passing::PrimaryGone]),
    foul("the apex has no endpoints", &[Passing::NotServing]),
    foul("the primary cannot be read", &[Passing::PrimaryUnknown]),
    foul("the target's configuration cannot be read", &[Passing::RevisionUnknown]),
    foul("nothing can be read", &[Passing::AllUnknown]),
];

/// The result of a call.
pub(crate) struct After {
    /// Before the next call.
    pub(crate) next: Node,
    /// A short text for what was done.
    pub(crate) rule: String,
    /// The commands of a plan that saved nothing.
    pub(crate) alone: Vec<Command>,
}

/// The result of the next call in this weather; `None` if nothing will ever change again.
pub(crate) fn after(slice: &Slice, weather: &Weather, node: &Node) -> Option<After> {
    let mut world = node.world.clone();
    mend(slice, &mut world);
    let deviations: Vec<_> = weather.passing.iter().copied().map(Deviation::Passing).collect();
    let seen = befall(&deviations, &mut world, &node.state.outbox);
    let canary = slice.canary(&world);
    let mut plan = None;
    let mut calls = Calls {
        canary,
        state: &node.state,
        now: node.now,
        alternatives: &|asked| vec![answer(weather, canary.as_ref().ok(), asked)],
        act: &mut |found, _, _| plan = Some(found.clone()),
    };
    let decided = calls.decide(&seen);
    // The walk itself reports a call that is not decided.
    let plan = plan.filter(|_| decided.is_ok())?;
    let rule = format!("{:?}", plan.decision.rule);
    world.seen.failed = None;
    let failed = match weather.commands {
        Commands::Obeyed => carry_out(&mut world, &plan, plan.commands.len()).err(),
        Commands::Refused if plan.commands.is_empty() => None,
        Commands::Refused => Some((0, FailureClass::Refused)),
        Commands::Lost => None,
    };
    if let Some((index, class)) = failed {
        world.fail(&plan.commands[index], class);
        let next = Node { state: node.state.clone(), world, now: node.now };
        return Some(After { next, rule: format!("{rule} failed"), alone: Vec::new() });
    }
    let changed = plan.state.is_some() || !plan.commands.is_empty() || world != node.world;
    let alone = if plan.state.is_none() { plan.commands } else { Vec::new() };
    let state = plan.state.map_or_else(|| node.state.clone(), Arc::unwrap_or_clone);
    world.follow(&seen, &node.state, &state);
    let now = match plan.wake {
        Some(wake) if wake.why == Why::AtOnce => node.now,
        Some(wake) => wake.at,
        None if changed => node.now,
        None => return None,
    };
    Some(After { next: Node { state, world, now }, rule, alone })
}

/// A person repairs what only a person can.
fn mend(slice: &Slice, world: &mut World) {
    let senseless = slice.canary(world).as_ref().map_or(true, Rollout::is_suspended);
    if senseless {
        world.manifest = 0;
    }
}

fn answer(weather: &Weather, rollout: Option<&Rollout>, asked: &Asked) -> Answer {
    let key = match asked {
        Asked::Metric(_) => {
            return match weather.metrics {
                Metrics::Pass => Answer::value(100.0),
                Metrics::Fail => Answer::value(0.0),
                Metrics::Silent => Answer::no_data(),
            };
        }
        Asked::Hook(key) => key,
    };
    let hook = rollout.and_then(|rollout| rollout.hooks().iter().find(|hook| hook.key == *key));
    let passes = match hook.map(|hook| hook.kind) {
        Some(HookKind::ConfirmRollout | HookKind::ConfirmTrafficIncrease | HookKind::ConfirmPromotion) => {
            weather.gates_open
        }
        Some(HookKind::PreRollout | HookKind::Rollout) => !matches!(weather.metrics, Metrics::Fail),
        Some(HookKind::RollbackTrigger) => false,
        Some(HookKind::PostRollout | HookKind::RollbackAction | HookKind::Event) | None => true,
    };
    if passes { Answer::pass("yes") } else { Answer::deny("no") }
}
