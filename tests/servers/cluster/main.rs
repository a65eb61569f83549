//! Serin with a real control plane: etcd, kube-apiserver and kube-controller-manager on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot begin has failed")]

mod answers;
mod bad_input;
mod configuration;
mod control_plane;
mod controller;
mod crds;
mod decisions;
mod deletion;
mod drift;
mod flagger;
mod ground;
mod history;
mod hostile;
mod identity;
mod killed;
mod kinds;
mod lag;
mod leader;
mod life;
mod loadtester;
mod manifests;
#[path = "../support/modules.rs"]
mod modules;
mod node;
mod objects;
mod played;
mod pods;
#[path = "../../support/process.rs"]
mod process;
#[path = "../support/program.rs"]
mod program;
mod proxy;
mod quick_start;
mod release;
mod restart;
mod rights;
mod rivals;
mod routers;
mod same;
#[path = "../support/scripted.rs"]
mod scripted;
mod selectors;
mod server;
mod stage;
mod steps;
mod takeover;
#[path = "../support/tools.rs"]
mod tools;
