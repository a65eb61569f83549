//! The tables against the types they describe, and the plan against the simulator.

mod bounds;
mod odd;
mod raw_fields;
mod remedies;
mod replayed;
mod together;
