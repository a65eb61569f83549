//! Everything that can follow a situation.

use serin_core::{
    Plan, State, Timestamp,
    observation::FailureClass,
    question::{Answer, Asked},
    step::Why,
};

use crate::{
    decide::{Calls, Decided},
    slice::Slice,
    world::{Deviation, World, befall},
};

/// A situation: just before a call.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) state: State,
    pub(crate) world: World,
    pub(crate) now: Timestamp,
}

/// How far a plan was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Completely.
    Done,
    /// The driver stopped after this many commands; nothing was saved.
    Stopped(usize),
    /// The command with this index failed.
    Failed(usize, FailureClass),
}

/// When the next call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Now: the plan requires it, or something has changed.
    Now,
    /// At the plan's wake.
    Woken,
    /// A progress deadline from now.
    Late,
    /// A progress deadline ago: the clock was set back.
    Earlier,
}

/// Receives the successors, always in the same order.
pub(crate) trait Visitor {
    /// A call was decided.
    fn decided(&mut self, call: &Decided<'_>);
    /// And led to this, if it was carried out this far and continued then.
    fn reached(&mut self, call: &Decided<'_>, outcome: Outcome, then: Then, next: Node);
    /// A call that was not decided.
    fn broke(&mut self, deviations: &[Deviation], what: String);
}

/// Visits everything that can follow `node`.
pub(crate) fn expand(slice: &Slice, node: &Node, visitor: &mut impl Visitor) {
    meet(slice, node, &[], visitor);
    let nominal = seen_with(node, &[]);
    let effective = slice.deviations.iter().copied();
    let effective: Vec<_> = effective.filter(|one| seen_with(node, &[*one]) != nominal).collect();
    for (i, first) in effective.iter().enumerate() {
        meet(slice, node, &[*first], visitor);
        for second in effective.iter().skip(i + 1).filter(|_| slice.pairs) {
            if first.befalls() != second.befalls() {
                meet(slice, node, &[*first, *second], visitor);
            }
        }
    }
}

fn seen_with(node: &Node, deviations: &[Deviation]) -> (serin_core::Observation, usize) {
    let mut world = node.world.clone();
    (befall(deviations, &mut world, &node.state.outbox), world.manifest)
}

/// Visits the successors when these deviations occur together.
fn meet(slice: &Slice, node: &Node, deviations: &[Deviation], visitor: &mut impl Visitor) {
    let mut world = node.world.clone();
    let seen = befall(deviations, &mut world, &node.state.outbox);
    let canary = slice.canary(&world);
    let mut calls = Calls {
        canary,
        state: &node.state,
        now: node.now,
        alternatives: &|asked| match asked {
            Asked::Metric(_) => slice.readings.clone(),
            Asked::Hook(_) => vec![Answer::pass("yes"), Answer::deny("no")],
        },
        act: &mut |plan, seen, answers| {
            let call = Decided { deviations, answers, canary, state: &node.state, seen, now: node.now, plan };
            visitor.decided(&call);
            outcomes(slice, node, &world, &call, visitor);
        },
    };
    if let Err(what) = calls.decide(&seen) {
        visitor.broke(deviations, what);
    }
}

/// Carries out a plan as far as possible.
fn outcomes(slice: &Slice, node: &Node, world: &World, call: &Decided<'_>, visitor: &mut impl Visitor) {
    let few = call.deviations.len() <= 1;
    let commands = call.plan.commands.len();
    done(slice, node, world, call, visitor);
    if slice.stops && few {
        let last = if call.plan.state.is_some() { commands } else { commands.saturating_sub(1) };
        for made in 1..=last {
            let mut world = world.clone();
            world.seen.failed = None;
            if carry_out(&mut world, call.plan, made).is_err() {
                break;
            }
            let next = Node { state: node.state.clone(), world, now: node.now };
            go_on(slice, call, Outcome::Stopped(made), next, visitor);
        }
    }
    // A command that fails twice in a row then succeeds: one that never does is a weather.
    let again = node.state.trouble.as_ref().is_some_and(|trouble| trouble.attempts > 1);
    for class in slice.failures.iter().copied().filter(|_| few && !again) {
        for made in 0..commands {
            let mut world = world.clone();
            if carry_out(&mut world, call.plan, made).is_err() {
                break;
            }
            world.fail(&call.plan.commands[made], class);
            let next = Node { state: node.state.clone(), world, now: node.now };
            visitor.reached(call, Outcome::Failed(made, class), Then::Now, next);
        }
    }
}

fn done(slice: &Slice, node: &Node, world: &World, call: &Decided<'_>, visitor: &mut impl Visitor) {
    let mut world = world.clone();
    world.seen.failed = None;
    if let Err((failed, class)) = carry_out(&mut world, call.plan, call.plan.commands.len()) {
        world.fail(&call.plan.commands[failed], class);
        let next = Node { state: node.state.clone(), world, now: node.now };
        visitor.reached(call, Outcome::Failed(failed, class), Then::Now, next);
        return;
    }
    let state = call.plan.state.as_deref().unwrap_or(&node.state).clone();
    world.follow(call.seen, &node.state, &state);
    go_on(slice, call, Outcome::Done, Node { state, world, now: node.now }, visitor);
}

/// Carries out the first `many` commands; returns the index of one that fails by itself.
pub(crate) fn carry_out(world: &mut World, plan: &Plan, many: usize) -> Result<(), (usize, FailureClass)> {
    for (index, command) in plan.commands.iter().enumerate().take(many) {
        world.obey(command).map_err(|class| (index, class))?;
    }
    world.settle();
    Ok(())
}

/// When it continues.
fn go_on(slice: &Slice, call: &Decided<'_>, outcome: Outcome, next: Node, visitor: &mut impl Visitor) {
    let wake = call.plan.wake.filter(|wake| outcome == Outcome::Done && wake.why != Why::AtOnce);
    if let Some(wake) = wake {
        let woken = Node { now: wake.at, ..next.clone() };
        visitor.reached(call, outcome, Then::Woken, woken);
    }
    if slice.lapses {
        let late = Node { now: next.now + slice.periods().deadline(), ..next.clone() };
        visitor.reached(call, outcome, Then::Late, late);
    }
    if slice.set_back {
        let earlier = Node { now: next.now - slice.periods().deadline(), ..next.clone() };
        visitor.reached(call, outcome, Then::Earlier, earlier);
    }
    visitor.reached(call, outcome, Then::Now, next);
}
