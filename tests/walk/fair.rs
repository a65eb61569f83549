//! I8 and I12: from every state that can be reached, good weather leads to rest with nothing left to do, and in bad
//! weather the state says what it waits for.

use serin_core::{
    Phase, State,
    observation::Readiness,
    state::{Origin, Stage},
};

use crate::{
    describe::Brief,
    expand::Node,
    graph::Graph,
    normal::NOW,
    search::Failures,
    slice::Slice,
    weather::{After, WEATHERS, Weather, after},
    world::World,
};

/// The number of beginnings of a slice, spread over all of them, that are followed through weather that is not fair.
const FOUL_WAYS: u32 = 4000;

/// Follows every weather.
pub(crate) fn check(slice: &Slice, graph: &mut Graph, failures: &mut Failures) {
    let found = graph.len();
    for weather in WEATHERS {
        let apart = if weather.fair { 1 } else { found.div_ceil(FOUL_WAYS) };
        graph.let_repairs_wait(weather.baffling);
        let mut ways = Ways { slice, weather, graph, next: Vec::new() };
        ways.judge((0..found).step_by(apart as usize), failures);
        graph.forget_from(found);
    }
}

/// The successor of `node` in the best weather.
pub(crate) fn settled(slice: &Slice, node: Node) -> Node {
    let mut node = node;
    while let Some(After { next, .. }) = after(slice, &WEATHERS[0], &node) {
        node = next;
    }
    node
}

/// The one way from each node under one weather.
struct Ways<'a> {
    slice: &'a Slice,
    weather: &'a Weather,
    graph: &'a mut Graph,
    /// By node.
    next: Vec<Next>,
}

#[derive(Clone, Copy, Default)]
struct Next {
    /// The beginning of the way on which the node was first met.
    met: Option<u32>,
    /// Its successor; `None` if it rests.
    to: Option<u32>,
    /// Whether time passes meanwhile.
    waits: bool,
}

impl Ways<'_> {
    /// Examines the end of each way once.
    fn judge(&mut self, starts: impl Iterator<Item = u32>, failures: &mut Failures) {
        for start in starts {
            let mut at = start;
            while self.meet(at, start) {
                match self.next[at as usize].to {
                    Some(next) => at = next,
                    None => {
                        if let Err(why) = self.rests_well(at) {
                            self.note(start, at, &why, failures);
                        }
                    }
                }
            }
            let Next { met, to, .. } = self.next[at as usize];
            if met == Some(start)
                && to.is_some()
                && let Err((at, why)) = self.goes_round_well(at)
            {
                self.note(start, at, &why, failures);
            }
        }
    }

    /// Finds the successor of a node that is met for the first time; returns whether it was.
    fn meet(&mut self, node: u32, start: u32) -> bool {
        self.next.resize(self.graph.len() as usize, Next::default());
        if self.next[node as usize].met.is_some() {
            return false;
        }
        let after = after(self.slice, self.weather, &self.graph.node(node));
        let waits = after.as_ref().is_some_and(|after| after.next.now > NOW);
        let to = after.map(|after| self.graph.number(after.next, Some((node, u32::MAX))));
        self.next[node as usize] = Next { met: Some(start), to, waits };
        true
    }

    fn circle(&self, start: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(start), move |at| self.next[*at as usize].to.filter(|next| *next != start))
    }

    fn note(&self, start: u32, end: u32, why: &str, failures: &mut Failures) {
        let mut rules = Vec::new();
        let mut node = self.graph.node(start);
        while let Some(After { next, rule, .. }) = after(self.slice, self.weather, &node)
            && rules.len() < 20
        {
            rules.push(rule);
            node = next;
        }
        let name = self.weather.name;
        let end = Brief(self.graph.state(end)).to_string();
        let what = format!("then {name}: {}\n   ends with {end}: {why}", rules.join(", "));
        failures.note(&format!("I8 {why}"), start, what);
    }

    /// What has to hold if nothing will ever change again.
    fn rests_well(&self, number: u32) -> Result<(), String> {
        let (state, world) = (self.graph.state(number), self.graph.world(number));
        if self.is_excused(number) {
            return Ok(());
        }
        if !state.phase.is_idle() {
            return Err(format!("rests in {}", state.phase));
        }
        let Some(shown) = world.shown().filter(|_| !self.weather.hides_revision()) else { return Ok(()) };
        if *shown != state.promoted && *shown != state.applied {
            return Err("I12, its revision is neither promoted nor tried".into());
        }
        let untried = world.followed.as_ref().is_some_and(|followed| !followed.tried);
        if untried && *shown != state.promoted {
            return Err("I12, its revision was not tried since the target last changed".into());
        }
        if self.weather.fair { is_tidy(self.slice, state, world) } else { Ok(()) }
    }

    /// A loop takes time, and waits for a person or for something that is named.
    fn goes_round_well(&self, start: u32) -> Result<(), (u32, String)> {
        let phase = |at| self.graph.state(at).phase;
        if !self.circle(start).any(|at| self.next[at as usize].waits) {
            // Another client undoes every change at once.
            let undone = !self.weather.fair && self.driver_waits(start);
            return if undone { Ok(()) } else { Err((start, format!("spins in {}", phase(start)))) };
        }
        match self.circle(start).find(|at| !self.is_excused(*at)) {
            Some(at) => Err((at, format!("goes round in {}", phase(at)))),
            None => Ok(()),
        }
    }

    /// A person holds it, it is gone, or the weather is bad and the obstacle is named.
    fn is_excused(&self, number: u32) -> bool {
        let (state, world) = (self.graph.state(number), self.graph.world(number));
        // Another controller's status is not written before it is taken over.
        let named = is_named(state) || state.origin == Origin::Flagger;
        state.run.held_by_operator
            || world.is_gone()
            || self.weather.baffling
            || (!self.weather.fair && named)
    }

    /// Whether a driver pauses in this loop: it does if the same commands come twice and nothing was saved.
    fn driver_waits(&self, start: u32) -> bool {
        let after = |at| after(self.slice, self.weather, &self.graph.node(at));
        let alone = self.circle(start).filter_map(|at| Some(after(at)?.alone));
        let alone: Vec<_> = alone.filter(|commands| !commands.is_empty()).collect();
        let onward = alone.iter().cycle().skip(1);
        alone.iter().zip(onward).any(|(one, next)| one == next)
    }
}

