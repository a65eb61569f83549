//! The tables against the types they describe, and the plan against the simulator.

mod raw_fields;
mod replayed;
