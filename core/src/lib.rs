//! The decision of a progressive rollout as one pure function: [`step()`].
//!
//! Nothing in this crate reads a clock, draws a random number, logs, waits or does I/O. A driver (the simulator, the
//! in-cluster controller) observes, calls [`step()`], answers its questions, carries out its commands in order, saves the
//! state and sends the notices; [`Tick`] is that loop, so that every driver runs the same one.
//!
//! Where to look: [`step()`] for the order of the rules, [`phase`] for the table of phases, [`spec`] for what a Canary
//! means, [`provider`] for the systems it can name, [`state`] for what is remembered, [`invariant`] for what always
//! holds, [`testing`] for a simulated cluster and two short examples.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod command;
mod cookies;
pub mod decision;
pub mod effect;
mod hash;
pub mod invariant;
pub mod message;
pub mod observation;
pub mod phase;
pub mod provider;
pub mod question;
pub mod request;
pub mod retry;
pub mod revision;
pub mod spec;
pub mod state;
pub mod step;
pub mod strategy;
pub mod testing;
pub mod tick;
pub mod time;

/// The example of the README, which is run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use command::Command;
pub use observation::Observation;
pub use phase::Phase;
pub use spec::{Invalid, Rollout};
pub use state::State;
pub use step::{Plan, Step, step};
pub use tick::Tick;
pub use time::Timestamp;
