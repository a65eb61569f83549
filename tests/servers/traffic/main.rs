//! Serin moves real requests: through a real gateway, judged by a real Prometheus, in a network namespace for the
//! tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot begin has failed")]

mod app;
mod chance;
#[expect(dead_code, reason = "tests of the control plane need more of it")]
#[path = "../cluster/control_plane.rs"]
mod control_plane;
mod controller;
mod gateway;
#[path = "../cluster/identity.rs"]
mod identity;
#[path = "../cluster/kinds.rs"]
mod kinds;
mod load;
#[path = "../support/modules.rs"]
mod modules;
mod network;
#[expect(dead_code, reason = "these pods have no addresses that lead anywhere")]
#[path = "../cluster/node.rs"]
mod node;
#[expect(dead_code, reason = "tests of the control plane need more of it")]
#[path = "../cluster/objects.rs"]
mod objects;
mod pods;
#[path = "../../support/process.rs"]
mod process;
#[path = "../support/program.rs"]
mod program;
mod prometheus;
mod release;
#[path = "../cluster/server.rs"]
mod server;
mod shares;
mod simulated;
#[path = "../support/tools.rs"]
mod tools;
#[path = "../support/wheel.rs"]
mod wheel;
mod world;
