//! The decision core without a cluster: its tables, its bounds, its properties.

#![allow(clippy::expect_used, reason = "a test that cannot begin says why")]

mod afterwards;
mod bounds;
mod bounds_of_time;
mod crash;
mod early_warnings;
mod examples;
mod gates;
mod model;
#[expect(dead_code, reason = "tests of the control plane need more of it")]
#[path = "../support/proofs.rs"]
mod proofs;
mod prop_state;
mod prop_step;
mod provider_tables;
mod reach;
mod repairs;
mod rollouts;
mod router_page;
mod runs;
mod serving;
mod snap_tables;
mod snap_takeover;
mod states;
mod support;
mod turmoil;
