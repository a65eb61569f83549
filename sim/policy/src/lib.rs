//! What a policy does in many worlds: [`sweep`] counts it, [`exact`] computes it, [`outlook`] predicts it for a manifest, and
//! [`check`] searches a world that breaks something. [`diff`] compares two policies. A [`plan`] is the fastest release.

pub mod check;
pub mod diff;
pub mod exact;
pub mod numbers;
pub mod outlook;
pub mod plan;
pub mod sweep;