/// At rest in good weather everything is in order.
fn is_tidy(slice: &Slice, state: &State, world: &World) -> Result<(), String> {
    let Ok(rollout) = slice.canary(world) else { return Err("is senseless".into()) };
    let seen = &world.seen;
    let ready =
        matches!(seen.primary.known(), Some(Some(primary)) if Readiness::is_ready(&primary.readiness));
    let routes = seen.routes.known().and_then(Option::as_ref);
    let routed = routes.is_some_and(|routes| routes.exposed() == 0 && routes.mirror.is_none());
    let no_mesh = &*rollout.topology().provider == "kubernetes";
    // Without a mesh no route can be changed.
    let in_order = seen
        .drift
        .known()
        .is_some_and(|drift| !drift.workloads && !drift.services && (no_mesh || !drift.routes));
    let found = [
        (ready, "without primary"),
        (routed || no_mesh, "with users on the canary"),
        (world.runs() == Some(&state.promoted), "with a primary that does not run what was promoted"),
        (state.run.stage == Stage::Start, "in a stage"),
        (state.owed.is_empty(), "owing hooks"),
        (state.stall.is_none() && state.trouble.is_none(), "held up"),
        (state.run.pending.is_none(), "with a revision pending"),
        (seen.requests.is_empty() && state.consumed.is_empty(), "with requests"),
        (state.run.canary_unready.is_none() && state.run.primary_unready.is_none(), "watching pods"),
        (seen.finalizer == rollout.reverts_on_deletion(), "with the wrong finalizer"),
        (in_order, "with drift"),
        (!seen.deleting, "though it is being deleted"),
        (!left_behind(world), "with users of the other objects on a canary"),
    ];
    match found.iter().find(|(holds, _)| !holds) {
        Some((_, what)) => Err(format!("rests {what}")),
        None => Ok(()),
    }
}

/// Whether objects that the Canary no longer names still send users to a canary.
fn left_behind(world: &World) -> bool {
    let routes = world.parked.as_ref().and_then(|parked| parked.seen.routes.known()?.as_ref());
    routes.is_some_and(|routes| routes.exposed() > 0)
}

/// What the state waits for is shown in it, and was reported.
fn is_named(state: &State) -> bool {
    let gate =
        matches!(state.phase, Phase::Waiting | Phase::WaitingPromotion) || state.run.closed_gate.is_some();
    let stall = state.stall.as_ref().is_some_and(|stall| stall.told.is_some());
    gate || stall || state.trouble.as_ref().is_some_and(|trouble| trouble.alerted)
}
