//! The exhaustive walk: in a small closed world, everything that can happen is tried.
//!
//! There is one slice for each strategy and concern, see [`slices`]. Each visits all states that can be reached, checks
//! every call by the invariants, and shows that good weather leads from every state to rest.

mod check;
mod decide;
mod describe;
mod expand;
mod fair;
mod fingerprint;
mod graph;
mod normal;
mod path;
mod replay;
mod search;
mod slice;
mod slices;
mod weather;
mod world;

use std::{collections::BTreeSet, fmt::Debug, sync::OnceLock};

use serin_core::{phase::TRANSITIONS, state::stage::CHANGES};

use self::{
    search::{Report, walk},
    slice::Slice,
};

/// A slice, and the result of its walk once it was made.
struct Walk {
    slice: fn() -> Slice,
    report: OnceLock<Report>,
}

impl Walk {
    const fn of(slice: fn() -> Slice) -> Self {
        Self { slice, report: OnceLock::new() }
    }

    /// Walks, unless this was done before.
    fn report(&self) -> &Report {
        self.report.get_or_init(|| walk(&(self.slice)()))
    }
}

macro_rules! walks {
    ($($test:ident: $slice:ident),* $(,)?) => {
        /// Every slice.
        static WALKS: &[&Walk] = &[$(&walks::$test),*];

        #[expect(non_upper_case_globals, reason = "named as their tests")]
        mod walks {
            use super::{Walk, slices};

            $(pub(super) static $test: Walk = Walk::of(slices::$slice);)*
        }

        $(
            #[test]
            fn $test() {
                let Report { name, states, calls, failures, .. } = walks::$test.report();
                println!("{name}: {states} states, {calls} calls");
                assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
            }
        )*
    };
}

walks! {
    model_weighted: weighted,
    model_weighted_back_step_by_step: weighted_back_step_by_step,
    model_weighted_with_iterations: weighted_with_iterations,
    model_weighted_matched: weighted_matched,
    model_mirror_first: mirror_first,
    model_ab_testing: ab_testing,
    model_blue_green: blue_green,
    model_blue_green_mirror: blue_green_mirror,
    model_kubernetes: kubernetes,
    model_consecutive: consecutive,
    model_lenient: lenient,
    model_delay: delay,
    model_skip_analysis: skip_analysis,
    model_gates: gates,
    model_gates_blue_green: gates_blue_green,
    model_gates_with_deadlines: gates_with_deadlines,
    model_rejected_in_waiting: rejected_in_waiting,
    model_rollout_hooks: rollout_hooks,
    model_owed: owed,
    model_requests: requests,
    model_orders_and_readiness: orders_and_readiness,
    model_revisions: revisions,
    model_failed_promotion: failed_promotion,
    model_edits: edits,
    model_senseless: senseless,
    model_other_router: other_router,
    model_other_target: other_target,
    model_suspend: suspend,
    model_deletion: deletion,
    model_deletion_without_return: deletion_without_return,
    model_stops: stops,
    model_stops_blue_green: stops_blue_green,
    model_stops_ab_testing: stops_ab_testing,
    model_failing_commands: failing_commands,
    model_late_commands: late_commands,
    model_failing_initialisation: failing_initialisation,
    model_initialisation: initialisation,
    model_unknown_facts: unknown_facts,
    model_missing_objects: missing_objects,
    model_foreign_hands: foreign_hands,
    model_unjudged: unjudged,
    model_serving: serving,
    model_serving_blue_green: serving_blue_green,
    model_serving_and_orders: serving_and_orders,
    model_clock: clock,
    model_takeover: takeover,
    model_takeover_ab_testing: takeover_ab_testing,
    model_takeover_blue_green: takeover_blue_green,
}

#[test]
fn model_every_change_of_phase_is_made() {
    assert_all_made(TRANSITIONS, |report| &report.transitions);
}

#[test]
fn model_every_change_of_stage_is_made() {
    assert_all_made(CHANGES, |report| &report.stages);
}

/// Each row of a table of changes is taken by some walk.
fn assert_all_made<T: Copy + Debug + Ord>(table: &[(T, T, &str)], of: impl Fn(&Report) -> &BTreeSet<(T, T)>) {
    // From the end, because the other tests meanwhile do the others.
    let made: BTreeSet<_> = WALKS.iter().rev().flat_map(|walk| of(walk.report()).iter().copied()).collect();
    let missing: Vec<String> = table
        .iter()
        .filter(|(from, to, _)| !made.contains(&(*from, *to)))
        .map(|(from, to, why)| format!("{from:?} -> {to:?} ({why})"))
        .collect();
    assert!(missing.is_empty(), "no walk makes these changes:\n{}", missing.join("\n"));
}
