//! The tables against the types they describe, and the plan against the simulator.

mod odd;
mod raw_fields;
mod remedies;
mod replayed;
