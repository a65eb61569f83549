//! The in-cluster controller's place: it will observe, carry out and save what `serin_core` decides.
//!
//! There is nothing here yet.
