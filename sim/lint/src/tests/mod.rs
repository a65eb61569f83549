//! Compares the tables with the types that they describe, and the plan with the simulator.

mod bounds;
mod odd;
mod raw_fields;
mod remedies;
mod replayed;
mod together;
